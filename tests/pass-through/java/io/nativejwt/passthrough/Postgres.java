// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import io.nativejwt.harness.PostgresServer;

import java.nio.file.Path;
import java.util.List;

/**
 * A PostgreSQL that asks the {@link TokenDirectory} whether a password is good. Its roles have
 * rights of their own: alice reads everything, bob what is public.
 */
final class Postgres implements AutoCloseable {
    /** An account with a password, as a shared one would have it; it reads everything. */
    static final String SHARED_USER = "shared";

    static final String SHARED_PASSWORD = "shared-password-for-tests";

    private static final String CONTENTS =
            """
            CREATE ROLE alice LOGIN;
            CREATE ROLE bob LOGIN;
            CREATE ROLE %s LOGIN PASSWORD '%s';
            CREATE SCHEMA crm;
            CREATE TABLE crm.public_contacts AS SELECT 'desk' AS name;
            CREATE TABLE crm.contracts AS SELECT 'secret' AS name;
            GRANT USAGE ON SCHEMA crm TO alice, bob, %s;
            GRANT SELECT ON crm.public_contacts TO alice, bob, %s;
            GRANT SELECT ON crm.contracts TO alice, %s;
            CREATE VIEW crm.public_who AS SELECT session_user::text AS name;
            GRANT SELECT ON crm.public_who TO alice, bob, %s;
            """
                    .replace(
                            "%s LOGIN PASSWORD '%s'",
                            SHARED_USER + " LOGIN PASSWORD '" + SHARED_PASSWORD + "'")
                    .replace("%s", SHARED_USER);

    private final PostgresServer server;

    private Postgres(PostgresServer server) {
        this.server = server;
    }

    static Postgres start(Path logs, TokenDirectory directory) {
        return new Postgres(
                PostgresServer.start(
                        logs,
                        List.of(
                                "hostssl all %s 127.0.0.1/32 scram-sha-256".formatted(SHARED_USER),
                                ("hostssl all all 127.0.0.1/32 ldap ldapserver=127.0.0.1"
                                                + " ldapport=%d ldapprefix=\"cn=\""
                                                + " ldapsuffix=\",%s\"")
                                        .formatted(directory.port(), TokenDirectory.BASE)),
                        CONTENTS));
    }

    String url() {
        return server.url();
    }

    @Override
    public void close() {
        server.close();
    }
}
