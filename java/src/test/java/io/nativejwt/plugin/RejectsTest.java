package io.nativejwt.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.ffi.Verdict;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The few refusals that Java decides have the numbers and names of the one table, which is Rust's.
 */
final class RejectsTest {
    @Test
    void numbersAndNamesAreTheTables() throws Exception {
        List<String> header = Files.readAllLines(Path.of("rust/ffi/include/nativejwt.h"));
        for (Verdict.Rejected rejected :
                List.of(Rejects.severalAuthorizationHeaders(), Rejects.internalError())) {
            assertThat(header)
                    .contains(
                            "#define NATIVEJWT_REJECT_%s %d"
                                    .formatted(rejected.reason(), rejected.code()));
        }
        int withoutToken = 101;
        assertThat(header).contains("#define NATIVEJWT_REJECT_NO_BEARER_TOKEN " + withoutToken);
        assertThat(Rejects.isWithoutToken(new Verdict.Rejected(withoutToken, "", ""))).isTrue();
        assertThat(Rejects.isWithoutToken(Rejects.internalError())).isFalse();
    }
}
