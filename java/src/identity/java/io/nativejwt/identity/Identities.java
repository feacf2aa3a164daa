// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.identity;

import io.nativejwt.ffi.Verdict;
import io.trino.spi.security.BasicPrincipal;
import io.trino.spi.security.Identity;

/** Makes Trino's identity of an accepted token, for both integrations. */
public final class Identities {
    private Identities() {}

    /**
     * The principal is a {@link BasicPrincipal}, as Trino's built-in JWT authenticator hands it
     * out: events, the web UI and workers show its {@code toString()}.
     *
     * @return the same object for the same verdict
     */
    public static Identity of(Verdict.Accepted accepted) {
        return accepted.identity(Identity.class, Identities::build);
    }

    /** The builder copies what it gets, so empty groups and credentials are left out. */
    private static Identity build(Verdict.Accepted accepted) {
        Identity.Builder identity =
                Identity.forUser(accepted.user())
                        .withPrincipal(new BasicPrincipal(accepted.principal()));
        if (!accepted.groups().isEmpty()) {
            identity.withGroups(accepted.groups());
        }
        if (!accepted.extraCredentials().isEmpty()) {
            identity.withExtraCredentials(accepted.extraCredentials());
        }
        return identity.build();
    }
}
