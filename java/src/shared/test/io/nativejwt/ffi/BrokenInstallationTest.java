// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.nativejwt.testing.InstalledPlugin;

import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What an operator reads when jar, library, system and JVM do not fit. The plugin itself always
 * loads; only the configured authenticator fails.
 */
final class BrokenInstallationTest {
    private static final int ELF_MACHINE_OFFSET = 18;
    private static final short X86_64 = 62;
    private static final short AARCH64 = 183;

    @TempDir Path folder;

    @Test
    void missingLibrary() throws Exception {
        Files.copy(
                InstalledPlugin.RELEASE.resolve(InstalledPlugin.JAR),
                folder.resolve(InstalledPlugin.JAR));
        assertFailure(folder)
                .hasMessageContaining(folder.resolve(InstalledPlugin.LIBRARY) + " is missing")
                .hasMessageContaining("Copy the whole folder");
    }

    @Test
    void libraryOfAnotherArchitecture() throws Exception {
        boolean onX86 = System.getProperty("os.arch").equals("amd64");
        byte[] library = library();
        ByteBuffer.wrap(library)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(ELF_MACHINE_OFFSET, onX86 ? AARCH64 : X86_64);
        assertFailure(installed(library))
                .hasMessageContaining(
                        onX86
                                ? "was built for aarch64, but this JVM runs on x86_64"
                                : "was built for x86_64, but this JVM runs on aarch64")
                .hasMessageContaining(
                        onX86 ? "archive for linux-x86_64" : "archive for linux-aarch64");
    }

    @Test
    void fileThatIsNoLibrary() throws Exception {
        assertFailure(installed("<html>404 Not Found</html>".getBytes(ISO_8859_1)))
                .hasMessageContaining("is not a Linux shared library");
        assertFailure(installed(new byte[0])).hasMessageContaining("is not a Linux shared library");
    }

    @Test
    void truncatedLibrary() throws Exception {
        byte[] library = library();
        for (int length : new int[] {20, 64, 4096, library.length / 2, library.length - 1}) {
            assertFailure(installed(Arrays.copyOf(library, length)))
                    .hasMessageMatching("(?s).*(is truncated|is not a Linux shared library).*");
        }
    }

    @Test
    void libraryThatNeedsANewerCLibrary() throws Exception {
        // The name of the needed version, as text: the dynamic linker then looks for one that this
        // system does not have.
        String text = new String(library(), ISO_8859_1);
        assertThat(text).contains("\0GLIBC_2.3");
        byte[] library = text.replaceFirst("\0GLIBC_2\\.3", "\0GLIBC_9.9").getBytes(ISO_8859_1);
        assertFailure(installed(library))
                .hasMessageContaining("C library is too old for")
                .hasMessageContaining("GLIBC_9.9");
    }

    @Test
    void libraryOfAnotherProject() throws Exception {
        Path other = Path.of(System.getProperty("java.home"), "lib", "libzip.so");
        assertFailure(InstalledPlugin.folderWith(folder.resolve("other"), other))
                .hasMessageContaining("is not the library of native-jwt");
    }

    @Test
    void jarOfAnotherVersion() throws Exception {
        Path installed =
                InstalledPlugin.folderWith(
                        folder.resolve("skew"),
                        InstalledPlugin.RELEASE.resolve(InstalledPlugin.LIBRARY));
        try (FileSystem jar = FileSystems.newFileSystem(installed.resolve(InstalledPlugin.JAR))) {
            Files.writeString(
                    jar.getPath("/io/nativejwt/ffi/build.properties"), "version=99.0.0\n");
        }
        assertFailure(installed)
                .hasMessageContaining("has version")
                .hasMessageContaining("the jar has version 99.0.0")
                .hasMessageContaining("same release archive");
    }

    @Test
    void libraryWithAnotherBoundary() throws Exception {
        Path source = Path.of("java/src/shared/test/io/nativejwt/ffi/other_boundary.c");
        Path library = folder.resolve("other-boundary.so");
        Process compiler =
                new ProcessBuilder(
                                "cc",
                                "-shared",
                                "-fPIC",
                                "-o",
                                library.toString(),
                                source.toString())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(compiler.getInputStream().readAllBytes(), ISO_8859_1);
        assertThat(compiler.waitFor()).as(output).isZero();
        assertFailure(InstalledPlugin.folderWith(folder.resolve("boundary"), library))
                .hasMessageContaining("implements ABI version 4711")
                .hasMessageContaining("same release archive");
    }

    @Test
    void jvmThatDeniesNativeAccess() throws Exception {
        Process jvm =
                new ProcessBuilder(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin", "java")
                                                .toString(),
                                        "--illegal-native-access=deny",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        BrokenInstallationTest.class.getName()))
                        .redirectErrorStream(true)
                        .start();
        String output = new String(jvm.getInputStream().readAllBytes(), ISO_8859_1);
        assertThat(jvm.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(output)
                .contains("the JVM does not allow")
                .contains("--enable-native-access=ALL-UNNAMED")
                .contains("etc/jvm.config");
    }

    /** What the JVM of the test before this runs. */
    public static void main(String[] arguments) {
        try {
            InstalledPlugin.release().create(Map.of("key-file", "unused"));
        } catch (RuntimeException e) {
            System.out.println(e.getMessage());
        }
    }

    private Path installed(byte[] library) throws IOException {
        Path file = Files.write(Files.createTempFile(folder, "library", ".so"), library);
        return InstalledPlugin.folderWith(Files.createTempDirectory(folder, "plugin"), file);
    }

    private static byte[] library() throws IOException {
        return Files.readAllBytes(InstalledPlugin.RELEASE.resolve(InstalledPlugin.LIBRARY));
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertFailure(Path installed) {
        InstalledPlugin plugin = InstalledPlugin.in(installed);
        assertThat(plugin.factory().getName()).isEqualTo("native-jwt");
        return assertThatThrownBy(() -> plugin.create(Map.of("key-file", "unused")))
                .isInstanceOf(RuntimeException.class);
    }
}
