// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;

/** The coordinator's own properties are read as the coordinator reads them. */
final class CoordinatorPropertiesTest {
    private static final String NAME = "nativejwt.test.property";

    @TempDir Path etc;

    @AfterEach
    void reset() {
        System.clearProperty("config");
        System.clearProperty(NAME);
    }

    private CoordinatorProperties of(String text) throws Exception {
        Path file = Files.writeString(etc.resolve("config.properties"), text);
        System.setProperty("config", file.toString());
        assertThat(CoordinatorProperties.ofThisJvm().path()).contains(file);
        return CoordinatorProperties.ofThisJvm();
    }

    @Test
    void valuesAreTrimmed() throws Exception {
        assertThat(of(NAME + " = a \\\n  b \t\n").value(NAME)).contains("a b");
    }

    @Test
    void systemPropertyGoesBeforeTheFile() throws Exception {
        CoordinatorProperties coordinator = of(NAME + "=file\n");
        assertThat(coordinator.value(NAME)).contains("file");
        System.setProperty(NAME, "system");
        assertThat(coordinator.value(NAME)).contains("system");
    }

    @Test
    void lastValueCountsAndTheRepetitionIsKnown() throws Exception {
        CoordinatorProperties coordinator = of(NAME + "=a\nother=x\n" + NAME + "=b\n");
        assertThat(coordinator.value(NAME)).contains("b");
        assertThat(coordinator.repeated()).containsExactly(NAME);
    }

    @Test
    void referencesStayInTheValue() throws Exception {
        CoordinatorProperties coordinator = of(NAME + "=${ENV:NATIVEJWT_TEST_UNSET}\n");
        assertThat(coordinator.value(NAME)).contains("${ENV:NATIVEJWT_TEST_UNSET}");
        assertThat(coordinator.resolved(NAME)).isEmpty();
    }

    @Test
    void unreadableFileHasNoProperties() throws Exception {
        for (String text : new String[] {null, NAME + "=\\u12\n"}) {
            Path file = etc.resolve("unreadable.properties");
            if (text != null) {
                Files.writeString(file, text);
            }
            System.setProperty("config", file.toString());
            CoordinatorProperties coordinator = CoordinatorProperties.ofThisJvm();
            assertThat(coordinator.path()).isEmpty();
            assertThat(coordinator.value(NAME)).isEmpty();
            assertThat(coordinator.repeated()).isEmpty();
        }
        System.clearProperty("config");
        assertThat(CoordinatorProperties.ofThisJvm().path()).isEmpty();
    }
}
