// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.sessionspy;

import io.trino.spi.Plugin;
import io.trino.spi.connector.ConnectorFactory;
import io.trino.spi.eventlistener.EventListenerFactory;

import java.util.List;
import java.util.Set;

/**
 * Looks at a session from inside the coordinator, where no client can: what connectors get of its
 * identity, what views run as, what events tell.
 */
public final class SessionSpyPlugin implements Plugin {
    static final String NAME = "session_spy";

    @Override
    public Set<Class<?>> getFunctions() {
        return Set.of(ExtraCredentialFunction.class, PauseFunction.class);
    }

    @Override
    public Iterable<ConnectorFactory> getConnectorFactories() {
        return List.of(new ViewsConnectorFactory());
    }

    @Override
    public Iterable<EventListenerFactory> getEventListenerFactories() {
        return List.of(new EventFileFactory());
    }
}
