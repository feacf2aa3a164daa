package io.nativejwt.coordinator;

/**
 * How native-jwt gets into a coordinator; or not, with stock's JWT authenticator for comparison.
 */
enum Seam {
    PLUGIN("HEADER"),
    SERVER("JWT"),
    STOCK("JWT");

    private final String type;

    Seam(String type) {
        this.type = type;
    }

    String type() {
        return type;
    }
}
