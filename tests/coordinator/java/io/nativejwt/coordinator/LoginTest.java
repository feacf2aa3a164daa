// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.JwksEndpoint;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.LoginCommand;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.SignInForms;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Tls;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Pem;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code nativejwt login}, {@code token} and {@code logout} with a real Keycloak over TLS and a
 * coordinator that accepts what they print. People sign in without a browser here; {@code make
 * verify-login} does the same with one.
 */
final class LoginTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final String REALM = "people";
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String WHO =
            "SELECT current_user, array_join(array_sort(current_groups()), ' ')";
    private static final String ALICE = "alice analysts etl";
    private static final Path FOLDER = Workspace.freshFolder("test/login-command");

    private static Keycloak keycloak;
    private static Coordinator coordinator;

    @BeforeAll
    static void start() throws Exception {
        keycloak =
                PARTS.add(
                        Keycloak.prepareWithTls(
                                Files.createDirectories(FOLDER.resolve("keycloak")),
                                Workspace.source("tests/login/realm.json"),
                                REALM));
        keycloak.start();
        coordinator =
                PARTS.add(
                        Coordinator.in(FOLDER.resolve("coordinator"))
                                .at(Site.SERVER_483)
                                .jwt(
                                        Map.of(
                                                JWT + "key-file",
                                                "oidc:" + issuer(),
                                                JWT + "required-audience",
                                                "trino",
                                                JWT + "principal-field",
                                                "preferred_username",
                                                JWT + "groups-field",
                                                "groups",
                                                "jwk.http-client.trust-store-path",
                                                trusted().toString()))
                                .start());
    }

    @Test
    void tokenOfTheDeviceFlowIsThatOfThePerson() throws SQLException {
        LoginCommand person = person("device");
        Processes.Result login = device(person, "nativejwt-cli");
        assertThat(login.error()).containsPattern("code [A-Z]{4}-[A-Z]{4}");
        String token = person.token();
        assertThat((login.output() + login.error()).contains("eyJ")).isFalse();
        assertThat(person.token().equals(token)).as("it is good for another minute").isTrue();
        assertThat(Clients.jdbc(coordinator, token, WHO)).containsExactly(ALICE);
    }

    @Test
    void tokenOfTheBrowserFlowIsThatOfThePerson() throws Exception {
        LoginCommand person = person("browser");
        try (LoginCommand.Running login = person.start(login("nativejwt-cli", "--browser"));
                SignInForms forms = new SignInForms(keycloak)) {
            URI page = login.opened();
            assertThat(login.page()).isEqualTo(page);
            assertStrangersAreIgnored(redirectUri(page));
            String last = forms.signIn(page, "alice");
            assertThat(last).contains("nativejwt login").doesNotContain("eyJ");
            assertThat(login.end().exitCode()).as(login.error()).isZero();
            assertThat(Clients.jdbc(coordinator, person.token(), WHO)).containsExactly(ALICE);
        }
    }

    /** Browsers ask for an icon, and other programs of this machine may ask for anything. */
    private static void assertStrangersAreIgnored(URI redirectUri) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (String path : List.of("/favicon.ico", "/?code=stolen&state=guessed", "/")) {
                HttpResponse<String> answer =
                        client.send(
                                HttpRequest.newBuilder(redirectUri.resolve(path)).build(),
                                HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).as(path).isBetween(400, 499);
                assertThat(answer.body()).doesNotContain("stolen", "guessed");
            }
        }
    }

    private static URI redirectUri(URI page) {
        Matcher uri = Pattern.compile("redirect_uri=([^&]+)").matcher(page.toString());
        assertThat(uri.find()).isTrue();
        return URI.create(URLDecoder.decode(uri.group(1), UTF_8));
    }

    @Test
    void flowFollowsFromWhereThePersonSits() {
        assertThat(firstWords(person("nowhere"))).contains("/device?user_code=");
        assertThat(firstWords(person("desktop").environment("DISPLAY", ":0")))
                .contains("/protocol/openid-connect/auth?");
        assertThat(firstWords(person("wayland").environment("WAYLAND_DISPLAY", "wayland-0")))
                .contains("/protocol/openid-connect/auth?");
        assertThat(
                        firstWords(
                                person("ssh")
                                        .environment("DISPLAY", ":10")
                                        .environment("SSH_CONNECTION", "a 1 b 2")))
                .contains("/device?user_code=");
    }

    private static String firstWords(LoginCommand person) {
        try (LoginCommand.Running login = person.start(login("nativejwt-cli", "--no-open"))) {
            return login.page().toString();
        }
    }

    @Test
    void profileRemembersHowItsPersonLogsIn() {
        LoginCommand person = person("again");
        device(person, "nativejwt-cli");
        person.environment("DISPLAY", ":0");
        try (LoginCommand.Running login = person.start("login")) {
            assertThat(login.page().toString()).startsWith(issuer()).contains("/device");
        }
    }

    @Test
    void profilesAreLoginsOfTheirOwn() {
        LoginCommand person = person("two");
        device(person, "nativejwt-cli", "--profile", "one");
        device(person, "nativejwt-cli", "--profile", "other");
        String one = person.token("--profile", "one");
        assertThat(person.token("--profile", "other").equals(one)).isFalse();
        assertThat(person.run("token").exitCode()).isEqualTo(1);
        assertThat(person.run("logout", "--profile", "other").exitCode()).isZero();
        assertThat(person.token("--profile", "one").equals(one)).isTrue();
    }

    @Test
    void tokenIsRefreshedWhenLessThanAMinuteIsLeft() throws SQLException {
        LoginCommand person = person("brief");
        // Its tokens live for 30 seconds, so each call needs the next one.
        device(person, "nativejwt-brief");
        String one = person.token();
        String two = person.token();
        assertThat(two.equals(one)).isFalse();
        assertThat(Clients.jdbc(coordinator, two, WHO)).containsExactly(ALICE);
    }

    /** Keycloak ends the session when one refresh token comes twice. */
    @Test
    void callsAtOnceNeverSpendOneRefreshTokenTwice() {
        LoginCommand person = person("at-once");
        device(person, "nativejwt-brief");
        for (int round = 0; round < 3; round++) {
            List<LoginCommand.Running> calls = new ArrayList<>();
            try {
                for (int i = 0; i < 4; i++) {
                    calls.add(person.start("token"));
                }
                Set<Integer> tokens = new HashSet<>();
                for (LoginCommand.Running call : calls) {
                    Processes.Result result = call.end();
                    assertThat(result.exitCode()).as(result.error()).isZero();
                    tokens.add(result.output().hashCode());
                }
                assertThat(tokens).hasSize(4);
            } finally {
                calls.forEach(LoginCommand.Running::close);
            }
        }
        assertThat(person.token().startsWith("eyJ")).isTrue();
    }

    @Test
    void otherProgramsReadTheToken() {
        LoginCommand person = person("programs");
        device(person, "nativejwt-cli");
        String token = person.token();
        assertThat(person.token("--json").replace(token, "TOKEN"))
                .contains("\"token\":\"TOKEN\"", "\"issuer\":\"" + issuer() + "\"")
                .containsPattern("\"expires_in\":(2[0-9]{2}|300)[,}]");
        assertThat(person.token("--exec-credential").replaceAll("\\s", "").replace(token, "TOKEN"))
                .contains(
                        "\"apiVersion\":\"client.authentication.k8s.io/v1\"",
                        "\"kind\":\"ExecCredential\"",
                        "\"token\":\"TOKEN\"")
                .containsPattern("\"expirationTimestamp\":\"[0-9T:-]+Z\"");
    }

    @Test
    void onlyThePersonCanReadTheFiles() throws IOException {
        LoginCommand person = person("files");
        Processes.Result login = device(person, "nativejwt-cli");
        Path tokens = person.state().resolve("default.tokens.json");
        assertThat(login.error()).as("it says where the tokens are").contains(tokens.toString());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(person.state())))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(tokens)))
                .isEqualTo("rw-------");
        assertThat(Files.readString(person.state().resolve("default.json"))).doesNotContain("eyJ");
    }

    /** As one that is locked, and cannot ask for its password. */
    @Test
    void keyRingThatNeverAnswersIsLeftForTheFile() throws IOException {
        Path tools = Files.createDirectories(FOLDER.resolve("tools"));
        Path tool = Files.writeString(tools.resolve("secret-tool"), "#!/bin/sh\nexec sleep 60\n");
        Files.setPosixFilePermissions(tool, PosixFilePermissions.fromString("rwx------"));
        LoginCommand person =
                person("locked").environment("PATH", tools + ":" + System.getenv("PATH"));
        Processes.Result login = device(person, "nativejwt-cli");
        assertThat(login.error()).contains("did not answer");
        assertThat(person.state().resolve("default.tokens.json")).exists();
    }

    @Test
    void logoutEndsTheSessionAtTheProvider() throws IOException {
        LoginCommand person = person("logout");
        device(person, "nativejwt-cli");
        Path tokens = person.state().resolve("default.tokens.json");
        Matcher refreshToken =
                Pattern.compile("refresh.token\" *: *\"([^\"]+)\"")
                        .matcher(Files.readString(tokens));
        assertThat(refreshToken.find()).isTrue();
        Processes.Result logout = person.run("logout");
        assertThat(logout.exitCode()).as(logout.error()).isZero();
        assertThat(tokens).doesNotExist();
        assertThatThrownBy(() -> keycloak.refresh(REALM, "nativejwt-cli", refreshToken.group(1)))
                .hasMessageContaining("invalid_grant");
        Processes.Result token = person.run("token");
        assertThat(token.exitCode()).isEqualTo(1);
        assertThat(token.output()).isEmpty();
        assertThat(token.error()).contains("nativejwt login");
    }

    @Test
    void tokenSaysToLogInAgainWhenTheProviderEndedTheSession() {
        LoginCommand person = person("ended");
        device(person, "nativejwt-brief");
        keycloak.logOut(REALM, "alice");
        Processes.Result token = person.run("token");
        assertThat(token.exitCode()).as(token.error()).isEqualTo(1);
        assertThat(token.output()).isEmpty();
        assertThat(token.error()).contains("nativejwt login");
    }

    @Test
    void jobLogsInByASecret() throws Exception {
        Path secret = Files.writeString(FOLDER.resolve("secret"), "job-secret-for-tests\n");
        LoginCommand job = person("job-by-file");
        assertJob(job, "nativejwt-job", "--client-secret-file", secret.toString());
        job = person("job-by-environment").environment("JOB_SECRET", "job-secret-for-tests");
        assertJob(job, "nativejwt-job", "--client-secret-env", "JOB_SECRET");
        try (Stream<Path> files = Files.list(job.state())) {
            for (Path file : files.toList()) {
                assertThat(Files.readString(file)).doesNotContain("job-secret-for-tests");
            }
        }
    }

    @Test
    void jobLogsInByAnAssertionOfItsKey() throws Exception {
        KeyPair keys = Keys.rsa();
        keycloak.believeAssertions(
                REALM,
                "nativejwt-job-key",
                Token.json(Map.of("keys", List.of(JwksEndpoint.jwk("job", keys)))));
        Path key =
                Files.writeString(
                        FOLDER.resolve("job-key.pem"),
                        Pem.encode("PRIVATE KEY", keys.getPrivate().getEncoded()));
        String[] options = {"--client-key-file", key.toString(), "--client-key-id", "job"};
        assertJob(person("job-by-key"), "nativejwt-job-key", options);
    }

    private static void assertJob(LoginCommand job, String client, String... options)
            throws SQLException {
        Processes.Result login = job.run(login(client, with("--client-credentials", options)));
        assertThat(login.exitCode()).as(login.error()).isZero();
        assertThat(Clients.jdbc(coordinator, job.token(), "SELECT current_user"))
                .containsExactly("service-account-" + client);
    }

    @Test
    void loginShowsWhatTheCoordinatorMakesOfItsToken() throws IOException {
        Path configuration = coordinator.folder().resolve("etc/config.properties");
        String[] options = {
            "login", "--config", configuration.toString(), "--client-id", "nativejwt-cli"
        };
        Processes.Result login = signIn(person("config"), options);
        assertThat(login.exitCode()).as(login.error()).isZero();
        assertThat(login.output()).contains("alice", "analysts", "etl");

        String strict =
                Files.readString(configuration)
                        .replace("required-audience=trino", "required-audience=billing");
        options[2] = Files.writeString(FOLDER.resolve("strict.properties"), strict).toString();
        login = signIn(person("config-strict"), options);
        assertThat(login.exitCode()).as(login.error()).isEqualTo(1);
        assertThat(login.output()).containsIgnoringCase("audience").contains("billing");
    }

    @Test
    void refusedConsentIsSaid() {
        try (LoginCommand.Running login =
                        person("refused").start(login("nativejwt-cli", "--device"));
                SignInForms forms = new SignInForms(keycloak)) {
            forms.refuse(login.page(), "alice");
            assertRefused(login.end(), "refused");
        }
    }

    @Test
    void wrongSettingsAreSaidInWordsOfAPerson() throws Exception {
        LoginCommand person = person("wrong");
        assertFailed(person.run(login("nobody", "--device")), "nobody", "--client-id");
        assertFailed(person.run(login("nativejwt-job", "--device")), "nativejwt-job", "secret");
        assertFailed(person.run(login("trino-page", "--device")), "trino-page", "device flow");
        Path wrong = Files.writeString(FOLDER.resolve("wrong-secret"), "guessed");
        assertFailed(
                person.run(
                        login(
                                "nativejwt-job",
                                "--client-credentials",
                                "--client-secret-file",
                                wrong.toString())),
                "nativejwt-job",
                "secret");
        assertFailed(
                person.run("login", "--issuer", issuer(), "--client-id", "nativejwt-cli"),
                "--trust-store");
        assertFailed(
                person.run(
                        "login",
                        "--issuer",
                        issuer() + "-of-nobody",
                        "--client-id",
                        "nativejwt-cli",
                        "--trust-store",
                        trusted().toString()),
                issuer() + "-of-nobody");
        assertThat(person.run("token").exitCode()).isEqualTo(1);
    }

    @Test
    void waitForThePersonEnds() {
        assertRefused(
                person("nobody-there").run(login("nativejwt-cli", "--device", "--wait", "2")),
                "Log in again");
    }

    @Test
    void redirectThatIsNotRegisteredIsNamedWhenTheWaitEnds() {
        try (LoginCommand.Running login =
                        person("redirect")
                                .start(login("nativejwt-elsewhere", "--browser", "--wait", "3"));
                SignInForms forms = new SignInForms(keycloak)) {
            assertThat(forms.signIn(login.opened(), "alice")).contains("redirect_uri");
            assertRefused(login.end(), redirectUri(login.page()).toString(), "nativejwt-elsewhere");
        }
    }

    @Test
    void providersThatAreOfNoUseAreSaidToBe() throws Exception {
        try (Provider provider = new Provider(Files.createDirectories(FOLDER.resolve("other")))) {
            LoginCommand person = person("provider");
            assertFailed(person.run(provider.login("--device")), "device flow", "--browser");
            Path secret = Files.writeString(FOLDER.resolve("any-secret"), "any");
            assertFailed(
                    person.run(
                            provider.login(
                                    "--client-credentials",
                                    "--client-secret-file",
                                    secret.toString())),
                    "opaque",
                    "--audience");
            provider.issuer = "https://idp.example.com";
            assertFailed(person.run(provider.login("--device")), "https://idp.example.com");
        }
    }

    /** A provider without device flow, whose access tokens are no JWTs. */
    private static final class Provider implements AutoCloseable {
        private final Tls tls;
        private final HttpsServer server;
        private volatile String issuer;

        Provider(Path folder) throws IOException {
            tls = Tls.create(folder);
            server =
                    HttpsServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setHttpsConfigurator(new HttpsConfigurator(tls.serverContext()));
            issuer = uri();
            server.createContext(
                    "/",
                    exchange -> {
                        Map<String, Object> answer = new HashMap<>();
                        if (exchange.getRequestURI().getPath().equals("/token")) {
                            answer.putAll(Map.of("access_token", "opaque", "token_type", "Bearer"));
                        } else {
                            answer.put("issuer", issuer);
                            answer.put("authorization_endpoint", uri() + "/authorize");
                            answer.put("token_endpoint", uri() + "/token");
                        }
                        byte[] json = Token.json(answer).getBytes(UTF_8);
                        exchange.getResponseHeaders().set("Content-Type", "application/json");
                        exchange.sendResponseHeaders(200, json.length);
                        exchange.getResponseBody().write(json);
                        exchange.close();
                    });
            server.start();
        }

        private String uri() {
            return "https://127.0.0.1:" + server.getAddress().getPort();
        }

        String[] login(String... options) {
            List<String> arguments =
                    new ArrayList<>(List.of("login", "--issuer", uri(), "--client-id", "any"));
            arguments.addAll(List.of("--trust-store", tls.certificatePem().toString()));
            arguments.addAll(List.of(options));
            return arguments.toArray(String[]::new);
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }

    private static LoginCommand person(String name) {
        return LoginCommand.in(FOLDER.resolve("homes").resolve(name));
    }

    private static String issuer() {
        return keycloak.issuer(REALM);
    }

    private static Path trusted() {
        return keycloak.tls().certificatePem();
    }

    private static String[] login(String client, String... options) {
        List<String> arguments =
                new ArrayList<>(List.of("login", "--issuer", issuer(), "--client-id", client));
        arguments.addAll(List.of("--trust-store", trusted().toString()));
        arguments.addAll(List.of(options));
        return arguments.toArray(String[]::new);
    }

    private static String[] with(String first, String... more) {
        return Stream.concat(Stream.of(first), Stream.of(more)).toArray(String[]::new);
    }

    private static Processes.Result device(LoginCommand person, String client, String... options) {
        Processes.Result login = signIn(person, login(client, with("--device", options)));
        assertThat(login.exitCode()).as(login.error()).isZero();
        return login;
    }

    /** A login whose page alice opens. */
    private static Processes.Result signIn(LoginCommand person, String... arguments) {
        try (LoginCommand.Running login = person.start(arguments);
                SignInForms forms = new SignInForms(keycloak)) {
            forms.signIn(login.page(), "alice");
            return login.end();
        }
    }

    private static void assertRefused(Processes.Result result, String... words) {
        assertThat(result.exitCode()).as(result.error()).isEqualTo(1);
        assertFailed(result, words);
    }

    private static void assertFailed(Processes.Result result, String... words) {
        assertThat(result.exitCode()).as(result.error()).isNotZero();
        assertThat(result.output()).isEmpty();
        assertThat(result.error()).contains(words);
    }
}
