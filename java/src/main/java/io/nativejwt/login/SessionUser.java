package io.nativejwt.login;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Whether a request asks for a session as somebody else than the token's user, by the headers that
 * {@code io.trino.server.HttpRequestSessionContextFactory} reads. The coordinator decides whether
 * that is allowed; what the token says of its own user must not go over to another one.
 */
public final class SessionUser {
    private static final String TRINO = "Trino";

    private final List<String> headers;

    /**
     * @param alternateHeaderName {@code protocol.v1.alternate-header-name}, or null
     */
    public SessionUser(String alternateHeaderName) {
        headers =
                Stream.of(TRINO, alternateHeaderName)
                        .filter(name -> name != null && !name.isBlank())
                        .flatMap(
                                name ->
                                        Stream.of(
                                                "X-%s-User".formatted(name.trim()),
                                                "X-%s-Original-User".formatted(name.trim())))
                        .toList();
    }

    /**
     * @param values gives all values of a header, or null
     */
    public boolean isAnotherThan(String user, Function<String, List<String>> values) {
        for (String header : headers) {
            List<String> names = values.apply(header);
            if (names != null && names.stream().anyMatch(name -> isAnother(name, user))) {
                return true;
            }
        }
        return false;
    }

    /** The coordinator trims a name, and an empty one is none. */
    private static boolean isAnother(String name, String user) {
        return name != null && !name.trim().isEmpty() && !name.trim().equals(user);
    }
}
