// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.people;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.LoginCommand;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.SignInForms;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Tokens in the key ring of a desktop, which here has no screen. */
@ExtendWith(PeopleSite.Shared.class)
final class KeyRingTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final List<String> ENTRY =
            List.of("application", "nativejwt", "profile", "default");

    private final PeopleSite people;

    KeyRingTest(PeopleSite people) {
        this.people = people;
    }

    @Test
    void tokensAreInTheKeyRingUntilLogout() throws IOException {
        Path home = PeopleSite.folder("key-ring");
        try (KeyRing ring = new KeyRing(home)) {
            LoginCommand person =
                    LoginCommand.in(home).environment("DBUS_SESSION_BUS_ADDRESS", ring.bus());
            Processes.Result login = signIn(person);
            assertThat(login.error()).contains("key ring");
            assertThat(person.state().resolve("default.tokens.json")).doesNotExist();
            String token = person.token();
            assertThat(ring.entry().output().contains(token)).isTrue();
            assertThat(person.run("logout").exitCode()).isZero();
            assertThat(ring.entry().output()).isEmpty();
            assertThat(person.run("token").exitCode()).isEqualTo(1);
        }
    }

    @Test
    void tokensOfAKeyRingThatIsGoneAreMissed() throws IOException {
        Path home = PeopleSite.folder("key-ring-gone");
        LoginCommand person = LoginCommand.in(home);
        try (KeyRing ring = new KeyRing(home)) {
            signIn(person.environment("DBUS_SESSION_BUS_ADDRESS", ring.bus()));
        }
        Processes.Result token = person.run("token");
        assertThat(token.exitCode()).isEqualTo(1);
        assertThat(token.error()).contains("key ring");
    }

    private Processes.Result signIn(LoginCommand person) {
        try (LoginCommand.Running login = person.start(people.arguments("--device"));
                SignInForms forms = new SignInForms(people.keycloak())) {
            forms.signIn(login.page(), "alice");
            Processes.Result result = login.end();
            assertThat(result.exitCode()).as(result.error()).isZero();
            return result;
        }
    }

    /** GNOME's, unlocked, on a session bus of its own. */
    private static final class KeyRing implements AutoCloseable {
        private final Path address;
        private final Process process;

        KeyRing(Path home) throws IOException {
            address = home.resolve("bus");
            Path runtime = Files.createDirectories(home.resolve("run"));
            ProcessBuilder builder =
                    new ProcessBuilder(
                                    "dbus-run-session",
                                    "--",
                                    "sh",
                                    "-c",
                                    """
                                    printf %s "$DBUS_SESSION_BUS_ADDRESS" >"$HOME/bus"
                                    printf password | gnome-keyring-daemon --foreground --unlock --components=secrets
                                    """)
                            .redirectErrorStream(true)
                            .redirectOutput(home.resolve("key-ring.log").toFile());
            builder.environment().keySet().removeAll(List.of("DISPLAY", "WAYLAND_DISPLAY"));
            builder.environment().put("HOME", home.toString());
            builder.environment().put("XDG_RUNTIME_DIR", runtime.toString());
            builder.environment().put("XDG_DATA_HOME", home.resolve("data").toString());
            process = builder.start();
            Poll.until(
                    "the key ring, see " + home.resolve("key-ring.log"),
                    LIMIT,
                    () -> Files.exists(address) && store("test", "test").exitCode() == 0);
        }

        String bus() throws IOException {
            return Files.readString(address);
        }

        /** What a person finds with the same tool. */
        Processes.Result entry() throws IOException {
            return Processes.run(LIMIT, secretTool("lookup"), "");
        }

        private Processes.Result store(String name, String secret) {
            try {
                List<String> command =
                        List.of(
                                "env",
                                "DBUS_SESSION_BUS_ADDRESS=" + bus(),
                                "secret-tool",
                                "store",
                                "--label=test",
                                name,
                                name);
                return Processes.run(LIMIT, command, secret);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        private List<String> secretTool(String verb) throws IOException {
            List<String> command =
                    new java.util.ArrayList<>(
                            List.of(
                                    "env",
                                    "DBUS_SESSION_BUS_ADDRESS=" + bus(),
                                    "secret-tool",
                                    verb));
            command.addAll(ENTRY);
            return command;
        }

        @Override
        public void close() {
            Processes.stop(process);
        }
    }
}
