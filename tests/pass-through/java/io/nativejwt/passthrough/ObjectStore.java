// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Program;
import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** S3 as moto serves it, with one bucket. It checks no keys. */
final class ObjectStore implements AutoCloseable {
    static final String BUCKET = "lake";
    static final String REGION = "us-east-1";
    static final String ACCESS_KEY = "key-for-tests";
    static final String SECRET_KEY = "secret-key-for-tests";

    private final int port;
    private final Program program;

    private ObjectStore(int port, Program program) {
        this.port = port;
        this.program = program;
    }

    static ObjectStore start(Path folder) {
        try {
            int port = Coordinator.freePorts(1)[0];
            String server = Workspace.fetchedForTests("moto").toString();
            ObjectStore store =
                    new ObjectStore(
                            port,
                            Program.start(
                                    "moto",
                                    folder.resolve("moto.log"),
                                    Map.of(),
                                    List.of(server, "-H", "127.0.0.1", "-p", "" + port),
                                    () -> Program.answers("http://127.0.0.1:" + port)));
            store.createBucket();
            return store;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String uri() {
        return "http://127.0.0.1:" + port;
    }

    private void createBucket() {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer =
                    client.send(
                            HttpRequest.newBuilder(URI.create(uri() + "/" + BUCKET))
                                    .PUT(HttpRequest.BodyPublishers.noBody())
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException("moto made no bucket: " + answer.body());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        program.close();
    }
}
