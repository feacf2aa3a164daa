// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A real Keycloak with realms made of {@code tests/coordinator/keycloak/realm.json}. It can be
 * stopped and started again on the same port with its data, and rotates and forgets its keys as an
 * administrator makes it do.
 */
public final class Keycloak implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(10);
    private static final Duration BUILD_LIMIT = Duration.ofMinutes(5);
    private static final Duration REQUEST_LIMIT = Duration.ofMinutes(2);
    private static final String ADMIN = "admin-for-tests";
    private static final Pattern ACCESS_TOKEN = Pattern.compile("\"access_token\":\"([^\"]+)\"");
    private static final Pattern ACTIVE_RS256 =
            Pattern.compile("\"active\":\\{[^}]*\"RS256\":\"([^\"]+)\"");

    /** The first member of a client or a user. */
    private static final Pattern ID = Pattern.compile("^\\[\\{\"id\":\"([^\"]+)\"");

    private static final Pattern AUDIENCE_MAPPER =
            Pattern.compile("\\{\"id\":\"([^\"]+)\",\"name\":\"audience\"");

    /** The members of a key that are read stand before any nested one. */
    private static final Pattern KEY =
            Pattern.compile("\\{\"providerId\":\"([^\"]+)\",[^{}]*?\"kid\":\"([^\"]+)\"");

    private final Path home;
    private final int port;
    private final List<String> realms;

    /** Absent where it speaks plain HTTP. */
    private final Optional<Tls> tls;

    private final HttpClient client;
    private final Thread shutdownHook = new Thread(this::stop);
    private final List<Path> trusted = new ArrayList<>();
    private Process process;

    private Keycloak(Path home, int port, List<String> realms, Optional<Tls> tls) {
        this.home = home;
        this.port = port;
        this.realms = realms;
        this.tls = tls;
        HttpClient.Builder builder = HttpClient.newBuilder();
        tls.ifPresent(own -> builder.sslContext(own.clientContext()));
        client = builder.build();
        Runtime.getRuntime().addShutdownHook(shutdownHook);
    }

    /** Everything but the start: URLs are known from now on. */
    public static Keycloak prepare(Path folder, String... realms) {
        return prepare(folder, Workspace.source("tests/coordinator/keycloak/realm.json"), realms);
    }

    public static Keycloak prepare(Path folder, Path realmFile, String... realms) {
        return prepare(folder, Optional.empty(), realmFile, realms);
    }

    /** Speaks only HTTPS, with a certificate of its own. */
    public static Keycloak prepareWithTls(Path folder, Path realmFile, String... realms) {
        return prepare(folder, Optional.of(Tls.create(folder)), realmFile, realms);
    }

    private static Keycloak prepare(
            Path folder, Optional<Tls> tls, Path realmFile, String... realms) {
        Path distribution =
                Workspace.unpack(Workspace.fetchedForTests("keycloak"), Keycloak::build);
        try {
            // Data and script of its own; the script looks for the rest beside itself.
            Path imports = Files.createDirectories(folder.resolve("data/import"));
            Files.createDirectories(folder.resolve("bin"));
            Files.copy(distribution.resolve("bin/kc.sh"), folder.resolve("bin/kc.sh"));
            for (String part : List.of("conf", "lib", "providers", "themes")) {
                Files.createSymbolicLink(folder.resolve(part), distribution.resolve(part));
            }
            String realm = Files.readString(realmFile);
            for (String name : realms) {
                Files.writeString(imports.resolve(name + ".json"), realm.replace("REALM", name));
            }
            return new Keycloak(folder, Coordinator.freePorts(1)[0], List.of(realms), tls);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a first start would do, once for all of them. */
    private static void build(Path distribution) {
        Processes.runOrFail(
                BUILD_LIMIT,
                List.of(
                        "env",
                        "JAVA_HOME=" + System.getProperty("java.home"),
                        distribution.resolve("bin/kc.sh").toString(),
                        "build",
                        "--db=dev-file"));
    }

    /** From the next start on it trusts servers with this certificate. */
    public void trust(Path certificatePem) {
        trusted.add(certificatePem);
    }

    /** Returns when tokens can be had. */
    public void start() {
        List<String> command = new ArrayList<>();
        command.add(home.resolve("bin/kc.sh").toString());
        command.addAll(
                List.of(
                        "start",
                        "--optimized",
                        "--import-realm",
                        "--cache=local",
                        "--http-host=127.0.0.1",
                        "--hostname=" + uri()));
        command.addAll(
                tls.map(
                                own ->
                                        List.of(
                                                "--https-port=" + port,
                                                "--https-certificate-file=" + own.certificatePem(),
                                                "--https-certificate-key-file=" + own.keyPem()))
                        .orElse(List.of("--http-enabled=true", "--http-port=" + port)));
        if (!trusted.isEmpty()) {
            command.add(
                    "--truststore-paths="
                            + trusted.stream().map(Path::toString).collect(joining(",")));
        }
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(home.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(
                                ProcessBuilder.Redirect.appendTo(
                                        home.resolve("server.log").toFile()));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("JAVA_OPTS_APPEND", "-XX:TieredStopAtLevel=1");
        builder.environment().put("KC_BOOTSTRAP_ADMIN_USERNAME", ADMIN);
        builder.environment().put("KC_BOOTSTRAP_ADMIN_PASSWORD", ADMIN);
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            Poll.until(
                    "Keycloak's keys, see " + home.resolve("server.log"),
                    START_LIMIT,
                    () -> {
                        if (!process.isAlive()) {
                            throw new IllegalStateException(
                                    "Keycloak stopped while starting: "
                                            + home.resolve("server.log"));
                        }
                        return realms.stream().allMatch(realm -> answers(certificates(realm)));
                    });
        } catch (RuntimeException | Error e) {
            stop();
            throw e;
        }
    }

    public void stop() {
        if (process != null) {
            Processes.stop(process);
            process = null;
        }
    }

    @Override
    public void close() {
        stop();
        client.close();
        Runtime.getRuntime().removeShutdownHook(shutdownHook);
    }

    public URI uri() {
        return URI.create((tls.isPresent() ? "https" : "http") + "://127.0.0.1:" + port);
    }

    /** What its clients trust. */
    public Tls tls() {
        return tls.orElseThrow();
    }

    /** What {@code iss} says in the realm's tokens. */
    public String issuer(String realm) {
        return uri() + "/realms/" + realm;
    }

    public String certificates(String realm) {
        return issuer(realm) + "/protocol/openid-connect/certs";
    }

    /** A person's token, by name and password. */
    public String userToken(String realm, String user) {
        return userToken(realm, "trino-cli", user);
    }

    /** A person's token, as another program gets it. */
    public String userToken(String realm, String client, String user) {
        return token(
                realm,
                Map.of(
                        "grant_type",
                        "password",
                        "client_id",
                        client,
                        "username",
                        user,
                        "password",
                        user + "-password-for-tests"));
    }

    /** A program's token: the user is {@code service-account-etl}. */
    public String serviceToken(String realm) {
        return token(
                realm,
                Map.of(
                        "grant_type", "client_credentials",
                        "client_id", "etl",
                        "client_secret", "etl-secret-for-tests"));
    }

    /** The next token of a session. */
    public String refresh(String realm, String client, String refreshToken) {
        return token(
                realm,
                Map.of(
                        "grant_type", "refresh_token",
                        "client_id", client,
                        "refresh_token", refreshToken));
    }

    /** The administrator's, of a realm that no coordinator of ours trusts. */
    public String foreignToken() {
        return token(
                "master",
                Map.of(
                        "grant_type",
                        "password",
                        "client_id",
                        "admin-cli",
                        "username",
                        ADMIN,
                        "password",
                        ADMIN));
    }

    /**
     * From now on this URL gets a logout token for each session that a user had with the client.
     */
    public void sendLogoutTokens(String realm, String client, URI url) {
        change(
                realm,
                client,
                """
                {"clientId": "%s", "attributes": {
                    "backchannel.logout.url": "%s",
                    "backchannel.logout.session.required": "true"}}
                """
                        .formatted(client, url));
    }

    /** From now on the client's sign-ins may return there, and its scripts may come from there. */
    public void returnTo(String realm, String client, URI page) {
        change(
                realm,
                client,
                """
                {"clientId": "%s", "redirectUris": ["%s"], "webOrigins": ["%s"]}
                """
                        .formatted(
                                client, page, page.resolve("/").toString().replaceAll("/$", "")));
    }

    /** From now on the client proves itself by assertions of these keys (RFC 7523). */
    public void believeAssertions(String realm, String client, String jwkSet) {
        Map<String, Object> attributes = Map.of("use.jwks.string", "true", "jwks.string", jwkSet);
        change(realm, client, Token.json(Map.of("clientId", client, "attributes", attributes)));
    }

    /** From now on the client's tokens are for this audience; its mapper is named so. */
    public void issueFor(String realm, String client, String audience) {
        String mappers = "/clients/" + id(realm, client) + "/protocol-mappers/models";
        String mapper = only(AUDIENCE_MAPPER, send(admin(realm, mappers).GET(), 200));
        put(
                realm,
                mappers + "/" + mapper,
                """
                {"id": "%s", "name": "audience", "protocol": "openid-connect",
                 "protocolMapper": "oidc-audience-mapper",
                 "config": {"included.custom.audience": "%s", "access.token.claim": "true"}}
                """
                        .formatted(mapper, audience));
    }

    private void change(String realm, String client, String members) {
        put(realm, "/clients/" + id(realm, client), members);
    }

    private String id(String realm, String client) {
        return only(ID, send(admin(realm, "/clients?clientId=" + client).GET(), 200));
    }

    private void put(String realm, String path, String json) {
        send(
                admin(realm, path)
                        .header("Content-Type", "application/json")
                        .PUT(HttpRequest.BodyPublishers.ofString(json)),
                204);
    }

    /** Ends all sessions of the user, as an administrator does it. */
    public void logOut(String realm, String user) {
        String users = send(admin(realm, "/users?exact=true&username=" + user).GET(), 200);
        send(
                admin(realm, "/users/" + only(ID, users) + "/logout")
                        .POST(HttpRequest.BodyPublishers.noBody()),
                204);
    }

    /** From now on the realm signs with a new key; the old one stays in its JWK set. */
    public void rotate(String realm) {
        send(
                admin(realm, "/components")
                        .header("Content-Type", "application/json")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        """
                                        {"name": "rotated", "providerId": "rsa-generated",
                                         "providerType": "org.keycloak.keys.KeyProvider",
                                         "config": {"priority": ["%d"]}}
                                        """
                                                .formatted(System.currentTimeMillis() / 1000))),
                201);
    }

    /** Takes a key away, as after a theft. */
    public void removeKey(String realm, String kid) {
        Matcher keys = KEY.matcher(keys(realm));
        while (keys.find()) {
            if (keys.group(2).equals(kid)) {
                send(admin(realm, "/components/" + keys.group(1)).DELETE(), 204);
                return;
            }
        }
        throw new IllegalArgumentException("No key " + kid + " in " + realm);
    }

    /** The kid that the realm signs with. */
    public String activeKid(String realm) {
        return only(ACTIVE_RS256, keys(realm));
    }

    public static String kid(String token) {
        byte[] header = Base64.getUrlDecoder().decode(token.substring(0, token.indexOf('.')));
        return only(Pattern.compile("\"kid\" ?: ?\"([^\"]+)\""), new String(header, UTF_8));
    }

    private String keys(String realm) {
        return send(admin(realm, "/keys").GET(), 200);
    }

    private String token(String realm, Map<String, String> form) {
        String body =
                form.entrySet().stream()
                        .map(
                                field ->
                                        field.getKey()
                                                + "="
                                                + URLEncoder.encode(field.getValue(), UTF_8))
                        .collect(joining("&"));
        String answer =
                send(
                        request(URI.create(issuer(realm) + "/protocol/openid-connect/token"))
                                .header("Content-Type", "application/x-www-form-urlencoded")
                                .POST(HttpRequest.BodyPublishers.ofString(body)),
                        200);
        return only(ACCESS_TOKEN, answer);
    }

    /** The administrator's token lives for a minute, so that each request fetches one. */
    private HttpRequest.Builder admin(String realm, String path) {
        return request(URI.create(uri() + "/admin/realms/" + realm + path))
                .header("Authorization", "Bearer " + foreignToken());
    }

    private static HttpRequest.Builder request(URI uri) {
        return HttpRequest.newBuilder(uri).timeout(REQUEST_LIMIT);
    }

    private String send(HttpRequest.Builder request, int expected) {
        try {
            HttpResponse<String> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != expected) {
                throw new IllegalStateException(
                        "Keycloak answered %d to %s: %s"
                                .formatted(response.statusCode(), response.uri(), response.body()));
            }
            return response.body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private boolean answers(String url) {
        try {
            send(request(URI.create(url)).GET(), 200);
            return true;
        } catch (UncheckedIOException | IllegalStateException e) {
            return false;
        }
    }

    private static String only(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new IllegalStateException("Keycloak's answer lacks " + pattern);
        }
        return matcher.group(1);
    }
}
