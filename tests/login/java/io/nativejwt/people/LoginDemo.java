// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.people;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.LoginCommand;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.SignInForms;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@code make demo LOGIN=1} shows: a person gets a token in a terminal, runs a query with it,
 * and sees the same in a browser.
 */
final class LoginDemo {
    private static final String CLIENT = "nativejwt-cli";
    private static final String WHO = "SELECT current_user";

    private LoginDemo() {}

    public static void main(String[] arguments) throws Exception {
        Site site = Site.of(arguments[0], arguments[1]);
        Path folder = Workspace.freshFolder("demo-login");
        Stopwatch stopwatch = new Stopwatch("Keycloak, with the user alice: starting");
        try (PeopleSite people = new PeopleSite(folder.resolve("keycloak"))) {
            stopwatch.done();
            stopwatch = new Stopwatch("Trino " + site.version() + ": starting");
            Path home = Files.createDirectories(folder.resolve("coordinator"));
            try (Coordinator coordinator =
                    people.withPageOfWebUi(home, site).progress(stopwatch).start()) {
                stopwatch.done();
                people.returnToWebUi(coordinator);
                Path noBrowser = Workspace.source("build/paths/no-browser");
                if (Files.exists(noBrowser)) {
                    System.out.println(
                            "The sign-in is done by HTTP, and there is no picture of the page: "
                                    + Files.readString(noBrowser).strip());
                    try (SignInForms forms = new SignInForms(people.keycloak())) {
                        inTerminal(folder, coordinator, page -> forms.signIn(page, "alice"));
                    }
                } else {
                    inBrowserToo(folder, people, coordinator);
                }
                if (List.of(arguments).contains("keep")) {
                    System.out.println();
                    System.out.println(
                            "All of it stays up until Ctrl-C. The page: "
                                    + coordinator.uri().resolve("/ui/token")
                                    + ", for alice with the password alice-password-for-tests");
                    coordinator.awaitExit();
                }
            }
        }
    }

    private static void inBrowserToo(Path folder, PeopleSite people, Coordinator coordinator)
            throws IOException {
        List<Path> certificates =
                List.of(
                        people.keycloak().tls().certificatePem(),
                        coordinator.tls().certificatePem());
        try (Browser browser = new Browser(folder, certificates)) {
            browser.fresh();
            inTerminal(
                    folder,
                    coordinator,
                    page -> {
                        browser.open(page);
                        browser.signIn("alice");
                        browser.consent();
                    });
            browser.fresh();
            URI page = coordinator.uri().resolve("/ui/token");
            browser.open(page);
            browser.signIn("alice");
            browser.awaitUrl(coordinator.uri().resolve("/ui/"));
            browser.open(page);
            browser.awaitVisible("#user");
            Path picture = folder.resolve("token-page.png");
            browser.screenshot(picture);
            System.out.println();
            System.out.println(page + " in a browser, after alice signed in to the web UI:");
            System.out.printf(
                    "  user %s, groups %s, token expires %s%n",
                    browser.text("#user"), browser.text("#groups"), browser.text("#expires"));
            System.out.println("  its picture: " + Workspace.relative(picture));
        }
    }

    /** Somebody who opens a page and signs in. */
    private interface Person {
        void signIn(URI page);
    }

    private static void inTerminal(Path folder, Coordinator coordinator, Person person) {
        LoginCommand command = LoginCommand.in(folder.resolve("alice"));
        Path configuration = coordinator.folder().resolve("etc/config.properties");
        System.out.println();
        System.out.printf(
                "$ nativejwt login --config %s --client-id %s --device%n",
                Workspace.relative(configuration), CLIENT);
        try (LoginCommand.Running login =
                command.start(
                        "login",
                        "--config",
                        configuration.toString(),
                        "--client-id",
                        CLIENT,
                        "--device")) {
            URI page = login.page();
            person.signIn(page);
            Processes.Result result = login.end();
            show(result.error() + result.output());
            if (result.exitCode() != 0) {
                throw new IllegalStateException("nativejwt login failed");
            }
        }
        System.out.println();
        System.out.printf(
                "$ trino --server %s --user alice --access-token \"$(nativejwt token)\" --execute"
                        + " '%s'%n",
                coordinator.uri(), WHO);
        Processes.Result query = Clients.cli(coordinator, "alice", command.token(), WHO);
        show(query.output());
        if (query.exitCode() != 0) {
            throw new IllegalStateException("The query failed: " + query.error());
        }
        System.out.println();
        System.out.println("$ nativejwt logout");
        Processes.Result logout = command.run("logout");
        show(logout.error() + logout.output());
    }

    private static void show(String said) {
        String here = Workspace.source("") + "/";
        said.lines().forEach(line -> System.out.println("  " + line.replace(here, "")));
    }
}
