// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.ffi.Host;
import io.nativejwt.ffi.Verdict;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import javax.crypto.SecretKey;
import javax.management.JMException;
import javax.management.MBeanInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.ReflectionException;

/** The MBeans of an authenticator, with the released library. */
final class AuthenticatorBeansTest {
    private static final MBeanServer SERVER = ManagementFactory.getPlatformMBeanServer();
    private static final SecretKey KEY = Keys.hmac(32);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir static Path folder;

    private static TokenAuthenticator open() throws IOException {
        Path key =
                Files.writeString(
                        folder.resolve("key"),
                        Base64.getEncoder().encodeToString(KEY.getEncoded()));
        return TokenAuthenticator.open(
                Map.of("http-server.authentication.jwt.key-file", key.toString()),
                "test",
                null,
                Host.SERVER_LAUNCHER);
    }

    private static Verdict authenticate(TokenAuthenticator authenticator, String... values) {
        return authenticator.authenticate("", (request, name) -> List.of(values));
    }

    private static Object attribute(String bean, String attribute) {
        try {
            return SERVER.getAttribute(new ObjectName("io.nativejwt:" + bean), attribute);
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void requestsAreCountedAlsoThoseThatJavaRejects() throws Exception {
        TokenAuthenticator authenticator = open();
        // Others may have been opened before in this JVM.
        ObjectName requests =
                SERVER.queryNames(new ObjectName("io.nativejwt:name=Requests*"), null).stream()
                        .max((one, other) -> one.toString().compareTo(other.toString()))
                        .orElseThrow();
        String suffix = requests.getKeyProperty("name").substring("Requests".length());
        String token = "Bearer " + Token.of("alice").sign("HS256", KEY);
        for (int i = 0; i < 3; i++) {
            assertThat(authenticate(authenticator, token)).isInstanceOf(Verdict.Accepted.class);
        }
        authenticate(authenticator, token, token);
        authenticate(authenticator);
        Poll.until(
                "the counters",
                LIMIT,
                () -> attribute("name=Requests" + suffix, "Accepted").equals(3L));
        assertThat(attribute("name=Requests" + suffix, "Rejected")).isEqualTo(1L);
        assertThat(attribute("name=Requests" + suffix, "WithoutToken")).isEqualTo(1L);
        assertThat(attribute("name=Rejections" + suffix, "SEVERAL_AUTHORIZATION_HEADERS"))
                .isEqualTo(1L);
        assertThat(attribute("name=TokenCache" + suffix, "Hits")).isEqualTo(2L);
        assertThat((Double) attribute("name=TokenCache" + suffix, "Bytes")).isPositive();
        assertThat(attribute("type=Issuer,name=default" + suffix, "Verified")).isEqualTo(1L);
        MBeanInfo info = SERVER.getMBeanInfo(requests);
        assertThat(info.getAttributes())
                .hasSize(3)
                .allSatisfy(one -> assertThat(one.getDescription()).startsWith("Requests that"))
                .allSatisfy(one -> assertThat(one.getType()).isEqualTo("java.lang.Long"));
        assertThat(authenticator.metrics().openMetrics())
                .contains("nativejwt_requests_total{outcome=\"accepted\"} 3\n");
    }

    @Test
    void beansOfASecondAuthenticatorHaveNamesOfTheirOwnAndGoWithIt() throws Exception {
        TokenAuthenticator first = open();
        ObjectName all = new ObjectName("io.nativejwt:name=Requests*");
        int one = SERVER.queryNames(all, null).size();
        TokenAuthenticator second = open();
        assertThat(SERVER.queryNames(all, null)).hasSize(one + 1);
        assertThat(authenticate(second)).isInstanceOf(Verdict.Rejected.class);
        second = null;
        Poll.until(
                "the beans of an authenticator that nobody uses to go",
                LIMIT,
                () -> {
                    System.gc();
                    return names(all) <= one;
                });
        assertThat(authenticate(first)).isInstanceOf(Verdict.Rejected.class);
    }

    /** The beans of a kind; other authenticators of this JVM have some as well. */
    private static Set<ObjectName> beans(String kind) throws JMException {
        return SERVER.queryNames(new ObjectName("io.nativejwt:name=" + kind + "*"), null);
    }

    /** The bean that was not there before. */
    private static ObjectName added(String kind, Set<ObjectName> before) throws JMException {
        Set<ObjectName> after = new HashSet<>(beans(kind));
        after.removeAll(before);
        return after.iterator().next();
    }

    @Test
    void lastRejectionsAreOneTextWithoutTheUser() throws Exception {
        Set<ObjectName> before = beans("RecentRejections");
        TokenAuthenticator authenticator = open();
        String token = Token.of("alice").expiringAt(Instant.EPOCH).sign("HS256", KEY);
        authenticate(authenticator, "Bearer " + token);
        authenticate(authenticator, "Bearer " + token);
        String text = (String) SERVER.getAttribute(added("RecentRejections", before), "Text");
        assertThat(text)
                .contains("\"reason\":\"TOKEN_EXPIRED\"", "\"count\":2", "\"trace\":\"")
                .doesNotContain("alice", token);
        assertThat(authenticate(authenticator)).isInstanceOf(Verdict.Rejected.class);
    }

    @Test
    void operationsHaveALimit() throws Exception {
        Set<ObjectName> before = beans("Control");
        TokenAuthenticator authenticator = open();
        String token = "Bearer " + Token.of("alice").sign("HS256", KEY);
        authenticate(authenticator, token);
        ObjectName control = added("Control", before);
        SERVER.invoke(control, "flushTokenCache", null, null);
        SERVER.invoke(control, "refreshKeys", null, null);
        assertThat(authenticator.metrics().openMetrics()).contains("nativejwt_cache_tokens 0\n");
        for (String operation : List.of("flushTokenCache", "refreshKeys")) {
            assertThatThrownBy(() -> SERVER.invoke(control, operation, null, null))
                    .hasRootCauseInstanceOf(IllegalStateException.class)
                    .hasStackTraceContaining("less than ten seconds ago");
        }
        assertThatThrownBy(() -> SERVER.invoke(control, "revoke", null, null))
                .isInstanceOf(ReflectionException.class);
        assertThat(authenticate(authenticator, token)).isInstanceOf(Verdict.Accepted.class);
    }

    private static int names(ObjectName pattern) {
        return SERVER.queryNames(pattern, null).size();
    }
}
