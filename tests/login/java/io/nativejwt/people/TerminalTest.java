// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.people;

import static io.nativejwt.people.PeopleSite.ALICE;
import static io.nativejwt.people.PeopleSite.WHO;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.LoginCommand;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code nativejwt login} with the browser of the person, and the token in Trino's client. */
@Tag("browser")
@ParameterizedClass
@EnumSource(
        value = Site.class,
        names = {"SERVER_476", "SERVER_483"})
@ExtendWith(PeopleSite.Shared.class)
final class TerminalTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static PeopleSite people;
    private static Path folder;
    private static Coordinator coordinator;
    private static Browser browser;

    @Parameter Site site;

    @BeforeParameterizedClassInvocation
    static void start(Site site, PeopleSite shared) throws IOException {
        people = shared;
        folder = PeopleSite.folder("terminal/" + site);
        coordinator =
                PARTS.add(
                        people.coordinator(
                                        Files.createDirectories(folder.resolve("coordinator")),
                                        site)
                                .start());
        browser = PARTS.add(new Browser(folder, List.of(people.keycloak().tls().certificatePem())));
    }

    @BeforeEach
    void newPerson() {
        browser.fresh();
    }

    @Test
    void personSignsInWithTheBrowserOfTheSameMachine() throws Exception {
        LoginCommand person = LoginCommand.in(folder.resolve("browser"));
        try (LoginCommand.Running login = person.start(people.arguments("--browser"))) {
            browser.open(login.opened());
            browser.signIn("alice");
            browser.awaitUrl("http://127.0.0.1:");
            assertThat(browser.text("body")).contains("terminal").doesNotContain("eyJ");
            assertThat(browser.barriers()).isEmpty();
            assertThat(login.end().exitCode()).as(login.error()).isZero();
        }
        assertLoggedInUntilLogout(person);
    }

    @Test
    void personSignsInWithTheBrowserOfAnotherMachine() throws Exception {
        LoginCommand person = LoginCommand.in(folder.resolve("device"));
        Processes.Result result;
        try (LoginCommand.Running login = person.start(people.arguments("--device"))) {
            browser.open(login.page());
            browser.signIn("alice");
            browser.consent();
            result = login.end();
            assertThat(result.exitCode()).as(result.error()).isZero();
        }
        assertThat((result.error() + result.output()).contains("eyJ")).isFalse();
        if (Pictures.areWanted()) {
            picture(result.error() + result.output(), person);
        }
        assertLoggedInUntilLogout(person);
    }

    private static void assertLoggedInUntilLogout(LoginCommand person) throws Exception {
        assertThat(Clients.jdbc(coordinator, person.token(), WHO)).containsExactly(ALICE);
        Processes.Result logout = person.run("logout");
        assertThat(logout.exitCode()).as(logout.error()).isZero();
        assertThat(person.run("token").exitCode()).isEqualTo(1);
    }

    @Test
    void sessionGoesOnWithTheNextToken() throws Exception {
        LoginCommand person = LoginCommand.in(folder.resolve("next"));
        String[] arguments = people.arguments("--device");
        // Its tokens live for 30 seconds.
        arguments[4] = "nativejwt-brief";
        try (LoginCommand.Running login = person.start(arguments)) {
            browser.open(login.page());
            browser.signIn("alice");
            browser.consent();
            assertThat(login.end().exitCode()).as(login.error()).isZero();
        }
        String first = person.token();
        String second = person.token();
        assertThat(second.equals(first)).isFalse();
        assertThat(Clients.jdbc(coordinator, second, WHO)).containsExactly(ALICE);
    }

    /** What a person saw, with the addresses of an example. */
    private static void picture(String said, LoginCommand person) {
        List<String> lines = new ArrayList<>();
        lines.add(
                "$ nativejwt login --issuer "
                        + people.issuer()
                        + " --client-id nativejwt-cli --device");
        said.lines().forEach(lines::add);
        String query = "SELECT current_user";
        lines.add(
                "$ trino --server https://trino.example.com --access-token \"$(nativejwt token)\""
                        + " --execute '"
                        + query
                        + "'");
        Clients.cli(coordinator, "alice", person.token(), query)
                .output()
                .lines()
                .forEach(lines::add);
        Pictures.ofTerminal(
                lines.stream()
                        .map(
                                line ->
                                        line.replace(
                                                        people.keycloak().uri().toString(),
                                                        "https://idp.example.com")
                                                .replace(
                                                        folder + "/device/state",
                                                        "/home/alice/.local/state"))
                        .toList(),
                "nativejwt-login.svg");
    }
}
