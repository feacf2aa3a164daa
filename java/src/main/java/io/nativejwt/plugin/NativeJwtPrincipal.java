package io.nativejwt.plugin;

import java.security.Principal;

/**
 * The principal of the token, and the user the mapping made of it. Coordinators before 480 take the
 * user from {@link #toString()}; access control and event listeners see {@link #getName()}.
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
