// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.differential;

import io.nativejwt.ffi.Host;
import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.TrustedCertificates;
import io.nativejwt.ffi.Verdict;

import java.util.Map;

/** The native library as the plugin uses it; each header is judged twice. */
final class NativeEngine {
    private final NativeAuthenticator authenticator;

    private NativeEngine(NativeAuthenticator authenticator) {
        this.authenticator = authenticator;
    }

    static NativeEngine open(Map<String, String> config) {
        return new NativeEngine(
                NativeAuthenticator.open(
                        config, "case", TrustedCertificates.OF_THE_SYSTEM, Host.SERVER_LAUNCHER));
    }

    /** The verdict is A (user, principal) or R (code, message). */
    void authenticate(String header, long now, Answer answer) {
        Verdict verdict = authenticator.authenticate(header, now);
        // What is accepted is kept: the second time the cache answers, and has to say the same.
        Verdict again = authenticator.authenticate(header, now);
        boolean isSame =
                switch (verdict) {
                    case Verdict.Accepted accepted ->
                            accepted == again || isSameWithItsToken(accepted, again);
                    case Verdict.Rejected rejected -> rejected.equals(again);
                };
        if (!isSame) {
            throw new IllegalStateException("A second look at the token says something else");
        }
        switch (verdict) {
            case Verdict.Accepted accepted ->
                    answer.verdict('A').text(accepted.user()).text(accepted.principal()).text("");
            case Verdict.Rejected rejected ->
                    answer.verdict('R').text(rejected.reason()).text("").text(rejected.message());
        }
    }

    /** What is passed through is put together for each request, of the texts that the cache has. */
    private static boolean isSameWithItsToken(Verdict.Accepted accepted, Verdict again) {
        return !accepted.extraCredentials().isEmpty()
                && again instanceof Verdict.Accepted other
                && accepted.extraCredentials().equals(other.extraCredentials())
                && accepted.user() == other.user()
                && accepted.principal() == other.principal()
                && accepted.groups() == other.groups();
    }
}
