// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.people;

import static io.nativejwt.people.PeopleSite.ALICE;
import static io.nativejwt.people.PeopleSite.OAUTH2;
import static io.nativejwt.people.PeopleSite.REALM;
import static io.nativejwt.people.PeopleSite.WHO;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.AfterEach;
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
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The page at {@code /ui/token}, as people see and use it. */
@Tag("browser")
@ParameterizedClass
@EnumSource
@ExtendWith(PeopleSite.Shared.class)
final class TokenPageTest {
    /** The two ways of the page, on both versions. */
    enum Way {
        /** The token of the sign-in to the web UI, which is of the type {@code oauth2}. */
        WEB_UI_476(Site.SERVER_476, true),
        WEB_UI_483(Site.SERVER_483, true),
        /** The page signs people in by itself. */
        OWN_476(Site.SERVER_476, false),
        OWN_483(Site.SERVER_483, false);

        private final Site site;
        private final boolean isOfWebUi;

        Way(Site site, boolean isOfWebUi) {
            this.site = site;
            this.isOfWebUi = isOfWebUi;
        }
    }

    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int NARROW = 320;

    private static Keycloak keycloak;
    private static Coordinator coordinator;
    private static Browser browser;

    @Parameter Way way;

    @BeforeParameterizedClassInvocation
    static void start(Way way, PeopleSite people) throws IOException {
        keycloak = people.keycloak();
        Path folder = PeopleSite.folder("page/" + way);
        Path home = Files.createDirectories(folder.resolve("coordinator"));
        if (way.isOfWebUi) {
            coordinator = PARTS.add(ofWebUi(people, home, way).start());
            people.returnToWebUi(coordinator);
        } else {
            coordinator = PARTS.add(people.withPageOfItsOwn(home, way.site).start());
            people.returnToPage(coordinator);
        }
        browser =
                PARTS.add(
                        new Browser(
                                folder,
                                List.of(
                                        keycloak.tls().certificatePem(),
                                        coordinator.tls().certificatePem())));
    }

    private static Coordinator.Builder ofWebUi(PeopleSite people, Path home, Way way) {
        return people.withPageOfWebUi(home, way.site)
                // The web UI accepts what this coordinator rejects: one test shows what the page
                // says then.
                .config(OAUTH2 + "additional-audiences", "trino,billing")
                // The cookie is then an encrypted one.
                .config(OAUTH2 + "refresh-tokens", Boolean.toString(way == Way.WEB_UI_483));
    }

    private static URI at(String path) {
        return coordinator.uri().resolve(path);
    }

    @BeforeEach
    void newPerson() {
        browser.fresh();
    }

    /** An error in the console, or anything that the page's own policy refuses. */
    @AfterEach
    void pageComplainsOfNothing() {
        assertThat(browser.complaints())
                .noneMatch(line -> line.startsWith(at("/ui/token").toString()));
    }

    @Test
    void personSeesWhoTheTokenIs() {
        signIn();
        assertThat(browser.text("#user")).isEqualTo("alice");
        assertThat(browser.text("#groups")).contains("analysts", "etl");
        assertThat(browser.text("#verdict")).contains("alice");
        assertThat(browser.text("#problem")).isEmpty();
        picture("token-page.png");
        browser.scheme("dark");
        picture("token-page-dark.png");
    }

    @Test
    void tokenOfThePageLogsInByJdbc() throws Exception {
        signIn();
        assertThat(browser.visible("#token")).as("until somebody wants to see it").isFalse();
        browser.click("#reveal");
        assertThat(Clients.jdbc(coordinator, browser.text("#token"), WHO)).containsExactly(ALICE);
    }

    @Test
    void copyPutsTheTokenIntoTheClipboard() {
        signIn();
        browser.permit("clipboard-read");
        browser.permit("clipboard-write");
        browser.click("#copy");
        Poll.until(
                "the token in the clipboard",
                LIMIT,
                () -> browser.evaluate("navigator.clipboard.readText()").startsWith("eyJ"));
        browser.click("#reveal");
        assertThat(
                        browser.evaluate("navigator.clipboard.readText()")
                                .equals(browser.text("#token")))
                .isTrue();
    }

    @Test
    void lifeOfTheTokenRunsDown() {
        signIn();
        String before = browser.text("#expires");
        assertThat(before).containsPattern("[0-9]");
        Poll.until("the next second", LIMIT, () -> !browser.text("#expires").equals(before));
    }

    @Test
    void nothingOfTheTokenIsKept() throws IOException {
        signIn();
        browser.click("#reveal");
        String token = browser.text("#token");
        String signature = token.substring(token.lastIndexOf('.') + 1);
        assertThat(browser.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])"))
                .isEqualTo("[{},{}]");
        assertThat(browser.evaluate("document.cookie")).doesNotContain("eyJ");
        assertThat(browser.url()).isEqualTo(at("/ui/token"));
        // The web UI has its own, which no script can read.
        assertThat(browser.cookies())
                .filteredOn(
                        cookie -> cookie.startsWith("localhost") && cookie.endsWith("with a token"))
                .allMatch(
                        cookie ->
                                way.isOfWebUi
                                        && cookie.startsWith("localhost /ui/ __Secure-Trino-")
                                        && cookie.contains("HttpOnly"));
        try (Stream<Path> files = Files.walk(coordinator.folder())) {
            for (Path log : files.filter(file -> file.toString().endsWith(".log")).toList()) {
                assertThat(Files.readString(log).contains(signature)).as(log.toString()).isFalse();
            }
        }
        browser.reload();
        assertThat(browser.url()).isEqualTo(at("/ui/token"));
    }

    @Test
    void keyboardIsEnough() {
        if (way.isOfWebUi) {
            signIn();
        } else {
            browser.open(at("/ui/token"));
            browser.awaitVisible("#sign-in");
            tabTo("sign-in");
            browser.press("Enter");
            browser.signIn("alice");
            browser.awaitVisible("#user");
        }
        tabTo("copy");
        tabTo("reveal");
        browser.press("Enter");
        browser.awaitVisible("#token");
        browser.evaluate("document.activeElement.blur()");
        tabTo("reveal");
        browser.press("Space");
        assertThat(browser.visible("#token")).isFalse();
    }

    private static void tabTo(String id) {
        for (int i = 0; i < 30; i++) {
            browser.press("Tab");
            if (browser.focused().equals(id)) {
                return;
            }
        }
        throw new AssertionError("The keyboard does not reach #" + id);
    }

    @Test
    void pageFitsANarrowScreen() {
        browser.width(NARROW);
        if (!way.isOfWebUi) {
            browser.open(at("/ui/token"));
            browser.awaitVisible("#sign-in");
            assertFits();
        }
        signIn();
        openAll();
        assertFits();
    }

    private static void assertFits() {
        assertThat(Integer.parseInt(browser.evaluate("document.documentElement.scrollWidth")))
                .isLessThanOrEqualTo(NARROW);
    }

    /** Shows all that the page has. */
    private static void openAll() {
        browser.click("#reveal");
        browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)");
    }

    @Test
    void nobodyIsKeptOutByHowThePageLooks() {
        if (!way.isOfWebUi) {
            browser.open(at("/ui/token"));
            browser.awaitVisible("#sign-in");
            assertWithoutBarriers();
        }
        signIn();
        assertWithoutBarriers();
        openAll();
        assertWithoutBarriers();
    }

    private static void assertWithoutBarriers() {
        String background =
                "getComputedStyle(document.documentElement).backgroundColor +"
                        + " getComputedStyle(document.body).backgroundColor";
        browser.scheme("light");
        String light = browser.evaluate(background);
        assertThat(browser.barriers()).isEmpty();
        browser.scheme("dark");
        assertThat(browser.evaluate(background)).isNotEqualTo(light);
        assertThat(browser.barriers()).isEmpty();
    }

    @Test
    void linesForProgramsNameTheCoordinatorAndNotTheToken() {
        signIn();
        openAll();
        String token = browser.text("#token");
        String lines = browser.text("#snippets");
        assertThat(lines)
                .contains("localhost", String.valueOf(coordinator.uri().getPort()))
                .doesNotContain(token.substring(0, 20));
    }

    @Test
    void personSeesWhyTheCoordinatorRejectsTheToken() {
        String client = way.isOfWebUi ? "trino-web" : "trino-page";
        keycloak.issueFor(REALM, client, "billing");
        try {
            signIn("#verdict");
            Poll.until("the reason", LIMIT, () -> browser.text("#verdict").contains("audience"));
            assertThat(browser.visible("#user")).isFalse();
            assertWithoutBarriers();
        } finally {
            keycloak.issueFor(REALM, client, "trino");
        }
    }

    private void signIn() {
        signIn("#user");
    }

    /**
     * @param result what the page shows then
     */
    private void signIn(String result) {
        browser.open(at("/ui/token"));
        if (way.isOfWebUi) {
            browser.signIn("alice");
            // The sign-in of the web UI ends on its first page.
            browser.awaitUrl(at("/ui/"));
            browser.open(at("/ui/token"));
        } else {
            browser.click("#sign-in");
            browser.signIn("alice");
        }
        browser.awaitVisible(result);
    }

    /** For the documentation, where it is wanted. */
    private void picture(String name) {
        if (way == Way.WEB_UI_483) {
            Pictures.ofPage(browser, name);
        }
    }
}
