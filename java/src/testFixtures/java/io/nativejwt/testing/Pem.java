// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Base64;

/** RFC 7468. */
public final class Pem {
    private Pem() {}

    public static String encode(String label, byte[] der) {
        return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                .formatted(
                        label,
                        Base64.getMimeEncoder(64, "\n".getBytes(US_ASCII)).encodeToString(der),
                        label);
    }
}
