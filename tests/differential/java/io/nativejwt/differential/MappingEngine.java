// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.differential;

import io.trino.server.security.UserMapping;
import io.trino.server.security.UserMappingException;

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Trino's user mapping. A pattern that does not come to an end is given up after a while. */
final class MappingEngine {
    private static final int PATIENCE_SECONDS = 4;

    /** A thread that never comes back costs a processor; two of them are enough. */
    private static final int MAX_LOST = 2;

    private static final long STACK_BYTES = 16 << 20;

    private ExecutorService worker = newWorker();
    private int lost;

    private static ExecutorService newWorker() {
        return Executors.newSingleThreadExecutor(
                task -> {
                    Thread thread = new Thread(null, task, "mapping", STACK_BYTES);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** Pattern, principals. */
    void withPattern(Fields request, Answer answer) {
        String pattern = request.text();
        map(Optional.of(pattern), Optional.empty(), request, answer);
    }

    /** File, principals. */
    void withFile(Fields request, Answer answer) {
        File file = new File(request.text());
        map(Optional.empty(), Optional.of(file), request, answer);
    }

    /**
     * First A or R for the rules; then for each principal A (user), R (message), F (500) or T (no
     * answer in time).
     */
    private void map(Optional<String> pattern, Optional<File> file, Fields request, Answer answer) {
        List<String> principals = new ArrayList<>();
        while (request.hasMore()) {
            principals.add(request.text());
        }
        UserMapping mapping;
        try {
            mapping = UserMapping.createUserMapping(pattern, file);
        } catch (RuntimeException | StackOverflowError e) {
            answer.verdict('R').text(Answer.whole(e));
            return;
        }
        answer.verdict('A').text("");
        List<Mapped> mapped = new ArrayList<>();
        // Only this thread reads the list once the worker is done or given up.
        Future<List<Mapped>> task = worker.submit(() -> mapAll(mapping, principals));
        try {
            mapped = task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            giveUp();
            principals.forEach(principal -> answer.verdict('T').text(""));
            return;
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
        mapped.forEach(each -> answer.verdict(each.verdict()).text(each.text()));
    }

    private static List<Mapped> mapAll(UserMapping mapping, List<String> principals) {
        List<Mapped> mapped = new ArrayList<>(principals.size());
        for (String principal : principals) {
            mapped.add(mapOne(mapping, principal));
        }
        return mapped;
    }

    private static Mapped mapOne(UserMapping mapping, String principal) {
        try {
            return new Mapped('A', mapping.mapUser(principal));
        } catch (UserMappingException e) {
            return new Mapped('R', e.getMessage());
        } catch (RuntimeException | StackOverflowError e) {
            return new Mapped('F', Answer.whole(e));
        }
    }

    private void giveUp() {
        lost++;
        if (lost > MAX_LOST) {
            // The other side starts a new JVM and asks the rest again.
            Runtime.getRuntime().halt(3);
        }
        worker = newWorker();
    }

    private record Mapped(char verdict, String text) {}
}
