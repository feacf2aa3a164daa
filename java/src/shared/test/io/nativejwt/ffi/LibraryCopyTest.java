// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where the copy for a second class loader goes when the plugin folder cannot be written. */
final class LibraryCopyTest {
    @TempDir Path folder;
    private Path original;
    private Path unusable;

    @BeforeEach
    void prepare() throws IOException {
        original = Files.writeString(folder.resolve("libnativejwt.so"), "library");
        // A folder that is a file takes nothing, not even from root.
        unusable = Files.writeString(folder.resolve("unusable"), "");
    }

    @Test
    void nextFolderIsTaken() throws IOException {
        Path writable = Files.createDirectory(folder.resolve("writable"));
        Path copy = NativeLibrary.copyTo(original, List.of(unusable, writable));
        assertThat(copy).hasParent(writable).hasSameTextualContentAs(original);
    }

    @Test
    void copiesHaveNamesOfTheirOwn() throws IOException {
        assertThat(NativeLibrary.copyTo(original, List.of(folder)))
                .isNotEqualTo(NativeLibrary.copyTo(original, List.of(folder)));
    }

    @Test
    void failureNamesEveryFolder() {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> NativeLibrary.copyTo(original, List.of(unusable, missing)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(unusable.toString())
                .hasMessageContaining(missing.toString());
    }
}
