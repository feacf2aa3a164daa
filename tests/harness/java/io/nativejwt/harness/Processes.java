// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs other programs and makes sure that none of them outlives the harness. */
public final class Processes {
    private static final Duration STOP_LIMIT = Duration.ofSeconds(20);

    /** Exit code and both outputs of a program that ended. */
    public record Result(int exitCode, String output, String error) {}

    private Processes() {}

    public static Result run(Duration limit, List<String> command) {
        return run(limit, command, "");
    }

    public static Result run(Duration limit, List<String> command, String input) {
        return run(limit, new ProcessBuilder(command), input);
    }

    /** With the folder and the environment of the builder. */
    public static Result run(Duration limit, ProcessBuilder builder, String input) {
        try {
            Path output = Files.createTempFile("nativejwt", ".out");
            Path error = Files.createTempFile("nativejwt", ".err");
            try {
                Process process =
                        builder.redirectOutput(output.toFile())
                                .redirectError(error.toFile())
                                .start();
                try (OutputStream standardInput = process.getOutputStream()) {
                    standardInput.write(input.getBytes(UTF_8));
                }
                if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                    stop(process);
                    throw new IllegalStateException(
                            builder.command().getFirst()
                                    + " did not end within "
                                    + limit
                                    + ": "
                                    + Files.readString(error));
                }
                return new Result(
                        process.exitValue(), Files.readString(output), Files.readString(error));
            } finally {
                Files.delete(output);
                Files.delete(error);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public static Result runOrFail(Duration limit, List<String> command) {
        Result result = run(limit, command);
        if (result.exitCode() != 0) {
            throw new IllegalStateException(
                    "%s failed: %s%s".formatted(command, result.output(), result.error()));
        }
        return result;
    }

    /** Ends a program and all it started, each by its id. */
    public static void stop(Process process) {
        List<ProcessHandle> handles =
                Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
        handles.forEach(ProcessHandle::destroy);
        long deadline = System.nanoTime() + STOP_LIMIT.toNanos();
        for (ProcessHandle handle : handles) {
            try {
                handle.onExit()
                        .get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                handle.destroyForcibly();
            } catch (java.util.concurrent.ExecutionException
                    | java.util.concurrent.TimeoutException e) {
                handle.destroyForcibly();
            }
        }
    }
}
