// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.people;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Workspace;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A Chromium with one page, steered by {@code tests/login/browser/driver.mjs}. */
final class Browser implements AutoCloseable {
    private final Process driver;
    private final Thread shutdownHook;
    private final Writer requests;
    private final BufferedReader answers;

    /**
     * @param certificates the servers that it trusts, and no others
     */
    Browser(Path folder, List<Path> certificates) {
        List<String> command = new ArrayList<>();
        command.add("node");
        command.add(Workspace.source("tests/login/browser/driver.mjs").toString());
        command.add(folder.resolve("profile").toString());
        certificates.forEach(certificate -> command.add(certificate.toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(folder.resolve("driver.log").toFile());
        builder.environment()
                .put("NODE_PACKAGES", Workspace.fetchedForTests("node-packages").toString());
        builder.environment().put("CHROMIUM", Workspace.fetchedForTests("chromium").toString());
        try {
            driver = builder.start();
            shutdownHook = new Thread(() -> Processes.stop(driver));
            Runtime.getRuntime().addShutdownHook(shutdownHook);
            requests = driver.outputWriter(UTF_8);
            answers = new BufferedReader(new InputStreamReader(driver.getInputStream(), UTF_8));
            if (!"ready".equals(answers.readLine())) {
                close();
                throw new IllegalStateException(
                        "Chromium did not start: " + folder.resolve("driver.log"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Somebody new: no cookie, no storage, no permission. */
    Browser fresh() {
        ask("fresh");
        return this;
    }

    void open(URI page) {
        ask("open", page.toString());
    }

    void reload() {
        ask("reload");
    }

    /** Fills in Keycloak's form of names and passwords. */
    void signIn(String user) {
        ask("signIn", user, user + "-password-for-tests");
    }

    /** Consents to what Keycloak asks. */
    void consent() {
        ask("consent");
    }

    void click(String selector) {
        ask("click", selector);
    }

    void press(String key) {
        ask("press", key);
    }

    URI url() {
        return URI.create(ask("url"));
    }

    String title() {
        return ask("title");
    }

    /** Waits until the page's address begins so. */
    void awaitUrl(Object start) {
        ask("awaitUrl", start.toString());
    }

    void awaitVisible(String selector) {
        ask("awaitVisible", selector);
    }

    boolean visible(String selector) {
        return Boolean.parseBoolean(ask("visible", selector));
    }

    /** What stands there, the value of a field. */
    String text(String selector) {
        return ask("text", selector);
    }

    String attribute(String selector, String name) {
        return ask("attribute", selector, name);
    }

    /** The {@code id} of the element that has the keyboard. */
    String focused() {
        return ask("focused");
    }

    String evaluate(String script) {
        return ask("evaluate", script);
    }

    void permit(String permission) {
        ask("permit", permission);
    }

    void width(int pixels) {
        ask("width", Integer.toString(pixels));
    }

    /**
     * @param scheme {@code light} or {@code dark}
     */
    void scheme(String scheme) {
        ask("scheme", scheme);
    }

    /**
     * One a line, of all servers: server, path, name, who can read it, and whether it has a token.
     */
    List<String> cookies() {
        return ask("cookies").lines().toList();
    }

    /**
     * Errors and warnings of the console, among them what the page's policy refused: the page's
     * address and what was said, one a line.
     */
    List<String> complaints() {
        return ask("complaints").lines().toList();
    }

    /** What axe-core objects to. */
    List<String> barriers() {
        return ask("axe").lines().toList();
    }

    void screenshot(Path file) {
        ask("screenshot", file.toString());
    }

    private String ask(String... words) {
        try {
            requests.write(
                    Stream.of(words)
                            .map(word -> URLEncoder.encode(word, UTF_8))
                            .collect(joining(" ", "", "\n")));
            requests.flush();
            String answer = answers.readLine();
            if (answer == null) {
                throw new IllegalStateException("The driver of Chromium ended");
            }
            String value = URLDecoder.decode(answer.substring(answer.indexOf(' ') + 1), UTF_8);
            if (!answer.startsWith("ok ")) {
                throw new AssertionError("In Chromium: " + value);
            }
            return value;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        Processes.stop(driver);
        Runtime.getRuntime().removeShutdownHook(shutdownHook);
    }
}
