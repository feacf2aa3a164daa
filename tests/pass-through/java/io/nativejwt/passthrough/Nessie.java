// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Program;
import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An Iceberg REST catalog that verifies the bearer token of every request with Keycloak and decides
 * itself what its owner may see: alice and svc-etl everything, everybody else what is public.
 */
final class Nessie implements AutoCloseable {
    static final String WAREHOUSE = "warehouse";

    private final int port;
    private final Program program;

    private Nessie(int port, Program program) {
        this.port = port;
        this.program = program;
    }

    static Nessie start(Path folder, String issuer, ObjectStore store) {
        Map<String, String> properties = new LinkedHashMap<>();
        int port;
        try {
            int[] ports = Coordinator.freePorts(2);
            port = ports[0];
            properties.put("quarkus.http.host", "127.0.0.1");
            properties.put("quarkus.http.port", "" + ports[0]);
            properties.put("quarkus.management.port", "" + ports[1]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        properties.put("quarkus.otel.sdk.disabled", "true");
        properties.put("nessie.version.store.type", "IN_MEMORY");

        properties.put("nessie.server.authentication.enabled", "true");
        properties.put("quarkus.oidc.auth-server-url", issuer);
        properties.put("quarkus.oidc.client-id", "nessie");

        properties.put("nessie.server.authorization.enabled", "true");
        String rules = "nessie.server.authorization.rules.";
        properties.put(
                rules + "everybody", "op in ['VIEW_REFERENCE', 'READ_ENTRIES', 'LIST_COMMIT_LOG']");
        properties.put(
                rules + "public",
                "op in ['READ_CONTENT_KEY', 'READ_ENTITY_VALUE']"
                        + " && (path == 'sales' || path.startsWith('sales.public'))");
        properties.put(rules + "analysts", "role in ['alice', 'svc-etl']");

        properties.put("nessie.catalog.default-warehouse", WAREHOUSE);
        properties.put(
                "nessie.catalog.warehouses.%s.location".formatted(WAREHOUSE),
                "s3://%s/".formatted(ObjectStore.BUCKET));
        String s3 = "nessie.catalog.service.s3.default-options.";
        properties.put(s3 + "endpoint", store.uri());
        properties.put(s3 + "region", ObjectStore.REGION);
        properties.put(s3 + "path-style-access", "true");
        properties.put(s3 + "access-key", "urn:nessie-secret:quarkus:s3-of-tests");
        properties.put("s3-of-tests.name", ObjectStore.ACCESS_KEY);
        properties.put("s3-of-tests.secret", ObjectStore.SECRET_KEY);

        List<String> command = new ArrayList<>(List.of(Workspace.java(), "-Xmx512m"));
        command.add("-XX:TieredStopAtLevel=1");
        properties.forEach((name, value) -> command.add("-D" + name + "=" + value));
        command.addAll(List.of("-jar", Workspace.fetchedForTests("nessie").toString()));
        return new Nessie(
                port,
                Program.start(
                        "Nessie",
                        folder.resolve("nessie.log"),
                        Map.of(),
                        command,
                        () -> Program.answers("http://127.0.0.1:%d/q/health".formatted(port))));
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        program.close();
    }
}
