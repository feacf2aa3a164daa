// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** Where the HTTP event listener of a coordinator sends what it tells of queries. */
public final class EventSink implements AutoCloseable {
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final HttpServer server;

    public EventSink() {
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext(
                "/",
                exchange -> {
                    try (exchange) {
                        events.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
                        exchange.sendResponseHeaders(200, -1);
                    }
                });
        server.start();
    }

    /** The file of the coordinator's listener that sends here; it needs the plugin of that name. */
    public Path listener(Path folder) throws IOException {
        return Files.write(
                folder.resolve("event-listener.properties"),
                List.of(
                        "event-listener.name=http",
                        "http-event-listener.log-created=true",
                        "http-event-listener.log-completed=true",
                        "http-event-listener.connect-ingest-uri=http://127.0.0.1:"
                                + server.getAddress().getPort()
                                + "/"));
    }

    public List<String> events() {
        return events;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
