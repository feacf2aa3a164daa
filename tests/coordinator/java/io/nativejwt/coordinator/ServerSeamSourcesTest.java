package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The two lists of the server seam's sources that have to follow something else. */
final class ServerSeamSourcesTest {
    private static final Path JAR = Workspace.serverFolder().resolve("nativejwt-server.jar");

    /** Of the constant pool's members; the JDK's and our own are no question of the engine. */
    private static final Pattern MEMBER =
            Pattern.compile("= (?:Interface)?Methodref\\s+\\S+\\s+// ([\\w/$]+)\\.(\\S+):\\(");

    private static final Pattern OWN = Pattern.compile("(java|io/nativejwt)/.*");

    /** A member that is not looked up before the start would fail in the middle of it. */
    @Test
    void everyMemberOfTheEngineIsLookedUpBeforeTheStart() throws Exception {
        String looked =
                loading(
                        engine -> {
                            Field parts = engine.getDeclaredField("PARTS");
                            parts.setAccessible(true);
                            return parts.get(null).toString();
                        },
                        "io.nativejwt.server.Engine");
        Set<String> used = new TreeSet<>();
        ByteArrayOutputStream disassembled = new ByteArrayOutputStream();
        List<String> arguments = new ArrayList<>(List.of("-v", "-p", "-cp", JAR.toString()));
        try (JarFile jar = new JarFile(JAR.toFile())) {
            jar.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.startsWith("io/nativejwt/server/"))
                    .filter(name -> name.endsWith(".class"))
                    .map(name -> name.replace(".class", "").replace('/', '.'))
                    .forEach(arguments::add);
        }
        ToolProvider.findFirst("javap")
                .orElseThrow()
                .run(new PrintStream(disassembled), System.err, arguments.toArray(String[]::new));
        MEMBER.matcher(disassembled.toString())
                .results()
                .filter(member -> !OWN.matcher(member.group(1)).matches())
                .forEach(
                        member ->
                                used.add(
                                        "owner=%s, name=%s,"
                                                .formatted(
                                                        member.group(1).replace('/', '.'),
                                                        member.group(2).replace("\"", ""))));
        assertThat(used).hasSizeGreaterThan(15).allSatisfy(use -> assertThat(looked).contains(use));
    }

    /** What the library can read, the coordinator has to know, or it refuses it as unknown. */
    @Test
    void coordinatorKnowsTheKeysOfTheLibrary() throws Exception {
        String own =
                loading(
                        configuration -> {
                            Method keys = configuration.getDeclaredMethod("ownKeys");
                            keys.setAccessible(true);
                            return keys.invoke(null).toString();
                        },
                        "io.nativejwt.server.NativeConfiguration");
        Path sources = Path.of("rust/core/src/config").toAbsolutePath();
        Set<String> keys = new TreeSet<>();
        find(keys, sources.resolve("mod.rs"), "Key \\{ name: \"([^\"]+)\", legacy: None \\}");
        find(keys, sources.resolve("mod.rs"), "const CONFIG_FILES: &str = \"([^\"]+)\"");
        find(keys, sources.resolve("whole.rs"), "const [A-Z_]+: &str = \"([^\"]+)\"");
        find(keys, sources.resolve("key_sets.rs"), "\"(jwks\\.[a-z-]+)\",\n");
        // Stock's, which it keeps a class for.
        keys.removeAll(List.of("principal-field", "user-mapping.pattern", "user-mapping.file"));
        Set<String> expected =
                keys.stream()
                        .map("http-server.authentication.jwt."::concat)
                        .collect(Collectors.toCollection(TreeSet::new));
        expected.add("native-jwt.key-file");
        assertThat(own.replaceAll("[\\[\\]]", "").split(", "))
                .hasSizeGreaterThan(10)
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    /** System properties can be read by SQL, and from the host. */
    @Test
    void keyFileIsHandedOnWithoutItsText() throws Exception {
        for (String keyFile :
                List.of(
                        "https://svc:s3cret@idp.example/jwks?token=s3cret",
                        "${ENV:A}",
                        "https://svc:${ENV:A}@idp.example/${KID}/jwks?token=s3cret",
                        "https://svc:s3cret@${ENV:A}${vault:B}",
                        "oidc:https://svc:s3cret@idp.example",
                        "inline:{\"kty\":\"oct\",\"k\":\"s3cret\"}",
                        "")) {
            String handedOn =
                    loading(
                            diversion -> {
                                Method divert = diversion.getDeclaredMethod("divert", String.class);
                                Method back = diversion.getDeclaredMethod("keyFile", String.class);
                                divert.setAccessible(true);
                                back.setAccessible(true);
                                String property = (String) divert.invoke(null, keyFile);
                                assertThat(back.invoke(null, resolved(property)))
                                        .isEqualTo(Optional.of(resolved(keyFile)));
                                assertThat(back.invoke(null, "https://another.example"))
                                        .isEqualTo(Optional.empty());
                                return property;
                            },
                            "io.nativejwt.server.KeyFileDiversion");
            assertThat(handedOn).as(keyFile).doesNotContain("s3cret", "idp.example");
        }
    }

    /** As the coordinator does it. */
    private static String resolved(String value) {
        return value.replace("${ENV:A}", "of-a").replace("${vault:B}", "<of-b>");
    }

    private static void find(Set<String> keys, Path source, String pattern) throws IOException {
        Pattern.compile(pattern)
                .matcher(Files.readString(source))
                .results()
                .forEach(found -> keys.add(found.group(1)));
    }

    private interface Look {
        String at(Class<?> type) throws ReflectiveOperationException;
    }

    /** With airlift's annotations, which tell what is a key. */
    private static String loading(Look look, String name) throws Exception {
        List<URL> path = new ArrayList<>();
        for (String jar :
                Stream.concat(
                                Stream.of(JAR.toString()),
                                Arrays.stream(
                                        Workspace.fetched("trino483").split(File.pathSeparator)))
                        .toList()) {
            path.add(Path.of(jar).toUri().toURL());
        }
        try (URLClassLoader loader = new URLClassLoader(path.toArray(URL[]::new))) {
            return look.at(loader.loadClass(name));
        }
    }
}
