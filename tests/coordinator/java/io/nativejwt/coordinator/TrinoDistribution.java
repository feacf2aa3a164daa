package io.nativejwt.coordinator;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** How to start a certain Trino. */
interface TrinoDistribution {
    /** Puts the distribution's own plugins into the plugin folder. */
    void linkPlugins(Path plugins);

    List<String> command(Path folder, Path etc);

    /** The published server tarball, started by its launcher as an operator does. */
    static TrinoDistribution tarball476() {
        Path home = Workspace.unpack(Path.of(Workspace.fetched("trino-server")), unpacked -> {});
        return new TrinoDistribution() {
            @Override
            public void linkPlugins(Path plugins) {
                try (Stream<Path> folders = Files.list(home.resolve("plugin"))) {
                    for (Path plugin : folders.toList()) {
                        Files.createSymbolicLink(plugins.resolve(plugin.getFileName()), plugin);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }

            @Override
            public List<String> command(Path folder, Path etc) {
                return List.of(
                        "env",
                        "JAVA_HOME=" + System.getProperty("java.home"),
                        "PATH=" + System.getProperty("java.home") + "/bin:" + System.getenv("PATH"),
                        home.resolve("bin/launcher").toString(),
                        "-etc-dir",
                        etc.toString(),
                        "-data-dir",
                        folder.resolve("data").toString(),
                        "run");
            }
        };
    }

    /**
     * The newest published engine, put together from its artifacts, without launcher and plugins.
     */
    static TrinoDistribution artifacts483() {
        return new TrinoDistribution() {
            @Override
            public void linkPlugins(Path plugins) {}

            @Override
            public List<String> command(Path folder, Path etc) {
                try {
                    List<String> command = new ArrayList<>();
                    command.add(Workspace.java());
                    command.addAll(Files.readAllLines(etc.resolve("jvm.config")));
                    command.add("--add-modules=jdk.incubator.vector");
                    command.add("-Dconfig=" + etc.resolve("config.properties"));
                    command.add("-Dlog.levels-file=" + etc.resolve("log.properties"));
                    Files.readAllLines(etc.resolve("node.properties"))
                            .forEach(line -> command.add("-D" + line));
                    command.add("-cp");
                    command.add(
                            Workspace.classes()
                                    + File.pathSeparator
                                    + Workspace.fetched("trino483"));
                    command.add(Trino483.class.getName());
                    return command;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
    }
}
