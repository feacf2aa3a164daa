// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.NativejwtCommand;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Poll;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code make demo RULES=1} shows: a token that lacks a scope, one that a claim rule lets in
 * with groups, and one that is revoked while the coordinator runs.
 */
final class RulesDemo {
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String WHO =
            "SELECT current_user, array_join(array_sort(current_groups()), ' ')";

    /** The file of rules that the demo prints. */
    private static final String RULES =
            """
            {
              "rules": [
                {
                  "description": "people of the data team",
                  "conditions": [{"claim": "/realm_access/roles", "holds": "data-team"}],
                  "allow": true,
                  "groups": {"claim": "/realm_access/roles", "pattern": "trino-(.+)", "group": "$1"}
                }
              ],
              "otherwise": {"allow": false, "message": "Only the data team may use Trino"}
            }
            """;

    private RulesDemo() {}

    static void run(Site site) throws Exception {
        Path folder = Workspace.freshFolder("demo-rules");
        Path keys = folder.resolve("idp");
        NativejwtCommand.keygen("ES256", keys);
        Path key = keys.resolve("private.pem");
        Path rules = Files.writeString(folder.resolve("claim-rules.json"), RULES);
        Path revoked = Files.writeString(folder.resolve("revoked.txt"), "");
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(JWT + "key-file", keys.resolve("public.pem").toString());
        properties.put(JWT + "required-scopes", "trino");
        properties.put(JWT + "claim-rules.file", rules.toString());
        properties.put(JWT + "revocation-file", revoked.toString());
        properties.forEach((name, value) -> System.out.println("  " + name + "=" + value));
        System.out.println(Workspace.relative(rules) + ":");
        RULES.lines().forEach(line -> System.out.println("  " + line));

        Stopwatch stopwatch = new Stopwatch("Trino " + site.version() + ": starting");
        try (Coordinator coordinator =
                Coordinator.in(folder).at(site).jwt(properties).progress(stopwatch).start()) {
            stopwatch.done();
            Demo demo = new Demo(site, coordinator);
            demo.showRejection("a token without the scope trino", token(key, "alice", "openid"));
            String ofNobody = issue(key, "mallory", "openid trino", List.of("visitors"));
            demo.showRejection("a token that no rule accepts", ofNobody);
            System.out.println();
            System.out.println(
                    "A rule accepts the tokens of alice and bob, and sets their groups:");
            String alice = token(key, "alice", "openid trino");
            String bob = token(key, "bob", "openid trino");
            for (String token : List.of(alice, bob)) {
                Demo.show(
                        "SELECT current_user, current_groups()",
                        Clients.jdbc(coordinator, token, WHO));
            }
            System.out.println();
            System.out.println(
                    "$ nativejwt revoke --file "
                            + Workspace.relative(revoked)
                            + " - < alice.token");
            NativejwtCommand.revoke(revoked, alice)
                    .lines()
                    .forEach(line -> System.out.println("  " + line));
            Duration waited =
                    Poll.until(
                            "the token of alice to be rejected",
                            Duration.ofSeconds(10),
                            () -> Clients.http(coordinator, "Bearer " + alice).statusCode() == 401);
            demo.showRejection("the same token, " + waited.toMillis() + " ms later", alice);
            System.out.println();
            System.out.println("bob is not affected:");
            Demo.show("SELECT current_user, current_groups()", Clients.jdbc(coordinator, bob, WHO));
        }
    }

    /** A token of the data team. */
    private static String token(Path key, String user, String scope) {
        return issue(key, user, scope, List.of("data-team", "trino-analysts", "trino-etl"));
    }

    private static String issue(Path key, String user, String scope, List<String> roles) {
        Map<String, String> claims = new LinkedHashMap<>();
        claims.put("sub", user);
        claims.put("scope", scope);
        claims.put("realm_access", "{\"roles\":[\"" + String.join("\",\"", roles) + "\"]}");
        return NativejwtCommand.issue(key, claims, "1h");
    }
}
