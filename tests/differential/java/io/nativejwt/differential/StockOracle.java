// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.differential;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Answers for Trino's classes and for the native library behind JNI, in one JVM for a whole run.
 *
 * <p>Requests and answers are frames: a length, then an operation and fields, each with its length.
 * Answers come in the order of the requests. {@code tests/differential/src/oracle.rs} is the other
 * side.
 */
public final class StockOracle {
    private final Map<String, StockAuthenticator> stock = new HashMap<>();
    private final Map<String, NativeEngine> jni = new HashMap<>();
    private final MappingEngine mapping = new MappingEngine();

    private StockOracle() {}

    public static void main(String[] arguments) throws IOException {
        // Whatever a library prints must not come between the answers.
        PrintStream answers = System.out;
        System.setOut(System.err);
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 20));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(answers, 1 << 20));
        StockOracle oracle = new StockOracle();
        for (Fields request = Fields.read(in); request != null; request = Fields.read(in)) {
            Answer answer = new Answer();
            oracle.answer(request, answer);
            answer.write(out);
            if (in.available() == 0) {
                out.flush();
            }
        }
        out.flush();
    }

    private void answer(Fields request, Answer answer) throws IOException {
        int operation = request.operation();
        switch (operation) {
            case 'o' -> open(request, answer);
            case 'a' -> authenticate(request, answer);
            case 'p' -> mapping.withPattern(request, answer);
            case 'f' -> mapping.withFile(request, answer);
            default -> throw new IOException("unknown operation " + operation);
        }
    }

    /** Name, keys and values. */
    private void open(Fields request, Answer answer) throws IOException {
        String name = request.text();
        Map<String, String> config = pairs(request);
        try {
            stock.put(name, StockAuthenticator.open(config));
            answer.verdict('A').text("");
        } catch (RuntimeException | LinkageError e) {
            answer.verdict('R').text(Answer.whole(e));
        }
        try {
            jni.put(name, NativeEngine.open(config));
            answer.verdict('A').text("");
        } catch (RuntimeException e) {
            answer.verdict('R').text(Answer.whole(e));
        }
    }

    /** Name, now, Authorization value. */
    private void authenticate(Fields request, Answer answer) throws IOException {
        String name = request.text();
        long now = Long.parseLong(request.text());
        String header = request.latin1();
        StockAuthenticator stockAuthenticator = stock.get(name);
        if (stockAuthenticator == null) {
            answer.verdict('-').text("").text("").text("");
        } else {
            stockAuthenticator.authenticate(header, now, answer);
        }
        NativeEngine nativeEngine = jni.get(name);
        if (nativeEngine == null) {
            answer.verdict('-').text("").text("").text("");
        } else {
            nativeEngine.authenticate(header, now, answer);
        }
    }

    private static Map<String, String> pairs(Fields request) throws IOException {
        Map<String, String> pairs = new LinkedHashMap<>();
        int count = Integer.parseInt(request.text());
        for (int i = 0; i < count; i++) {
            String key = request.text();
            pairs.put(key, request.text());
        }
        return pairs;
    }
}
