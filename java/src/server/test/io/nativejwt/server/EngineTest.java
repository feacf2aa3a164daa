// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.zip.ZipEntry;

/** The list of the engine's members has to follow the class files of the release. */
final class EngineTest {
    private static final Path JAR = Path.of("build/dist/server/nativejwt-server.jar");

    /** The classes that use the engine: all others are compiled without it. */
    private static final Pattern CLASS =
            Pattern.compile("(io/nativejwt/(?:server|identity)/.*)\\.class");

    /** Of the constant pool's members; the JDK's and our own are not the engine's. */
    private static final Pattern MEMBER =
            Pattern.compile("= (?:Interface)?Methodref\\s+\\S+\\s+// ([\\w/$]+)\\.(\\S+):\\(");

    private static final Pattern OWN = Pattern.compile("(java|io/nativejwt)/.*");

    /** A member that is not looked up before the start would fail in the middle of it. */
    @Test
    void everyMemberOfTheEngineIsLookedUpBeforeTheStart() throws Exception {
        List<String> arguments = new ArrayList<>(List.of("-v", "-p", "-cp", JAR.toString()));
        try (JarFile jar = new JarFile(JAR.toFile())) {
            jar.stream()
                    .map(ZipEntry::getName)
                    .flatMap(name -> CLASS.matcher(name).results())
                    .map(name -> name.group(1).replace('/', '.'))
                    .forEach(arguments::add);
        }
        assertThat(arguments).contains("io.nativejwt.identity.Identities");
        ByteArrayOutputStream disassembled = new ByteArrayOutputStream();
        ToolProvider.findFirst("javap")
                .orElseThrow()
                .run(new PrintStream(disassembled), System.err, arguments.toArray(String[]::new));
        Set<String> used = new TreeSet<>();
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
        String lookedUp = Engine.PARTS.toString();
        assertThat(used)
                .hasSizeGreaterThan(15)
                .allSatisfy(use -> assertThat(lookedUp).contains(use));
    }
}
