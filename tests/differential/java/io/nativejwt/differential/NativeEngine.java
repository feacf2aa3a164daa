package io.nativejwt.differential;

import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.Verdict;

import java.util.Map;

/** The native library as the plugin uses it. */
final class NativeEngine {
    private final NativeAuthenticator authenticator;

    private NativeEngine(NativeAuthenticator authenticator) {
        this.authenticator = authenticator;
    }

    static NativeEngine open(Map<String, String> config) {
        return new NativeEngine(NativeAuthenticator.open(config, "case", "", true));
    }

    /** The verdict is A (user, principal) or R (code, message). */
    void authenticate(String header, long now, Answer answer) {
        switch (authenticator.authenticate(header, now)) {
            case Verdict.Accepted accepted ->
                    answer.verdict('A').text(accepted.user()).text(accepted.principal()).text("");
            case Verdict.Rejected rejected ->
                    answer.verdict('R').text(rejected.reason()).text("").text(rejected.message());
        }
    }
}
