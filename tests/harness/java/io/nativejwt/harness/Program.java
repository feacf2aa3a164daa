// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import io.nativejwt.testing.Poll;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** A server that runs beside the coordinators for as long as the tests do, with its log. */
public final class Program implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(5);

    private final Process process;
    private final Thread shutdownHook;

    private Program(Process process) {
        this.process = process;
        shutdownHook = new Thread(() -> Processes.stop(process));
        Runtime.getRuntime().addShutdownHook(shutdownHook);
    }

    /** Returns when it is ready. */
    public static Program start(
            String name,
            Path log,
            Map<String, String> environment,
            List<String> command,
            BooleanSupplier ready) {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        Program program;
        try {
            program = new Program(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            Poll.until(
                    name + " to start, see " + log,
                    START_LIMIT,
                    () -> {
                        if (!program.process.isAlive()) {
                            throw new IllegalStateException(
                                    name + " stopped while starting:\n" + end(log));
                        }
                        return ready.getAsBoolean();
                    });
            return program;
        } catch (RuntimeException | Error e) {
            program.close();
            throw e;
        }
    }

    /** Whether something answers there, whatever it says. */
    public static boolean answers(String url) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            client.send(
                    HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(10)).build(),
                    HttpResponse.BodyHandlers.discarding());
            return true;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String end(Path log) {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 25), lines.size()));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Override
    public void close() {
        Processes.stop(process);
        Runtime.getRuntime().removeShutdownHook(shutdownHook);
    }
}
