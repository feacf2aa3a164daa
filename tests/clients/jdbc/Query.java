// SPDX-License-Identifier: Apache-2.0

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/** Runs its arguments, one statement after the other, and prints the first column. */
public final class Query {
    private Query() {}

    public static void main(String[] statements) throws SQLException {
        String url =
                "jdbc:trino://" + System.getenv("TRINO_HOST") + ":" + System.getenv("TRINO_PORT");
        Properties properties = new Properties();
        properties.setProperty("SSL", "true");
        properties.setProperty("SSLTrustStorePath", System.getenv("TRINO_CA"));
        properties.setProperty("accessToken", System.getenv("TRINO_TOKEN"));
        try (Connection connection = DriverManager.getConnection(url, properties);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                try (ResultSet rows = statement.executeQuery(sql)) {
                    while (rows.next()) {
                        System.out.println(rows.getString(1));
                    }
                }
            }
        }
    }
}
