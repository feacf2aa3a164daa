// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The released {@code nativejwt} command, as an operator uses it to make keys and tokens. */
public final class NativejwtCommand {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final int REJECTED = 1;
    private static final Pattern USER = Pattern.compile("\"user\":\"([^\"\\\\]+)\"");

    private NativejwtCommand() {}

    /** Leaves private.pem and public.pem in the folder. */
    public static void keygen(String algorithm, Path folder) {
        run(List.of("keygen", "--alg", algorithm, "--out", folder.toString()));
    }

    public static String issue(Path privateKey, Map<String, String> claims, String timeToLive) {
        List<String> arguments =
                new ArrayList<>(
                        List.of("issue", "--key", privateKey.toString(), "--ttl", timeToLive));
        claims.forEach((name, value) -> arguments.addAll(List.of("--claim", name + "=" + value)));
        return run(arguments).strip();
    }

    /** Adds the token to a revocation file. */
    public static String revoke(Path file, String token) {
        Processes.Result result =
                Processes.run(
                        LIMIT,
                        List.of(
                                Workspace.command().toString(),
                                "revoke",
                                "--file",
                                file.toString(),
                                "-"),
                        token);
        if (result.exitCode() != 0) {
            throw new IllegalStateException("nativejwt revoke failed: " + result.error());
        }
        return result.output();
    }

    /** Whom the coordinator with this configuration would take the token's owner for. */
    public static Optional<String> user(Path configuration, String token) {
        Processes.Result result =
                Processes.run(
                        LIMIT,
                        List.of(
                                Workspace.command().toString(),
                                "check-token",
                                "--json",
                                "--config",
                                configuration.toString(),
                                "-"),
                        token);
        if (result.exitCode() == REJECTED) {
            return Optional.empty();
        }
        Matcher user = USER.matcher(result.output());
        if (result.exitCode() != 0 || !user.find()) {
            throw new IllegalStateException("nativejwt check-token failed: " + result.error());
        }
        return Optional.of(user.group(1));
    }

    /** Checks a configuration as an operator does. */
    public static Processes.Result checkConfig(Path configuration, String... options) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Workspace.command().toString(),
                                "check-config",
                                configuration.toString()));
        command.addAll(List.of(options));
        return Processes.run(LIMIT, command);
    }

    /** Asks the coordinator with this control socket. */
    public static Processes.Result ctl(Path socket, String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Workspace.command().toString(),
                                "ctl",
                                "--json",
                                "--socket",
                                socket.toString()));
        command.addAll(List.of(arguments));
        return Processes.run(LIMIT, command);
    }

    /** What the coordinator with this control socket says of a token. */
    public static Processes.Result why(Path socket, String token, String... options) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Workspace.command().toString(),
                                "why",
                                "--socket",
                                socket.toString(),
                                "-"));
        command.addAll(List.of(options));
        return Processes.run(LIMIT, command, token);
    }

    private static String run(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(Workspace.command().toString()));
        command.addAll(arguments);
        Processes.Result result = Processes.run(LIMIT, command);
        if (result.exitCode() != 0) {
            throw new IllegalStateException(
                    "nativejwt " + arguments.getFirst() + " failed: " + result.error());
        }
        return result.output();
    }
}
