// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.airlift.configuration.Config;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

final class TokenPageSettingsTest {
    private static final String ISSUER = "web-ui.token-copy.issuer";
    private static final String CLIENT_ID = "web-ui.token-copy.client-id";
    private static final String SCOPE = "web-ui.token-copy.scope";
    private static final String ORIGIN = "web-ui.token-copy.token-endpoint-origin";

    private final List<String> errors = new ArrayList<>();

    @Test
    void coordinatorKnowsThePropertiesOfThePage() {
        assertThat(
                        Arrays.stream(TokenPageConfig.class.getMethods())
                                .flatMap(
                                        method ->
                                                Stream.ofNullable(
                                                        method.getAnnotation(Config.class)))
                                .map(Config::value))
                .containsExactlyInAnyOrder(
                        "web-ui.token-copy.enabled", ISSUER, CLIENT_ID, SCOPE, ORIGIN)
                .allSatisfy(name -> assertThat(TokenPageSettings.areIn(Map.of(name, ""))).isTrue());
    }

    @ParameterizedTest
    @CsvSource({
        "JWT,          oauth2, WEB_UI_COOKIE",
        "'PASSWORD,jwt', OAuth2, WEB_UI_COOKIE",
        "JWT,          jwt,    AUTHORIZATION_HEADER",
        "JWT,          ,       AUTHORIZATION_HEADER",
        "'OAUTH2,JWT', ,       WEB_UI_COOKIE"
    })
    void tokenIsThatOfTheWebUi(String types, String webUi, TokenPageSettings.Source source) {
        assertThat(read(types, webUi, "web-ui.token-copy.enabled", "TRUE").orElseThrow().source())
                .isEqualTo(source);
        assertThat(errors).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "JWT,            fixed",
        "JWT,            form",
        "JWT,            certificate",
        "'PASSWORD,JWT', ",
        "'HEADER,JWT',   "
    })
    void webUiWithoutATokenIsAnError(String types, String webUi) {
        assertThat(read(types, webUi, "web-ui.token-copy.enabled", "true")).isEmpty();
        assertThat(errors)
                .singleElement()
                .asString()
                .contains("'web-ui.token-copy.enabled' shows the token", "make it oauth2")
                .contains("or set '" + ISSUER + "' and '" + CLIENT_ID + "'");
    }

    @Test
    void issuerIsEnoughWithItsClient() {
        TokenPageSettings settings =
                read("JWT", "fixed", ISSUER, "https://IdP.example.com:8443/a", CLIENT_ID, "page")
                        .orElseThrow();
        assertThat(settings)
                .isEqualTo(
                        new TokenPageSettings(
                                TokenPageSettings.Source.ISSUER,
                                "https://IdP.example.com:8443/a",
                                "page",
                                "openid",
                                List.of("https://IdP.example.com:8443")));
        assertThat(errors).isEmpty();
    }

    @Test
    void originsAreThoseOfBothServers() {
        assertThat(
                        read(
                                        "JWT",
                                        null,
                                        ISSUER,
                                        "http://localhost:8080",
                                        CLIENT_ID,
                                        "page",
                                        SCOPE,
                                        "openid email",
                                        ORIGIN,
                                        "https://tokens.example.com")
                                .orElseThrow()
                                .origins())
                .containsExactly("http://localhost:8080", "https://tokens.example.com");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://idp.example.com",
                "http://127.0.0.1.example.com",
                "idp.example.com",
                "https:idp",
                "https:///realm",
                "https://user@idp.example.com",
                "https://idp.example.com?a=b",
                "https://idp.example.com#a",
                "https://idp.example.com; script-src *",
                "javascript:alert(1)",
                "oidc:https://idp.example.com"
            })
    void addressThatABrowserMustNotTrustIsAnError(String address) {
        assertThat(read("JWT", null, ISSUER, address, CLIENT_ID, "page")).isEmpty();
        assertThat(errors).singleElement().asString().contains("'" + ISSUER + "' is '" + address);
        errors.clear();
        read("JWT", null, ISSUER, "https://a", CLIENT_ID, "page", ORIGIN, address);
        assertThat(errors).singleElement().asString().contains("'" + ORIGIN + "' is '" + address);
    }

    @Test
    void halfAConfigurationIsAnError() {
        for (List<String> half :
                List.of(
                        List.of(ISSUER, "https://idp.example.com"),
                        List.of(CLIENT_ID, "page"),
                        List.of(SCOPE, "openid"))) {
            errors.clear();
            assertThat(read("JWT", null, half.toArray(String[]::new))).isEmpty();
            assertThat(errors).singleElement().asString().contains("is not set: set '" + ISSUER);
        }
    }

    @Test
    void refreshTokenIsNotAskedFor() {
        read(
                "JWT",
                null,
                ISSUER,
                "https://idp.example.com",
                CLIENT_ID,
                "page",
                SCOPE,
                "openid offline_access");
        assertThat(errors).singleElement().asString().contains("'" + SCOPE + "' asks for offline");
    }

    @Test
    void twoWaysAreAnError() {
        assertThat(
                        read(
                                "JWT",
                                "oauth2",
                                "web-ui.token-copy.enabled",
                                "true",
                                ISSUER,
                                "https://idp.example.com",
                                CLIENT_ID,
                                "page"))
                .isEmpty();
        assertThat(errors).singleElement().asString().contains("keep one of them");
    }

    @Test
    void clientsMustBeAbleToUseTheToken() {
        assertThat(read("PASSWORD,JWT2", "oauth2", "web-ui.token-copy.enabled", "true")).isEmpty();
        assertThat(errors)
                .singleElement()
                .asString()
                .contains("needs JWT in 'http-server.authentication.type'");
    }

    @Test
    void webUiThatIsOffHasNoPage() {
        read("JWT", "oauth2", "web-ui.token-copy.enabled", "true", "web-ui.enabled", "false");
        assertThat(errors).singleElement().asString().contains("'web-ui.enabled' is false");
    }

    @Test
    void switchIsTrueOrFalse() {
        assertThat(read("JWT", "oauth2", "web-ui.token-copy.enabled", "yes")).isEmpty();
        assertThat(errors).singleElement().asString().contains("must be true or false");
    }

    /** Also the way by the issuer, so that one line turns the page off. */
    @Test
    void withoutItsPropertiesOrWithFalseThereIsNoPage() {
        assertThat(read("JWT", "fixed")).isEmpty();
        assertThat(
                        read(
                                "JWT",
                                "fixed",
                                "web-ui.token-copy.enabled",
                                "false",
                                ISSUER,
                                "https://idp.example.com",
                                CLIENT_ID,
                                "page"))
                .isEmpty();
        assertThat(errors).isEmpty();
    }

    private Optional<TokenPageSettings> read(String types, String webUi, String... properties) {
        Map<String, String> all = new HashMap<>();
        all.put("http-server.authentication.type", types);
        if (webUi != null) {
            all.put("web-ui.authentication.type", webUi);
        }
        for (int i = 0; i < properties.length; i += 2) {
            all.put(properties[i], properties[i + 1]);
        }
        return TokenPageSettings.read(all, errors::add);
    }
}
