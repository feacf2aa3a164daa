// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

/** An integration and a version of Trino; most tests run on each of them. */
public enum Site {
    PLUGIN_476(Integration.PLUGIN, "476"),
    PLUGIN_483(Integration.PLUGIN, "483"),
    SERVER_476(Integration.SERVER, "476"),
    SERVER_483(Integration.SERVER, "483");

    private final Integration integration;
    private final String version;

    Site(Integration integration, String version) {
        this.integration = integration;
        this.version = version;
    }

    public static Site of(String integration, String version) {
        return valueOf(integration.toUpperCase(java.util.Locale.ROOT) + "_" + version);
    }

    public Integration integration() {
        return integration;
    }

    public String version() {
        return version;
    }

    public TrinoDistribution distribution() {
        return switch (version) {
            case "476" -> TrinoDistribution.tarball476();
            default -> TrinoDistribution.artifacts483();
        };
    }

    /** The name of this authenticator in {@code http-server.authentication.type}. */
    public String type() {
        return integration.type();
    }

    public boolean isServer() {
        return integration == Integration.SERVER;
    }
}
