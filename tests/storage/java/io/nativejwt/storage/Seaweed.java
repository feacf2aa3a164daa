// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Program;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Poll;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * SeaweedFS as S3 and as an STS that verifies tokens with Keycloak's keys. Each user in the group
 * {@code analysts} may have the role {@code analyst}, which opens the bucket of that user's name.
 */
final class Seaweed implements AutoCloseable {
    static final String REGION = "us-east-1";
    static final String SECRET_KEY_SUFFIX = "-secret-for-tests";

    /** May do everything. */
    static final String ADMIN = "admin-key-for-tests";

    /** May do nothing. */
    static final String NOBODY = "nobody-key-for-tests";

    /** Of sessions for which no duration is asked. */
    static final Duration SHORT_SESSION = Duration.ofSeconds(25);

    private static final Duration LIMIT = Duration.ofMinutes(1);

    /** By the claims of the token alone: the role is the same for all. */
    private static final String IAM =
            """
            {
              "sts": {"tokenDuration": "%ds", "maxSessionLength": "12h", "issuer": "weed-sts",
                      "signingKey": "Zm9yLXRlc3RzLWZvci10ZXN0cy1mb3ItdGVzdHMtMzI="},
              "policy": {"defaultEffect": "Deny", "storeType": "memory"},
              "providers": [
                {"name": "keycloak", "type": "oidc", "enabled": true,
                 "config": {"issuer": "%s", "clientId": "trino", "jwksUri": "%s"}}
              ],
              "policies": [
                {"name": "own", "document": {"Version": "2012-10-17", "Statement": [
                  {"Effect": "Allow", "Action": ["s3:*"], "Resource": [
                    "arn:aws:s3:::${jwt:preferred_username}-lake",
                    "arn:aws:s3:::${jwt:preferred_username}-lake/*"]}]}}
              ],
              "roles": [
                {"roleName": "analyst", "roleArn": "arn:aws:iam::111122223333:role/analyst",
                 "attachedPolicies": ["own"], "trustPolicy": %s},
                {"roleName": "partner", "roleArn": "arn:aws:iam::111122223333:role/partner",
                 "attachedPolicies": ["own"], "trustPolicy": %s}
              ]
            }
            """;

    private static final String TRUST =
            """
            {"Version": "2012-10-17", "Statement": [
              {"Effect": "Allow", "Principal": {"Federated": "keycloak"},
               "Action": ["sts:AssumeRoleWithWebIdentity"],
               "Condition": {"ForAnyValue:StringEquals": {"oidc:groups": ["%s"]}}}]}
            """;

    private final int port;
    private final List<String> shell;
    private final Program program;

    private Seaweed(int port, List<String> shell, Program program) {
        this.port = port;
        this.shell = shell;
        this.program = program;
    }

    static Seaweed start(Path logs, String issuer, String certificates, List<String> buckets) {
        try {
            Path folder = Files.createDirectories(logs.resolve("seaweed"));
            Path data = Files.createDirectories(folder.resolve("data"));
            Path accounts =
                    Files.writeString(
                            folder.resolve("s3.json"),
                            """
                            {"identities": [
                              {"name": "admin", "credentials": [%s], "actions": ["Admin", "Read", "Write", "List"]},
                              {"name": "nobody", "credentials": [%s], "actions": []}]}
                            """
                                    .formatted(keys(ADMIN), keys(NOBODY)));
            Path iam =
                    Files.writeString(
                            folder.resolve("iam.json"),
                            IAM.formatted(
                                    SHORT_SESSION.toSeconds(),
                                    issuer,
                                    certificates,
                                    TRUST.formatted("analysts"),
                                    TRUST.formatted("partners")));
            int[] ports = Coordinator.freePorts(8);
            String weed = Workspace.fetchedForTests("weed").toString();
            List<String> command = new ArrayList<>(List.of(weed, "-logtostderr", "server"));
            command.addAll(
                    List.of(
                            "-ip=127.0.0.1",
                            "-ip.bind=127.0.0.1",
                            "-dir=" + data,
                            "-master.port=" + ports[0],
                            "-master.port.grpc=" + ports[1],
                            // It reports to its maker otherwise.
                            "-master.telemetry=false",
                            "-master.volumeSizeLimitMB=64",
                            "-volume.port=" + ports[2],
                            "-volume.port.grpc=" + ports[3],
                            "-volume.max=50",
                            "-filer",
                            "-filer.port=" + ports[4],
                            "-filer.port.grpc=" + ports[5],
                            "-s3",
                            "-s3.port=" + ports[6],
                            "-s3.port.grpc=" + ports[7],
                            "-s3.port.iceberg=0",
                            "-s3.port.lance=0",
                            "-s3.config=" + accounts,
                            "-s3.iam.config=" + iam));
            Seaweed seaweed =
                    new Seaweed(
                            ports[6],
                            List.of(
                                    weed,
                                    "shell",
                                    "-master=127.0.0.1:%d.%d".formatted(ports[0], ports[1]),
                                    "-filer=127.0.0.1:%d.%d".formatted(ports[4], ports[5])),
                            Program.start(
                                    "SeaweedFS",
                                    logs.resolve("seaweed.log"),
                                    Map.of(),
                                    command,
                                    () -> Program.answers("http://127.0.0.1:" + ports[6])));
            try {
                // Its parts find each other a moment after the port answers.
                Poll.until("the buckets", LIMIT, () -> seaweed.hasBuckets(buckets));
            } catch (RuntimeException | Error e) {
                seaweed.close();
                throw e;
            }
            return seaweed;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Creates those that are missing. */
    private boolean hasBuckets(List<String> buckets) {
        StringBuilder commands = new StringBuilder();
        for (String bucket : buckets) {
            commands.append("s3.bucket.create -name ").append(bucket).append('\n');
        }
        String output = Processes.run(LIMIT, shell, commands + "s3.bucket.list\n").output();
        return buckets.stream().allMatch(bucket -> output.contains(bucket + "\tsize:"));
    }

    private static String keys(String accessKey) {
        return "{\"accessKey\": \"%s\", \"secretKey\": \"%s\"}"
                .formatted(accessKey, accessKey + SECRET_KEY_SUFFIX);
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + port);
    }

    @Override
    public void close() {
        program.close();
    }
}
