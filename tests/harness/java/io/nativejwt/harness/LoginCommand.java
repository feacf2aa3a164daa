// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import static java.util.Collections.addAll;

import io.nativejwt.testing.Poll;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code nativejwt login}, {@code token} and {@code logout} of one person with a home folder of its
 * own: without a display, a key ring or anything else of the person who runs the tests.
 */
public final class LoginCommand {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Pattern PAGE = Pattern.compile("(?m)^\\s+(https?://\\S+)$");

    /** They lead to a display or a key ring, or say where somebody sits. */
    private static final List<String> OF_THE_SESSION =
            List.of(
                    "DISPLAY",
                    "WAYLAND_DISPLAY",
                    "SSH_CONNECTION",
                    "DBUS_SESSION_BUS_ADDRESS",
                    "XDG_RUNTIME_DIR",
                    "XDG_DATA_HOME",
                    "BROWSER");

    private final Path home;
    private final Map<String, String> environment = new LinkedHashMap<>();

    private LoginCommand(Path home) {
        this.home = home;
        environment.put("HOME", home.toString());
        environment.put("XDG_STATE_HOME", home.resolve("state").toString());
    }

    public static LoginCommand in(Path home) {
        try {
            return new LoginCommand(Files.createDirectories(home));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public LoginCommand environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Where the command keeps what it knows. */
    public Path state() {
        return home.resolve("state/nativejwt/login");
    }

    /** Runs to the end. */
    public Processes.Result run(String... arguments) {
        try (Running running = start(arguments)) {
            return running.end();
        }
    }

    /** What {@code nativejwt token} prints to its standard output. */
    public String token(String... options) {
        List<String> arguments = new ArrayList<>(List.of("token"));
        addAll(arguments, options);
        Processes.Result result = run(arguments.toArray(String[]::new));
        if (result.exitCode() != 0) {
            throw new IllegalStateException("nativejwt token failed: " + result.error());
        }
        return result.output().strip();
    }

    public Running start(String... arguments) {
        List<String> command = new ArrayList<>(List.of(Workspace.command().toString()));
        addAll(command, arguments);
        try {
            return new Running(command);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A login that waits for somebody. */
    public final class Running implements AutoCloseable {
        private final Path output = Files.createTempFile(home, "command", ".out");
        private final Path error = Files.createTempFile(home, "command", ".err");
        private final Path opened = home.resolve("opened-" + System.nanoTime());
        private final Process process;

        private Running(List<String> command) throws IOException {
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .directory(home.toFile())
                            .redirectOutput(output.toFile())
                            .redirectError(error.toFile());
            builder.environment().keySet().removeAll(OF_THE_SESSION);
            builder.environment().put("BROWSER", browser().toString());
            builder.environment().putAll(environment);
            process = builder.start();
            process.getOutputStream().close();
        }

        /** A "browser" that only notes which page it was to open. */
        private Path browser() throws IOException {
            Path script = home.resolve("browser");
            Files.writeString(
                    script,
                    """
                    #!/bin/sh
                    printf '%%s' "$1" >'%1$s.part' && mv '%1$s.part' '%1$s'
                    """
                            .formatted(opened));
            return Files.setPosixFilePermissions(
                    script, PosixFilePermissions.fromString("rwx------"));
        }

        /** The page that the command prints for the person. */
        public URI page() {
            return URI.create(await("a page to open", () -> first(PAGE, read(error))));
        }

        /** The page that the command gave to the browser. */
        public URI opened() {
            return URI.create(
                    await(
                            "a browser to be started",
                            () ->
                                    Files.exists(opened)
                                            ? Optional.of(read(opened))
                                            : Optional.empty()));
        }

        private String await(String what, java.util.function.Supplier<Optional<String>> value) {
            Poll.until(
                    what,
                    LIMIT,
                    () -> {
                        if (value.get().isPresent()) {
                            return true;
                        }
                        if (!process.isAlive() && value.get().isEmpty()) {
                            throw new IllegalStateException("nativejwt ended: " + read(error));
                        }
                        return false;
                    });
            return value.get().orElseThrow();
        }

        /** What it has said so far. */
        public String error() {
            return read(error);
        }

        public Processes.Result end() {
            try {
                if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new IllegalStateException(
                            "nativejwt did not end within " + LIMIT + ": " + read(error));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
            return new Processes.Result(process.exitValue(), read(output), read(error));
        }

        @Override
        public void close() {
            Processes.stop(process);
        }
    }

    private static Optional<String> first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
