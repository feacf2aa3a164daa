package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.testing.Keys;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Where a plugin hands over only a principal, a key about groups is an error at the start. */
final class GroupsWithoutIdentityTest {
    private static final String JWT = "http-server.authentication.jwt.";

    @Test
    void groupsFieldIsRefusedWithTheReason() throws Exception {
        Path folder = Workspace.freshFolder("test/groups/" + Site.PLUGIN_476);
        Path key = folder.resolve("key.pem");
        Files.writeString(key, Keys.publicPem(Keys.ec("secp256r1")));
        Coordinator.Builder builder =
                Coordinator.in(folder)
                        .at(Site.PLUGIN_476)
                        .jwt(
                                Map.of(
                                        JWT + "key-file",
                                        key.toString(),
                                        JWT + "groups-field",
                                        "groups"));
        assertThatThrownBy(builder::start)
                .isInstanceOf(CoordinatorStartException.class)
                .message()
                .containsPattern(
                        "native-jwt\\.properties:\\d: \\S*groups-field needs Trino 480 or later");
    }
}
