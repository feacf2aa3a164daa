// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Map.entry;
import static java.util.stream.Collectors.joining;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.JwksEndpoint;
import io.nativejwt.harness.NativejwtCommand;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * docs/when-authentication-fails.md says what a coordinator answers, and what the JDBC driver and
 * the command line make of it. The sentences are read from the page. Those of the other clients are
 * those of docs/clients.md, which {@code make verify-clients} compares with the clients.
 */
@ParameterizedClass
@EnumSource(
        value = Site.class,
        names = {"PLUGIN_483", "SERVER_476"})
final class FailurePageTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Duration CURL_LIMIT = Duration.ofSeconds(30);

    private static final String JWT = "http-server.authentication.jwt.";
    private static final String ISSUER = "https://idp.example.com";
    private static final KeyPair KEYS = Keys.rsa();
    private static final Pattern REJECTION =
            Pattern.compile("\\| `(.+?)` \\| \\[`([A-Z_0-9]+)`]\\(.*");
    private static final Pattern OTHER = Pattern.compile("\\| `(.+?)` \\| .+ \\| .+ \\|");

    /** An entry of the revocation file stands for one token. */
    private static final String REVOKED = sign(token().claim("jti", "stolen"));

    private static Coordinator coordinator;
    private static Path socket;

    @Parameter Site site;

    /** A token for each reason in the table. Null sends none. */
    private static final Map<String, Supplier<String>> TOKENS =
            Map.ofEntries(
                    entry("NO_BEARER_TOKEN", () -> null),
                    entry("TOKEN_EXPIRED", FailurePageTest::expired),
                    entry(
                            "TOKEN_NOT_YET_VALID",
                            () ->
                                    sign(
                                            token().claim(
                                                            "nbf",
                                                            Instant.now()
                                                                    .plusSeconds(60)
                                                                    .getEpochSecond()))),
                    entry("MALFORMED_TOKEN", () -> "5f3a9c0d1e2b4c6d"),
                    entry("MALFORMED_BASE64", () -> sign(token()) + "="),
                    entry("WRONG_AUDIENCE", () -> sign(token().claim("aud", "account"))),
                    entry("MISSING_AUDIENCE", () -> sign(token().claim("aud", null))),
                    entry("WRONG_ISSUER", () -> sign(token().claim("iss", ISSUER + "/"))),
                    entry("MISSING_ISSUER", () -> sign(token().claim("iss", null))),
                    entry("UNKNOWN_KEY_ID", () -> sign(token().header("kid", "k2"))),
                    entry(
                            "SIGNATURE_MISMATCH",
                            () -> token().sign("RS256", Keys.rsa().getPrivate())),
                    entry("NO_HMAC_KEY", () -> token().sign("HS256", Keys.hmac(32))),
                    entry("MISSING_PRINCIPAL", () -> sign(token().claim("sub", null))),
                    entry("NO_MAPPING_MATCHES", () -> sign(token().claim("sub", "alice@other"))),
                    entry("PRINCIPAL_NOT_ALLOWED", () -> sign(token().claim("sub", "denied"))),
                    entry("TOKEN_REVOKED", () -> REVOKED));

    /** What is no rejection: how to get the message of the table. */
    private final Map<String, Supplier<String>> others =
            Map.of(
                    "Access Denied",
                    () -> jdbcFailure(Clients.jdbcUrl(coordinator) + "&user=bob", sign(token())),
                    "unable to find valid certification path to requested target",
                    () -> jdbcFailure(url() + "?SSL=true", sign(token())),
                    "TLS/SSL required for authentication using an access token",
                    () -> jdbcFailure(url(), sign(token())),
                    "Authentication over HTTP is not enabled",
                    this::overHttp);

    @BeforeParameterizedClassInvocation
    static void start(Site site) throws IOException {
        Path folder = Workspace.freshFolder("test/failure-page/" + site);
        Path keys =
                Files.writeString(
                        folder.resolve("jwks.json"),
                        Token.json(Map.of("keys", List.of(JwksEndpoint.jwk("k1", KEYS)))));
        Path rules =
                Files.writeString(
                        folder.resolve("rules.json"),
                        """
                        {"rules": [
                            {"pattern": "(.*)@example\\\\.com", "user": "$1"},
                            {"pattern": "denied", "allow": false}
                        ]}
                        """);
        Path revocations = Files.createFile(folder.resolve("revoked"));
        NativejwtCommand.revoke(revocations, REVOKED);
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(JWT + "key-file", keys.toString());
        properties.put(JWT + "required-issuer", ISSUER);
        properties.put(JWT + "required-audience", "trino");
        properties.put(JWT + "user-mapping.file", rules.toString());
        properties.put(JWT + "revocation-file", revocations.toString());
        socket = folder.resolve("socket");
        properties.put(JWT + "control-socket", socket.toString());
        coordinator = PARTS.add(Coordinator.in(folder).at(site).jwt(properties).start());
    }

    /** A row of a table. */
    private record Row(String sentence, String reason) {
        boolean isIn(String text) {
            String pattern =
                    Stream.of(sentence.split("…"))
                            .map(String::strip)
                            .filter(part -> !part.isEmpty())
                            .map(Pattern::quote)
                            .collect(joining(".*?"));
            return Pattern.compile(pattern, Pattern.DOTALL).matcher(text).find();
        }

        @Override
        public String toString() {
            return reason;
        }
    }

    static List<String> lines() throws IOException {
        return Files.readAllLines(Workspace.source("docs/when-authentication-fails.md"));
    }

    static Stream<Row> rejections() throws IOException {
        return lines().stream()
                .map(REJECTION::matcher)
                .filter(Matcher::matches)
                .map(row -> new Row(row.group(1), row.group(2)));
    }

    static Stream<Row> otherMessages() throws IOException {
        return lines().stream()
                .dropWhile(line -> !line.startsWith("| the client shows |"))
                .takeWhile(line -> line.startsWith("|"))
                .map(OTHER::matcher)
                .filter(Matcher::matches)
                .map(row -> new Row(row.group(1), row.group(1).split(":")[0]));
    }

    @Test
    void everyReasonOfThePageIsTried() throws IOException {
        assertThat(rejections().map(Row::reason))
                .containsExactlyInAnyOrderElementsOf(TOKENS.keySet());
        assertThat(otherMessages().map(Row::reason))
                .containsExactlyInAnyOrderElementsOf(others.keySet());
    }

    @Test
    void tokenWithoutAFaultIsAccepted() throws SQLException {
        assertThat(Clients.jdbc(coordinator, sign(token()), "SELECT current_user"))
                .containsExactly("alice");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rejections")
    void coordinatorAndJdbcShowTheSentence(Row row) throws IOException {
        String token = TOKENS.get(row.reason()).get();
        HttpResponse<String> answer =
                token == null
                        ? Clients.http(coordinator)
                        : Clients.http(coordinator, "Bearer " + token);
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.body()).matches(row::isIn, row.sentence());
        String shown = jdbcFailure(Clients.jdbcUrl(coordinator), token);
        assertThat(shown).startsWith(formOf("JDBC")).matches(row::isIn, row.sentence());
        if (token != null) {
            Poll.until(
                    "the reason in the log: " + row.reason(),
                    LIMIT,
                    () ->
                            coordinator.log().stream()
                                    .anyMatch(line -> line.contains(": " + row.reason() + ": ")));
        }
    }

    @Test
    void commandLineShowsTheSentence() throws IOException {
        Row row =
                rejections()
                        .filter(found -> found.reason().equals("TOKEN_EXPIRED"))
                        .findFirst()
                        .orElseThrow();
        Processes.Result cli = Clients.cli(coordinator, "alice", expired(), "SELECT 1");
        assertThat(cli.exitCode()).isNotZero();
        assertThat(cli.error()).contains(formOf("command line")).matches(row::isIn, row.sentence());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("otherMessages")
    void whatIsNoRejectionShowsItsMessage(Row row) {
        assertThat(others.get(row.reason()).get()).matches(row::isIn, row.sentence());
    }

    /** Each form of a client is the one that docs/clients.md has. */
    @Test
    void formsAreThoseOfTheClients() throws IOException {
        String clients = Files.readString(Workspace.source("docs/clients.md"));
        for (String client : List.of("Spark", "Python", "dbt", "Go", "Node.js")) {
            assertThat(clients).contains(formOf(client));
        }
    }

    /** What stands around the sentence, up to the ellipsis, in the row that names the client. */
    private static String formOf(String client) throws IOException {
        return lines().stream()
                .dropWhile(line -> !line.startsWith("| client | shows |"))
                .takeWhile(line -> line.startsWith("|"))
                .filter(line -> line.split("\\|")[1].contains(client))
                .map(line -> line.split("`")[1].replace("…", "").strip())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void requestOfThePageShowsTheSentenceInItsLastLine() throws IOException {
        boolean hasCurl =
                Stream.of(System.getenv("PATH").split(":"))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "curl")));
        assumeTrue(hasCurl, "this machine has no curl");
        String block =
                lines().stream()
                        .dropWhile(line -> !line.startsWith("curl "))
                        .takeWhile(line -> !line.startsWith("```"))
                        .collect(joining("\n"));
        ProcessBuilder builder = new ProcessBuilder("bash", "-c", block);
        builder.environment()
                .putAll(
                        Map.of(
                                "TRINO_CA", coordinator.tls().certificatePem().toString(),
                                "TRINO_HOST", "localhost",
                                "TRINO_PORT", Integer.toString(coordinator.uri().getPort()),
                                "TRINO_TOKEN", expired()));
        Processes.Result result = Processes.run(CURL_LIMIT, builder, "");
        assertThat(result.exitCode()).as(result.error()).isZero();
        List<String> answer = result.output().lines().toList();
        assertThat(answer.getFirst()).contains("401");
        assertThat(answer.getLast()).startsWith("JWT expired ");
    }

    @Test
    void lineOfTheLogIsThatOfThePage() throws IOException {
        String line = lineOfThePage("Authentication rejected: ");
        Pattern logged = like(line);
        Clients.http(coordinator, "Bearer " + expired());
        Poll.until(
                line,
                LIMIT,
                () -> coordinator.log().stream().anyMatch(found -> logged.matcher(found).find()));
    }

    @Test
    void answerOfTheControlSocketIsThatOfThePage() throws IOException {
        List<String> page =
                lines().stream()
                        .dropWhile(line -> !line.startsWith("$ nativejwt why "))
                        .skip(1)
                        .takeWhile(line -> !line.startsWith("```"))
                        .toList();
        assertThat(page).hasSize(4);
        String token = expired();
        for (int i = 0; i < 3; i++) {
            Clients.http(coordinator, "Bearer " + token);
        }
        List<String> answer = NativejwtCommand.why(socket, token).output().lines().toList();
        assertThat(answer).hasSameSizeAs(page);
        for (int i = 0; i < page.size(); i++) {
            assertThat(answer.get(i)).containsPattern(like(page.get(i)));
        }
    }

    private static String lineOfThePage(String beginning) throws IOException {
        return lines().stream()
                .filter(found -> found.startsWith(beginning))
                .findFirst()
                .orElseThrow();
    }

    /** What differs from one run to the next, and the pattern that stands for it. */
    private static final Pattern VARIABLE =
            Pattern.compile(
                    "([0-9a-f]{16})|(\"[^\"]*\")|(20\\S+Z)|(\\d+[dhms] \\d+[dhms]"
                            + " ago)|(\\d+)|(…)|(]$)");

    private static final List<String> FORMS =
            List.of(
                    "[0-9a-f]{16}",
                    "\"[^\"]*\"",
                    "20\\S+Z",
                    "[0-9smh ]+ ago",
                    "\\d+",
                    ".*",
                    "(?: swallowed=\\d+)?]");

    /** A line of the page as another run prints it. */
    private static Pattern like(String line) {
        StringBuilder pattern = new StringBuilder();
        Matcher variable = VARIABLE.matcher(line);
        int end = 0;
        while (variable.find()) {
            pattern.append(Pattern.quote(line.substring(end, variable.start())));
            for (int group = 1; group <= FORMS.size(); group++) {
                if (variable.group(group) != null) {
                    pattern.append(FORMS.get(group - 1));
                }
            }
            end = variable.end();
        }
        return Pattern.compile(pattern.append(Pattern.quote(line.substring(end))).toString());
    }

    private static String url() {
        return "jdbc:trino://localhost:" + coordinator.uri().getPort();
    }

    /** Without a token, the driver sends a user alone. */
    private static String jdbcFailure(String url, String token) {
        Properties properties = new Properties();
        if (token == null) {
            properties.setProperty("user", "alice");
        } else {
            properties.setProperty("accessToken", token);
        }
        Throwable failure =
                catchThrowableOfType(
                        SQLException.class,
                        () -> {
                            try (var connection = DriverManager.getConnection(url, properties)) {
                                Clients.run(connection, "SELECT 1");
                            }
                        });
        assertThat(failure).isNotNull();
        StringBuilder messages = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            messages.append(cause.getMessage()).append('\n');
        }
        return messages.toString();
    }

    private String overHttp() {
        HttpResponse<String> answer =
                Clients.send(
                        coordinator,
                        HttpRequest.newBuilder(coordinator.httpUri().resolve("/v1/statement"))
                                .POST(HttpRequest.BodyPublishers.ofString("SELECT 1", UTF_8)),
                        "Bearer " + sign(token()));
        assertThat(answer.statusCode()).isEqualTo(403);
        return answer.body();
    }

    private static Token token() {
        return Token.of("alice@example.com")
                .header("kid", "k1")
                .claim("iss", ISSUER)
                .claim("aud", "trino");
    }

    private static String expired() {
        return sign(token().expiringAt(Instant.now().minusSeconds(60)));
    }

    private static String sign(Token token) {
        return token.sign("RS256", KEYS.getPrivate());
    }
}
