// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import io.trino.spi.security.Identity;

import org.glassfish.jersey.server.ContainerRequest;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * One login: the coordinator's request goes in, an identity or a rejection comes out. The same
 * request each time; only where the scenario is "cached" does anything remember its token.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AuthenticateBenchmark {
    @Param("native")
    public String implementation;

    @Param("RS256")
    public String algorithm;

    @Param("uncached")
    public String scenario;

    @Param("1.5k")
    public String size;

    private Subject subject;
    private ContainerRequest request;

    @Setup
    public void open() throws IOException {
        boolean isKeySet = scenario.equals("unknown-kid");
        Path folder = Files.createDirectories(Path.of("build/bench/keys"));
        Material material = isKeySet ? Material.keySet(folder) : Material.of(algorithm);
        String token =
                switch (scenario) {
                    case "uncached", "cached" -> material.token(size);
                    case "expired" -> material.expired();
                    case "bad-signature" -> material.withBadSignature();
                    case "garbage" -> material.garbage();
                    case "unknown-kid" -> material.withUnknownKeyId();
                    default -> throw new IllegalArgumentException(scenario);
                };
        subject = Subject.open(implementation, material, scenario.equals("cached"));
        request = Subject.request(token);
        boolean isAccepted = subject.judge(request) instanceof Identity;
        if (isAccepted != scenario.endsWith("cached")) {
            throw new IllegalStateException(
                    "%s: %s was judged: %s"
                            .formatted(implementation, scenario, subject.judge(request)));
        }
    }

    @Benchmark
    public Object authenticate() {
        return subject.judge(request);
    }
}
