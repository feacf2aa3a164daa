package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.LongToIntFunction;

/**
 * An authenticator in native memory. It has no {@code close}: the handle is freed when nothing
 * refers to this object any more, so no thread can be inside a call at that moment.
 */
public final class NativeAuthenticator {
    /** The key that says under which name connectors get the token. */
    public static final String CREDENTIAL_NAME_KEY =
            "http-server.authentication.jwt.pass-through.credential-name";

    private static final Cleaner CLEANER = Cleaner.create();

    private final long handle;
    private final KnownIdentities identities;
    private final KnownRefusals refusals = new KnownRefusals();

    /** Null where tokens are not passed through. */
    private final String credentialName;

    private NativeAuthenticator(long handle, String credentialName) {
        this.handle = handle;
        this.credentialName = credentialName;
        identities = new KnownIdentities(NativeMethods.cacheSlots(handle));
        CLEANER.register(this, () -> NativeMethods.close(handle));
    }

    /**
     * @param config the keys, without {@code header-authenticator.name}
     * @param source the file the keys came from, for the messages; empty when unknown
     * @param trustedCertificates in PEM, what this JVM trusts; servers of JWK sets are verified
     *     with them and the system's where no trust store is configured; may be empty
     * @param takesIdentity whether the coordinator takes groups and extra credentials; keys about
     *     them are errors where it does not
     * @throws InvalidConfigurationException with all errors at once
     * @throws NativeLibraryUnavailableException when there is no usable library
     */
    public static NativeAuthenticator open(
            Map<String, String> config,
            String source,
            String trustedCertificates,
            boolean takesIdentity) {
        NativeLibrary.instance().requireAvailable();
        try (Arena arena = Arena.ofConfined()) {
            byte[] text = propertiesText(config).getBytes(UTF_8);
            byte[] path = source.getBytes(UTF_8);
            byte[] pem = trustedCertificates.getBytes(US_ASCII);
            MemorySegment record = arena.allocate(Record.CAPACITY, Long.BYTES);
            MemorySegment configSegment = copyOf(arena, text);
            long handle =
                    NativeMethods.open(
                            configSegment.address(),
                            text.length,
                            copyOf(arena, path).address(),
                            path.length,
                            copyOf(arena, pem).address(),
                            pem.length,
                            takesIdentity ? 0 : NativeMethods.OPEN_WITHOUT_IDENTITY,
                            record.address(),
                            Record.CAPACITY);
            // It may hold secrets, such as the password of a trust store.
            configSegment.fill((byte) 0);
            if (handle == 0) {
                List<String> errors =
                        new Record(record)
                                .message()
                                .lines()
                                .filter(line -> !line.isBlank())
                                .toList();
                throw new InvalidConfigurationException(source, errors);
            }
            String credentialName = config.get(CREDENTIAL_NAME_KEY);
            return new NativeAuthenticator(
                    handle, credentialName == null ? null : credentialName.trim());
        }
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
        int code;
        try {
            code =
                    NativeMethods.authenticate(
                            handle,
                            CallBuffers.headerAddress(header),
                            buffers.headerLength(),
                            nowMillis,
                            flags,
                            record.segment().address(),
                            Record.CAPACITY);
        } finally {
            Reference.reachabilityFence(this);
        }
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
            identities.remember(record, accepted, room());
        }
        return accepted;
    }

    /** How many bytes the identities may take now. */
    private long room() {
        try {
            return NativeMethods.cacheRoom(handle);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Has all accepted tokens forgotten, so that each is verified again. */
    public void forgetTokens() {
        try {
            NativeMethods.forgetTokens(handle);
        } finally {
            Reference.reachabilityFence(this);
        }
        identities.forgetAll();
    }

    /** What the native side has to say since the last call. */
    public List<Event> drainEvents() {
        List<Event> events = new ArrayList<>();
        Record record = CallBuffers.ofThisThread().record();
        while (use(
                        address ->
                                NativeMethods.drainEvents(
                                        address, record.segment().address(), Record.CAPACITY))
                > 0) {
            record.message().lines().map(Event::parse).forEach(events::add);
        }
        return events;
    }

    /** The only way to the handle: it stays open until the call has returned. */
    private int use(LongToIntFunction call) {
        try {
            return call.applyAsInt(handle);
        } finally {
            Reference.reachabilityFence(this);
        }
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
