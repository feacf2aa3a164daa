// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.UUID;

/**
 * Loads {@code libnativejwt.so}, once for each class loader:
 *
 * <ol>
 *   <li>Find the file in the folder of the jar.
 *   <li>Read its ELF header: is it a complete library for this machine?
 *   <li>Load it. If another class loader of this JVM uses the file, load a copy and delete the
 *       copy.
 *   <li>Compare its ABI version and its version with the jar's.
 * </ol>
 *
 * <p>A failure is a state with a message for the operator. So the classes of the plugin can always
 * be initialised, and only the configured authenticator fails.
 */
public final class NativeLibrary {
    static final String FILE_NAME = "libnativejwt.so";

    private static final int VERSION_CAPACITY = 256;

    /** The library is loaded at the first use, under the lock of class initialisation. */
    private static final class Holder {
        static final NativeLibrary INSTANCE = loadBesideJar();
    }

    private final String failure;
    private final Path loadedFrom;

    private NativeLibrary(String failure, Path loadedFrom) {
        this.failure = failure;
        this.loadedFrom = loadedFrom;
    }

    public static NativeLibrary instance() {
        return Holder.INSTANCE;
    }

    public boolean isAvailable() {
        return failure == null;
    }

    /** Why the library cannot be used and what to do about it; empty when it is available. */
    public String failure() {
        return failure == null ? "" : failure;
    }

    /**
     * The file in the folder of the jar or, for a second class loader, the copy, which was deleted
     * after loading; null on failure.
     */
    Path loadedFrom() {
        return loadedFrom;
    }

    void requireAvailable() {
        if (failure != null) {
            throw new NativeLibraryUnavailableException(failure);
        }
    }

    /** The version of this class's jar; the library must have the same. */
    public static String jarVersion() {
        Properties properties = new Properties();
        try (InputStream in = NativeLibrary.class.getResourceAsStream("build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    private static NativeLibrary loadBesideJar() {
        Path jar;
        try {
            CodeSource source = NativeLibrary.class.getProtectionDomain().getCodeSource();
            jar = Path.of(source.getLocation().toURI());
        } catch (URISyntaxException | RuntimeException e) {
            return failed(
                    "cannot determine the jar's directory from its code source (%s)".formatted(e),
                    "Put jar and library into one folder, as in the release archive");
        }
        return load(jar.resolveSibling(FILE_NAME));
    }

    private static NativeLibrary load(Path file) {
        NativeLibrary unusable = inspect(file);
        if (unusable != null) {
            return unusable;
        }
        try {
            System.load(file.toString());
            return checkVersion(file, file);
        } catch (IllegalCallerException e) {
            return nativeAccessDenied(file);
        } catch (UnsatisfiedLinkError e) {
            if (String.valueOf(e.getMessage()).contains("already loaded in another classloader")) {
                return loadCopy(file);
            }
            return rejectedByLinker(file, e);
        }
    }

    private static NativeLibrary inspect(Path file) {
        if (!Files.isRegularFile(file)) {
            return failed(
                    "%s is missing: it must be in the same folder as the jar".formatted(file),
                    "Copy the whole folder of the release archive, jar and library");
        }
        ElfHeader header;
        try {
            header = ElfHeader.read(file);
        } catch (IOException e) {
            return failed(
                    "%s cannot be read (%s)".formatted(file, e),
                    "Make it readable for the coordinator's user");
        }
        if (header == null) {
            return failed(
                    "%s is not a Linux shared library".formatted(file),
                    "Copy it again from the release archive");
        }
        if (!header.fitsThisJvm()) {
            return failed(
                    "%s was built for %s, but this JVM runs on %s"
                            .formatted(
                                    file, header.architecture(), ElfHeader.architectureOfThisJvm()),
                    "Install the release archive for linux-" + ElfHeader.architectureOfThisJvm());
        }
        if (!header.complete()) {
            return failed(
                    "%s is truncated".formatted(file), "Copy it again from the release archive");
        }
        return null;
    }

    /** The JVM binds the path of a library to one class loader; another one needs its own file. */
    private static NativeLibrary loadCopy(Path original) {
        Path copy;
        try {
            copy = copyTo(original, copyFolders(original));
        } catch (IOException e) {
            return failed(
                    "another class loader of this JVM uses %s, and no copy could be made: %s"
                            .formatted(original, e.getMessage()),
                    "Make one of these folders writable for the coordinator's user");
        }
        try {
            System.load(copy.toString());
            return checkVersion(copy, original);
        } catch (IllegalCallerException e) {
            return nativeAccessDenied(original);
        } catch (UnsatisfiedLinkError e) {
            return rejectedByLinker(copy, e);
        } finally {
            remove(copy);
        }
    }

    /** First the folder of the original: a temporary folder may be mounted noexec. */
    private static List<Path> copyFolders(Path original) {
        return List.of(
                original.toAbsolutePath().getParent(),
                Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath());
    }

    /**
     * Copies into the first folder where that works; the exception contains the error of each of
     * them.
     */
    static Path copyTo(Path original, List<Path> folders) throws IOException {
        String unique = ProcessHandle.current().pid() + "-" + UUID.randomUUID();
        String name = FILE_NAME.replace(".so", "-" + unique + ".so");
        List<String> failures = new ArrayList<>();
        for (Path folder : folders) {
            try {
                return Files.copy(original, folder.resolve(name));
            } catch (IOException e) {
                failures.add(folder + " (" + e + ")");
            }
        }
        throw new IOException(String.join(", ", failures));
    }

    /**
     * Linux keeps the mapping of a deleted file. So the copy is deleted at once, and no crash of
     * the JVM leaves it behind.
     */
    private static void remove(Path copy) {
        try {
            Files.delete(copy);
        } catch (IOException e) {
            copy.toFile().deleteOnExit();
        }
    }

    private static NativeLibrary checkVersion(Path loaded, Path original) {
        String jarVersion = jarVersion();
        String fix =
                "Install jar and library from the same release archive, and restart the"
                        + " coordinator";
        try {
            int abi = NativeMethods.abiVersion();
            if (abi != NativeMethods.ABI_VERSION) {
                return failed(
                        "%s implements ABI version %d, but the jar (%s) requires %d"
                                .formatted(original, abi, jarVersion, NativeMethods.ABI_VERSION),
                        fix);
            }
            String version = libraryVersion();
            if (!version.equals(jarVersion)) {
                return failed(
                        "%s has version %s, but the jar has version %s"
                                .formatted(original, version, jarVersion),
                        fix);
            }
        } catch (UnsatisfiedLinkError e) {
            return failed(
                    "%s is not the library of native-jwt (%s)".formatted(original, e.getMessage()),
                    fix);
        }
        return new NativeLibrary(null, loaded);
    }

    private static String libraryVersion() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(VERSION_CAPACITY);
            int length = NativeMethods.libraryVersion(segment.address(), VERSION_CAPACITY);
            byte[] bytes =
                    segment.asSlice(0, Math.clamp(length, 0, VERSION_CAPACITY))
                            .toArray(ValueLayout.JAVA_BYTE);
            return new String(bytes, US_ASCII);
        }
    }

    private static NativeLibrary nativeAccessDenied(Path file) {
        return failed(
                "the JVM does not allow native-jwt to load %s (--illegal-native-access=deny)"
                        .formatted(file),
                "Add the line --enable-native-access=ALL-UNNAMED to etc/jvm.config");
    }

    private static NativeLibrary rejectedByLinker(Path file, UnsatisfiedLinkError e) {
        String reason = String.valueOf(e.getMessage());
        if (reason.contains("GLIBC_")) {
            return failed(
                    "this system's C library is too old for %s (%s)".formatted(file, reason),
                    "Use a newer base system; the README names the oldest supported glibc");
        }
        if (reason.contains("failed to map segment")) {
            return failed(
                    "%s is on a file system that is mounted noexec (%s)".formatted(file, reason),
                    "Move that folder to a file system that allows execution");
        }
        return failed(
                "%s cannot be loaded (%s)".formatted(file, reason),
                "Copy it again from the release archive for this system");
    }

    private static NativeLibrary failed(String what, String fix) {
        return new NativeLibrary("native-jwt: " + what + ". " + fix + ".", null);
    }
}
