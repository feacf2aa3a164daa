package io.nativejwt.coordinator;

/**
 * How native-jwt gets into a coordinator; or not, with stock's JWT authenticator for comparison.
 */
enum Integration {
    PLUGIN("HEADER"),
    SERVER("JWT"),
    BUILT_IN("JWT");

    private final String type;

    Integration(String type) {
        this.type = type;
    }

    String type() {
        return type;
    }
}
