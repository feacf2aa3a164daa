package io.nativejwt.coordinator;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The released {@code nativejwt} command, as an operator uses it to make keys and tokens. */
final class NativejwtCommand {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private NativejwtCommand() {}

    /** Leaves private.pem and public.pem in the folder. */
    static void keygen(String algorithm, Path folder) {
        run(List.of("keygen", "--alg", algorithm, "--out", folder.toString()));
    }

    static String issue(Path privateKey, Map<String, String> claims, String timeToLive) {
        List<String> arguments =
                new ArrayList<>(
                        List.of("issue", "--key", privateKey.toString(), "--ttl", timeToLive));
        claims.forEach((name, value) -> arguments.addAll(List.of("--claim", name + "=" + value)));
        return run(arguments).strip();
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
