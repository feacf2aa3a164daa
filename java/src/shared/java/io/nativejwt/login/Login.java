package io.nativejwt.login;

import io.nativejwt.ffi.ConfigurationSummary;
import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.TrustedCertificates;
import io.nativejwt.ffi.Verdict;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;

/**
 * What both seams do with a request: hand the Authorization header to native code, see what the
 * request asks beyond it, and tell the log of a refusal. Nothing is thrown: the coordinator answers
 * an exception it does not know with status 500, shows its stack trace and ends the chain of
 * authenticators.
 */
public final class Login {
    /** In lower case, in which the coordinator's map of headers needs no copy of it. */
    private static final String AUTHORIZATION = "authorization";

    /**
     * The names that are kept for tokens, of all authenticators of the coordinator: what one of
     * them refuses, the next one of the list must not let in.
     */
    private static final Set<String> RESERVED = new CopyOnWriteArraySet<>();

    private final NativeAuthenticator authenticator;
    private final SessionHeaders sessionHeaders;

    private final boolean allowsHyphen;

    private final RejectLog rejectLog = new RejectLog();

    private Login(
            NativeAuthenticator authenticator,
            SessionHeaders sessionHeaders,
            boolean allowsHyphen) {
        this.authenticator = authenticator;
        this.sessionHeaders = sessionHeaders;
        this.allowsHyphen = allowsHyphen;
    }

    /**
     * @param config the keys of the authenticator
     * @param source the file the keys came from, for the messages; empty when unknown
     * @param alternateHeaderName {@code protocol.v1.alternate-header-name}, or null
     * @param takesIdentity whether the coordinator takes groups and extra credentials from us
     * @throws io.nativejwt.ffi.InvalidConfigurationException with all errors at once
     * @throws io.nativejwt.ffi.NativeLibraryUnavailableException when there is no usable library
     */
    public static Login start(
            Map<String, String> config,
            String source,
            String alternateHeaderName,
            boolean takesIdentity) {
        ConfigurationSummary summary = NativeAuthenticator.describe(config);
        // Reading it takes a while, so it is read only where keys are fetched with it.
        TrustedCertificates trusted =
                summary.usesJvmTrustStore()
                        ? JvmTrustStore.read()
                        : TrustedCertificates.OF_THE_SYSTEM;
        Login login =
                new Login(
                        NativeAuthenticator.open(config, source, trusted, takesIdentity),
                        new SessionHeaders(alternateHeaderName),
                        summary.allowsUserWithHyphen());
        if (login.authenticator.credentialName() != null) {
            RESERVED.add(login.authenticator.credentialName());
        }
        EventLog.start(login.authenticator, login.rejectLog);
        return login;
    }

    /** What a seam knows of a request. */
    @FunctionalInterface
    public interface Headers<R> {
        /** All values of the header with this name, in whatever case; may be null for none. */
        List<String> values(R request, String name);
    }

    /** Judges the token of a request's Authorization header. */
    public <R> Verdict judge(R request, Headers<R> headers) {
        return judged(null, request, headers);
    }

    /** Judges this token, and does not look for an Authorization header. */
    public <R> Verdict judge(String token, R request, Headers<R> headers) {
        return judged("Bearer " + token, request, headers);
    }

    /**
     * @param authorization null for the request's own
     */
    private <R> Verdict judged(String authorization, R request, Headers<R> headers) {
        Verdict verdict;
        try {
            verdict = verdict(authorization, request, headers);
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

    private <R> Verdict verdict(String authorization, R request, Headers<R> headers) {
        String value = authorization;
        if (value == null) {
            List<String> values = headers.values(request, AUTHORIZATION);
            if (values != null && values.size() > 1) {
                return Rejects.severalAuthorizationHeaders();
            }
            value = values == null || values.isEmpty() ? null : values.getFirst();
        }
        Verdict verdict = authenticator.authenticate(value == null ? "" : value);
        return verdict instanceof Verdict.Accepted accepted
                ? inSession(accepted, request, headers)
                : verdict;
    }

    /** What is left of a good token in the session that the request asks for. */
    private <R> Verdict inSession(Verdict.Accepted accepted, R request, Headers<R> headers) {
        if (!RESERVED.isEmpty()
                && sessionHeaders.bringCredential(
                        RESERVED, name -> headers.values(request, name))) {
            return Rejects.reservedCredential();
        }
        if (accepted.extraCredentials().isEmpty() && accepted.groups().isEmpty()) {
            return accepted;
        }
        Set<String> others =
                sessionHeaders.othersThan(accepted.user(), name -> headers.values(request, name));
        if (others.isEmpty()) {
            return accepted;
        }
        boolean isRisky =
                !accepted.extraCredentials().isEmpty()
                        && !allowsHyphen
                        && others.stream().anyMatch(other -> other.contains("-"));
        return isRisky ? Rejects.userWithHyphen() : accepted.forAnotherUser();
    }
}
