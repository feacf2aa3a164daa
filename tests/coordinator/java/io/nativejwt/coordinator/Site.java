package io.nativejwt.coordinator;

/** Which way into which coordinator: the tests of logins run on each. */
enum Site {
    PLUGIN_476(Seam.PLUGIN, "476"),
    PLUGIN_483(Seam.PLUGIN, "483"),
    SERVER_476(Seam.SERVER, "476"),
    SERVER_483(Seam.SERVER, "483");

    private final Seam seam;
    private final String version;

    Site(Seam seam, String version) {
        this.seam = seam;
        this.version = version;
    }

    static Site of(String seam, String version) {
        return valueOf(seam.toUpperCase(java.util.Locale.ROOT) + "_" + version);
    }

    Seam seam() {
        return seam;
    }

    String version() {
        return version;
    }

    TrinoDistribution distribution() {
        return switch (version) {
            case "476" -> TrinoDistribution.tarball476();
            default -> TrinoDistribution.artifacts483();
        };
    }

    /** The name of this authenticator in {@code http-server.authentication.type}. */
    String type() {
        return seam.type();
    }

    boolean isServer() {
        return seam == Seam.SERVER;
    }
}
