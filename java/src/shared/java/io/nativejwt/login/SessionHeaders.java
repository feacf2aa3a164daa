// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The headers by which a request asks for another user and for extra credentials, as {@code
 * io.trino.server.HttpRequestSessionContextFactory} reads them. The coordinator decides whether the
 * other user is allowed. That user must not get the groups and the token of the token's own user,
 * and no client may set the credential that contains the token.
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
     * The other users that the request asks for.
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
                // The coordinator trims a name, and ignores an empty one.
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
     * Whether the request contains an extra credential with one of these names. The coordinator
     * would replace ours by it, whichever of the two headers it reads.
     *
     * @param values gives all values of a header, or null
     */
    boolean containCredential(Set<String> credentials, Function<String, List<String>> values) {
        for (String header : extraCredentials) {
            List<String> lines = values.apply(header);
            if (lines != null && lines.stream().anyMatch(line -> contains(credentials, line))) {
                return true;
            }
        }
        return false;
    }

    /** A line contains {@code name=value} pairs, separated by commas. */
    private static boolean contains(Set<String> credentials, String line) {
        if (line == null) {
            return false;
        }
        for (String element : line.split(",")) {
            int equals = element.indexOf('=');
            String name = equals < 0 ? element : element.substring(0, equals);
            // The coordinator compares names exactly, but a connector may ignore case.
            if (credentials.stream().anyMatch(trimmed(name)::equalsIgnoreCase)) {
                return true;
            }
        }
        return false;
    }

    /** Removes everything that the coordinator's {@code Splitter} removes, and more. */
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
