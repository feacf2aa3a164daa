package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * An authenticator in native memory. It has no {@code close}: the handle is freed when nothing
 * refers to this object any more, so no thread can be inside a call at that moment.
 */
public final class NativeAuthenticator {
    private final NativeHandle handle;
    private final KnownIdentities identities;
    private final KnownRefusals refusals = new KnownRefusals();

    /** Null where tokens are not passed through. */
    private final String credentialName;

    private NativeAuthenticator(NativeHandle handle, String credentialName) {
        this.handle = handle;
        this.credentialName = credentialName;
        identities = new KnownIdentities(handle.cacheSlots());
    }

    /**
     * What has to be known of a configuration before it is opened.
     *
     * @param config the keys, without {@code header-authenticator.name}
     * @throws InvalidConfigurationException when it cannot be read at all; most errors are told by
     *     {@link #open} alone
     * @throws NativeLibraryUnavailableException when there is no usable library
     */
    public static ConfigurationSummary describe(Map<String, String> config) {
        NativeLibrary.instance().requireAvailable();
        try (Arena arena = Arena.ofConfined()) {
            Record record = newRecord(arena);
            byte[] text = propertiesText(config).getBytes(UTF_8);
            MemorySegment configSegment = copyOf(arena, text);
            int code =
                    NativeMethods.describe(
                            configSegment.address(),
                            text.length,
                            record.segment().address(),
                            Record.CAPACITY);
            wipe(configSegment);
            if (code != 0) {
                throw new InvalidConfigurationException("", errors(record));
            }
            return ConfigurationSummary.of(record);
        }
    }

    /**
     * @param config the keys, without {@code header-authenticator.name}
     * @param source the file the keys came from, for the messages; empty when unknown
     * @param trusted whom this JVM trusts; looked at where {@link
     *     ConfigurationSummary#usesJvmTrustStore}
     * @param takesIdentity whether the coordinator takes groups and extra credentials; keys about
     *     them are errors where it does not
     * @throws InvalidConfigurationException with all errors at once
     * @throws NativeLibraryUnavailableException when there is no usable library
     */
    public static NativeAuthenticator open(
            Map<String, String> config,
            String source,
            TrustedCertificates trusted,
            boolean takesIdentity) {
        String credentialName = describe(config).credentialName();
        try (Arena arena = Arena.ofConfined()) {
            byte[] text = propertiesText(config).getBytes(UTF_8);
            byte[] path = source.getBytes(UTF_8);
            byte[] pem = trusted.pem().getBytes(US_ASCII);
            int flags =
                    (takesIdentity ? 0 : NativeMethods.OPEN_WITHOUT_IDENTITY)
                            + (trusted.alone() ? NativeMethods.OPEN_TRUSTED_CERTIFICATES_ALONE : 0);
            Record record = newRecord(arena);
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
                            Record.CAPACITY);
            wipe(configSegment);
            if (handle == 0) {
                throw new InvalidConfigurationException(source, errors(record));
            }
            return new NativeAuthenticator(new NativeHandle(handle), credentialName);
        }
    }

    private static Record newRecord(Arena arena) {
        return new Record(arena.allocate(Record.CAPACITY, Long.BYTES));
    }

    /** It may hold secrets, such as the password of a trust store. */
    private static void wipe(MemorySegment config) {
        config.fill((byte) 0);
    }

    private static List<String> errors(Record record) {
        return record.message().lines().filter(line -> !line.isBlank()).toList();
    }

    /** The name under which connectors get the token; null where they do not. */
    public String credentialName() {
        return credentialName;
    }

    /**
     * Judges the token's times against the system's clock.
     *
     * @param header the value of the Authorization header, empty when there is none
     */
    public Verdict authenticate(String header) {
        return authenticate(header, 0, NativeMethods.NOW);
    }

    /**
     * @param header the value of the Authorization header, empty when there is none
     * @param nowMillis the time against which the token's times are judged
     */
    public Verdict authenticate(String header, long nowMillis) {
        return authenticate(header, nowMillis, 0);
    }

    private Verdict authenticate(String header, long nowMillis, int flags) {
        CallBuffers buffers = CallBuffers.ofThisThread();
        MemorySegment segment = buffers.copyIn(header);
        try {
            Verdict verdict = call(buffers, segment, nowMillis, flags | NativeMethods.REMEMBERED);
            if (verdict == null) {
                // Another token has taken the place between the answer and the look at it.
                verdict = call(buffers, segment, nowMillis, flags);
            }
            return credentialName != null && verdict instanceof Verdict.Accepted accepted
                    ? accepted.withExtraCredentials(
                            Map.of(credentialName, buffers.record().token(header)))
                    : verdict;
        } finally {
            buffers.wipe(segment);
        }
    }

    /** Null for a token that is known to the library and not to us. */
    private Verdict call(CallBuffers buffers, MemorySegment header, long nowMillis, int flags) {
        Record record = buffers.record();
        int code =
                handle.authenticate(
                        CallBuffers.headerAddress(header),
                        buffers.headerLength(),
                        nowMillis,
                        flags,
                        record);
        if (code != record.code()) {
            throw new IllegalStateException(
                    "The native library answered %d, its record says %d"
                            .formatted(code, record.code()));
        }
        if (code != 0) {
            return refusals.of(record);
        }
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

    /** Has all accepted tokens forgotten, so that each is verified again. */
    public void forgetTokens() {
        handle.forgetTokens();
        identities.forgetAll();
    }

    /** What the native side has to say since the last call. */
    public List<Event> drainEvents() {
        List<Event> events = new ArrayList<>();
        Record record = CallBuffers.ofThisThread().record();
        while (handle.drainEvents(record) > 0) {
            record.message().lines().map(Event::parse).forEach(events::add);
        }
        return events;
    }

    private static MemorySegment copyOf(Arena arena, byte[] bytes) {
        MemorySegment segment = arena.allocate(Math.max(1, bytes.length));
        return segment.copyFrom(MemorySegment.ofArray(bytes));
    }

    /**
     * In the format of {@link java.util.Properties}, whose own {@code store} begins with the date
     * and so loads the names of all time zones: 20 ms of a start.
     */
    private static String propertiesText(Map<String, String> config) {
        StringBuilder text = new StringBuilder();
        config.forEach(
                (key, value) -> {
                    appendEscaped(text, key);
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
