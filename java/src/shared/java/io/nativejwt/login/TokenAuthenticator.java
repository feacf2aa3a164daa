// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import io.nativejwt.ffi.ConfigurationSummary;
import io.nativejwt.ffi.Host;
import io.nativejwt.ffi.LogoutResult;
import io.nativejwt.ffi.MetricsSnapshot;
import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.TrustedCertificates;
import io.nativejwt.ffi.Verdict;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * What both integrations do with a request: they hand the Authorization header to native code,
 * check the other headers of the request, and log a rejection. No method throws: the coordinator
 * answers an exception that it does not know with status 500, shows its stack trace and does not
 * ask the next authenticator of the list.
 */
public final class TokenAuthenticator {
    private static final Logger LOG = Logger.getLogger(TokenAuthenticator.class.getName());

    /** In lower case: the coordinator's map of headers then needs no copy of it. */
    private static final String AUTHORIZATION = "authorization";

    static final String BEARER = "Bearer ";

    /**
     * The names of extra credentials that are reserved for tokens, of all authenticators of the
     * coordinator: what one of them rejects, the next one of the list must not accept.
     */
    private static final Set<String> RESERVED = new CopyOnWriteArraySet<>();

    private final NativeAuthenticator authenticator;
    private final SessionHeaders sessionHeaders;
    private final boolean allowsHyphen;
    private final RejectionLog rejectionLog = RejectionLog.ofAuthentications(System::nanoTime);
    private final RejectionLog logoutLog = RejectionLog.ofLogouts(System::nanoTime);
    private final RejectionLog differenceLog = RejectionLog.ofDifferences(System::nanoTime);
    private final SkippedRequests skipped = new SkippedRequests(System::nanoTime);

    /** Null unless the built-in authenticator answers. */
    private final Shadow shadow;

    private TokenAuthenticator(
            NativeAuthenticator authenticator,
            SessionHeaders sessionHeaders,
            ConfigurationSummary summary) {
        this.authenticator = authenticator;
        this.sessionHeaders = sessionHeaders;
        allowsHyphen = summary.allowsUserWithHyphen();
        shadow =
                summary.isShadow()
                        ? new Shadow(authenticator::judgeShadow, differenceLog, skipped)
                        : null;
    }

    /**
     * Opens the native authenticator, reserves the name of its extra credential, and starts the
     * thread that logs its events.
     *
     * @param config the properties of the authenticator
     * @param source the file that the properties came from, for the messages; empty when unknown
     * @param alternateHeaderName {@link CoordinatorProperties#ALTERNATE_HEADER_NAME}, or null
     * @param host what the coordinator can do with the authenticator
     * @throws io.nativejwt.ffi.InvalidConfigurationException with all errors at once
     * @throws io.nativejwt.ffi.NativeLibraryUnavailableException when there is no usable library
     */
    public static TokenAuthenticator open(
            Map<String, String> config, String source, String alternateHeaderName, Host host) {
        ConfigurationSummary summary = NativeAuthenticator.describe(config);
        // Reading it takes a while, so it is read only where keys are fetched with it.
        TrustedCertificates trusted =
                summary.usesJvmTrustStore()
                        ? JvmTrustStore.read()
                        : TrustedCertificates.OF_THE_SYSTEM;
        TokenAuthenticator opened =
                new TokenAuthenticator(
                        NativeAuthenticator.open(config, source, trusted, host),
                        new SessionHeaders(alternateHeaderName),
                        summary);
        if (opened.authenticator.credentialName() != null) {
            RESERVED.add(opened.authenticator.credentialName());
        }
        EventLog.start(
                opened.authenticator,
                opened.skipped,
                opened.rejectionLog,
                opened.logoutLog,
                opened.differenceLog);
        return opened;
    }

    /** Reads the headers of an integration's request type. */
    @FunctionalInterface
    public interface Headers<R> {
        /** All values of the header with this name in any case; may be null for none. */
        List<String> values(R request, String name);
    }

    /** Authenticates the request by the token of its Authorization header. */
    public <R> Verdict authenticate(R request, Headers<R> headers) {
        return rejectDefects(null, request, headers);
    }

    /** Authenticates the request by this token, and reads no Authorization header. */
    public <R> Verdict authenticateToken(String token, R request, Headers<R> headers) {
        return rejectDefects(BEARER + token, request, headers);
    }

    /** Everything that was counted, now. */
    public MetricsSnapshot metrics() {
        return authenticator.metrics();
    }

    /** In shadow mode, what judges requests in place of the methods of this object; else empty. */
    public Optional<Shadow> shadow() {
        return Optional.ofNullable(shadow);
    }

    /** What shadow mode has counted, in Markdown. */
    public String shadowReport() {
        return authenticator.shadowReport();
    }

    /** When this token expires; empty for one that does not, or that is not accepted. */
    public Optional<Instant> expiration(String token) {
        return authenticator.expiration(BEARER + token);
    }

    /**
     * Turns an unexpected exception into a rejection, and logs every rejection.
     *
     * @param authorization null for the request's own
     */
    private <R> Verdict rejectDefects(String authorization, R request, Headers<R> headers) {
        Verdict verdict;
        try {
            verdict = authenticateHeader(authorization, request, headers);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            // The exception may contain request data, so only its class and place are logged.
            verdict = Rejections.internalError();
            rejectionLog.defect(e);
            countDefect();
        }
        if (verdict instanceof Verdict.Rejected rejected) {
            if (Rejections.isWithoutToken(rejected)) {
                rejectionLog.withoutToken(rejected);
            } else {
                rejectionLog.rejected(
                        rejected, () -> describeToken(authorization, request, headers));
            }
        }
        return verdict;
    }

    /** Native code may be what is broken. */
    private void countDefect() {
        try {
            authenticator.countRejection(Rejections.internalError().code());
        } catch (RuntimeException | LinkageError e) {
            rejectionLog.defect(e);
        }
    }

    private void logAccepted(Verdict.Accepted accepted, String header) {
        boolean known = authenticator.wasLastTokenKnown();
        LOG.fine(
                "Authentication accepted: user=%s principal=%s %s cached=%b"
                        .formatted(
                                Quoted.text(accepted.user()),
                                Quoted.text(accepted.principal()),
                                authenticator.describeToken(header),
                                known));
    }

    /** What a line says about the token of the request; empty if there is not exactly one. */
    private <R> String describeToken(String authorization, R request, Headers<R> headers) {
        try {
            if (authorization != null) {
                return authenticator.describeToken(authorization);
            }
            List<String> values = headers.values(request, AUTHORIZATION);
            return values == null || values.size() != 1
                    ? ""
                    : authenticator.describeToken(values.getFirst());
        } catch (RuntimeException | LinkageError e) {
            // The line is written without it.
            return "";
        }
    }

    /** Counts what native code does not know. */
    private Verdict.Rejected counted(Verdict.Rejected rejected) {
        authenticator.countRejection(rejected.code());
        return rejected;
    }

    private <R> Verdict authenticateHeader(String authorization, R request, Headers<R> headers) {
        String value = authorization;
        if (value == null) {
            List<String> values = headers.values(request, AUTHORIZATION);
            if (values != null && values.size() > 1) {
                return counted(Rejections.severalAuthorizationHeaders());
            }
            value = values == null || values.isEmpty() ? null : values.getFirst();
        }
        Verdict verdict = authenticator.authenticate(value == null ? "" : value);
        if (LOG.isLoggable(Level.FINE) && verdict instanceof Verdict.Accepted accepted) {
            logAccepted(accepted, value);
        }
        return verdict instanceof Verdict.Accepted accepted
                ? inSession(accepted, request, headers)
                : verdict;
    }

    /** Carries out the logout that a logout token asks for, and logs the result. */
    public LogoutResult logOut(String token) {
        LogoutResult result;
        try {
            result = authenticator.logOut(token);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            logoutLog.defect(e);
            return new LogoutResult(
                    LogoutResult.Outcome.UNAVAILABLE,
                    "The logout failed because of an internal error");
        }
        if (result.outcome() == LogoutResult.Outcome.DONE) {
            LOG.info("Back-channel logout carried out");
            return result;
        }
        return rejectLogout(result.outcome(), result.message());
    }

    /** Logs why a logout is not carried out. */
    public LogoutResult rejectLogout(LogoutResult.Outcome outcome, String message) {
        logoutLog.rejected(outcome.name(), message);
        return new LogoutResult(outcome, message);
    }

    /** The verdict for the session that the request asks for, which may be another user's. */
    private <R> Verdict inSession(Verdict.Accepted accepted, R request, Headers<R> headers) {
        if (!RESERVED.isEmpty()
                && sessionHeaders.containCredential(
                        RESERVED, name -> headers.values(request, name))) {
            return counted(Rejections.reservedCredential());
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
                authenticator.credentialName() != null
                        && !allowsHyphen
                        && others.stream().anyMatch(other -> other.contains("-"));
        return isRisky ? counted(Rejections.userWithHyphen()) : accepted.forAnotherUser();
    }
}
