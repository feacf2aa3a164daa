// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * References such as {@code ${ENV:NAME}} in properties of the coordinator that it hands over
 * unresolved.
 */
public final class References {
    /**
     * The pattern of {@code io.airlift.configuration.secrets.SecretsResolver}; {@code ${KID}} does
     * not match it.
     */
    private static final Pattern REFERENCE =
            Pattern.compile("\\$\\{([a-zA-Z][a-zA-Z0-9_-]*):([^}]+)}");

    private References() {}

    /** The references of a value, in order. */
    public static List<String> in(String value) {
        return REFERENCE.matcher(value).results().map(MatchResult::group).toList();
    }

    /** The texts before, between and after the references: one more than there are references. */
    public static List<String> textsAround(String value) {
        return List.of(REFERENCE.split(value, -1));
    }

    /** Empty where a reference names a secret store or an unset variable. */
    public static Optional<String> resolve(String value) {
        return resolve(value, System::getenv);
    }

    static Optional<String> resolve(String value, UnaryOperator<String> environment) {
        Matcher references = REFERENCE.matcher(value);
        if (references
                .results()
                .anyMatch(
                        reference ->
                                !isEnvironment(reference)
                                        || environment.apply(reference.group(2)) == null)) {
            return Optional.empty();
        }
        return Optional.of(
                references.replaceAll(
                        reference ->
                                Matcher.quoteReplacement(environment.apply(reference.group(2)))));
    }

    private static boolean isEnvironment(MatchResult reference) {
        return reference.group(1).equalsIgnoreCase("env");
    }
}
