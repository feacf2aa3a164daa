// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.ffi.InvalidConfigurationException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

final class ConfigurationFileTest {
    private static final String KEY_FILE = "http-server.authentication.jwt.key-file";

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
                "header-authenticator.name=native-jwt\n" + KEY_FILE + "=a.pem\n");
        Files.writeString(
                etc.resolve("b.properties"),
                "header-authenticator.name = native-jwt\n" + KEY_FILE + " = ${ENV:KEY_FILE}\n");
    }

    @AfterEach
    void reset() {
        System.clearProperty("config");
        System.clearProperty("header-authenticator.config-files");
    }

    @Test
    void fileIsKnownByItsProperties() {
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "a.pem")))
                .contains(etc.resolve("a.properties"));
    }

    @Test
    void resolvedReferenceMatches() {
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "elsewhere.pem")))
                .contains(etc.resolve("b.properties"));
    }

    @Test
    void variableOfAKeyTemplateIsNotAReference() throws Exception {
        Files.writeString(
                etc.resolve("a.properties"),
                "header-authenticator.name=native-jwt\n" + KEY_FILE + "=/keys/${KID}.pem\n");
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "/keys/${KID}.pem")))
                .contains(etc.resolve("a.properties"));
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "/keys/one.pem")))
                .contains(etc.resolve("b.properties"));
    }

    @Test
    void textAroundAReferenceCounts() throws Exception {
        Files.writeString(
                etc.resolve("b.properties"),
                "header-authenticator.name=native-jwt\n" + KEY_FILE + "=/keys/${ENV:NAME}.pem\n");
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "/keys/one.pem")))
                .contains(etc.resolve("b.properties"));
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "/keys/one.txt"))).isEmpty();
    }

    @Test
    void systemPropertyWinsAsInTheCoordinator() {
        System.setProperty(
                "header-authenticator.config-files", etc.resolve("b.properties").toString());
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "a.pem")))
                .contains(etc.resolve("b.properties"));
    }

    @Test
    void propertiesOfNoFileAreNotFatal() {
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "a.pem", "other", "x"))).isEmpty();
        System.setProperty("config", etc.resolve("nothing").toString());
        assertThat(ConfigurationFile.of(Map.of(KEY_FILE, "a.pem"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"HEADER,JWT", "header , jwt", "PASSWORD,HEADER,JWT", "HEADER,PASSWORD"})
    void shadowModeLeavesTheAnswerToAnAuthenticatorBehindIt(String types) throws Exception {
        setTypes(types);
        assertThatCode(ConfigurationFile::requireAnotherAuthenticatorBehind)
                .doesNotThrowAnyException();
    }

    /**
     * It would report no rejection at all, and whoever believes it and switches locks users out.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HEADER | names only HEADER",
                "JWT,HEADER | names JWT before HEADER",
                "PASSWORD, jwt ,header | names JWT before HEADER"
            })
    void shadowModeThatWouldJudgeOnlyPartOfTheRequestsIsAnError(String types, String error)
            throws Exception {
        setTypes(types);
        assertThatThrownBy(ConfigurationFile::requireAnotherAuthenticatorBehind)
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining(error);
    }

    private void setTypes(String types) throws Exception {
        Files.writeString(
                etc.resolve("config.properties"), "http-server.authentication.type=" + types);
    }
}
