// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ANALYST;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** A job without Trino: the script of docs/storage-as-the-user.md, run as it stands. */
@ExtendWith(StorageSite.Shared.class)
final class OutsideTrinoTest {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final String TABLE = "files.alice.letters";

    @TempDir Path folder;

    private final StorageSite site;

    OutsideTrinoTest(StorageSite site) {
        this.site = site;
    }

    @Test
    void jobReadsAnObjectWithTheUsersTokenAndWithoutTrino() throws SQLException, IOException {
        Login alice = site.login("alice");
        alice.runAll(
                List.of(
                        "SET SESSION files.compression_codec = 'NONE'",
                        """
                        CREATE TABLE %s WITH (external_location = 's3://alice-lake/letters',
                            format = 'TEXTFILE', textfile_field_separator = ',')
                        AS SELECT 'alice' AS name, 1000 AS amount
                        """
                                .formatted(TABLE)));
        String path = alice.run("SELECT \"$path\" FROM " + TABLE).getFirst();
        String object = path.replace("s3://", "");

        Processes.Result read = read("alice", ANALYST, object);
        assertThat(read.error()).isEmpty();
        assertThat(read.output()).isEqualTo("alice,1000\n");

        // S3 refuses bob's credentials, and STS the role of a group that dave is not in.
        Processes.Result bobs = read("bob", ANALYST, object);
        assertThat(bobs.output()).contains("AccessDenied").doesNotContain("alice,1000");
        assertThat(bobs.exitCode()).isNotZero();
        Processes.Result daves = read("dave", ANALYST, object);
        assertThat(daves.output()).doesNotContain("alice,1000");
        assertThat(daves.exitCode()).isNotZero();
        assertThat(daves.error()).contains("STS says AccessDenied");
    }

    private Processes.Result read(String user, String role, String object) throws IOException {
        Path token = Files.writeString(folder.resolve(user + ".token"), site.token(user) + "\n");
        String store = site.store().uri().toString();
        return Processes.run(
                LIMIT,
                List.of(
                        "env",
                        "STS_ENDPOINT=" + store,
                        "S3_ENDPOINT=" + store,
                        Workspace.source("etc/storage/read-object.sh").toString(),
                        token.toString(),
                        role,
                        user,
                        object));
    }
}
