// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds any of thousands of secrets in a long text, in one pass. */
final class SecretSearch {
    private static final int LENGTH = 12;

    /** By their last characters: the first ones of all session tokens are the same. */
    private final Map<String, List<String>> byEnd = new HashMap<>();

    SecretSearch(Iterable<String> secrets) {
        for (String secret : secrets) {
            if (secret.length() < LENGTH) {
                throw new IllegalArgumentException("Too short to be found by its end");
            }
            byEnd.computeIfAbsent(
                            secret.substring(secret.length() - LENGTH), end -> new ArrayList<>())
                    .add(secret);
        }
    }

    /** Both halves of what STS gave that nobody may see. */
    static SecretSearch of(List<StsProxy.Given> given) {
        List<String> secrets = new ArrayList<>();
        given.forEach(
                each -> {
                    secrets.add(each.secretKey());
                    secrets.add(each.sessionToken());
                });
        return new SecretSearch(secrets);
    }

    /** The text around the first secret; its own characters are not shown. */
    Optional<String> find(String text) {
        for (int end = LENGTH; end <= text.length(); end++) {
            for (String secret : byEnd.getOrDefault(text.substring(end - LENGTH, end), List.of())) {
                int start = end - secret.length();
                if (start >= 0 && text.startsWith(secret, start)) {
                    return Optional.of(
                            text.substring(Math.max(0, start - 200), start) + "[the secret]");
                }
            }
        }
        return Optional.empty();
    }
}
