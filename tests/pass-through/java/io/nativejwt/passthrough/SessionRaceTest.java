// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import static io.nativejwt.passthrough.PassThroughSite.SECRET;
import static io.nativejwt.passthrough.PassThroughSite.SECRET_ROW;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Trap 4: sessions without timeout are still kept by Iceberg for a moment, so two requests of one
 * user and source at the same moment may share one.
 */
@ExtendWith(PassThroughSite.Shared.class)
final class SessionRaceTest {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final int ROUNDS = 40;

    private final PassThroughSite site;

    SessionRaceTest(PassThroughSite site) {
        this.site = site;
    }

    /** The limit that docs/pass-through.md tells of, in the class that the connector uses. */
    @Test
    void sessionsWithoutTimeoutCanBeSharedAtTheSameMoment() throws Exception {
        Path plugin = site.plugin("iceberg");
        try (URLClassLoader loader =
                new URLClassLoader(jars(plugin), ClassLoader.getPlatformClassLoader())) {
            Class<?> session = loader.loadClass("org.apache.iceberg.rest.auth.AuthSession");
            Class<?> type = loader.loadClass("org.apache.iceberg.rest.auth.AuthSessionCache");
            AtomicLong requests = new AtomicLong();
            AtomicLong shared = new AtomicLong();
            Object made =
                    type.getConstructor(String.class, Duration.class)
                            .newInstance("race", Duration.ZERO);
            Method cachedSession = type.getMethod("cachedSession", String.class, Function.class);
            Callable<Void> client =
                    () -> {
                        long end = System.nanoTime() + LIMIT.toNanos();
                        while (shared.get() == 0 && System.nanoTime() < end) {
                            Object own = sessionOf(session, loader);
                            Function<String, Object> load = key -> own;
                            if (cachedSession.invoke(made, "alice-cli", load) != own) {
                                shared.incrementAndGet();
                            }
                            requests.incrementAndGet();
                        }
                        return null;
                    };
            try (ExecutorService clients = Executors.newFixedThreadPool(2)) {
                Future<Void> one = clients.submit(client);
                Future<Void> other = clients.submit(client);
                one.get();
                other.get();
            } finally {
                ((AutoCloseable) made).close();
            }
            System.out.printf(
                    "%d of %d requests to Iceberg's cache got another's session%n",
                    shared.get(), requests.get());
            assertThat(shared.get()).isPositive();
        }
    }

    /**
     * Through the coordinator: never seen. Alice reads while bob asks in her name without token.
     */
    @Test
    void clientWithoutTokenIsNotServedWhileTheUserWorks() throws Exception {
        String query = SECRET.formatted("lake");
        Login alice = site.careful().login(site.token("alice")).from("race");
        Login bobAsAlice = site.careful().login(site.token("bob")).as("alice").from("race");
        AtomicLong served = new AtomicLong();
        try (ExecutorService clients = Executors.newFixedThreadPool(2)) {
            Future<?> reading =
                    clients.submit(
                            () -> {
                                for (int i = 0; i < ROUNDS; i++) {
                                    assertThat(alice.run(query)).containsExactly(SECRET_ROW);
                                }
                                return null;
                            });
            Future<?> asking =
                    clients.submit(
                            () -> {
                                while (!reading.isDone()) {
                                    if (succeeds(bobAsAlice, query)) {
                                        served.incrementAndGet();
                                    }
                                }
                            });
            reading.get();
            asking.get();
        }
        assertThat(served.get()).isZero();
    }

    private static boolean succeeds(Login login, String sql) {
        try {
            login.run(sql);
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    /** One that is like no other. */
    private static Object sessionOf(Class<?> type, ClassLoader loader) {
        return Proxy.newProxyInstance(
                loader,
                new Class<?>[] {type},
                (self, method, arguments) ->
                        switch (method.getName()) {
                            case "equals" -> self == arguments[0];
                            case "hashCode" -> System.identityHashCode(self);
                            case "toString" -> "session";
                            default -> null;
                        });
    }

    private static URL[] jars(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .map(SessionRaceTest::url)
                    .toArray(URL[]::new);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static URL url(Path file) {
        try {
            return file.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
