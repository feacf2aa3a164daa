// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.testing.InstalledPlugin;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;
import io.trino.spi.security.AccessDeniedException;
import io.trino.spi.security.HeaderAuthenticator;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** In shadow mode the plugin counts, and the next authenticator answers whatever happens here. */
final class ShadowPluginTest {
    private static final Path PANICS = Path.of("build/test/provoke-panic", InstalledPlugin.LIBRARY);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final KeyPair KEYS = Keys.rsa();

    private final MBeanServer beans = ManagementFactory.getPlatformMBeanServer();

    @TempDir Path folder;

    @Test
    void everyRequestGoesToTheNextAuthenticatorAndIsCounted() throws Exception {
        Set<ObjectName> before = shadowBeans();
        HeaderAuthenticator shadow = open(InstalledPlugin.release(), Map.of());
        String good = Token.of("alice").sign("RS256", KEYS.getPrivate());
        String expired =
                Token.of("alice")
                        .expiringAt(Instant.now().minusSeconds(60))
                        .sign("RS256", KEYS.getPrivate());
        for (HeaderAuthenticator.Headers headers :
                List.of(
                        InstalledPlugin.bearer(good),
                        InstalledPlugin.bearer(expired),
                        InstalledPlugin.bearer("garbage"),
                        InstalledPlugin.authorization("Basic YTpi"),
                        name -> null,
                        name -> List.of("Bearer " + good, "Bearer " + expired))) {
            assertLeftToTheNext(shadow, headers);
        }
        ObjectName bean = added(before);
        Poll.until("six requests", LIMIT, () -> value(bean, "Requests") == 6);
        assertThat(value(bean, "Compared")).isZero();
        assertThat(value(bean, "Unexplained")).isZero();
        assertThat(value(bean, "Skipped")).isZero();
    }

    @Test
    void aPanicAndAHangInNativeCodeReachNoAnswer() throws Exception {
        Set<ObjectName> before = shadowBeans();
        HeaderAuthenticator shadow =
                open(
                        InstalledPlugin.in(
                                InstalledPlugin.folderWith(folder.resolve("plugin"), PANICS)),
                        Map.of());
        for (int i = 0; i < 3; i++) {
            assertLeftToTheNext(shadow, InstalledPlugin.bearer("provoke-panic"));
        }
        ObjectName bean = added(before);
        Poll.until("the panics are counted", LIMIT, () -> value(bean, "Requests") == 3);
        ObjectName library = new ObjectName(bean.toString().replace("name=Shadow", "name=Library"));
        assertThat(value(library, "Defects")).isEqualTo(3);
        // Two threads hang, a thousand requests wait, and the others are skipped.
        long begin = System.nanoTime();
        for (int i = 0; i < 1010; i++) {
            assertLeftToTheNext(shadow, InstalledPlugin.bearer("provoke-hang"));
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(LIMIT);
        Poll.until("the others are counted", LIMIT, () -> value(bean, "Skipped") == 8);
        assertThat(value(bean, "Requests")).isEqualTo(3);
    }

    @Test
    void propertiesThatChangeAnAnswerAreErrors() {
        assertThatThrownBy(
                        () ->
                                open(
                                        InstalledPlugin.release(),
                                        Map.of("pass-through.credential-name", "token")))
                .hasMessageContaining("credential-name cannot be used in shadow mode");
        assertThatThrownBy(() -> open(InstalledPlugin.release(), Map.of("max-token-size", "1")))
                .hasMessageContaining("max-token-size");
    }

    private HeaderAuthenticator open(InstalledPlugin plugin, Map<String, String> more)
            throws Exception {
        Path keyFile =
                Files.writeString(
                        Files.createTempFile(folder, "key", ".pem"), Keys.publicPem(KEYS));
        Map<String, String> properties = new HashMap<>(more);
        properties.put("key-file", keyFile.toString());
        properties.put("shadow", "true");
        return plugin.create(properties);
    }

    private static void assertLeftToTheNext(
            HeaderAuthenticator authenticator, HeaderAuthenticator.Headers headers) {
        assertThatThrownBy(() -> authenticator.createAuthenticatedPrincipal(headers))
                .isInstanceOf(AccessDeniedException.class)
                .satisfies(thrown -> assertThat(thrown.getMessage()).isNull())
                .satisfies(thrown -> assertThat(thrown.getStackTrace()).isEmpty());
    }

    private Set<ObjectName> shadowBeans() throws JMException {
        return beans.queryNames(new ObjectName("io.nativejwt:name=Shadow*"), null);
    }

    /** Authenticators of other tests have beans as well. */
    private ObjectName added(Set<ObjectName> before) throws JMException {
        Set<ObjectName> now = new java.util.HashSet<>(shadowBeans());
        now.removeAll(before);
        assertThat(now).hasSize(1);
        return now.iterator().next();
    }

    private long value(ObjectName bean, String attribute) {
        try {
            return ((Number) beans.getAttribute(bean, attribute)).longValue();
        } catch (JMException e) {
            throw new AssertionError(e);
        }
    }
}
