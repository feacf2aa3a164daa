// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A person who signs in at Keycloak's pages without a browser: it follows redirects, keeps cookies
 * and posts forms. Keycloak remembers the sign-in for as long as this object lives.
 */
public final class SignInForms implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    /** A login form, a consent, and what may lie between them. */
    private static final int MOST_FORMS = 5;

    private static final Pattern FORM =
            Pattern.compile("<form[^>]*action=\"([^\"]+)\"[^>]*>(.*?)</form>", Pattern.DOTALL);
    private static final Pattern HIDDEN =
            Pattern.compile("<input type=\"hidden\"[^>]*name=\"([^\"]+)\"[^>]*value=\"([^\"]*)\"");

    private final HttpClient client;

    public SignInForms(Keycloak keycloak) {
        client =
                HttpClient.newBuilder()
                        .sslContext(keycloak.tls().clientContext())
                        .cookieHandler(new CookieManager(null, CookiePolicy.ACCEPT_ALL))
                        // A login of a command ends on a page without TLS on this machine.
                        .followRedirects(HttpClient.Redirect.ALWAYS)
                        .build();
    }

    /** Fills in every form that comes and consents to what is asked; returns the last page. */
    public String signIn(URI page, String user) {
        return answerForms(page, user, "accept");
    }

    /** Signs in and refuses its consent. */
    public String refuse(URI page, String user) {
        return answerForms(page, user, "cancel");
    }

    private String answerForms(URI page, String user, String answer) {
        HttpResponse<String> response = send(HttpRequest.newBuilder(page));
        for (int i = 0; i < MOST_FORMS; i++) {
            Matcher form = FORM.matcher(response.body());
            if (!form.find()) {
                return response.body();
            }
            Map<String, String> fields = new LinkedHashMap<>();
            Matcher hidden = HIDDEN.matcher(form.group(2));
            while (hidden.find()) {
                fields.put(hidden.group(1), hidden.group(2));
            }
            if (form.group(2).contains("name=\"accept\"")) {
                fields.put(answer, "Yes");
            } else {
                fields.put("username", user);
                fields.put("password", user + "-password-for-tests");
            }
            URI action = response.uri().resolve(form.group(1).replace("&amp;", "&"));
            response =
                    send(
                            HttpRequest.newBuilder(action)
                                    .header("Content-Type", "application/x-www-form-urlencoded")
                                    .POST(HttpRequest.BodyPublishers.ofString(encode(fields))));
        }
        throw new IllegalStateException("There is still a form: " + response.body());
    }

    private static String encode(Map<String, String> fields) {
        return fields.entrySet().stream()
                .map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), UTF_8))
                .collect(joining("&"));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(
                    request.timeout(LIMIT).build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
