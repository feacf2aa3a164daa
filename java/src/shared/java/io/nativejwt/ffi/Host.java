// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

/** What a coordinator can do with an authenticator. Properties about anything more are errors. */
public enum Host {
    /** The plugin, on a coordinator that takes only a principal. */
    PLUGIN_FOR_PRINCIPALS(
            NativeMethods.OPEN_WITHOUT_IDENTITY | NativeMethods.OPEN_WITHOUT_LOGOUT_ENDPOINT),

    /** The plugin, on a coordinator that takes an identity with groups and extra credentials. */
    PLUGIN(NativeMethods.OPEN_WITHOUT_LOGOUT_ENDPOINT),

    /** The server launcher, which takes an identity and has an address for logout tokens. */
    SERVER_LAUNCHER(NativeMethods.OPEN_BESIDE_BUILT_IN);

    private final int flags;

    Host(int flags) {
        this.flags = flags;
    }

    /** Those of {@link NativeMethods#open}. */
    int flags() {
        return flags;
    }
}
