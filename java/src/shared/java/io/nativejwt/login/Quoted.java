// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

/** Text of tokens in lines of the log, as {@code rust/core/src/quoted.rs} writes it. */
final class Quoted {
    private static final int MAXIMUM_CHARACTERS = 100;

    private Quoted() {}

    /**
     * The text in quotation marks: one line, without quotation marks, control characters and
     * characters that cannot be seen, cut to 100 characters.
     */
    static String text(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints()
                .limit(MAXIMUM_CHARACTERS)
                .forEach(
                        character -> {
                            if (isPlain(character)) {
                                quoted.appendCodePoint(character);
                            } else {
                                quoted.append("\\u{%x}".formatted(character));
                            }
                        });
        if (text.codePointCount(0, text.length()) > MAXIMUM_CHARACTERS) {
            quoted.append('…');
        }
        return quoted.append('"').toString();
    }

    private static boolean isPlain(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED ->
                    false;
            default -> character != '"' && character != '\\';
        };
    }
}
