package io.nativejwt.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

final class ConfigurationFileTest {
    private static final String KEY = "http-server.authentication.jwt.key-file";

    @TempDir Path etc;

    @BeforeEach
    void writeServerConfig() throws Exception {
        Path config =
                Files.writeString(
                        etc.resolve("config.properties"),
                        "header-authenticator.config-files=%s/a.properties , %s/b.properties,%s/missing.properties\n"
                                .formatted(etc, etc, etc));
        System.setProperty("config", config.toString());
        Files.writeString(
                etc.resolve("a.properties"),
                "header-authenticator.name=native-jwt\n" + KEY + "=a.pem\n");
        Files.writeString(
                etc.resolve("b.properties"),
                "header-authenticator.name = native-jwt\n" + KEY + " = ${ENV:KEY_FILE}\n");
    }

    @AfterEach
    void reset() {
        System.clearProperty("config");
        System.clearProperty("header-authenticator.config-files");
    }

    @Test
    void fileIsKnownByItsKeys() {
        assertThat(ConfigurationFile.of(Map.of(KEY, "a.pem")))
                .contains(etc.resolve("a.properties"));
    }

    @Test
    void resolvedReferenceMatches() {
        assertThat(ConfigurationFile.of(Map.of(KEY, "elsewhere.pem")))
                .contains(etc.resolve("b.properties"));
    }

    @Test
    void keyTemplateIsNoReference() throws Exception {
        Files.writeString(
                etc.resolve("a.properties"),
                "header-authenticator.name=native-jwt\n" + KEY + "=/keys/${KID}.pem\n");
        assertThat(ConfigurationFile.of(Map.of(KEY, "/keys/${KID}.pem")))
                .contains(etc.resolve("a.properties"));
        assertThat(ConfigurationFile.of(Map.of(KEY, "/keys/one.pem")))
                .contains(etc.resolve("b.properties"));
    }

    @Test
    void textAroundAReferenceCounts() throws Exception {
        Files.writeString(
                etc.resolve("b.properties"),
                "header-authenticator.name=native-jwt\n" + KEY + "=/keys/${ENV:NAME}.pem\n");
        assertThat(ConfigurationFile.of(Map.of(KEY, "/keys/one.pem")))
                .contains(etc.resolve("b.properties"));
        assertThat(ConfigurationFile.of(Map.of(KEY, "/keys/one.txt"))).isEmpty();
    }

    @Test
    void systemPropertyWinsAsInTheCoordinator() {
        System.setProperty(
                "header-authenticator.config-files", etc.resolve("b.properties").toString());
        assertThat(ConfigurationFile.of(Map.of(KEY, "a.pem")))
                .contains(etc.resolve("b.properties"));
    }

    @Test
    void keysOfNoFileAreNotFatal() {
        assertThat(ConfigurationFile.of(Map.of(KEY, "a.pem", "other", "x"))).isEmpty();
        System.setProperty("config", etc.resolve("nothing").toString());
        assertThat(ConfigurationFile.of(Map.of(KEY, "a.pem"))).isEmpty();
    }
}
