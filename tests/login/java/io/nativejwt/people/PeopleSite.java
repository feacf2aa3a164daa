// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.people;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.SharedSite;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** One Keycloak for all tests of logins, and how coordinators trust it. */
final class PeopleSite implements AutoCloseable {
    static final String REALM = "people";
    static final String OAUTH2 = "http-server.authentication.oauth2.";
    private static final String JWT = "http-server.authentication.jwt.";

    /** The user and the groups that a token of alice stands for. */
    static final String WHO = "SELECT current_user, array_join(array_sort(current_groups()), ' ')";

    static final String ALICE = "alice analysts etl";

    private final Keycloak keycloak;

    private PeopleSite() {
        this(folder("keycloak"));
    }

    /**
     * @param folder what Keycloak keeps there
     */
    PeopleSite(Path folder) {
        try {
            keycloak =
                    Keycloak.prepareWithTls(
                            Files.createDirectories(folder),
                            Workspace.source("tests/login/realm.json"),
                            REALM);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        keycloak.start();
    }

    /** An empty folder for one part of the tests. */
    static Path folder(String name) {
        return Workspace.freshFolder("test/login/" + name);
    }

    Keycloak keycloak() {
        return keycloak;
    }

    String issuer() {
        return keycloak.issuer(REALM);
    }

    /** What a person types after {@code nativejwt login}. */
    String[] arguments(String... more) {
        String[] arguments = {
            "login",
            "--issuer",
            issuer(),
            "--client-id",
            "nativejwt-cli",
            "--trust-store",
            keycloak.tls().certificatePem().toString()
        };
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + more.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return all;
    }

    /** A coordinator that accepts Keycloak's tokens. */
    Coordinator.Builder coordinator(Path folder, Site site) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(JWT + "key-file", "oidc:" + issuer());
        properties.put(JWT + "required-audience", "trino");
        properties.put(JWT + "principal-field", "preferred_username");
        properties.put(JWT + "groups-field", "groups");
        properties.put(
                "jwk.http-client.trust-store-path", keycloak.tls().certificatePem().toString());
        return Coordinator.in(folder).at(site).jwt(properties);
    }

    /** The same with the page for people whose web UI signs them in. */
    Coordinator.Builder withPageOfWebUi(Path folder, Site site) {
        return coordinator(folder, site)
                .config("web-ui.token-copy.enabled", "true")
                .config("web-ui.authentication.type", "oauth2")
                .config(OAUTH2 + "issuer", issuer())
                .config(OAUTH2 + "client-id", "trino-web")
                .config(OAUTH2 + "client-secret", "web-secret-for-tests")
                .config(OAUTH2 + "principal-field", "preferred_username")
                .config(OAUTH2 + "additional-audiences", "trino")
                .config(
                        "oauth2-jwk.http-client.trust-store-path",
                        keycloak.tls().certificatePem().toString());
    }

    /** The web UI's sign-ins may return to this coordinator. */
    void returnToWebUi(Coordinator coordinator) {
        keycloak.returnTo(REALM, "trino-web", coordinator.uri().resolve("/oauth2/callback"));
    }

    /** The same with the page that signs people in by itself. */
    Coordinator.Builder withPageOfItsOwn(Path folder, Site site) {
        return coordinator(folder, site)
                .config("web-ui.token-copy.issuer", issuer())
                .config("web-ui.token-copy.client-id", "trino-page");
    }

    /** The page's own sign-ins may return to this coordinator. */
    void returnToPage(Coordinator coordinator) {
        keycloak.returnTo(REALM, "trino-page", coordinator.uri().resolve("/ui/token"));
    }

    @Override
    public void close() {
        keycloak.close();
    }

    /** Hands the one site to every test class, and closes it after the last of them. */
    static final class Shared extends SharedSite<PeopleSite> {
        Shared() {
            super(PeopleSite.class, PeopleSite::new);
        }
    }

    /** Leaves Keycloak up until the process is ended, to try things by hand. */
    public static void main(String[] arguments) throws Exception {
        try (PeopleSite site = new PeopleSite()) {
            System.out.println("issuer " + site.issuer());
            System.out.println("certificate " + site.keycloak.tls().certificatePem());
            Thread.currentThread().join();
        }
    }
}
