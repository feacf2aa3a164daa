// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.nativejwt.ffi.BuiltInVerdict;
import io.nativejwt.ffi.BuiltInVerdict.Outcome;
import io.trino.server.security.AuthenticationException;
import io.trino.spi.security.BasicPrincipal;
import io.trino.spi.security.Identity;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The answer is the built-in one: the same object, whatever the other side does. */
final class ShadowAuthenticatorTest {
    private static final Identity ALICE =
            Identity.forUser("alice").withPrincipal(new BasicPrincipal("alice@corp")).build();

    private final List<BuiltInVerdict> told = new ArrayList<>();

    /** Those that native-jwt could cause. */
    private final List<Consumer<BuiltInVerdict>> judges =
            List.of(
                    told::add,
                    verdict -> {
                        throw new IllegalStateException("ours");
                    },
                    verdict -> {
                        throw new StackOverflowError("ours");
                    },
                    verdict -> {
                        throw new OutOfMemoryError("ours");
                    });

    @Test
    void identityIsThatOfTheBuiltInAuthenticator() throws Exception {
        for (Consumer<BuiltInVerdict> judge : judges) {
            assertThat(ShadowAuthenticator.beside(() -> ALICE, judge)).isSameAs(ALICE);
        }
        BuiltInVerdict verdict = told.getFirst();
        assertThat(verdict.outcome()).isEqualTo(Outcome.ACCEPTED);
        assertThat(List.of(verdict.user(), verdict.principal()))
                .containsExactly("alice", "alice@corp");
        assertThat(verdict.nowMillis())
                .isBetween(System.currentTimeMillis() - 60_000, System.currentTimeMillis());
    }

    @Test
    void everyExceptionIsThatOfTheBuiltInAuthenticator() {
        assertThrown(
                new AuthenticationException("JWT expired", "Bearer realm=\"Trino\""),
                Outcome.REJECTED);
        assertThat(told.getLast().message()).isEqualTo("JWT expired");
        assertThrown(new AuthenticationException(null), Outcome.REJECTED);
        assertThat(told.getLast().message()).isEmpty();
        assertThrown(new IllegalArgumentException("Multiple headers"), Outcome.FAILED);
        assertThrown(new StackOverflowError(), Outcome.OVERFLOWED);
        assertThrown(new RuntimeException("error", new StackOverflowError()), Outcome.OVERFLOWED);
        assertThat(told.getLast().toString()).doesNotContain("error");
    }

    private void assertThrown(Throwable failure, Outcome outcome) {
        for (Consumer<BuiltInVerdict> judge : judges) {
            assertThat(
                            catchThrowable(
                                    () ->
                                            ShadowAuthenticator.beside(
                                                    () -> {
                                                        throw failure(failure);
                                                    },
                                                    judge)))
                    .isSameAs(failure);
        }
        assertThat(told.getLast().outcome()).isEqualTo(outcome);
    }

    private static AuthenticationException failure(Throwable failure) {
        return switch (failure) {
            case RuntimeException exception -> throw exception;
            case Error error -> throw error;
            default -> (AuthenticationException) failure;
        };
    }
}
