// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import java.util.logging.Level;

/** A line of native code for the log, such as a JWK Set that could not be fetched. */
public record Event(Level level, String text) {
    /** Reads one line {@code LEVEL<tab>text}. A line in another format is logged as it is. */
    static Event parse(String line) {
        int tab = line.indexOf('\t');
        if (tab < 0) {
            return new Event(Level.WARNING, line);
        }
        String text = line.substring(tab + 1);
        return switch (line.substring(0, tab)) {
            case "ERROR" -> new Event(Level.SEVERE, text);
            case "WARN" -> new Event(Level.WARNING, text);
            case "INFO" -> new Event(Level.INFO, text);
            case "DEBUG" -> new Event(Level.FINE, text);
            default -> new Event(Level.WARNING, line);
        };
    }
}
