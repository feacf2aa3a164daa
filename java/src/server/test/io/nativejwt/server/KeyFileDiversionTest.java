// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KeyFileDiversionTest {
    /** System properties can be read by SQL, and from the host. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://svc:s3cret@idp.example/jwks?token=s3cret",
                "${ENV:A}",
                "https://svc:${ENV:A}@idp.example/${KID}/jwks?token=s3cret",
                "https://svc:s3cret@${ENV:A}${vault:B}",
                "oidc:https://svc:s3cret@idp.example",
                "inline:{\"kty\":\"oct\",\"k\":\"s3cret\"}",
                ""
            })
    void keyFileIsHandedOnWithoutItsText(String keyFile) {
        String handedOn = KeyFileDiversion.divert(keyFile);
        assertThat(handedOn).doesNotContain("s3cret", "idp.example");
        assertThat(KeyFileDiversion.keyFile(resolved(handedOn))).contains(resolved(keyFile));
        assertThat(KeyFileDiversion.keyFile("https://another.example")).isEmpty();
    }

    /** As the coordinator does it. */
    private static String resolved(String value) {
        return value.replace("${ENV:A}", "of-a").replace("${vault:B}", "<of-b>");
    }
}
