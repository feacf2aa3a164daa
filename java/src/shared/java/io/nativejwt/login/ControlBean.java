// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import io.nativejwt.ffi.NativeAuthenticator;

import java.lang.ref.WeakReference;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.logging.Logger;

import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.ReflectionException;

/**
 * Operations that are harmless even for strangers, because a port for JMX is often open without a
 * password: they make work, and each may do so once in ten seconds.
 */
final class ControlBean extends PlainBean {
    private static final Logger LOG = Logger.getLogger(ControlBean.class.getName());
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final WeakReference<NativeAuthenticator> authenticator;
    private final Limit flushLimit;
    private final Limit refreshLimit;

    ControlBean(WeakReference<NativeAuthenticator> authenticator, LongSupplier nanoTime) {
        this.authenticator = authenticator;
        flushLimit = new Limit(nanoTime);
        refreshLimit = new Limit(nanoTime);
    }

    @Override
    public MBeanInfo getMBeanInfo() {
        return new MBeanInfo(
                NativeAuthenticator.class.getName(),
                "What an operator can tell native-jwt, once in ten seconds",
                null,
                null,
                new MBeanOperationInfo[] {
                    operation(
                            "flushTokenCache",
                            "Forgets all accepted tokens, so that each is verified again"),
                    operation("refreshKeys", "Fetches the keys of all issuers now")
                },
                null);
    }

    private static MBeanOperationInfo operation(String name, String description) {
        return new MBeanOperationInfo(
                name, description, null, void.class.getName(), MBeanOperationInfo.ACTION);
    }

    @Override
    public Object invoke(String action, Object[] parameters, String[] signature)
            throws ReflectionException, MBeanException {
        NativeAuthenticator live = authenticator.get();
        switch (action) {
            case "flushTokenCache" -> {
                flushLimit.take();
                if (live != null) {
                    live.forgetTokens();
                }
                LOG.info("All accepted tokens were forgotten, as JMX asked");
            }
            case "refreshKeys" -> {
                refreshLimit.take();
                if (live != null) {
                    live.refreshKeys();
                }
                LOG.info("The keys are fetched, as JMX asked");
            }
            default -> super.invoke(action, parameters, signature);
        }
        return null;
    }

    /** Lets one call through in ten seconds. */
    private static final class Limit {
        private final LongSupplier nanoTime;
        private long next;

        private Limit(LongSupplier nanoTime) {
            this.nanoTime = nanoTime;
            next = nanoTime.getAsLong();
        }

        private synchronized void take() throws MBeanException {
            long now = nanoTime.getAsLong();
            if (now - next < 0) {
                throw new MBeanException(
                        new IllegalStateException(
                                "It was done less than ten seconds ago: try again later"));
            }
            next = now + INTERVAL_NANOS;
        }
    }
}
