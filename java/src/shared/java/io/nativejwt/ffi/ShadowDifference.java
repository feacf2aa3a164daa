// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

/**
 * A request about which the built-in authenticator and native-jwt differ.
 *
 * @param verdicts both verdicts, of a bounded set of texts
 * @param text what differs, without the token
 * @param isUnexplained whether neither a row of DIFFERENCES.md nor a property explains it
 */
public record ShadowDifference(String verdicts, String text, boolean isUnexplained) {
    private static final int EXPLAINED = 1;

    static ShadowDifference of(VerdictRecord record) {
        return new ShadowDifference(record.reason(), record.message(), record.code() != EXPLAINED);
    }
}
