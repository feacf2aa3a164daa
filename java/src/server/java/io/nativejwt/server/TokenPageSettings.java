// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Where the page at /ui/token takes the token from.
 *
 * @param issuer empty unless the page itself signs people in; so are the client ID and the scope
 * @param origins those of the issuer's servers, to which the page may connect
 */
record TokenPageSettings(
        Source source, String issuer, String clientId, String scope, List<String> origins) {
    static final String ENABLED = "web-ui.token-copy.enabled";
    static final String ISSUER = "web-ui.token-copy.issuer";
    static final String CLIENT_ID = "web-ui.token-copy.client-id";
    static final String SCOPE = "web-ui.token-copy.scope";
    static final String TOKEN_ENDPOINT_ORIGIN = "web-ui.token-copy.token-endpoint-origin";

    private static final String PREFIX = "web-ui.token-copy.";
    private static final String WEB_UI_ENABLED = "web-ui.enabled";
    private static final String WEB_UI_TYPE = "web-ui.authentication.type";
    private static final String TYPE = "http-server.authentication.type";
    private static final String JWT = "jwt";

    private static final String WITHOUT_WEB_UI =
            "or set '%s' and '%s', so that the page itself signs people in (docs/token-page.md)"
                    .formatted(ISSUER, CLIENT_ID);

    /** Browsers treat these as secure over HTTP, too. */
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    enum Source {
        /** The cookie of the web UI's type {@code oauth2}. */
        WEB_UI_COOKIE,
        /** The Authorization header, which a proxy adds for the web UI's type {@code jwt}. */
        AUTHORIZATION_HEADER,
        /** The issuer, by the script of the page. */
        ISSUER
    }

    /** Whether the operator set any property of the page. */
    static boolean areIn(Map<String, String> properties) {
        return properties.keySet().stream().anyMatch(name -> name.startsWith(PREFIX));
    }

    /** One of the properties of the page, for a message. */
    static String firstIn(Map<String, String> properties) {
        return properties.keySet().stream()
                .filter(name -> name.startsWith(PREFIX))
                .sorted()
                .findFirst()
                .orElse(PREFIX);
    }

    /**
     * @param properties all of the coordinator's, with references resolved
     * @param errors gets what is wrong with them
     * @return empty where there is no page
     */
    static Optional<TokenPageSettings> read(
            Map<String, String> properties, Consumer<String> errors) {
        String enabled = properties.get(ENABLED);
        if (enabled != null
                && !Set.of("true", "false").contains(enabled.toLowerCase(Locale.ROOT))) {
            errors.accept(
                    "Configuration property '%s' is '%s', but must be true or false"
                            .formatted(ENABLED, enabled));
            return Optional.empty();
        }
        boolean showsSignIn = Boolean.parseBoolean(enabled);
        List<String> ofIssuer =
                Stream.of(ISSUER, CLIENT_ID, SCOPE, TOKEN_ENDPOINT_ORIGIN)
                        .filter(properties::containsKey)
                        .toList();
        if (enabled != null && !showsSignIn || enabled == null && ofIssuer.isEmpty()) {
            return Optional.empty();
        }
        String first = showsSignIn ? ENABLED : ofIssuer.getFirst();
        if (showsSignIn && !ofIssuer.isEmpty()) {
            errors.accept(
                    "Configuration property '%s' shows the token of the web UI's sign-in, and '%s' makes the page sign people in itself: keep one of them"
                            .formatted(ENABLED, ofIssuer.getFirst()));
            return Optional.empty();
        }
        if ("false".equalsIgnoreCase(properties.get(WEB_UI_ENABLED))) {
            errors.accept(
                    "Configuration property '%s' has no effect, since '%s' is false: remove one of them"
                            .formatted(first, WEB_UI_ENABLED));
            return Optional.empty();
        }
        if (types(properties).noneMatch(JWT::equals)) {
            errors.accept(
                    "Configuration property '%s' needs JWT in '%s', which is how clients use the token of the page: list it there"
                            .formatted(first, TYPE));
            return Optional.empty();
        }
        return showsSignIn ? ofWebUi(properties, errors) : ofIssuer(properties, errors);
    }

    private static Optional<TokenPageSettings> ofWebUi(
            Map<String, String> properties, Consumer<String> errors) {
        String type = webUiType(properties);
        return switch (type) {
            case "oauth2" -> Optional.of(ofWebUi(Source.WEB_UI_COOKIE));
            case JWT -> Optional.of(ofWebUi(Source.AUTHORIZATION_HEADER));
            default -> {
                errors.accept(
                        "Configuration property '%s' shows the token of the web UI's sign-in, but there is none with '%s' %s: make it oauth2, %s"
                                .formatted(ENABLED, WEB_UI_TYPE, type, WITHOUT_WEB_UI));
                yield Optional.empty();
            }
        };
    }

    private static TokenPageSettings ofWebUi(Source source) {
        return new TokenPageSettings(source, "", "", "", List.of());
    }

    private static Optional<TokenPageSettings> ofIssuer(
            Map<String, String> properties, Consumer<String> errors) {
        for (String name : List.of(ISSUER, CLIENT_ID)) {
            if (properties.getOrDefault(name, "").isBlank()) {
                errors.accept(
                        "Configuration property '%s' is not set: set '%s' and '%s', and the page signs people in; or remove all properties that begin with %s"
                                .formatted(name, ISSUER, CLIENT_ID, PREFIX));
                return Optional.empty();
            }
        }
        String scope = properties.getOrDefault(SCOPE, "openid").trim();
        if (Arrays.asList(scope.split(" ")).contains("offline_access")) {
            errors.accept(
                    "Configuration property '%s' asks for offline_access, a refresh token, which the page would drop: remove it"
                            .formatted(SCOPE));
        }
        String issuer = properties.get(ISSUER);
        Optional<String> origin = origin(ISSUER, issuer, errors);
        Optional<String> another =
                Optional.ofNullable(properties.get(TOKEN_ENDPOINT_ORIGIN))
                        .flatMap(value -> origin(TOKEN_ENDPOINT_ORIGIN, value, errors));
        return origin.map(
                own ->
                        new TokenPageSettings(
                                Source.ISSUER,
                                issuer,
                                properties.get(CLIENT_ID),
                                scope,
                                Stream.concat(Stream.of(own), another.stream())
                                        .distinct()
                                        .toList()));
    }

    private static Optional<String> origin(String name, String value, Consumer<String> errors) {
        try {
            URI uri = URI.create(value);
            boolean isSafe =
                    "https".equalsIgnoreCase(uri.getScheme())
                            || "http".equalsIgnoreCase(uri.getScheme())
                                    && LOOPBACK.contains(uri.getHost());
            if (isSafe
                    && uri.getHost() != null
                    && uri.getRawUserInfo() == null
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null) {
                return Optional.of(
                        uri.getScheme().toLowerCase(Locale.ROOT) + "://" + uri.getRawAuthority());
            }
        } catch (IllegalArgumentException e) {
            // Reported below.
        }
        errors.accept(
                "Configuration property '%s' is '%s', but must be an https:// address without user, query and fragment (http:// is possible for localhost)"
                        .formatted(name, value));
        return Optional.empty();
    }

    /** As the coordinator chooses it. */
    private static String webUiType(Map<String, String> properties) {
        return Optional.ofNullable(properties.get(WEB_UI_TYPE))
                .map(type -> type.toLowerCase(Locale.ROOT))
                .orElseGet(
                        () ->
                                types(properties).anyMatch("password"::equals)
                                        ? "form"
                                        : types(properties).findFirst().orElse(""));
    }

    private static Stream<String> types(Map<String, String> properties) {
        return Arrays.stream(properties.getOrDefault(TYPE, "").split(","))
                .map(type -> type.trim().toLowerCase(Locale.ROOT))
                .filter(type -> !type.isEmpty());
    }
}
