// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the coordinator would make of a request's headers; a test at a coordinator does the same.
 */
final class SessionHeadersTest {
    private static final SessionHeaders TRINO = new SessionHeaders(null);
    private static final SessionHeaders PRESTO = new SessionHeaders(" Presto ");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "token=x",
                " token = x",
                "TOKEN=x",
                "a=b,token=x",
                "a=b, ,\tToken\t=",
                "token",
                "token=a=b",
                "\u00a0token\u00a0=x",
                "\u0085token=x",
                "\u0000token=x",
            })
    void reservedCredentialIsSeen(String line) {
        assertThat(contains(TRINO, "X-Trino-Extra-Credential", "a=b", line)).isTrue();
        assertThat(contains(PRESTO, "x-presto-extra-credential", line)).isTrue();
        assertThat(contains(TRINO, "X-Presto-Extra-Credential", line)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a=token", "tokens=x", "to ken=x", "a=b,c=token", "=token"})
    void otherCredentialsAreTheClients(String line) {
        assertThat(contains(TRINO, "X-Trino-Extra-Credential", line)).isFalse();
    }

    @Test
    void anotherUserIsAskedForByAnyOfTheHeaders() {
        for (String header : List.of("X-Trino-User", "X-Trino-Original-User", "X-Presto-User")) {
            assertThat(asksForAnother(header, "bob")).as(header).isTrue();
            assertThat(asksForAnother(header, "alice", " bob ")).as(header).isTrue();
            assertThat(asksForAnother(header, " alice ")).as(header).isFalse();
            assertThat(asksForAnother(header, " ")).as(header).isFalse();
        }
        assertThat(asksForAnother("X-Other-User", "bob")).isFalse();
    }

    private static boolean contains(SessionHeaders headers, String name, String... lines) {
        return headers.containCredential(Set.of("jwt", "token"), request(name, lines)::get);
    }

    private static boolean asksForAnother(String name, String... lines) {
        return !PRESTO.othersThan("alice", request(name, lines)::get).isEmpty();
    }

    private static Map<String, List<String>> request(String name, String... lines) {
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        headers.put(name, List.of(lines));
        return headers;
    }
}
