// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.nativejwt.testing.Poll;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Between the coordinator and STS: it counts what is asked, keeps the credentials of the answers
 * for those who search for them, and makes outages.
 */
final class StsProxy implements AutoCloseable {
    /** What becomes of a request. */
    enum Mode {
        FORWARD,
        /** The connection ends without an answer. */
        AWAY,
        /** Status 503. */
        BUSY,
        /** Status 400 with the code by which AWS throttles. */
        THROTTLING,
        /** An answer, but later than a login waits for it. */
        SLOW
    }

    static final Duration SLOWNESS = Duration.ofSeconds(6);

    /** What STS gave for a token: only the first of the three may be seen. */
    record Given(String accessKey, String secretKey, String sessionToken) {}

    private static final Pattern SESSION_NAME = Pattern.compile("RoleSessionName=([^&]*)");
    private static final Pattern ROLE = Pattern.compile("RoleArn=([^&]*)");

    private final URI target;
    private final boolean asksForDuration;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<String> sessions = new CopyOnWriteArrayList<>();
    private final List<String> roles = new CopyOnWriteArrayList<>();
    private final List<Given> given = new CopyOnWriteArrayList<>();
    private volatile Mode mode = Mode.FORWARD;

    /**
     * @param asksForDuration false takes DurationSeconds away, so that sessions are as short as STS
     *     makes them
     */
    StsProxy(URI target, boolean asksForDuration) {
        this.target = target;
        this.asksForDuration = asksForDuration;
        try {
            InetAddress local = InetAddress.getLoopbackAddress();
            server = HttpServer.create(new InetSocketAddress(local, 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    String uri() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    void set(Mode value) {
        mode = value;
    }

    /** The session names of all requests, in their order. */
    List<String> sessions() {
        return List.copyOf(sessions);
    }

    /** How often credentials for this user were asked for. */
    long requestsFor(String user) {
        return sessions.stream().filter(user::equals).count();
    }

    /** The ARNs of all requests, in their order. */
    List<String> roles() {
        return List.copyOf(roles);
    }

    /** All credentials that STS gave, in their order. */
    List<Given> given() {
        return List.copyOf(given);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String form = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
            sessions.add(field(SESSION_NAME, form));
            roles.add(field(ROLE, form));
            switch (mode) {
                case AWAY -> {}
                case BUSY -> answer(exchange, 503, "");
                case THROTTLING ->
                        answer(
                                exchange,
                                400,
                                "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>");
                case SLOW -> {
                    Poll.pause(SLOWNESS);
                    forward(exchange, form);
                }
                case FORWARD -> forward(exchange, form);
            }
        }
    }

    private void forward(HttpExchange exchange, String form) throws IOException {
        String sent = asksForDuration ? form : form.replaceAll("&DurationSeconds=[0-9]+", "");
        HttpRequest request =
                HttpRequest.newBuilder(target)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString(sent))
                        .build();
        try {
            HttpResponse<String> answer =
                    client.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() == 200) {
                given.add(
                        new Given(
                                element("AccessKeyId", answer.body()),
                                element("SecretAccessKey", answer.body()),
                                element("SessionToken", answer.body())));
            }
            answer(exchange, answer.statusCode(), answer.body());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String field(Pattern pattern, String form) {
        Matcher matcher = pattern.matcher(form);
        return matcher.find() ? URLDecoder.decode(matcher.group(1), UTF_8) : "";
    }

    private static String element(String name, String xml) {
        Matcher matcher = Pattern.compile("<" + name + ">([^<]+)<").matcher(xml);
        if (!matcher.find()) {
            throw new IllegalStateException("STS gave no " + name);
        }
        return matcher.group(1);
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "text/xml");
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
        client.close();
    }
}
