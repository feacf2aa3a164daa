package io.nativejwt.login;

import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.Verdict;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What both seams do with a request: hand the Authorization header to native code and tell the log
 * of a refusal. Nothing is thrown: the coordinator answers an exception it does not know with
 * status 500, shows its stack trace and ends the chain of authenticators.
 */
public final class Login {
    private final NativeAuthenticator authenticator;
    private final RejectLog rejectLog;

    private Login(NativeAuthenticator authenticator, RejectLog rejectLog) {
        this.authenticator = authenticator;
        this.rejectLog = rejectLog;
    }

    /**
     * @param config the keys of the authenticator
     * @param source the file the keys came from, for the messages; empty when unknown
     * @param takesGroups whether the coordinator takes the groups of an identity
     * @throws io.nativejwt.ffi.InvalidConfigurationException with all errors at once
     * @throws io.nativejwt.ffi.NativeLibraryUnavailableException when there is no usable library
     */
    public static Login start(Map<String, String> config, String source, boolean takesGroups) {
        String trusted = JvmTrustStore.isUsedBy(config) ? JvmTrustStore.pem() : "";
        return start(NativeAuthenticator.open(config, source, trusted, takesGroups));
    }

    private static Login start(NativeAuthenticator authenticator) {
        RejectLog rejectLog = new RejectLog();
        EventLog.start(authenticator, rejectLog);
        return new Login(authenticator, rejectLog);
    }

    /**
     * @param authorization gives the values of all Authorization headers of one request, or null
     */
    public Verdict judge(Supplier<List<String>> authorization) {
        Verdict verdict;
        try {
            verdict = verdict(authorization.get());
        } catch (RuntimeException | LinkageError | AssertionError e) {
            // The exception may hold request data, so only its class and place are logged.
            verdict = Rejects.internalError();
            rejectLog.defect(e);
        }
        if (verdict instanceof Verdict.Rejected rejected) {
            if (Rejects.isWithoutToken(rejected)) {
                rejectLog.withoutToken(rejected);
            } else {
                rejectLog.rejected(rejected);
            }
        }
        return verdict;
    }

    private Verdict verdict(List<String> authorization) {
        if (authorization == null || authorization.isEmpty()) {
            return authenticator.authenticate("", System.currentTimeMillis());
        }
        if (authorization.size() > 1) {
            return Rejects.severalAuthorizationHeaders();
        }
        String value = authorization.getFirst();
        return authenticator.authenticate(value == null ? "" : value, System.currentTimeMillis());
    }
}
