package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.ffi.Verdict;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The few refusals that Java decides have the numbers and names of the one table, which is Rust's.
 */
final class RejectionsTest {
    @Test
    void numbersAndNamesAreTheTables() throws Exception {
        List<String> header = Files.readAllLines(Path.of("rust/ffi/include/nativejwt.h"));
        for (Verdict.Rejected rejected :
                List.of(
                        Rejections.severalAuthorizationHeaders(),
                        Rejections.reservedCredential(),
                        Rejections.userWithHyphen(),
                        Rejections.internalError())) {
            assertThat(header)
                    .contains(
                            "#define NATIVEJWT_REJECT_%s %d"
                                    .formatted(rejected.reason(), rejected.code()));
        }
        int withoutToken = 101;
        assertThat(header).contains("#define NATIVEJWT_REJECT_NO_BEARER_TOKEN " + withoutToken);
        assertThat(Rejections.isWithoutToken(new Verdict.Rejected(withoutToken, "", ""))).isTrue();
        assertThat(Rejections.isWithoutToken(Rejections.internalError())).isFalse();
    }

    @Test
    void tokenIsBlamedForItsOwnFaultsOnly() throws Exception {
        String header = Files.readString(Path.of("rust/ffi/include/nativejwt.h"));
        Map<String, Integer> blameless = new HashMap<>();
        Pattern.compile("#define NATIVEJWT_REJECT_(\\w+) (\\d+)")
                .matcher(header)
                .results()
                .forEach(
                        row -> {
                            int code = Integer.parseInt(row.group(2));
                            if (!Rejections.isInvalidToken(new Verdict.Rejected(code, "", ""))) {
                                blameless.put(row.group(1), code);
                            }
                        });
        assertThat(blameless)
                .containsOnlyKeys(
                        "NO_BEARER_TOKEN",
                        "SEVERAL_AUTHORIZATION_HEADERS",
                        "RESERVED_CREDENTIAL",
                        "KEYS_UNAVAILABLE",
                        "UNUSABLE_KEY_FILE",
                        "INTERNAL_ERROR");
    }
}
