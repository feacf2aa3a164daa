// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import io.nativejwt.ffi.NativeAuthenticator;

import java.lang.ref.WeakReference;

import javax.management.AttributeNotFoundException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;

/**
 * The last tokens that were rejected, as one JSON text. The coordinator's {@code /metrics} leaves
 * texts out. Whoever may use a {@code jmx} catalog reads it, so it contains no user and no token.
 */
final class RecentRejectionsBean extends PlainBean {
    private static final String TEXT = "Text";

    private final WeakReference<NativeAuthenticator> authenticator;

    RecentRejectionsBean(WeakReference<NativeAuthenticator> authenticator) {
        this.authenticator = authenticator;
    }

    @Override
    public MBeanInfo getMBeanInfo() {
        MBeanAttributeInfo text =
                new MBeanAttributeInfo(
                        TEXT,
                        String.class.getName(),
                        "A JSON array of objects, the newest first: at, reason, number, issuer,"
                                + " kid, algorithm, trace, count",
                        true,
                        false,
                        false);
        return new MBeanInfo(
                NativeAuthenticator.class.getName(),
                "The last tokens that native-jwt rejected",
                new MBeanAttributeInfo[] {text},
                null,
                null,
                null);
    }

    @Override
    public Object getAttribute(String attribute) throws AttributeNotFoundException {
        if (!attribute.equals(TEXT)) {
            return super.getAttribute(attribute);
        }
        NativeAuthenticator live = authenticator.get();
        return live == null ? "[]" : live.recentRejections();
    }
}
