package io.nativejwt.login;

import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.Verdict;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What both seams do with a request: hand the Authorization header to native code, see what the
 * request asks beyond it, and tell the log of a refusal. Nothing is thrown: the coordinator answers
 * an exception it does not know with status 500, shows its stack trace and ends the chain of
 * authenticators.
 */
public final class Login {
    /** The key that says under which name connectors get the token. */
    public static final String CREDENTIAL_NAME_KEY =
            "http-server.authentication.jwt.pass-through.credential-name";

    private final NativeAuthenticator authenticator;
    private final SessionHeaders sessionHeaders;

    /** Null where tokens are not passed through. */
    private final String credentialName;

    private final RejectLog rejectLog = new RejectLog();

    private Login(
            NativeAuthenticator authenticator,
            SessionHeaders sessionHeaders,
            String credentialName) {
        this.authenticator = authenticator;
        this.sessionHeaders = sessionHeaders;
        this.credentialName = credentialName;
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
        String trusted = JvmTrustStore.isUsedBy(config) ? JvmTrustStore.pem() : "";
        String credentialName = config.get(CREDENTIAL_NAME_KEY);
        Login login =
                new Login(
                        NativeAuthenticator.open(config, source, trusted, takesIdentity),
                        new SessionHeaders(alternateHeaderName),
                        credentialName == null ? null : credentialName.trim());
        EventLog.start(login.authenticator, login.rejectLog);
        return login;
    }

    /**
     * @param authorization gives the values of all Authorization headers of one request, or null
     * @param headers gives all values of another header of the request, or null
     */
    public Outcome judge(
            Supplier<List<String>> authorization, Function<String, List<String>> headers) {
        Outcome outcome;
        try {
            outcome = outcome(authorization.get(), headers);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            // The exception may hold request data, so only its class and place are logged.
            outcome = new Outcome.Refused(Rejects.internalError());
            rejectLog.defect(e);
        }
        if (outcome instanceof Outcome.Refused(Verdict.Rejected reason)) {
            if (Rejects.isWithoutToken(reason)) {
                rejectLog.withoutToken(reason);
            } else {
                rejectLog.rejected(reason);
            }
        }
        return outcome;
    }

    private Outcome outcome(List<String> authorization, Function<String, List<String>> headers) {
        if (authorization != null && authorization.size() > 1) {
            return new Outcome.Refused(Rejects.severalAuthorizationHeaders());
        }
        String value =
                authorization == null || authorization.isEmpty() ? null : authorization.getFirst();
        value = value == null ? "" : value;
        return switch (authenticator.authenticate(value, System.currentTimeMillis())) {
            case Verdict.Accepted accepted -> admitted(accepted, value, headers);
            case Verdict.Rejected rejected -> new Outcome.Refused(rejected);
        };
    }

    private Outcome admitted(
            Verdict.Accepted accepted, String value, Function<String, List<String>> headers) {
        if (credentialName != null && sessionHeaders.bringCredential(credentialName, headers)) {
            return new Outcome.Refused(Rejects.reservedCredential());
        }
        boolean isPlain = credentialName == null && accepted.groups().isEmpty();
        if (isPlain || sessionHeaders.askForAnotherThan(accepted.user(), headers)) {
            return new Outcome.Admitted(accepted.principal(), accepted.user(), Set.of(), Map.of());
        }
        Map<String, String> extraCredentials =
                credentialName == null
                        ? Map.of()
                        : Map.of(credentialName, accepted.token().in(value));
        return new Outcome.Admitted(
                accepted.principal(), accepted.user(), accepted.groups(), extraCredentials);
    }
}
