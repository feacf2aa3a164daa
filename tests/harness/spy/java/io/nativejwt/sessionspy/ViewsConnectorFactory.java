// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.sessionspy;

import io.trino.spi.connector.Connector;
import io.trino.spi.connector.ConnectorContext;
import io.trino.spi.connector.ConnectorFactory;
import io.trino.spi.connector.ConnectorMetadata;
import io.trino.spi.connector.ConnectorSession;
import io.trino.spi.connector.ConnectorTransactionHandle;
import io.trino.spi.connector.ConnectorViewDefinition;
import io.trino.spi.connector.ConnectorViewDefinition.ViewColumn;
import io.trino.spi.connector.SchemaTableName;
import io.trino.spi.transaction.IsolationLevel;
import io.trino.spi.type.TypeId;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A catalog of views: {@code views.session_of_OWNER} tells who it runs as, {@code
 * views.nodes_of_OWNER} reads a table. They run as their owner, or as who asks where the owner is
 * {@code invoker}.
 */
final class ViewsConnectorFactory implements ConnectorFactory {
    private static final String SCHEMA = "views";
    private static final String INVOKER = "invoker";

    private record View(String sql, List<String> columns) {}

    private static final Map<String, View> VIEWS =
            Map.of(
                    "session",
                    new View(
                            "SELECT current_user AS name,"
                                    + " array_join(array_sort(current_groups()), ' ') AS groups,"
                                    + " extra_credential('token') AS token",
                            List.of("name", "groups", "token")),
                    "nodes",
                    new View("SELECT state FROM system.runtime.nodes", List.of("state")));

    private enum Transaction implements ConnectorTransactionHandle {
        ONLY
    }

    @Override
    public String getName() {
        return SessionSpyPlugin.NAME;
    }

    @Override
    public Connector create(
            String catalogName, Map<String, String> config, ConnectorContext context) {
        return new Connector() {
            @Override
            public ConnectorTransactionHandle beginTransaction(
                    IsolationLevel isolationLevel, boolean readOnly, boolean autoCommit) {
                return Transaction.ONLY;
            }

            @Override
            public ConnectorMetadata getMetadata(
                    ConnectorSession session, ConnectorTransactionHandle transaction) {
                return new Views();
            }
        };
    }

    private static final class Views implements ConnectorMetadata {
        @Override
        public List<String> listSchemaNames(ConnectorSession session) {
            return List.of(SCHEMA);
        }

        @Override
        public Optional<ConnectorViewDefinition> getView(
                ConnectorSession session, SchemaTableName view) {
            String[] name = view.getTableName().split("_of_");
            View definition = VIEWS.get(name[0]);
            if (!view.getSchemaName().equals(SCHEMA) || name.length != 2 || definition == null) {
                return Optional.empty();
            }
            boolean asInvoker = name[1].equals(INVOKER);
            return Optional.of(
                    new ConnectorViewDefinition(
                            definition.sql(),
                            Optional.empty(),
                            Optional.empty(),
                            definition.columns().stream()
                                    .map(
                                            column ->
                                                    new ViewColumn(
                                                            column,
                                                            TypeId.of("varchar"),
                                                            Optional.empty()))
                                    .toList(),
                            Optional.empty(),
                            asInvoker ? Optional.empty() : Optional.of(name[1]),
                            asInvoker,
                            List.of()));
        }
    }
}
