// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

/** How native-jwt is installed, or Trino's built-in JWT authenticator for comparison. */
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
