// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Requests for the page at /ui/token, as a browser and others send them. */
final class TokenPage {
    static final String PATH = "/ui/token";
    static final String ME = PATH + "/me";
    static final List<String> ASSETS = List.of(PATH + "/page.js", PATH + "/page.css");

    /** As the script of the page sends it. */
    static final String[] BY_SCRIPT = {"X-Native-Jwt-Page", "1", "Sec-Fetch-Site", "same-origin"};

    private TokenPage() {}

    /**
     * @param headers names and values in turn
     */
    static HttpResponse<String> get(Coordinator coordinator, String path, String... headers) {
        return get(coordinator, coordinator.uri(), path, headers);
    }

    static HttpResponse<String> get(
            Coordinator coordinator, URI server, String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(path));
        return Clients.send(coordinator, headers.length == 0 ? request : request.headers(headers));
    }

    static String[] with(String[] headers, String... more) {
        return Stream.of(headers, more).flatMap(Stream::of).toArray(String[]::new);
    }

    /** What the answer of a page that is not embedded, cached or taught to run foreign code has. */
    static void assertSafe(HttpResponse<String> answer, String origins) {
        assertThat(answer.headers().allValues("Content-Security-Policy"))
                .containsExactly(
                        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src"
                                + " 'self'"
                                + origins
                                + "; frame-ancestors 'none'; base-uri 'none'; form-action 'none';"
                                + " require-trusted-types-for 'script'; trusted-types 'none'");
        assertThat(answer.headers().allValues("Cache-Control")).containsExactly("no-store");
        assertThat(answer.headers().allValues("Referrer-Policy")).containsExactly("no-referrer");
        assertThat(answer.headers().allValues("X-Content-Type-Options")).contains("nosniff");
        assertThat(answer.headers().allValues("Cross-Origin-Opener-Policy"))
                .containsExactly("same-origin");
        assertThat(answer.headers().allValues("Cross-Origin-Resource-Policy"))
                .containsExactly("same-origin");
        assertThat(answer.headers().allValues("Set-Cookie")).isEmpty();
    }

    /** Scripts and styles are files of their own, and everybody's. */
    static void assertAssets(Coordinator coordinator, String origins) {
        for (String asset : ASSETS) {
            HttpResponse<String> answer = get(coordinator, asset);
            assertThat(answer.statusCode()).as(asset).isEqualTo(200);
            assertSafe(answer, origins);
            assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
                    .startsWith(asset.endsWith(".js") ? "text/javascript" : "text/css");
            assertThat(answer.body()).doesNotContain("http://", "https://", "innerHTML", "eval(");
            HttpResponse<String> overHttp = get(coordinator, coordinator.httpUri(), asset);
            assertThat(overHttp.statusCode()).isEqualTo(403);
            assertThat(overHttp.body()).contains("HTTPS only");
        }
    }

    /** The log of requests is among the files. */
    static void assertIsInNoFile(Coordinator coordinator, String token) {
        String signature = token.substring(token.lastIndexOf('.') + 1);
        try (Stream<Path> files = Files.walk(coordinator.folder())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String text = Files.readString(file, StandardCharsets.ISO_8859_1);
                assertThat(text.contains(signature)).as(file.toString()).isFalse();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
