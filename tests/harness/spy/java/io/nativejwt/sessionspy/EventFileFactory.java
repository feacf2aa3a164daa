// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.sessionspy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;

import io.trino.spi.eventlistener.EventListener;
import io.trino.spi.eventlistener.EventListenerFactory;
import io.trino.spi.eventlistener.QueryCompletedEvent;
import io.trino.spi.eventlistener.QueryCreatedEvent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Appends every event, whole and as JSON, to the file {@code session-spy.file}. */
final class EventFileFactory implements EventListenerFactory {
    private static final ObjectMapper JSON =
            new ObjectMapper().registerModules(new Jdk8Module(), new JavaTimeModule());

    @Override
    public String getName() {
        return SessionSpyPlugin.NAME;
    }

    @Override
    public EventListener create(Map<String, String> config, EventListenerContext context) {
        Path file = Path.of(config.get("session-spy.file"));
        return new EventListener() {
            @Override
            public void queryCreated(QueryCreatedEvent event) {
                append(file, event);
            }

            @Override
            public void queryCompleted(QueryCompletedEvent event) {
                append(file, event);
            }
        };
    }

    private static synchronized void append(Path file, Object event) {
        try {
            Files.writeString(file, JSON.writeValueAsString(event) + "\n", UTF_8, CREATE, APPEND);
        } catch (JsonProcessingException e) {
            // A test looks for the events, so that it must not miss a part of one.
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
