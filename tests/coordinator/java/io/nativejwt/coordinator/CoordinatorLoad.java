// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.TrinoDistribution;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipFile;

/**
 * What the authenticator costs a coordinator under load: Trino 476 with its built-in JWT
 * authenticator, with ours, and with ours in shadow mode beside the built-in one, up at the same
 * time and loaded in turn, over HTTPS with keep-alive, by clients that poll a cheap endpoint with
 * 1, 100 and 10 000 tokens.
 */
final class CoordinatorLoad {
    private static final KeyPair KEYS = Keys.rsa();
    private static final String JWT = "http-server.authentication.jwt.";

    /** Asks for a user, and answers with an empty list. */
    private static final String ENDPOINT = "/v1/query?state=QUEUED";

    private static final int CONNECTIONS = 16;
    private static final List<Integer> TOKENS = List.of(1, 100, 10_000);

    /** The names of the built-in authenticator's methods, and of ours, in a profile. */
    private static final List<String> AUTHENTICATORS =
            List.of(
                    "io/trino/server/security/jwt/JwtAuthenticator.",
                    "io/trino/server/security/AbstractBearerAuthenticator.",
                    "io/nativejwt/server/NativeJwtAuthenticator.",
                    // What judges in shadow mode.
                    "io/nativejwt/login/Shadow.");

    private enum Side {
        BUILT_IN(Integration.BUILT_IN),
        SERVER(Integration.SERVER),
        SHADOW(Integration.SERVER);

        private final Integration integration;

        Side(Integration integration) {
            this.integration = integration;
        }
    }

    private static final List<Side> SIDES = List.of(Side.values());

    /** One load of one coordinator. */
    private record Sample(double requestsPerSecond, double p50, double p99, double cpuMicros) {}

    private final Path folder;
    private final Map<Side, Coordinator> coordinators = new EnumMap<>(Side.class);
    private final Duration load;
    private final Duration warmUp;
    private final int rounds;

    private CoordinatorLoad(Path folder, boolean quick) {
        this.folder = folder;
        load = Duration.ofSeconds(quick ? 5 : 15);
        warmUp = Duration.ofSeconds(quick ? 20 : 60);
        // Odd, so that there is a middle one.
        rounds = quick ? 3 : 5;
    }

    public static void main(String[] arguments) throws Exception {
        boolean quick = List.of(arguments).contains("quick");
        new CoordinatorLoad(Workspace.freshFolder("bench/coordinator"), quick).run();
    }

    private void run() throws Exception {
        Path out = folder.resolveSibling("coordinator.json");
        try {
            for (Side side : SIDES) {
                coordinators.put(side, start(side));
            }
            List<String> rows = new ArrayList<>();
            Path first = tokens(TOKENS.getFirst());
            for (Side side : SIDES) {
                wrk(side, first, warmUp);
            }
            for (int count : TOKENS) {
                rows.addAll(measure(count));
            }
            rows.addAll(shares(tokens(100)));
            Files.writeString(out, "[\n" + String.join(",\n", rows) + "\n]\n");
            System.out.println("written to " + Workspace.relative(out));
        } finally {
            coordinators.values().forEach(Coordinator::close);
        }
    }

    private Coordinator start(Side side) throws IOException {
        Path home = Files.createDirectories(folder.resolve(side.name()));
        return Coordinator.in(home)
                .distribution(TrinoDistribution.tarball476())
                .through(side.integration)
                .jwt(
                        Map.of(
                                JWT + "key-file",
                                Files.writeString(home.resolve("key.pem"), Keys.publicPem(KEYS))
                                        .toString(),
                                JWT + "required-audience",
                                "trino"))
                .config(JWT + "shadow", side == Side.SHADOW ? "true" : "")
                .asInProduction()
                .start();
    }

    /** As an identity provider makes them, 1.2 KB each. */
    private Path tokens(int count) throws IOException {
        Path file = folder.resolve(count + ".tokens");
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            tokens.add(
                    Token.of("user%05d".formatted(i))
                            .header("kid", "HdUjzWsO1HmlZ2BnBcDa2pJDQ1KSRZg3N3ynuJYbZ9M")
                            .claim("aud", "trino")
                            .claim("iss", "https://idp.example/realms/corp")
                            .claim("scope", "openid profile email " + "x".repeat(400))
                            .expiringAt(Instant.now().plus(Duration.ofHours(5)))
                            .sign("RS256", KEYS.getPrivate()));
        }
        return Files.write(file, tokens);
    }

    private List<String> measure(int count) throws Exception {
        Path tokens = tokens(count);
        Map<Side, List<Sample>> samples = new EnumMap<>(Side.class);
        for (int round = 0; round < rounds; round++) {
            for (Side side : round % 2 == 0 ? SIDES : SIDES.reversed()) {
                samples.computeIfAbsent(side, any -> new ArrayList<>())
                        .add(wrk(side, tokens, load));
            }
        }
        String name = "coordinator-%d-%s".formatted(count, count == 1 ? "token" : "tokens");
        return Stream.of(
                        rows(name + "-requests", "1/s", samples, Sample::requestsPerSecond, true),
                        rows(name + "-p50", "us", samples, Sample::p50, false),
                        rows(name + "-p99", "us", samples, Sample::p99, false),
                        rows(name + "-cpu", "us", samples, Sample::cpuMicros, false))
                .flatMap(List::stream)
                .toList();
    }

    private Sample wrk(Side side, Path tokens, Duration duration) throws Exception {
        Coordinator coordinator = coordinators.get(side);
        Duration before = coordinator.cpuTime();
        Processes.Result result =
                Processes.run(
                        duration.plusMinutes(1),
                        List.of(
                                "wrk",
                                "-t1",
                                "-c" + CONNECTIONS,
                                "-d%ds".formatted(duration.toSeconds()),
                                "-s",
                                Workspace.source("bench/tokens.lua").toString(),
                                coordinator.uri().resolve(ENDPOINT).toString(),
                                "--",
                                tokens.toString()));
        Duration cpu = coordinator.cpuTime().minus(before);
        String line = result.output().lines().reduce("", (all, last) -> last);
        Function<String, Double> number =
                field -> {
                    Matcher match = Pattern.compile("\"%s\":(\\d+)".formatted(field)).matcher(line);
                    if (!match.find()) {
                        throw new IllegalStateException(
                                "wrk said: " + result.output() + result.error());
                    }
                    return Double.parseDouble(match.group(1));
                };
        if (number.apply("refused") + number.apply("failed") > 0) {
            throw new IllegalStateException("not every request was answered with 200: " + line);
        }
        double requests = number.apply("requests");
        return new Sample(
                requests / number.apply("micros") * 1e6,
                number.apply("p50"),
                number.apply("p99"),
                cpu.toNanos() / 1e3 / requests);
    }

    /** Ours beside the built-in one, and shadow mode beside it. */
    private static <T> List<String> rows(
            String name,
            String unit,
            Map<Side, List<T>> samples,
            ToDoubleFunction<T> value,
            boolean moreIsBetter) {
        String ofShadow = name.replaceFirst("^coordinator-", "coordinator-shadow-");
        return List.of(
                row(name, unit, samples, Side.SERVER, value, moreIsBetter),
                row(ofShadow, unit, samples, Side.SHADOW, value, moreIsBetter));
    }

    private static <T> String row(
            String name,
            String unit,
            Map<Side, List<T>> samples,
            Side side,
            ToDoubleFunction<T> value,
            boolean moreIsBetter) {
        double[] stock = sorted(samples.get(Side.BUILT_IN), value);
        double[] ours = sorted(samples.get(side), value);
        double ratio = median(stock) / median(ours);
        return row(
                name,
                unit,
                median(stock),
                median(ours),
                moreIsBetter ? 1 / ratio : ratio,
                Math.max(spread(stock), spread(ours)));
    }

    private static String row(
            String name, String unit, double stock, double ours, double ratio, double spread) {
        System.out.printf(
                Locale.ROOT,
                "%-32s stock %10.1f  ours %10.1f %-4s %6.2f times better, spread %.0f %%%n",
                name,
                stock,
                ours,
                unit,
                ratio,
                spread * 100);
        return String.format(
                Locale.ROOT,
                "  {\"name\":\"%s\",\"stock\":%.2f,\"ours\":%.2f,\"unit\":\"%s\",\"ratio\":%.3f,\"spread\":%.3f}",
                name,
                stock,
                ours,
                unit,
                ratio,
                spread);
    }

    private static <T> double[] sorted(List<T> samples, ToDoubleFunction<T> value) {
        return samples.stream().mapToDouble(value).sorted().toArray();
    }

    private static double median(double[] sorted) {
        return sorted[sorted.length / 2];
    }

    /** From the least to the most, as a part of the median. */
    private static double spread(double[] sorted) {
        return (sorted[sorted.length - 1] - sorted[0]) / median(sorted);
    }

    /** How much of the processor's time under load goes to the authenticator. */
    private List<String> shares(Path tokens) throws Exception {
        Map<Side, List<Double>> shares = new EnumMap<>(Side.class);
        Path profiler = profiler();
        for (int round = 0; round < rounds; round++) {
            for (Side side : round % 2 == 0 ? SIDES : SIDES.reversed()) {
                Path stacks = folder.resolve("%s.%d.collapsed".formatted(side, round));
                String pid = Long.toString(coordinators.get(side).jvm().pid());
                // Timers of the threads' own processor time, which need no right of the kernel.
                profile(pid, profiler, "start,event=ctimer,interval=1ms,cstack=vm");
                wrk(side, tokens, load);
                profile(pid, profiler, "stop,collapsed,file=" + stacks);
                shares.computeIfAbsent(side, any -> new ArrayList<>()).add(share(stacks));
            }
        }
        return rows("coordinator-share", "%", shares, Double::doubleValue, false);
    }

    /** The profiler's library, out of its jar. */
    private Path profiler() throws IOException {
        String machine = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x64";
        Path library = folder.resolve("libasyncProfiler.so");
        try (ZipFile jar = new ZipFile(Path.of(Workspace.fetched("profiler")).toFile());
                InputStream content =
                        jar.getInputStream(
                                jar.getEntry("linux-%s/libasyncProfiler.so".formatted(machine)))) {
            Files.copy(content, library, StandardCopyOption.REPLACE_EXISTING);
        }
        return library;
    }

    private static void profile(String pid, Path profiler, String command) {
        Processes.Result result =
                Processes.runOrFail(
                        Duration.ofMinutes(1),
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                                pid,
                                "JVMTI.agent_load",
                                profiler.toString(),
                                // Without quotes jcmd takes what stands around '=' apart.
                                "\"%s\"".formatted(command)));
        if (!result.output().contains("return code: 0")) {
            throw new IllegalStateException("The profiler: " + result.output());
        }
    }

    /** In per cent. A line has the frames of a stack, then how often it was seen. */
    private static double share(Path stacks) throws IOException {
        long all = 0;
        long within = 0;
        for (String line : Files.readAllLines(stacks)) {
            int end = line.lastIndexOf(' ');
            long times = Long.parseLong(line.substring(end + 1));
            all += times;
            if (AUTHENTICATORS.stream().anyMatch(line::contains)) {
                within += times;
            }
        }
        if (all < 1000) {
            throw new IllegalStateException("only " + all + " samples in " + stacks);
        }
        return 100.0 * within / all;
    }
}
