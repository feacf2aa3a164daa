package io.nativejwt.coordinator;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** How somebody logs in by JDBC: with a token, and with whatever else a client may set. */
final class Login {
    private final Coordinator coordinator;
    private final Properties properties = new Properties();

    Login(Coordinator coordinator, String token) {
        this.coordinator = coordinator;
        properties.setProperty("accessToken", token);
    }

    /** The same with one property more of the JDBC driver. */
    Login with(String name, String value) {
        Login more = new Login(coordinator, properties.getProperty("accessToken"));
        more.properties.putAll(properties);
        more.properties.setProperty(name, value);
        return more;
    }

    /** In somebody else's name ({@code X-Trino-User}). */
    Login as(String user) {
        return with("user", user);
    }

    /** The program that asks ({@code X-Trino-Source}), as it calls itself. */
    Login from(String source) {
        return with("source", source);
    }

    /** One string for each row, the columns parted by a space; none for a statement without. */
    List<String> run(String sql) throws SQLException {
        return runAll(List.of(sql));
    }

    /** Statements of one session; the rows of the last. */
    List<String> runAll(List<String> statements) throws SQLException {
        try (Connection connection = connect()) {
            for (String sql : statements.subList(0, statements.size() - 1)) {
                run(connection, sql);
            }
            return run(connection, statements.getLast());
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(Clients.jdbcUrl(coordinator), properties);
    }

    private static List<String> run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            List<String> rows = new ArrayList<>();
            if (!statement.execute(sql)) {
                return rows;
            }
            ResultSet result = statement.getResultSet();
            while (result.next()) {
                List<String> columns = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    columns.add(result.getString(i));
                }
                rows.add(String.join(" ", columns));
            }
            return rows;
        }
    }

    /**
     * Why the statement fails, with all causes that the coordinator tells, a line for each; that it
     * fails is part of what is asked.
     */
    String failure(String sql) {
        return failureOfLast(List.of(sql));
    }

    /** The same of the last of several statements of one session; the others must not fail. */
    String failureOfLast(List<String> statements) {
        try (Connection connection = connect()) {
            for (String sql : statements.subList(0, statements.size() - 1)) {
                run(connection, sql);
            }
            try {
                throw new AssertionError(
                        "it did not fail but answered " + run(connection, statements.getLast()));
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
