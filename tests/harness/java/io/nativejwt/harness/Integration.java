package io.nativejwt.harness;

/**
 * How native-jwt gets into a coordinator; or not, with stock's JWT authenticator for comparison.
 */
public enum Integration {
    PLUGIN("HEADER"),
    SERVER("JWT"),
    BUILT_IN("JWT");

    private final String type;

    Integration(String type) {
        this.type = type;
    }

    public String type() {
        return type;
    }
}
