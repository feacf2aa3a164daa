// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** How to start a certain Trino. */
public interface TrinoDistribution {
    /** Puts the distribution's own plugins into the plugin folder. */
    void linkPlugins(Path plugins);

    List<String> command(Path folder, Path etc, Integration integration);

    /** The lines of etc/jvm.config that the integration needs. */
    List<String> jvmOptions(Integration integration);

    /** As the release's launcher configuration names it. */
    private static String mainClass() throws IOException {
        Properties launcher = new Properties();
        try (InputStream in =
                Files.newInputStream(Workspace.serverFolder().resolve("launcher.properties"))) {
            launcher.load(in);
        }
        return launcher.getProperty("main-class");
    }

    /**
     * The same with a plugin more, which is published as jars alone: a folder of links to them, and
     * the service file that a published plugin folder has beside them.
     */
    default TrinoDistribution with(String name, String classPath, String pluginClass) {
        TrinoDistribution base = this;
        return new TrinoDistribution() {
            @Override
            public void linkPlugins(Path plugins) {
                base.linkPlugins(plugins);
                Path plugin = plugins.resolve(name);
                Path services = plugin.resolve(name + "-services.jar");
                try {
                    Files.createDirectory(plugin);
                    for (String jar : classPath.split(File.pathSeparator)) {
                        Path file = Path.of(jar);
                        Files.createSymbolicLink(plugin.resolve(file.getFileName()), file);
                    }
                    try (JarOutputStream jar =
                            new JarOutputStream(Files.newOutputStream(services))) {
                        jar.putNextEntry(new JarEntry("META-INF/services/io.trino.spi.Plugin"));
                        jar.write(pluginClass.getBytes(UTF_8));
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }

            @Override
            public List<String> command(Path folder, Path etc, Integration integration) {
                return base.command(folder, etc, integration);
            }

            @Override
            public List<String> jvmOptions(Integration integration) {
                return base.jvmOptions(integration);
            }
        };
    }

    /** The published server tarball, started by its launcher as an operator does. */
    static TrinoDistribution tarball476() {
        return tarball(home476(), plugin -> true);
    }

    /** A server tarball that was unpacked, with those of its plugins that are wanted. */
    static TrinoDistribution tarball(Path home, Predicate<String> wanted) {
        return new TrinoDistribution() {
            @Override
            public void linkPlugins(Path plugins) {
                try (Stream<Path> folders = Files.list(home.resolve("plugin"))) {
                    folders.filter(plugin -> wanted.test(plugin.getFileName().toString()))
                            .forEach(plugin -> link(plugins, plugin));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }

            @Override
            public List<String> jvmOptions(Integration integration) {
                return integration == Integration.SERVER
                        ? List.of(
                                "--class-path=%s/lib/*:%s/*"
                                        .formatted(home, Workspace.serverFolder()))
                        : List.of();
            }

            @Override
            public List<String> command(Path folder, Path etc, Integration integration) {
                List<String> command = new ArrayList<>(launcher(folder, etc));
                if (integration == Integration.SERVER) {
                    Path config = Workspace.serverFolder().resolve("launcher.properties");
                    command.addAll(List.of("-launcher-config", config.toString()));
                }
                command.add("run");
                return command;
            }

            private List<String> launcher(Path folder, Path etc) {
                return List.of(
                        "env",
                        "JAVA_HOME=" + System.getProperty("java.home"),
                        "PATH=" + System.getProperty("java.home") + "/bin:" + System.getenv("PATH"),
                        home.resolve("bin/launcher").toString(),
                        "-etc-dir",
                        etc.toString(),
                        "-data-dir",
                        folder.resolve("data").toString());
            }
        };
    }

    /**
     * The newest published engine, put together from its artifacts, without launcher and plugins.
     */
    static TrinoDistribution artifacts483() {
        return new TrinoDistribution() {
            @Override
            public void linkPlugins(Path plugins) {
                // Its artifacts hold none; the one for passwords fits both versions.
                Path passwords = home476().resolve("plugin/password-authenticators");
                link(plugins, passwords);
            }

            @Override
            public List<String> jvmOptions(Integration integration) {
                return List.of();
            }

            @Override
            public List<String> command(Path folder, Path etc, Integration integration) {
                try {
                    List<String> command = new ArrayList<>();
                    command.add(Workspace.java());
                    command.addAll(Files.readAllLines(etc.resolve("jvm.config")));
                    command.add("--add-modules=jdk.incubator.vector");
                    command.add("-Dconfig=" + etc.resolve("config.properties"));
                    command.add("-Dlog.levels-file=" + etc.resolve("log.properties"));
                    Files.readAllLines(etc.resolve("node.properties"))
                            .forEach(line -> command.add("-D" + line));
                    boolean server = integration == Integration.SERVER;
                    Object ours =
                            server ? Workspace.serverFolder().resolve("*") : Workspace.classes();
                    command.add("-cp");
                    command.add(ours + File.pathSeparator + Workspace.fetched("trino483"));
                    command.add(server ? mainClass() : Trino483.class.getName());
                    return command;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
    }

    private static Path home476() {
        return Workspace.unpack(Path.of(Workspace.fetched("trino-server")), unpacked -> {});
    }

    private static void link(Path plugins, Path plugin) {
        try {
            Files.createSymbolicLink(plugins.resolve(plugin.getFileName()), plugin);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
