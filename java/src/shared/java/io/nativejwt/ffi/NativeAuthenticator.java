// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * An authenticator in native memory. It has no {@code close}: it is freed when nothing refers to
 * this object any more, so no thread can be in a call at that moment.
 */
public final class NativeAuthenticator {
    /** Room for the metrics of some fifty issuers, and for the last rejections. */
    private static final long TEXT_CAPACITY = 128 * 1024;

    /** Room for what a line says about a token: three names of 100 characters and a trace ID. */
    private static final long DESCRIPTION_CAPACITY = 2048;

    private final NativeHandle handle;
    private final KnownIdentities identities;
    private final KnownRejections rejections = new KnownRejections();

    /** Null where tokens are not passed through. */
    private final String credentialName;

    private final boolean givesStorageCredentials;

    private NativeAuthenticator(NativeHandle handle, ConfigurationSummary summary) {
        this.handle = handle;
        credentialName = summary.credentialName();
        givesStorageCredentials = summary.givesStorageCredentials();
        identities = new KnownIdentities(handle.cacheSlots());
    }

    /**
     * Reads the facts about a configuration that are needed before opening it.
     *
     * @param config the properties, without {@code header-authenticator.name}
     * @throws InvalidConfigurationException when they cannot be read at all; only {@link #open}
     *     reports most errors
     * @throws NativeLibraryUnavailableException when there is no usable library
     */
    public static ConfigurationSummary describe(Map<String, String> config) {
        NativeLibrary.instance().requireAvailable();
        try (Arena arena = Arena.ofConfined()) {
            VerdictRecord record = newRecord(arena);
            byte[] text = propertiesText(config).getBytes(UTF_8);
            MemorySegment configSegment = copyOf(arena, text);
            int code =
                    NativeMethods.describe(
                            configSegment.address(),
                            text.length,
                            record.segment().address(),
                            VerdictRecord.CAPACITY);
            wipe(configSegment);
            if (code != 0) {
                throw new InvalidConfigurationException("", errors(record));
            }
            return ConfigurationSummary.of(record);
        }
    }

    /**
     * @param config the properties, without {@code header-authenticator.name}
     * @param source the file that the properties came from, for the messages; empty when unknown
     * @param trusted the certificates that this JVM trusts, used where {@link
     *     ConfigurationSummary#usesJvmTrustStore}
     * @param host what the coordinator can do with the authenticator
     * @throws InvalidConfigurationException with all errors at once
     * @throws NativeLibraryUnavailableException when there is no usable library
     */
    public static NativeAuthenticator open(
            Map<String, String> config, String source, TrustedCertificates trusted, Host host) {
        ConfigurationSummary summary = describe(config);
        try (Arena arena = Arena.ofConfined()) {
            byte[] text = propertiesText(config).getBytes(UTF_8);
            byte[] path = source.getBytes(UTF_8);
            byte[] pem = trusted.pem().getBytes(US_ASCII);
            int flags =
                    host.flags()
                            + (trusted.alone() ? NativeMethods.OPEN_TRUSTED_CERTIFICATES_ALONE : 0);
            VerdictRecord record = newRecord(arena);
            MemorySegment configSegment = copyOf(arena, text);
            long handle =
                    NativeMethods.open(
                            configSegment.address(),
                            text.length,
                            copyOf(arena, path).address(),
                            path.length,
                            copyOf(arena, pem).address(),
                            pem.length,
                            flags,
                            record.segment().address(),
                            VerdictRecord.CAPACITY);
            wipe(configSegment);
            if (handle == 0) {
                throw new InvalidConfigurationException(source, errors(record));
            }
            return new NativeAuthenticator(new NativeHandle(handle), summary);
        }
    }

    private static VerdictRecord newRecord(Arena arena) {
        return new VerdictRecord(arena.allocate(VerdictRecord.CAPACITY, Long.BYTES));
    }

    /** The configuration may contain secrets, such as the password of a trust store. */
    private static void wipe(MemorySegment config) {
        config.fill((byte) 0);
    }

    private static List<String> errors(VerdictRecord record) {
        return record.message().lines().filter(line -> !line.isBlank()).toList();
    }

    /** The extra credential that passes the token to connectors; null for none. */
    public String credentialName() {
        return credentialName;
    }

    /**
     * Compares the token's times with the system's clock.
     *
     * @param header the value of the Authorization header, empty when there is none
     */
    public Verdict authenticate(String header) {
        return authenticate(header, 0, NativeMethods.NOW);
    }

    /** Whether the token that this thread had authenticated last was in the cache before. */
    public boolean wasLastTokenKnown() {
        return CallBuffers.ofThisThread().record().isKnown();
    }

    /**
     * What the log says about a token: issuer, key and algorithm as the token says, each in
     * quotation marks and without line breaks, and its trace ID. Empty without a token.
     *
     * @param header the value of the Authorization header
     */
    public String describeToken(String header) {
        CallBuffers buffers = CallBuffers.ofThisThread();
        MemorySegment segment = buffers.copyIn(header);
        try {
            return text(
                    DESCRIPTION_CAPACITY,
                    buffer ->
                            handle.describeToken(
                                    CallBuffers.headerAddress(segment),
                                    buffers.headerLength(),
                                    buffer));
        } finally {
            buffers.wipe(segment);
        }
    }

    /**
     * @param header the value of the Authorization header, empty when there is none
     * @param nowMillis the time with which the token's times are compared
     */
    public Verdict authenticate(String header, long nowMillis) {
        return authenticate(header, nowMillis, 0);
    }

    private Verdict authenticate(String header, long nowMillis, int flags) {
        CallBuffers buffers = CallBuffers.ofThisThread();
        MemorySegment segment = buffers.copyIn(header);
        try {
            int remembered = flags | NativeMethods.REMEMBERED;
            Verdict verdict = call(buffers, segment, header, nowMillis, remembered);
            // Null where the slot got another token between the answer and the look-up.
            return verdict == null ? call(buffers, segment, header, nowMillis, flags) : verdict;
        } finally {
            buffers.wipe(segment);
        }
    }

    /** Null for a token that the library has in its cache, but whose identity is not known here. */
    private Verdict call(
            CallBuffers buffers, MemorySegment segment, String header, long nowMillis, int flags) {
        VerdictRecord record = buffers.record();
        int code =
                handle.authenticate(
                        CallBuffers.headerAddress(segment),
                        buffers.headerLength(),
                        nowMillis,
                        flags,
                        record);
        requireCode(code, record);
        if (code != 0) {
            return rejections.of(record);
        }
        // Before anything else, so that they never stay in the record.
        Map<String, String> storage = takeStorageCredentials(record);
        Verdict.Accepted accepted = identity(record);
        return accepted == null || credentialName == null && !givesStorageCredentials
                ? accepted
                : withCredentials(accepted, record, header, storage);
    }

    /** Empty where sessions get none; placeholders where this one gets none. */
    private Map<String, String> takeStorageCredentials(VerdictRecord record) {
        return givesStorageCredentials ? record.takeStorageCredentials() : Map.of();
    }

    private Verdict.Accepted withCredentials(
            Verdict.Accepted accepted,
            VerdictRecord record,
            String header,
            Map<String, String> storage) {
        Map<String, String> token =
                credentialName == null ? Map.of() : Map.of(credentialName, record.token(header));
        if (!givesStorageCredentials) {
            return accepted.withExtraCredentials(token, Map.of());
        }
        Map<String, String> credentials = new HashMap<>(storage);
        credentials.putAll(token);
        return accepted.withExtraCredentials(credentials, StorageCredentials.PLACEHOLDERS);
    }

    /** Null for one that the library has in its cache, but that is not known here. */
    private Verdict.Accepted identity(VerdictRecord record) {
        if (record.isWithoutTexts()) {
            return identities.find(record);
        }
        String principal = record.principal();
        Verdict.Accepted accepted =
                new Verdict.Accepted(principal, record.user(principal), record.groups(), Map.of());
        if (record.isKept()) {
            identities.remember(record, accepted, handle.cacheRoom());
        }
        return accepted;
    }

    /**
     * When the token expires: {@code exp} of an accepted token. A verdict does not contain it,
     * since verdicts are remembered and few callers ask.
     *
     * @param header the value of the Authorization header
     */
    public Optional<Instant> expiration(String header) {
        CallBuffers buffers = CallBuffers.ofThisThread();
        MemorySegment segment = buffers.copyIn(header);
        try {
            VerdictRecord record = buffers.record();
            int code =
                    handle.authenticate(
                            CallBuffers.headerAddress(segment),
                            buffers.headerLength(),
                            0,
                            NativeMethods.NOW | NativeMethods.REMEMBERED,
                            record);
            requireCode(code, record);
            if (code == 0) {
                takeStorageCredentials(record);
            }
            long millis = record.expiresAtMillis();
            return code != 0 || millis == Long.MAX_VALUE
                    ? Optional.empty()
                    : Optional.of(Instant.ofEpochMilli(millis));
        } finally {
            buffers.wipe(segment);
        }
    }

    /**
     * Judges a request that the built-in authenticator has judged, and counts whether both agree.
     * May wait for keys, so no answer to a client may wait for it.
     *
     * @param header the value of the Authorization header, empty when there is none or several
     * @return the difference; empty where both agree
     */
    public Optional<ShadowDifference> judgeShadow(
            String header, boolean hasSeveralHeaders, BuiltInVerdict builtIn) {
        CallBuffers buffers = CallBuffers.ofThisThread();
        MemorySegment segment = buffers.copyIn(header);
        try (Arena arena = Arena.ofConfined()) {
            VerdictRecord record = buffers.record();
            int code =
                    handle.judgeShadow(
                            CallBuffers.headerAddress(segment),
                            buffers.headerLength(),
                            ShadowRequest.write(arena, builtIn, hasSeveralHeaders),
                            record);
            requireCode(code, record);
            return code == 0 ? Optional.empty() : Optional.of(ShadowDifference.of(record));
        } finally {
            buffers.wipe(segment);
        }
    }

    /** What shadow mode has counted, in Markdown; empty without shadow mode. */
    public String shadowReport() {
        return text(TEXT_CAPACITY, handle::shadowReport);
    }

    /** Counts requests that were not judged in shadow mode. */
    public void countShadowSkipped(long requests) {
        handle.count(NativeMethods.COUNT_SHADOW_SKIPPED, requests);
    }

    private static void requireCode(int returned, VerdictRecord record) {
        if (returned != record.code()) {
            throw new IllegalStateException(
                    "The native library returned %d, but its record says %d"
                            .formatted(returned, record.code()));
        }
    }

    /**
     * Carries out the logout that a logout token asks for, by the system's clock. Waits for the
     * disk, and for keys that have to be fetched. The identities that are remembered here need no
     * change: native code rejects their tokens before it names their slots.
     *
     * @param token a logout token of OpenID Connect Back-Channel Logout 1.0
     */
    public LogoutResult logOut(String token) {
        // Not with the buffers for headers: a long token would stay allocated with the thread.
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = token.getBytes(UTF_8);
            VerdictRecord record = newRecord(arena);
            requireCode(handle.logOut(copyOf(arena, bytes), bytes.length, record), record);
            return LogoutResult.of(record);
        }
    }

    /** Forgets all accepted tokens, so that each is verified again. */
    public void forgetTokens() {
        handle.forgetTokens();
        identities.forgetAll();
    }

    /** The events of native code since the last call. */
    public List<Event> drainEvents() {
        List<Event> events = new ArrayList<>();
        VerdictRecord record = CallBuffers.ofThisThread().record();
        while (handle.drainEvents(record) > 0) {
            record.message().lines().map(Event::parse).forEach(events::add);
        }
        return events;
    }

    /** Everything that was counted, read in one call unless the metrics have grown. */
    public MetricsSnapshot metrics() {
        return MetricsSnapshot.parse(text(TEXT_CAPACITY, handle::metrics));
    }

    /**
     * The last tokens that were rejected, as a JSON array, the newest first. It contains no user
     * and no token.
     */
    public String recentRejections() {
        return text(TEXT_CAPACITY, handle::recentRejections);
    }

    /** Asks for a fetch of the keys of all issuers, and returns the number of their JWK Sets. */
    public int refreshKeys() {
        return handle.refreshKeys();
    }

    /**
     * @param likelyCapacity enough for nearly every text
     * @param write writes a text into the segment if it fits, and returns its length
     */
    private static String text(long likelyCapacity, ToLongFunction<MemorySegment> write) {
        long capacity = likelyCapacity;
        while (true) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment buffer = arena.allocate(capacity);
                long length = write.applyAsLong(buffer);
                if (length <= capacity) {
                    byte[] text = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
                    return new String(text, UTF_8);
                }
                // It may grow in between.
                capacity = 2 * length;
            }
        }
    }

    /** Counts a request that Java rejected. */
    public void countRejection(int reason) {
        handle.count(NativeMethods.COUNT_REJECTION, reason);
    }

    /** Counts lines that were left out of the log. */
    public void countSwallowedLines(long lines) {
        handle.count(NativeMethods.COUNT_SWALLOWED_LINES, lines);
    }

    private static MemorySegment copyOf(Arena arena, byte[] bytes) {
        MemorySegment segment = arena.allocate(Math.max(1, bytes.length));
        return segment.copyFrom(MemorySegment.ofArray(bytes));
    }

    /**
     * In the format of {@link java.util.Properties}. Its own method {@code store} writes the date,
     * for which it loads the names of all time zones: 20 ms of a start.
     */
    private static String propertiesText(Map<String, String> config) {
        StringBuilder text = new StringBuilder();
        config.forEach(
                (name, value) -> {
                    appendEscaped(text, name);
                    text.append('=');
                    appendEscaped(text, value);
                    text.append('\n');
                });
        return text.toString();
    }

    private static void appendEscaped(StringBuilder text, String plain) {
        HexFormat hex = HexFormat.of();
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            boolean isPlain =
                    c >= 'a' && c <= 'z'
                            || c >= 'A' && c <= 'Z'
                            || c >= '0' && c <= '9'
                            || c == '-'
                            || c == '.'
                            || c == '_'
                            || c == '/';
            if (isPlain) {
                text.append(c);
            } else {
                text.append("\\u").append(hex.toHexDigits(c));
            }
        }
    }
}
