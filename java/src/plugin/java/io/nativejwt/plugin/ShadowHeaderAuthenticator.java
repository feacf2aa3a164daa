// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import io.nativejwt.ffi.BuiltInVerdict;
import io.nativejwt.login.Shadow;
import io.trino.spi.security.HeaderAuthenticator;
import io.trino.spi.security.Identity;

import java.security.Principal;
import java.util.Optional;

/**
 * Shadow mode: has each request judged, and leaves the answer to the next authenticator of the
 * list. The plugin interface does not show that answer, so nothing is compared.
 */
final class ShadowHeaderAuthenticator implements HeaderAuthenticator {
    private final Shadow shadow;

    ShadowHeaderAuthenticator(Shadow shadow) {
        this.shadow = shadow;
    }

    @Override
    public Principal createAuthenticatedPrincipal(Headers headers) {
        throw judged(headers);
    }

    /**
     * Overrides the method that the SPI has from Trino 480 on; older coordinators do not call it.
     */
    public Optional<Identity> createAuthenticatedIdentity(Headers headers) {
        throw judged(headers);
    }

    private RejectedException judged(Headers headers) {
        shadow.judge(
                headers.getHeader("authorization"),
                BuiltInVerdict.unknown(System.currentTimeMillis()));
        return RejectedException.withoutMessage();
    }
}
