// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Program;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Poll;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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

    /** The audience of the tokens of the realm {@code vault}. */
    private static final String VAULT_AUDIENCE = "storage";

    /**
     * The policy {@code own} goes by the claims of the token, so that one role serves all. Without
     * a token there are no claims, so the other roles have policies of their own.
     */
    private static final String IAM =
            """
            {
              "sts": {"tokenDuration": "%ds", "maxSessionLength": "12h", "issuer": "weed-sts",
                      "signingKey": "Zm9yLXRlc3RzLWZvci10ZXN0cy1mb3ItdGVzdHMtMzI="},
              "policy": {"defaultEffect": "Deny", "storeType": "memory"},
              "providers": [%s, %s],
              "policies": [%s, %s, %s],
              "roles": [%s]
            }
            """;

    private static final String PROVIDER =
            """
            {"name": "%s", "type": "oidc", "enabled": true,
             "config": {"issuer": "%s", "clientId": "%s", "jwksUri": "%s"}}
            """;

    private static final String POLICY =
            """
            {"name": "%s", "document": {"Version": "2012-10-17", "Statement": [
              {"Effect": "Allow", "Action": ["s3:*"], "Resource": [
                "arn:aws:s3:::%s-lake", "arn:aws:s3:::%s-lake/*"]}]}}
            """;

    private static final String ROLE =
            """
            {"roleName": "%s", "roleArn": "arn:aws:iam::111122223333:role/%s",
             "attachedPolicies": ["%s"], "trustPolicy": {"Version": "2012-10-17", "Statement": [%s]}}
            """;

    /** Of tokens of a realm with this value of a claim. */
    private static final String TRUST =
            """
            {"Effect": "Allow", "Principal": {"Federated": "%s"},
             "Action": ["sts:AssumeRoleWithWebIdentity"],
             "Condition": {"%s": {"oidc:%s": ["%s"]}}}
            """;

    /** Of accounts, which security mapping needs. */
    private static final String TRUST_IN_ACCOUNTS =
            """
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole"]}
            """;

    private final int port;
    private final List<String> shell;
    private final Program program;

    private Seaweed(int port, List<String> shell, Program program) {
        this.port = port;
        this.shell = shell;
        this.program = program;
    }

    /**
     * @param realm whose tokens have the audience {@code trino}
     * @param vault whose tokens must have the audience {@code storage}
     */
    static Seaweed start(
            Path logs, Keycloak keycloak, String realm, String vault, List<String> buckets) {
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
                                    provider(keycloak, realm, "trino"),
                                    provider(keycloak, vault, VAULT_AUDIENCE),
                                    policy("own", "${jwt:preferred_username}"),
                                    policy("alices", "alice"),
                                    policy("bobs", "bob"),
                                    String.join(
                                            ", ",
                                            role("analyst", "own", ofGroup(realm, "analysts")),
                                            role("partner", "own", ofGroup(realm, "partners")),
                                            role("analysts-files", "alices", TRUST_IN_ACCOUNTS),
                                            role("outsiders-files", "bobs", TRUST_IN_ACCOUNTS),
                                            role("home-alice", "alices", ofUser(vault, "alice")),
                                            role("home-bob", "bobs", ofUser(vault, "bob")))));
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

    private static String provider(Keycloak keycloak, String realm, String audience) {
        return PROVIDER.formatted(
                realm, keycloak.issuer(realm), audience, keycloak.certificates(realm));
    }

    private static String policy(String name, String bucketPrefix) {
        return POLICY.formatted(name, bucketPrefix, bucketPrefix);
    }

    private static String role(String name, String policy, String trust) {
        return ROLE.formatted(name, name, policy, trust);
    }

    private static String ofGroup(String realm, String group) {
        return TRUST.formatted(realm, "ForAnyValue:StringEquals", "groups", group);
    }

    private static String ofUser(String realm, String user) {
        return TRUST.formatted(realm, "StringEquals", "preferred_username", user);
    }

    /** The names of what is in a folder of a bucket, whoever may read it. */
    List<String> names(String folder) {
        return Processes.run(LIMIT, shell, "fs.ls /buckets/" + folder + "\n")
                .output()
                .lines()
                .map(line -> line.replaceFirst("^(> )+", "").strip())
                .filter(line -> !line.isEmpty())
                .toList();
    }

    /** What STS answers to a token. */
    HttpResponse<String> assumeRole(String token, String role) {
        String form =
                "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=by-hand"
                        + "&DurationSeconds=3600&RoleArn="
                        + URLEncoder.encode(role, UTF_8)
                        + "&WebIdentityToken="
                        + token;
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(uri())
                            .timeout(LIMIT)
                            .header("Content-Type", "application/x-www-form-urlencoded")
                            .POST(HttpRequest.BodyPublishers.ofString(form))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + port);
    }

    @Override
    public void close() {
        program.close();
    }
}
