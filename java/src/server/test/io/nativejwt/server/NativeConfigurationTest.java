// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.airlift.configuration.Config;
import io.airlift.configuration.LegacyConfig;
import io.trino.server.security.jwt.JwtAuthenticatorConfig;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

final class NativeConfigurationTest {
    private static final String JWT = "http-server.authentication.jwt.";

    /** The coordinator fails to start with a property that it does not know. */
    @Test
    void coordinatorKnowsThePropertiesOfTheLibrary() {
        Set<String> known = new HashSet<>(names(NativeJwtConfig.class));
        known.addAll(names(StorageConfig.class));
        assertThat(known).hasSizeGreaterThan(10).doesNotContainAnyElementsOf(builtIn());
        // Ours alone: the library gets the key file under the name that the operator used.
        assertThat(known.remove(KeyFileDiversion.DIVERTED_PROPERTY)).isTrue();
        known.addAll(builtIn());
        assertThat(
                        LibraryProperty.ALL.stream()
                                .filter(property -> !property.isFamily())
                                .flatMap(LibraryProperty::names)
                                .filter(name -> !name.startsWith("jwk.http-client.")))
                .containsExactlyInAnyOrderElementsOf(known);
    }

    @Test
    void formerNamesAreThoseOfTheBuiltInAuthenticator() {
        assertThat(
                        LibraryProperty.ALL.stream()
                                .flatMap(property -> property.formerNames().stream()))
                .containsExactlyInAnyOrderElementsOf(
                        builtIn().stream()
                                .filter(name -> name.startsWith("http.authentication."))
                                .toList());
    }

    @Test
    void libraryGetsItsPropertiesAlone() {
        NativeConfiguration configuration =
                new NativeConfiguration(
                        Map.of(
                                "node.id",
                                "x",
                                JWT + "clock-skew",
                                "1s",
                                JWT + "required-claims.tenant",
                                "ours",
                                JWT + "required-claims.",
                                "nothing",
                                "http.authentication.jwt.required-issuer",
                                "i",
                                JWT + "key-file",
                                KeyFileDiversion.PLACEHOLDER,
                                "jwk.http-client.http-proxy",
                                "p:1",
                                "jwk.http-client.of-another-version",
                                "false"));
        assertThat(configuration.forLibrary())
                .containsOnlyKeys(
                        JWT + "clock-skew",
                        JWT + "required-claims.tenant",
                        "http.authentication.jwt.required-issuer",
                        "jwk.http-client.http-proxy");
        assertThat(configuration.ofFamilies()).containsExactly(JWT + "required-claims.tenant");
        assertThat(configuration.withoutEffect())
                .containsExactly("jwk.http-client.of-another-version");
    }

    private static Set<String> builtIn() {
        return names(JwtAuthenticatorConfig.class);
    }

    /** As the coordinator finds them. */
    private static Set<String> names(Class<?> config) {
        return Arrays.stream(config.getMethods())
                .flatMap(
                        method ->
                                Stream.concat(
                                        Stream.ofNullable(method.getAnnotation(Config.class))
                                                .map(Config::value),
                                        Stream.ofNullable(method.getAnnotation(LegacyConfig.class))
                                                .flatMap(legacy -> Arrays.stream(legacy.value()))))
                .collect(Collectors.toSet());
    }
}
