// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Token;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A Spark without a cluster, which runs one program after the other:
 * tests/clients/spark/session.py.
 */
final class SparkSession implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final Process process;
    private final Thread shutdownHook;
    private final Writer requests;
    private final BufferedReader answers;
    private final Path log;

    private SparkSession(Path folder, Map<String, String> user) throws IOException {
        Path home = Files.createDirectories(folder.resolve("spark"));
        log = home.resolve("session.log");
        ProcessBuilder builder =
                new ProcessBuilder(
                                Workspace.fetchedForTests("client-spark").toString(),
                                Workspace.source("tests/clients/spark/session.py").toString())
                        .directory(home.toFile())
                        .redirectError(log.toFile());
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.putAll(user);
        environment.put("JAVA_HOME", Workspace.fetchedForTests("spark-jdk").toString());
        environment.put("TRINO_JDBC_JAR", ClientsSite.jdbcDriver());
        environment.put("SPARK_LOCAL_IP", "127.0.0.1");
        environment.put("SPARK_LOCAL_DIRS", home.resolve("local").toString());
        // Two tasks at once, whatever the machine has.
        environment.put(
                "PYSPARK_SUBMIT_ARGS",
                "--master local[2] --conf spark.ui.enabled=false pyspark-shell");
        process = builder.start();
        shutdownHook = new Thread(() -> Processes.stop(process));
        Runtime.getRuntime().addShutdownHook(shutdownHook);
        requests = process.outputWriter(UTF_8);
        answers = process.inputReader(UTF_8);
    }

    static SparkSession start(Path folder, Map<String, String> user) {
        Stopwatch stopwatch = new Stopwatch("Spark");
        try {
            SparkSession session = new SparkSession(folder, user);
            // The first query of all takes ten times as long as the next.
            session.run(Example.in("spark").file("query.py"), user, "SELECT 1 AS one")
                    .assertSucceeded();
            stopwatch.done();
            return session;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Outcome run(Path program, Map<String, String> environment, String... arguments) {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("program", program.toString());
        request.put("environment", environment);
        request.put("arguments", List.of(arguments));
        try {
            requests.write(Token.json(request) + "\n");
            requests.flush();
            String[] fields = answer().split(" ", -1);
            return Outcome.of(
                    new Processes.Result(
                            Integer.parseInt(fields[0]), text(fields[1]), text(fields[2])));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String answer() {
        try {
            return CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return answers.readLine();
                                } catch (IOException e) {
                                    throw new UncheckedIOException(e);
                                }
                            })
                    .thenApply(
                            line -> {
                                if (line == null) {
                                    throw new IllegalStateException("Spark ended, see " + log);
                                }
                                return line;
                            })
                    .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            Processes.stop(process);
            throw new IllegalStateException("no answer within " + LIMIT + ", see " + log);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String text(String field) {
        return new String(Base64.getDecoder().decode(field), UTF_8);
    }

    @Override
    public void close() {
        Processes.stop(process);
        Runtime.getRuntime().removeShutdownHook(shutdownHook);
    }
}
