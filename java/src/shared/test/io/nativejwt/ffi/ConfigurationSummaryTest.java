// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.Map;

/** What Java knows of a configuration is what the library says of it. */
final class ConfigurationSummaryTest {
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String NAME = "pass-through.credential-name";

    @Test
    void keysAreFetchedWhereTheLibraryFetchesThem() {
        assertThat(of("key-file", "HTTPS://idp.example/").usesHttpClient()).isTrue();
        assertThat(of("key-file", "oidc:https://idp.example").usesHttpClient()).isTrue();
        assertThat(of("key-file", "OIDC:https://idp.example").usesHttpClient()).isTrue();
        assertThat(of("config-files", "a").usesHttpClient()).isTrue();
        assertThat(of("key-file", "/etc/key.pem").usesHttpClient()).isFalse();
        assertThat(NativeAuthenticator.describe(Map.of()).usesHttpClient()).isFalse();
    }

    @Test
    void jvmsTrustStoreIsNeededWhereKeysAreFetchedAndNoOtherIsNamed() {
        assertThat(of("key-file", "https://idp.example/").usesJvmTrustStore()).isTrue();
        assertThat(of("key-file", "/etc/key.pem").usesJvmTrustStore()).isFalse();
        ConfigurationSummary summary =
                NativeAuthenticator.describe(
                        Map.of(
                                JWT + "key-file",
                                "https://idp.example/",
                                "jwk.http-client.trust-store-path",
                                "a"));
        assertThat(summary.usesJvmTrustStore()).isFalse();
        assertThat(summary.usesHttpClient()).isTrue();
    }

    @Test
    void whatSessionsGetIsAsTheLibraryReadsIt() {
        assertThat(of("key-file", "a"))
                .isEqualTo(
                        new ConfigurationSummary(false, false, false, null, false, false, false));
        assertThat(of("key-file", "a", NAME, " token\t"))
                .isEqualTo(
                        new ConfigurationSummary(false, false, true, "token", false, false, false));
        assertThat(
                        of(
                                "key-file",
                                "a",
                                NAME,
                                "token",
                                "pass-through.allow-user-with-hyphen",
                                "TRUE "))
                .isEqualTo(
                        new ConfigurationSummary(false, false, true, "token", true, false, false));
        assertThat(of("groups-field", "groups").givesMoreThanAUser()).isTrue();
        assertThat(of("config-files", "a").givesMoreThanAUser()).isTrue();
        assertThat(of("claim-rules.file", "a").givesMoreThanAUser()).isTrue();
    }

    private static ConfigurationSummary of(String... keysAndValues) {
        Map<String, String> config = new HashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            config.put(JWT + keysAndValues[i], keysAndValues[i + 1]);
        }
        return NativeAuthenticator.describe(config);
    }
}
