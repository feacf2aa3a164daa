// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

final class LogoutFormTest {
    @ParameterizedTest
    @CsvSource({
        "logout_token=a.b.c,                 a.b.c",
        "logout_token=a%2eb.c&state=x&empty, a.b.c",
        "state=%3D&logout%5Ftoken=a+b,       a b",
        "logout_token==,                     =",
        "&&logout_token=a.b.c&&,             a.b.c"
    })
    void onlyTokenOfTheFormIsFound(String form, String token) {
        assertThat(token(form)).contains(token);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "&",
                "=",
                "token=a.b.c",
                "LOGOUT_TOKEN=a.b.c",
                "logout_token=a.b.c&logout_token=a.b.c",
                "logout_token=a.b.c&logout%5ftoken=",
                "logout_token=a.b.c%",
                "logout_token=%zz",
                "{\"logout_token\":\"a.b.c\"}"
            })
    void formWithoutExactlyOneTokenHasNone(String form) {
        assertThat(token(form)).isEmpty();
    }

    /** Anyone can send a form without an end. */
    @Test
    void noMoreThanTheLongestFormIsRead() {
        String longest = "logout_token=" + "a".repeat(LogoutForm.MAXIMUM_SIZE - 13);
        assertThat(token(longest)).isPresent();
        assertThat(token(longest + "a")).isEmpty();
        long[] read = {0};
        InputStream endless =
                new InputStream() {
                    @Override
                    public int read() {
                        read[0]++;
                        return 'a';
                    }
                };
        assertThat(LogoutForm.token(endless)).isEmpty();
        assertThat(read[0]).isEqualTo(LogoutForm.MAXIMUM_SIZE + 1);
    }

    @Test
    void clientThatDisconnectsSendsNoToken() {
        InputStream broken =
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("early EOF");
                    }
                };
        assertThat(LogoutForm.token(broken)).isEmpty();
    }

    private static Optional<String> token(String form) {
        return LogoutForm.token(new ByteArrayInputStream(form.getBytes(UTF_8)));
    }
}
