package io.nativejwt.plugin;

import java.security.Principal;

/**
 * What coordinators before 480 get: they take the user from {@link #toString()}, so that it is the
 * user there and not the token's principal. Their events, web UI and workers show that text as the
 * principal, too; access control sees {@link #getName()} on the coordinator.
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
