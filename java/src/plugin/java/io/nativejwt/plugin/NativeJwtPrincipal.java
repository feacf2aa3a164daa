// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import java.security.Principal;

/**
 * The principal for coordinators before 480. They take the user from {@link #toString()}, so it
 * returns the user. Their events, web UI and workers show that text as the principal as well;
 * access control on the coordinator sees {@link #getName()}, the token's principal.
 */
final class NativeJwtPrincipal implements Principal {
    private final String name;
    private final String user;

    NativeJwtPrincipal(String name, String user) {
        this.name = name;
        this.user = user;
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NativeJwtPrincipal that
                && name.equals(that.name)
                && user.equals(that.user);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return user;
    }
}
