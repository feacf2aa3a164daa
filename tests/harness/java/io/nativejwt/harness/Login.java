// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** How somebody logs in by JDBC: with a token, and with whatever else a client may set. */
public final class Login {
    private final Coordinator coordinator;
    private final Properties properties = new Properties();

    public Login(Coordinator coordinator, String token) {
        this.coordinator = coordinator;
        properties.setProperty("accessToken", token);
    }

    /** The same with one property more of the JDBC driver. */
    public Login with(String name, String value) {
        Login more = new Login(coordinator, properties.getProperty("accessToken"));
        more.properties.putAll(properties);
        more.properties.setProperty(name, value);
        return more;
    }

    /** In somebody else's name ({@code X-Trino-User}). */
    public Login as(String user) {
        return with("user", user);
    }

    /** The program that asks ({@code X-Trino-Source}), as it calls itself. */
    public Login from(String source) {
        return with("source", source);
    }

    /** One string for each row, the columns parted by a space; none for a statement without. */
    public List<String> run(String sql) throws SQLException {
        return runAll(List.of(sql));
    }

    /** Statements of one session; the rows of the last. */
    public List<String> runAll(List<String> statements) throws SQLException {
        try (Connection connection = connect()) {
            for (String sql : statements.subList(0, statements.size() - 1)) {
                Clients.run(connection, sql);
            }
            return Clients.run(connection, statements.getLast());
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(Clients.jdbcUrl(coordinator), properties);
    }

    /**
     * Why the statement fails, with all causes that the coordinator tells, a line for each; that it
     * fails is part of what is asked.
     */
    public String failure(String sql) {
        return failureOfLast(List.of(sql));
    }

    /** The same of the last of several statements of one session; the others must not fail. */
    public String failureOfLast(List<String> statements) {
        try (Connection connection = connect()) {
            for (String sql : statements.subList(0, statements.size() - 1)) {
                Clients.run(connection, sql);
            }
            try {
                throw new AssertionError(
                        "it did not fail but answered "
                                + Clients.run(connection, statements.getLast()));
            } catch (SQLException e) {
                return messages(e);
            }
        } catch (SQLException e) {
            throw new AssertionError("what came before failed", e);
        }
    }

    private static String messages(Throwable thrown) {
        List<String> messages = new ArrayList<>();
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            messages.add(cause.getMessage());
        }
        return String.join("\n", messages);
    }
}
