// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;
import static io.nativejwt.storage.StorageSite.BOBS;
import static io.nativejwt.storage.StorageSite.FORBIDDEN;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What storage credentials are for: files are read and written as the user, and S3 decides. */
@ExtendWith(StorageSite.Shared.class)
final class TwoUsersTest {
    private static final int STATEMENTS = 40;

    private final StorageSite site;

    TwoUsersTest(StorageSite site) {
        this.site = site;
    }

    @Test
    void storeDecidesWhatEachUserReadsAndWrites() throws SQLException {
        Login alice = site.login("alice");
        Login bob = site.login("bob");

        assertThat(alice.run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);
        assertThat(bob.run(BOBS.formatted("lake"))).containsExactly("bob");
        assertThat(bob.failure(ALICES.formatted("lake"))).contains(FORBIDDEN);
        assertThat(alice.failure(BOBS.formatted("lake"))).contains(FORBIDDEN);

        alice.run("CREATE TABLE lake.alice.written AS SELECT 1 AS id");
        alice.run("INSERT INTO lake.alice.written SELECT orderkey FROM tpch.tiny.orders");
        alice.run("UPDATE lake.alice.written SET id = 2 WHERE id = 1");
        assertThat(alice.run("SELECT count(*) FROM lake.alice.written")).containsExactly("15001");
        assertThat(bob.failure("INSERT INTO lake.alice.written VALUES 3")).contains(FORBIDDEN);
        assertThat(bob.failure("DELETE FROM lake.alice.written")).contains(FORBIDDEN);
        assertThat(bob.failure("CREATE TABLE lake.alice.foreign_table AS SELECT 1 AS id"))
                .contains(FORBIDDEN);
        assertThat(alice.run("SELECT count(*) FROM lake.alice.written")).containsExactly("15001");
    }

    /** Reading is the worker's, so the credentials got there. */
    @Test
    void workerReadsAsTheUser() throws SQLException {
        Login alice = site.login("alice").from("on-the-worker");
        alice.run(ALICES.formatted("lake"));
        assertThat(
                        alice.run(
                                "SELECT DISTINCT t.node_id FROM system.runtime.tasks t"
                                        + " JOIN system.runtime.queries q USING (query_id)"
                                        + " WHERE q.source = 'on-the-worker'"
                                        + " AND q.query LIKE 'SELECT name, amount%'"))
                .contains("worker");
    }

    /** Some of them at once: those who come while the first exchange goes on wait for it. */
    @Test
    void fortyStatementsOfTwoUsersAskStsTwice() throws Exception {
        Login alice = site.login("alice");
        Login bob = site.login("bob");
        int before = site.sts().sessions().size();

        long start = System.nanoTime();
        alice.run("SELECT 1");
        Duration first = Duration.ofNanos(System.nanoTime() - start);
        start = System.nanoTime();
        alice.run("SELECT 1");
        Duration second = Duration.ofNanos(System.nanoTime() - start);
        try (ExecutorService threads = Executors.newFixedThreadPool(10)) {
            List<Future<List<String>>> answers = new ArrayList<>();
            for (int i = 2; i < STATEMENTS; i++) {
                boolean isAlice = i < STATEMENTS / 2;
                answers.add(
                        threads.submit(
                                () ->
                                        isAlice
                                                ? alice.run(ALICES.formatted("lake"))
                                                : bob.run(BOBS.formatted("lake"))));
            }
            for (Future<List<String>> answer : answers) {
                assertThat(answer.get()).hasSize(1);
            }
        }
        List<String> sessions = site.sts().sessions();
        assertThat(sessions.subList(before, sessions.size()))
                .containsExactlyInAnyOrder("alice", "bob");
        System.out.printf(
                "Note: a first statement with the exchange took %d ms, the next one %d ms%n",
                first.toMillis(), second.toMillis());
    }

    @Test
    void clientCannotSendTheNamesOfTheCredentials() {
        String token = site.token("bob");
        for (String name : List.of("internal$s3_aws_access_key", "internal$s3_aws_secret_key")) {
            HttpResponse<String> answer =
                    Clients.post(
                            site.cluster().coordinator(),
                            "SELECT 1",
                            List.of(
                                    "Authorization",
                                    "Bearer " + token,
                                    "X-Trino-Extra-Credential",
                                    name + "=forged"));
            assertThat(answer.statusCode()).as(name).isEqualTo(400);
            assertThat(answer.body()).contains("Invalid extra credential name: " + name);
        }
    }
}
