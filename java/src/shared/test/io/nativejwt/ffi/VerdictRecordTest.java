// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.logging.Level;

/** The layout, written here by hand a second time: a change on one side only must not go unseen. */
final class VerdictRecordTest {
    private final ByteBuffer bytes =
            ByteBuffer.allocateDirect(VerdictRecord.CAPACITY).order(ByteOrder.nativeOrder());
    private final VerdictRecord record = new VerdictRecord(MemorySegment.ofBuffer(bytes));
    private int end = 88;

    private static final long ROOM = 4000;
    private static final Verdict.Accepted ALICE =
            new Verdict.Accepted("a", "alice", Set.of(), Map.of());

    @Test
    void acceptedRecord() {
        put(16, "alice@example.com");
        put(24, "alicé");
        assertThat(record.code()).isZero();
        assertThat(record.principal()).isEqualTo("alice@example.com");
        assertThat(record.user("alice@example.com")).isEqualTo("alicé");
        assertThat(record.message()).isEmpty();
        assertThat(record.reason()).isEmpty();
    }

    @Test
    void groups() {
        assertThat(record.groups()).isEmpty();
        int begin = end;
        for (String group : List.of("etl", "", "größe\0,x")) {
            byte[] encoded = group.getBytes(UTF_8);
            bytes.putInt(end, encoded.length).put(end + 4, encoded);
            end += 4 + encoded.length;
        }
        bytes.putInt(48, begin).putInt(52, end - begin);
        assertThat(record.groups()).containsExactlyInAnyOrder("etl", "", "größe\0,x");
        for (int cutOff = 1; cutOff < end - begin; cutOff++) {
            bytes.putInt(52, cutOff);
            if (cutOff != 7 && cutOff != 11) {
                assertThatThrownBy(record::groups).hasMessageContaining("record is invalid");
            }
        }
        bytes.putInt(48, 0).putInt(52, 8);
        assertThatThrownBy(record::groups).hasMessageContaining("record is invalid");
        bytes.putInt(48, VerdictRecord.CAPACITY - 2).putInt(52, 8);
        assertThatThrownBy(record::groups).hasMessageContaining("record is invalid");
    }

    @Test
    void tokenIsAPartOfTheHeader() {
        assertThatThrownBy(() -> record.token("Bearer a.b.c"))
                .hasMessageContaining("gave no position of the token");
        bytes.putInt(56, 7).putInt(60, 5);
        assertThat(record.token("Bearer a.b.c ")).isEqualTo("a.b.c");
    }

    @Test
    void placeInTheCache() {
        assertThat(record.isKept()).isFalse();
        bytes.putInt(4, 1).putInt(64, 4711).putLong(72, 1L << 40);
        assertThat(record.isKept()).isTrue();
        assertThat(record.isWithoutTexts()).isFalse();
        assertThat(record.cacheSlot()).isEqualTo(4711);
        assertThat(record.cacheGeneration()).isEqualTo(1L << 40);
        bytes.putInt(4, 3);
        assertThat(record.isWithoutTexts()).isTrue();
    }

    @Test
    void identityIsKnownByItsPlaceAndGeneration() {
        KnownIdentities known = new KnownIdentities(10);
        Verdict.Accepted alice = ALICE;
        bytes.putInt(64, 3).putInt(68, 400).putLong(72, 17);
        assertThat(known.find(record)).isNull();
        known.remember(record, alice, ROOM);
        assertThat(known.find(record)).isSameAs(alice);
        bytes.putLong(72, 18);
        assertThat(known.find(record)).describedAs("another token's now").isNull();
        bytes.putLong(72, 17);
        for (int slot : new int[] {-1, 10, Integer.MAX_VALUE}) {
            bytes.putInt(64, slot);
            known.remember(record, alice, ROOM);
            assertThat(known.find(record)).isNull();
        }
        assertThat(known.bytes()).isEqualTo(400);
    }

    @Test
    void identitiesTakeNoMoreThanTheirRoom() {
        KnownIdentities known = new KnownIdentities(10);
        for (int token = 0; token < 100; token++) {
            bytes.putInt(64, token % 7).putInt(68, 100 + token).putLong(72, token);
            known.remember(record, ALICE, 500);
            assertThat(known.bytes()).isBetween(100L, 500L);
            assertThat(known.find(record)).as("the latest").isSameAs(ALICE);
        }
        known.remember(record, ALICE, 50);
        assertThat(known.find(record)).as("there is room for nothing more").isSameAs(ALICE);
        bytes.putInt(64, 8).putInt(68, -1);
        known.remember(record, ALICE, 500);
        assertThat(known.find(record)).as("larger than can be told").isNull();
        known.forgetAll();
        assertThat(known.bytes()).isZero();
    }

    @Test
    void identitiesAreCountedByManyThreadsAtOnce() throws Exception {
        KnownIdentities known = new KnownIdentities(64);
        int threads = 4;
        int most = 400;
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Callable<Long>> work = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int seed = thread;
                work.add(() -> rememberAtRandom(known, new SplittableRandom(seed), most));
            }
            for (Future<Long> seen : pool.invokeAll(work)) {
                // Of each thread one that it is about to put in.
                assertThat(seen.get()).isLessThanOrEqualTo(ROOM + threads * most);
            }
        }
        assertThat(known.bytes()).isBetween(1L, ROOM + threads * most);
        known.forgetAll();
        assertThat(known.bytes()).as("each was counted once").isZero();
    }

    private static long rememberAtRandom(KnownIdentities known, SplittableRandom random, int most) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(88).order(ByteOrder.nativeOrder());
        VerdictRecord record = new VerdictRecord(MemorySegment.ofBuffer(bytes));
        long seen = 0;
        for (int token = 0; token < 100_000; token++) {
            bytes.putInt(64, random.nextInt(64)).putInt(68, random.nextInt(1, most + 1));
            known.remember(record, ALICE, ROOM);
            seen = Math.max(seen, known.bytes());
        }
        return seen;
    }

    @Test
    void storageCredentialsAreTakenOutOfTheRecord() {
        assertThat(record.takeStorageCredentials())
                .as("without credentials the session gets keys that no store knows")
                .isEqualTo(StorageCredentials.PLACEHOLDERS)
                .containsEntry("internal$s3_aws_access_key", "nativejwt-none")
                .containsKeys("internal$s3_aws_secret_key", "internal$s3_aws_session_token");
        int begin = end;
        for (String text : List.of("ASIA", "secret-for-tests", "session-for-tests")) {
            byte[] encoded = text.getBytes(UTF_8);
            bytes.putInt(end, encoded.length).put(end + 4, encoded);
            end += 4 + encoded.length;
        }
        bytes.putInt(80, begin).putInt(84, end - begin);
        assertThat(record.takeStorageCredentials())
                .isEqualTo(
                        Map.of(
                                "internal$s3_aws_access_key", "ASIA",
                                "internal$s3_aws_secret_key", "secret-for-tests",
                                "internal$s3_aws_session_token", "session-for-tests"));
        for (int index = begin; index < end; index++) {
            assertThat(bytes.get(index)).as("byte %d", index).isZero();
        }
        bytes.putInt(begin, 0).putInt(84, 4);
        assertThatThrownBy(record::takeStorageCredentials)
                .hasMessageContaining("record is invalid");
    }

    @Test
    void sessionOfAnotherUserGetsNothingOfTheCaller() {
        Verdict.Accepted own =
                ALICE.withExtraCredentials(Map.of("a", "b"), StorageCredentials.PLACEHOLDERS);
        assertThat(own.extraCredentials()).isEqualTo(Map.of("a", "b"));
        assertThat(own.forAnotherUser().extraCredentials())
                .isEqualTo(StorageCredentials.PLACEHOLDERS);
        assertThat(ALICE.forAnotherUser().extraCredentials()).isEmpty();
    }

    @Test
    void rejectedRecord() {
        bytes.putInt(0, 403);
        put(32, "JWT expired");
        put(40, "TOKEN_EXPIRED");
        assertThat(record.code()).isEqualTo(403);
        assertThat(record.message()).isEqualTo("JWT expired");
        assertThat(record.reason()).isEqualTo("TOKEN_EXPIRED");
    }

    @Test
    void rejectionIsMadeOnceForTheSameMessage() {
        KnownRejections known = new KnownRejections();
        bytes.putInt(0, 403);
        put(40, "TOKEN_EXPIRED");
        put(32, "expired at ten");
        Verdict.Rejected atTen = known.of(record);
        assertThat(atTen).isEqualTo(new Verdict.Rejected(403, "TOKEN_EXPIRED", "expired at ten"));
        assertThat(known.of(record)).isSameAs(atTen);
        put(32, "expired at ten sharp");
        assertThat(known.of(record).message()).isEqualTo("expired at ten sharp");
        put(32, "größer");
        assertThat(known.of(record).message()).isEqualTo("größer");
        bytes.putInt(32, 0).putInt(36, 0);
        assertThat(known.of(record).message()).isEmpty();
        bytes.putInt(0, 100_000);
        assertThat(known.of(record).code()).isEqualTo(100_000);
        bytes.putInt(0, -1);
        assertThat(known.of(record).code()).isEqualTo(-1);
        bytes.putInt(0, 403).putInt(32, VerdictRecord.CAPACITY - 1).putInt(36, 2);
        assertThatThrownBy(() -> known.of(record)).hasMessageContaining("record is invalid");
    }

    @Test
    void unmappedPrincipalIsOneString() {
        put(16, "alice");
        bytes.putLong(24, bytes.getLong(16));
        String principal = record.principal();
        assertThat(record.user(principal)).isSameAs(principal);
    }

    @Test
    void textOutsideTheRecordIsNeverRead() {
        for (int[] field :
                new int[][] {
                    {88, VerdictRecord.CAPACITY},
                    {VerdictRecord.CAPACITY, 1},
                    {-1, 8},
                    {88, -1},
                    {0, 8},
                    {80, 8},
                    {Integer.MAX_VALUE, Integer.MAX_VALUE}
                }) {
            bytes.putInt(32, field[0]).putInt(36, field[1]);
            assertThatThrownBy(record::message)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("record is invalid");
        }
    }

    @Test
    void eventLevels() {
        assertThat(Event.parse("ERROR\ta\tb")).isEqualTo(new Event(Level.SEVERE, "a\tb"));
        assertThat(Event.parse("WARN\ta")).isEqualTo(new Event(Level.WARNING, "a"));
        assertThat(Event.parse("INFO\ta")).isEqualTo(new Event(Level.INFO, "a"));
        assertThat(Event.parse("DEBUG\ta")).isEqualTo(new Event(Level.FINE, "a"));
        assertThat(Event.parse("no level")).isEqualTo(new Event(Level.WARNING, "no level"));
    }

    private void put(int field, String text) {
        byte[] encoded = text.getBytes(UTF_8);
        bytes.putInt(field, end).putInt(field + 4, encoded.length);
        bytes.put(end, encoded);
        end += encoded.length;
    }
}
