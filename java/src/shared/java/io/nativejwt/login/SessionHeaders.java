package io.nativejwt.login;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What a request asks of its session beyond the token, by the headers that {@code
 * io.trino.server.HttpRequestSessionContextFactory} reads. The coordinator decides whether another
 * user is allowed; what the token says of its own user must not go over to that one, and nobody but
 * us may set the credential that holds the token.
 */
final class SessionHeaders {
    private static final String TRINO = "trino";

    private final List<String> users;
    private final List<String> extraCredentials;

    /**
     * @param alternateHeaderName {@code protocol.v1.alternate-header-name}, or null
     */
    SessionHeaders(String alternateHeaderName) {
        List<String> prefixes =
                Stream.of(TRINO, alternateHeaderName)
                        .filter(name -> name != null && !name.isBlank())
                        .map(name -> "x-%s-".formatted(name.trim().toLowerCase(Locale.ROOT)))
                        .toList();
        users =
                prefixes.stream()
                        .flatMap(prefix -> Stream.of(prefix + "user", prefix + "original-user"))
                        .toList();
        extraCredentials = prefixes.stream().map(prefix -> prefix + "extra-credential").toList();
    }

    /**
     * The other users that a session is asked for.
     *
     * @param values gives all values of a header, or null
     */
    Set<String> othersThan(String user, Function<String, List<String>> values) {
        Set<String> others = Set.of();
        for (String header : users) {
            List<String> names = values.apply(header);
            if (names == null) {
                continue;
            }
            for (String name : names) {
                // The coordinator trims a name, and an empty one is none.
                String other = name == null ? "" : name.trim();
                if (!other.isEmpty() && !other.equals(user)) {
                    if (others.isEmpty()) {
                        others = new HashSet<>();
                    }
                    others.add(other);
                }
            }
        }
        return others;
    }

    /**
     * Whether a client brings an extra credential of one of these names. The coordinator would put
     * it over ours, whichever of the two headers it takes.
     *
     * @param values gives all values of a header, or null
     */
    boolean bringCredential(Set<String> credentials, Function<String, List<String>> values) {
        for (String header : extraCredentials) {
            List<String> lines = values.apply(header);
            if (lines != null && lines.stream().anyMatch(line -> brings(credentials, line))) {
                return true;
            }
        }
        return false;
    }

    /** A line is a list with commas of names and values with an equals sign between them. */
    private static boolean brings(Set<String> credentials, String line) {
        if (line == null) {
            return false;
        }
        for (String element : line.split(",")) {
            int equals = element.indexOf('=');
            String name = equals < 0 ? element : element.substring(0, equals);
            // Names are compared exactly by the coordinator, and by connectors as they like.
            if (credentials.stream().anyMatch(trimmed(name)::equalsIgnoreCase)) {
                return true;
            }
        }
        return false;
    }

    /** Of all that the coordinator's {@code Splitter} trims, and some more. */
    private static String trimmed(String name) {
        int start = 0;
        int end = name.length();
        while (start < end && isSpace(name.charAt(start))) {
            start++;
        }
        while (start < end && isSpace(name.charAt(end - 1))) {
            end--;
        }
        return name.substring(start, end);
    }

    private static boolean isSpace(char character) {
        return Character.isWhitespace(character)
                || Character.isSpaceChar(character)
                || Character.isISOControl(character);
    }
}
