// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import io.nativejwt.ffi.MetricsSnapshot;
import io.nativejwt.ffi.NativeAuthenticator;

import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

import javax.management.AttributeNotFoundException;
import javax.management.DynamicMBean;
import javax.management.InstanceAlreadyExistsException;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * The metrics of an authenticator as MBeans of the domain {@value #DOMAIN}, with numbers only: the
 * coordinator's {@code /metrics} leaves texts out, or fails because of them. All beans share one
 * reading of the metrics, which is renewed once a second at most. Beside them are {@link
 * RecentRejectionsBean} and {@link ControlBean}.
 */
final class AuthenticatorBeans {
    static final String DOMAIN = "io.nativejwt";

    private static final Logger LOG = Logger.getLogger(AuthenticatorBeans.class.getName());
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** More authenticators than a coordinator has. */
    private static final int MAXIMUM_INSTANCES = 100;

    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    private final WeakReference<NativeAuthenticator> authenticator;
    private final List<ObjectName> registered = new ArrayList<>();
    private MetricsSnapshot latest = MetricsSnapshot.EMPTY;
    private long readAt;

    private AuthenticatorBeans(NativeAuthenticator authenticator) {
        this.authenticator = new WeakReference<>(authenticator);
    }

    /**
     * Registers the beans. A second authenticator of the JVM gets beans whose names end with a
     * number. Never fails: a coordinator without these beans authenticates as well.
     */
    static AuthenticatorBeans register(NativeAuthenticator authenticator) {
        AuthenticatorBeans beans = new AuthenticatorBeans(authenticator);
        try {
            beans.registerAll();
        } catch (JMException | RuntimeException | LinkageError e) {
            LOG.log(Level.WARNING, "The metrics cannot be registered as MBeans", e);
        }
        return beans;
    }

    private void registerAll() throws JMException {
        Map<String, DynamicMBean> beans = new LinkedHashMap<>();
        for (MetricsSnapshot.Metric metric : snapshot().metrics()) {
            for (MetricsSnapshot.Sample sample : metric.samples()) {
                beans.computeIfAbsent(sample.bean(), MetricsBean::new);
            }
        }
        beans.put("name=RecentRejections", new RecentRejectionsBean(authenticator));
        beans.put("name=Control", new ControlBean(authenticator, System::nanoTime));
        for (int instance = 1; instance <= MAXIMUM_INSTANCES; instance++) {
            try {
                String suffix = instance == 1 ? "" : "_" + instance;
                for (Map.Entry<String, DynamicMBean> bean : beans.entrySet()) {
                    ObjectName name = new ObjectName(DOMAIN + ":" + bean.getKey() + suffix);
                    server.registerMBean(bean.getValue(), name);
                    registered.add(name);
                }
                return;
            } catch (InstanceAlreadyExistsException e) {
                unregister();
            }
        }
    }

    /** Removes the beans, which hold no authenticator. */
    void unregister() {
        for (ObjectName name : registered) {
            try {
                server.unregisterMBean(name);
            } catch (JMException e) {
                LOG.log(Level.FINE, "An MBean is not there any more", e);
            }
        }
        registered.clear();
    }

    private synchronized MetricsSnapshot snapshot() {
        NativeAuthenticator live = authenticator.get();
        if (live == null) {
            return MetricsSnapshot.EMPTY;
        }
        long now = System.nanoTime();
        if (latest.metrics().isEmpty() || now - readAt >= FRESH_NANOS) {
            latest = live.metrics();
            readAt = now;
        }
        return latest;
    }

    private final class MetricsBean extends PlainBean {
        private final String name;

        private MetricsBean(String name) {
            this.name = name;
        }

        @Override
        public MBeanInfo getMBeanInfo() {
            List<MBeanAttributeInfo> attributes = new ArrayList<>();
            for (MetricsSnapshot.Metric metric : snapshot().metrics()) {
                for (MetricsSnapshot.Sample sample : metric.samples()) {
                    if (sample.bean().equals(name)) {
                        attributes.add(
                                new MBeanAttributeInfo(
                                        sample.attribute(),
                                        value(metric, sample).getClass().getName(),
                                        metric.help(),
                                        true,
                                        false,
                                        false));
                    }
                }
            }
            return new MBeanInfo(
                    NativeAuthenticator.class.getName(),
                    "Metrics of native-jwt",
                    attributes.toArray(MBeanAttributeInfo[]::new),
                    null,
                    null,
                    null);
        }

        @Override
        public Object getAttribute(String attribute) throws AttributeNotFoundException {
            for (MetricsSnapshot.Metric metric : snapshot().metrics()) {
                for (MetricsSnapshot.Sample sample : metric.samples()) {
                    if (sample.bean().equals(name) && sample.attribute().equals(attribute)) {
                        return value(metric, sample);
                    }
                }
            }
            throw new AttributeNotFoundException(attribute);
        }
    }

    /** What only grows is a whole number, but for sums of times. */
    private static Number value(MetricsSnapshot.Metric metric, MetricsSnapshot.Sample sample) {
        double value = Double.parseDouble(sample.value());
        boolean counts =
                metric.kind().equals("counter")
                        || metric.kind().equals("histogram") && !sample.name().endsWith("_sum");
        return counts ? (Number) (long) value : (Number) value;
    }
}
