// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.CoordinatorStartException;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Where a plugin hands over only a principal, properties about more are errors at the start. */
final class PrincipalOnlyTest {
    private static final String JWT = "http-server.authentication.jwt.";

    @Test
    void groupsPassThroughAndLogoutAreErrorsWithTheReason() throws Exception {
        Path folder = Workspace.freshFolder("test/principal-only/" + Site.PLUGIN_476);
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
                                        "groups",
                                        JWT + "pass-through.credential-name",
                                        "token",
                                        JWT + "backchannel-logout.client-id",
                                        "trino",
                                        JWT + "backchannel-logout.file",
                                        folder.resolve("logouts").toString()));
        assertThatThrownBy(builder::start)
                .isInstanceOf(CoordinatorStartException.class)
                .message()
                .containsPattern(
                        "native-jwt\\.properties:\\d: \\S*groups-field requires Trino 480 or later")
                .containsPattern(
                        "native-jwt\\.properties:\\d: \\S*credential-name requires Trino 480 or"
                                + " later")
                .containsPattern(
                        "native-jwt\\.properties:\\d: \\S*backchannel-logout\\.client-id.* server"
                                + " launcher");
    }
}
