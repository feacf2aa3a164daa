package io.nativejwt.ffi;

import java.util.logging.Level;

/** Something the native side wants logged, such as a key set that could not be fetched. */
public record Event(Level level, String text) {
    /**
     * Reads one line of the form {@code LEVEL<tab>text}. A line of another form is logged as it is
     * rather than lost.
     */
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
