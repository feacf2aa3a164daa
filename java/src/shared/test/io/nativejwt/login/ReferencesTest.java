// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Map;

final class ReferencesTest {
    private static final Map<String, String> ENVIRONMENT = Map.of("A", "x$1", "B", "");

    @Test
    void environmentIsResolved() {
        assertThat(References.resolve("JWT", ENVIRONMENT::get)).contains("JWT");
        assertThat(References.resolve("a${ENV:A}b${env:B}c", ENVIRONMENT::get)).contains("ax$1bc");
        assertThat(References.resolve("/k/${KID}", ENVIRONMENT::get)).contains("/k/${KID}");
    }

    @Test
    void whatOnlyTheCoordinatorKnowsIsNothing() {
        assertThat(References.resolve("${ENV:C}", ENVIRONMENT::get)).isEmpty();
        assertThat(References.resolve("${ENV:A}${VAULT:A}", ENVIRONMENT::get)).isEmpty();
    }

    @Test
    void valueIsTakenApart() {
        String value = "a${ENV:X}b${KID}c${vault:y/z}";
        assertThat(References.in(value)).containsExactly("${ENV:X}", "${vault:y/z}");
        assertThat(References.textsAround(value)).containsExactly("a", "b${KID}c", "");
        assertThat(References.in("${KID}")).isEmpty();
        assertThat(References.textsAround("")).containsExactly("");
    }
}
