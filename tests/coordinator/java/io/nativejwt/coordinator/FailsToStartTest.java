// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.CoordinatorStartException;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;

import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import javax.tools.ToolProvider;

/** What an operator reads when configuration or engine do not fit the server launcher. */
final class FailsToStartTest {
    private static final String JWT = "http-server.authentication.jwt.";
    private static final int INVALID = 100;

    private static Path folder;
    private static Path keyFile;

    @BeforeAll
    static void makeKey() throws IOException {
        folder = Workspace.freshFolder("test/fails-to-start");
        keyFile = Files.writeString(folder.resolve("key.pem"), Keys.publicPem(Keys.rsa()));
    }

    /** In the words of the coordinator, of the server launcher's module, and of the library. */
    @ParameterizedTest
    @EnumSource(Site.class)
    void allErrorsOfTheFileComeAtOnce(Site site) {
        Coordinator.Builder builder =
                Coordinator.in(folder.resolve("errors-" + site))
                        .at(site)
                        .jwt(
                                Map.of(
                                        JWT + "key-file",
                                        keyFile.toString(),
                                        JWT + "clock-skw",
                                        "1s",
                                        JWT + "require-expiration",
                                        "perhaps"));
        if (site.isServer()) {
            builder.configLine(JWT + "required-audience=a").configLine(JWT + "required-audience=b");
        }
        AbstractThrowableAssert<?, ?> error =
                assertThatThrownBy(builder::start).isInstanceOf(CoordinatorStartException.class);
        error.message()
                .containsPattern(
                        "properties:\\d+: \\S*require-expiration is 'perhaps', but must be true or"
                                + " false");
        if (site.isServer()) {
            error.hasMessageContaining("Configuration is invalid")
                    .hasMessageContaining(
                            "Configuration property '%sclock-skw' was not used. Did you mean to use '%sclock-skew'"
                                    .formatted(JWT, JWT))
                    .hasMessageContaining("'%srequired-audience' is set more than once", JWT);
        } else {
            error.hasMessageContaining(
                    "%sclock-skw is not a known property; did you mean %sclock-skew?", JWT, JWT);
        }
    }

    @Test
    void propertiesOfAnAuthenticatorThatIsOffAreErrors() {
        Coordinator.Builder builder =
                Coordinator.in(folder.resolve("off"))
                        .at(Site.SERVER_476)
                        .config("http-server.authentication.type", "CERTIFICATE")
                        .config(JWT + "key-file", keyFile.toString())
                        .config(JWT + "clock-skew", "1s");
        assertThatThrownBy(builder::start)
                .hasMessageContaining("'%skey-file' was not used", JWT)
                .hasMessageContaining("'%sclock-skew' was not used", JWT);
    }

    @Test
    void keyFileIsWantedOnce() {
        Coordinator.Builder twice =
                Coordinator.in(folder.resolve("twice"))
                        .at(Site.SERVER_476)
                        .jwt(Map.of(JWT + "key-file", keyFile.toString()))
                        .config("http.authentication.jwt.key-file", "etc/former.pem");
        assertThatThrownBy(twice::start)
                .hasMessageEndingWith(
                        "ERROR: Configuration property 'http.authentication.jwt.key-file' is the"
                            + " legacy name of '%skey-file', which is set too: keep one of them",
                        JWT);
    }

    @Test
    void oneAuthenticatorUnderTwoTypesIsAnError() {
        Coordinator.Builder both =
                Coordinator.in(folder.resolve("both"))
                        .at(Site.SERVER_476)
                        .jwt(Map.of(JWT + "key-file", keyFile.toString()))
                        .config("http-server.authentication.type", "JWT,PASSWORD,Delegated-JWT");
        assertThatThrownBy(both::start)
                .hasMessageEndingWith(
                        "ERROR: Configuration property 'http-server.authentication.type' names both"
                                + " JWT and DELEGATED-JWT, which are one authenticator: keep one of"
                                + " them");
    }

    /** In shadow mode, the built-in authenticator answers by the same configuration. */
    @Test
    void shadowModeTakesOnlyWhatTheBuiltInAuthenticatorReads() {
        Coordinator.Builder builder =
                Coordinator.in(folder.resolve("shadow"))
                        .at(Site.SERVER_476)
                        .jwt(
                                Map.of(
                                        JWT + "shadow",
                                        "true",
                                        JWT + "key-file",
                                        "oidc:https://idp.example.com",
                                        JWT + "pass-through.credential-name",
                                        "token"))
                        .config("web-ui.token-copy.issuer", "https://idp.example.com")
                        .config("web-ui.token-copy.client-id", "trino");
        assertThatThrownBy(builder::start)
                .hasMessageContaining(
                        "%skey-file cannot be used in shadow mode: the built-in authenticator,"
                                + " which answers, does not know oidc:",
                        JWT)
                .hasMessageContaining(
                        "%spass-through.credential-name cannot be used in shadow mode", JWT)
                .hasMessageContaining(
                        "Configuration property 'web-ui.token-copy.client-id' cannot be used in"
                                + " shadow mode");
    }

    @Test
    void shadowModeDoesNotKnowDelegatedTokens() {
        Coordinator.Builder builder =
                Coordinator.in(folder.resolve("shadow-delegated"))
                        .at(Site.SERVER_476)
                        .jwt(Map.of(JWT + "shadow", "true", JWT + "key-file", keyFile.toString()))
                        .config("http-server.authentication.type", "DELEGATED-JWT");
        assertThatThrownBy(builder::start)
                .hasMessageEndingWith(
                        "ERROR: Configuration property 'http-server.authentication.type' names"
                                + " DELEGATED-JWT, which the built-in authenticator does not know:"
                                + " write JWT while '%sshadow' is true",
                        JWT);
    }

    @Test
    void pluginInShadowModeNeedsAnAuthenticatorThatAnswers() {
        Coordinator.Builder builder =
                Coordinator.in(folder.resolve("shadow-alone"))
                        .at(Site.PLUGIN_483)
                        .jwt(Map.of(JWT + "shadow", "true", JWT + "key-file", keyFile.toString()));
        assertThatThrownBy(builder::start)
                .hasMessageContaining(
                        "http-server.authentication.type names only HEADER, so that in shadow mode"
                                + " every request would be rejected: write HEADER,JWT");
    }

    /** Trino maps the user of a plugin's identity, which then is another than the token's. */
    @Test
    void pluginWhoseUsersAreMappedOnceMoreGivesNothingOfTheToken() {
        Coordinator.Builder mapped =
                Coordinator.in(folder.resolve("mapped"))
                        .at(Site.PLUGIN_483)
                        .jwt(
                                Map.of(
                                        JWT + "key-file",
                                        keyFile.toString(),
                                        JWT + "groups-field",
                                        "groups"))
                        .config(
                                "http-server.authentication.header.user-mapping.pattern",
                                "(.*)@corp");
        assertThatThrownBy(mapped::start)
                .hasMessageContaining(
                        "http-server.authentication.header.user-mapping.pattern in the"
                                + " coordinator's configuration maps users once more");
    }

    @Test
    void pageWithoutATokenToShowIsAnError() {
        Coordinator.Builder fixed =
                Coordinator.in(folder.resolve("page-of-fixed"))
                        .at(Site.SERVER_476)
                        .jwt(Map.of(JWT + "key-file", keyFile.toString()))
                        .config("web-ui.authentication.type", "fixed")
                        .config("web-ui.user", "viewer")
                        .config("web-ui.token-copy.enabled", "true")
                        .config("web-ui.token-copy.clientid", "trino");
        assertThatThrownBy(fixed::start)
                .hasMessageContaining(
                        "Configuration property 'web-ui.token-copy.enabled' shows the token of the"
                                + " web UI's sign-in, but there is none with"
                                + " 'web-ui.authentication.type' fixed")
                .hasMessageContaining("'web-ui.token-copy.clientid' was not used");
    }

    @Test
    void pageWithoutClientsThatCanUseItsTokensIsAnError() {
        Coordinator.Builder passwords =
                Coordinator.in(folder.resolve("page-without-jwt"))
                        .at(Site.SERVER_483)
                        .config("http-server.authentication.type", "CERTIFICATE")
                        .config("web-ui.token-copy.issuer", "https://idp.example.com")
                        .config("web-ui.token-copy.client-id", "trino");
        assertThatThrownBy(passwords::start)
                .hasMessageContaining(
                        "Configuration property 'web-ui.token-copy.issuer' needs JWT in"
                                + " 'http-server.authentication.type'")
                .message()
                .doesNotContain("was not used");
    }

    @Test
    void variableThatIsNotSetIsNamed() {
        Coordinator.Builder unset =
                Coordinator.in(folder.resolve("unset"))
                        .at(Site.SERVER_476)
                        .jwt(Map.of(JWT + "key-file", "${ENV:NATIVEJWT_TEST_UNSET}"));
        assertThatThrownBy(unset::start)
                .hasMessageContaining("NATIVEJWT_TEST_UNSET")
                .message()
                .doesNotContain("native-jwt:");
    }

    /** One sentence in place of a NoSuchMethodError somewhere in the wiring. */
    @Test
    void engineWithOtherInternalsIsReportedInOneSentence() throws Exception {
        Path classes = Files.createDirectories(folder.resolve("misfit"));
        Path source =
                Files.writeString(
                        folder.resolve("JwtAuthenticator.java"),
                        """
                        package io.trino.server.security.jwt;
                        public class JwtAuthenticator {
                            public JwtAuthenticator(String another) {}
                        }
                        """);
        assertThat(
                        ToolProvider.getSystemJavaCompiler()
                                .run(null, null, null, "-d", classes.toString(), source.toString()))
                .isZero();
        Processes.Result result =
                main(classes + File.pathSeparator + Workspace.fetched("trino483"));
        assertThat(result.exitCode()).isEqualTo(INVALID);
        assertThat(result.error().lines())
                .singleElement()
                .asString()
                .startsWith("ERROR: native-jwt")
                .contains("does not fit Trino 483")
                .contains(
                        "io.trino.server.security.jwt.JwtAuthenticator has no constructor"
                                + " (io.trino.server.security.jwt.JwtAuthenticatorConfig,"
                                + " io.jsonwebtoken.Locator)")
                .contains("Use the plugin");
    }

    @Test
    void classPathWithoutTrinoIsReportedInOneSentence() {
        Processes.Result result = main(folder.toString());
        assertThat(result.exitCode()).isEqualTo(INVALID);
        assertThat(result.error().lines())
                .singleElement()
                .asString()
                .contains("there is no io.trino.server.Server");
    }

    /** Access control that the distribution's own main adds would be missing. */
    @Test
    void distributionWithAMainClassOfItsOwnIsReported() throws Exception {
        Path home = folder.resolve("distribution");
        Files.createDirectories(home.resolve("bin"));
        Files.createDirectories(home.resolve("lib"));
        Files.writeString(
                home.resolve("bin/launcher.properties"), "main-class=com.example.OtherServer\n");
        String engine = Workspace.fetched("trino483");
        Path jar =
                Path.of(
                        List.of(engine.split(File.pathSeparator)).stream()
                                .filter(path -> path.endsWith("trino-main-483.jar"))
                                .findFirst()
                                .orElseThrow());
        Path copy = Files.copy(jar, home.resolve("lib/trino-main.jar"));
        Processes.Result result = main(copy + File.pathSeparator + engine);
        assertThat(result.exitCode()).isEqualTo(INVALID);
        assertThat(result.error().lines())
                .singleElement()
                .asString()
                .contains("started by com.example.OtherServer")
                .contains("Use the plugin");
    }

    private static Processes.Result main(String engine) {
        return Processes.run(
                Duration.ofMinutes(1),
                List.of(
                        Workspace.java(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        engine + File.pathSeparator + Workspace.serverFolder().resolve("*"),
                        "io.nativejwt.server.NativeJwtServer"));
    }
}
