package io.nativejwt.login;

import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.Verdict;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

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

    private static final String ALLOW_HYPHEN_KEY =
            "http-server.authentication.jwt.pass-through.allow-user-with-hyphen";
    private static final String GROUPS_KEY = "http-server.authentication.jwt.groups-field";
    private static final String CONFIG_FILES_KEY = "http-server.authentication.jwt.config-files";

    /**
     * The names that are kept for tokens, of all authenticators of the coordinator: what one of
     * them refuses, the next one of the list must not let in.
     */
    private static final Set<String> RESERVED = ConcurrentHashMap.newKeySet();

    private final NativeAuthenticator authenticator;
    private final SessionHeaders sessionHeaders;

    /** Null where tokens are not passed through. */
    private final String credentialName;

    private final boolean allowsHyphen;

    private final RejectLog rejectLog = new RejectLog();

    private Login(
            NativeAuthenticator authenticator,
            SessionHeaders sessionHeaders,
            Map<String, String> config) {
        this.authenticator = authenticator;
        this.sessionHeaders = sessionHeaders;
        String name = config.get(CREDENTIAL_NAME_KEY);
        credentialName = name == null ? null : name.trim();
        allowsHyphen = Boolean.parseBoolean(config.getOrDefault(ALLOW_HYPHEN_KEY, "").trim());
    }

    /** Whether sessions may get more of the token than its user; an issuer's file may say so. */
    public static boolean givesMoreThanAUser(Map<String, String> config) {
        return Stream.of(CREDENTIAL_NAME_KEY, GROUPS_KEY, CONFIG_FILES_KEY)
                .anyMatch(config::containsKey);
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
        Login login =
                new Login(
                        NativeAuthenticator.open(config, source, trusted, takesIdentity),
                        new SessionHeaders(alternateHeaderName),
                        config);
        if (login.credentialName != null) {
            RESERVED.add(login.credentialName);
        }
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
        if (!RESERVED.isEmpty() && sessionHeaders.bringCredential(RESERVED, headers)) {
            return new Outcome.Refused(Rejects.reservedCredential());
        }
        boolean isPlain = credentialName == null && accepted.groups().isEmpty();
        if (!isPlain) {
            Set<String> others = sessionHeaders.othersThan(accepted.user(), headers);
            if (!others.isEmpty()) {
                return admittedAs(others, accepted);
            }
        }
        if (credentialName == null) {
            return accepted.derived(Outcome.Admitted.class, Login::withoutCredentials);
        }
        // The token is the request's, and kept nowhere.
        return new Outcome.Admitted(
                accepted.principal(),
                accepted.user(),
                accepted.groups(),
                Map.of(credentialName, accepted.token().in(value)));
    }

    /** A session as somebody else gets nothing that is the token's own user's. */
    private Outcome admittedAs(Set<String> others, Verdict.Accepted accepted) {
        if (credentialName != null
                && !allowsHyphen
                && others.stream().anyMatch(other -> other.contains("-"))) {
            return new Outcome.Refused(Rejects.userWithHyphen());
        }
        return new Outcome.Admitted(accepted.principal(), accepted.user(), Set.of(), Map.of());
    }

    private static Outcome.Admitted withoutCredentials(Verdict.Accepted accepted) {
        return new Outcome.Admitted(
                accepted.principal(), accepted.user(), accepted.groups(), Map.of());
    }
}
