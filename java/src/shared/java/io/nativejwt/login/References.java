package io.nativejwt.login;

import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * References such as {@code ${ENV:NAME}} in those of the coordinator's properties that it does not
 * hand to us resolved.
 */
public final class References {
    /**
     * As {@code io.airlift.configuration.secrets.SecretsResolver} knows it; {@code ${KID}} is none.
     */
    public static final Pattern PATTERN =
            Pattern.compile("\\$\\{([a-zA-Z][a-zA-Z0-9_-]*):([^}]+)}");

    private References() {}

    /** Empty where a reference leads to a secret store, or nowhere. */
    public static Optional<String> resolve(String value) {
        return resolve(value, System::getenv);
    }

    static Optional<String> resolve(String value, UnaryOperator<String> environment) {
        Matcher references = PATTERN.matcher(value);
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
