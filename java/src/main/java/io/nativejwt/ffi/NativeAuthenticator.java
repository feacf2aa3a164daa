package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.LongToIntFunction;

/**
 * An authenticator in native memory. It has no {@code close}: the handle is freed when nothing
 * refers to this object any more, so no thread can be inside a call at that moment.
 */
public final class NativeAuthenticator {
    private static final Cleaner CLEANER = Cleaner.create();

    private final long handle;

    private NativeAuthenticator(long handle) {
        this.handle = handle;
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
            return new NativeAuthenticator(handle);
        }
    }

    /**
     * @param header the value of the Authorization header, empty when there is none
     * @param nowMillis the time against which the token's times are judged
     */
    public Verdict authenticate(String header, long nowMillis) {
        CallBuffers buffers = CallBuffers.ofThisThread();
        Record record = buffers.record();
        MemorySegment segment = buffers.copyIn(header);
        int code;
        try {
            code =
                    use(
                            address ->
                                    NativeMethods.authenticate(
                                            address,
                                            segment.address(),
                                            buffers.headerLength(),
                                            nowMillis,
                                            record.segment().address(),
                                            Record.CAPACITY));
        } finally {
            buffers.wipe(segment);
        }
        if (code != record.code()) {
            throw new IllegalStateException(
                    "The native library answered %d, its record says %d"
                            .formatted(code, record.code()));
        }
        if (code == 0) {
            String principal = record.principal();
            return new Verdict.Accepted(
                    principal,
                    record.user(principal),
                    record.groups(),
                    record.token(),
                    record.expiresAtMillis());
        }
        return new Verdict.Rejected(code, record.reason(), record.message());
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

    private static String propertiesText(Map<String, String> config) {
        Properties properties = new Properties();
        properties.putAll(config);
        StringWriter writer = new StringWriter();
        try {
            properties.store(writer, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return writer.toString();
    }
}
