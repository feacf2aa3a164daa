package io.nativejwt.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

final class NativeConfigurationTest {
    /**
     * The coordinator rejects a property that it does not know, so it has to know the library's.
     */
    @Test
    void coordinatorKnowsThePropertiesOfTheLibrary() throws IOException {
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
        assertThat(NativeConfiguration.ownProperties())
                .hasSizeGreaterThan(10)
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    private static void find(Set<String> keys, Path source, String pattern) throws IOException {
        Pattern.compile(pattern)
                .matcher(Files.readString(source))
                .results()
                .forEach(found -> keys.add(found.group(1)));
    }
}
