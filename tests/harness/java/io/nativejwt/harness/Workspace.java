// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Where the build left what the harness runs. The working directory is the root of the source tree.
 */
public final class Workspace {
    private static final Path ROOT = Path.of("").toAbsolutePath();
    private static final Duration UNPACK_LIMIT = Duration.ofMinutes(5);

    private Workspace() {}

    /** The folder an operator copies into {@code plugin/}. */
    public static Path pluginFolder() {
        return built(ROOT.resolve("build/dist/plugin/native-jwt"), "make dist");
    }

    /** What an operator puts on the class path for the server launcher. */
    public static Path serverFolder() {
        return built(ROOT.resolve("build/dist/server"), "make dist");
    }

    /** The released command line. */
    public static Path command() {
        return built(ROOT.resolve("build/dist/bin/nativejwt"), "make dist");
    }

    /** A path as it is typed in the root of the source tree. */
    public static Path relative(Path path) {
        return path.startsWith(ROOT) ? ROOT.relativize(path) : path;
    }

    /** A class path or the path of a program, as Gradle resolved it. */
    public static String fetched(String name) {
        try {
            return Files.readString(built(ROOT.resolve("build/paths").resolve(name), "make dist"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A program that only the tests start. */
    public static Path fetchedForTests(String name) {
        built(ROOT.resolve("build/paths").resolve(name), "make test");
        return Path.of(fetched(name));
    }

    /** The jars of the harness's own plugin. */
    public static List<Path> sessionSpy() {
        return Stream.of(fetched("session-spy").split(File.pathSeparator)).map(Path::of).toList();
    }

    /** The harness's own classes. */
    public static Path classes() {
        return built(ROOT.resolve("build/classes/java/harness"), "make dist");
    }

    public static String java() {
        return jdkTool("java");
    }

    public static String keytool() {
        return jdkTool("keytool");
    }

    /** A program of the JDK that the harness itself runs on. */
    public static String jdkTool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    /** What is unpacked from downloads: outside the tree, shared by all checkouts. */
    public static Path cache() {
        String base = System.getenv("XDG_CACHE_HOME");
        Path root =
                base == null || base.isEmpty()
                        ? Path.of(System.getProperty("user.home"), ".cache")
                        : Path.of(base);
        return root.resolve("nativejwt");
    }

    /**
     * Once for each download, beside the downloads; another harness may be doing the same at this
     * moment. Only what is complete gets the final name.
     */
    public static Path unpack(Path tarball, Consumer<Path> complete) {
        String name = tarball.getFileName().toString().replace(".tar.gz", "");
        Path home = cache().resolve("unpacked").resolve(name);
        if (Files.isDirectory(home)) {
            return home;
        }
        try {
            Path partial =
                    Files.createDirectories(home.resolveSibling(name + "." + UUID.randomUUID()));
            Processes.runOrFail(
                    UNPACK_LIMIT,
                    List.of(
                            "tar",
                            "-xzf",
                            tarball.toString(),
                            "-C",
                            partial.toString(),
                            "--strip-components=1"));
            complete.accept(partial);
            try {
                Files.move(partial, home, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                delete(partial);
                if (!Files.isDirectory(home)) {
                    throw e;
                }
            }
            return home;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file of the source tree. */
    public static Path source(String path) {
        return ROOT.resolve(path);
    }

    /** An empty folder under build/ for one run. */
    public static Path freshFolder(String name) {
        Path folder = ROOT.resolve("build").resolve(name);
        delete(folder);
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path built(Path path, String target) {
        if (!Files.exists(path)) {
            throw new IllegalStateException(path + " is missing: run " + target + " first");
        }
        return path;
    }
}
