// SPDX-License-Identifier: Apache-2.0

// Prints the results of java.util.regex and of String's case conversion in the JDK that runs this file: one request on each
// line of standard input, one result on each line of standard output. Fields are separated by tabs. A character outside
// ' '..'~', and the backtick, is written as its hexadecimal code between backticks.
//
//   R pattern template input...   ->  rejected | ok groups, then for each input: verdict, finds, replaced
//   L text | U text               ->  text in lower | upper case
//
// A verdict is "false" or the spans of all groups ("0,3 -1,-1"). Finds are such lists, separated by ';'. "limit" means too
// many steps or too deep a stack, "error" a template that failed at a match.
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public final class Oracle
{
    private static final long STEPS = Long.getLong("oracle.steps", 3_000_000);

    private Oracle() {}

    public static void main(String[] args)
            throws Exception
    {
        Thread thread = new Thread(null, Oracle::serve, "oracle", 64 << 20);
        thread.start();
        thread.join();
    }

    private static void serve()
    {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
                BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.US_ASCII))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.write(answer(line.split("\t", -1)));
                out.newLine();
                if (!in.ready()) {
                    out.flush();
                }
            }
        }
        catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    private static String answer(String[] fields)
    {
        return switch (fields[0]) {
            case "L" -> write(read(fields[1]).toLowerCase(Locale.ENGLISH));
            case "U" -> write(read(fields[1]).toUpperCase(Locale.ENGLISH));
            case "R" -> regex(fields);
            default -> throw new IllegalArgumentException(fields[0]);
        };
    }

    private static String regex(String[] fields)
    {
        Pattern pattern;
        try {
            pattern = Pattern.compile(read(fields[1]));
        }
        catch (IllegalArgumentException e) {
            return "rejected";
        }
        catch (RuntimeException | StackOverflowError e) {
            return "rejected\t" + e.getClass().getName();
        }
        String template = read(fields[2]);
        StringBuilder answer = new StringBuilder("ok ").append(pattern.matcher("").groupCount());
        for (int i = 3; i < fields.length; i++) {
            String input = read(fields[i]);
            answer.append('\t').append(bounded(() -> verdict(pattern.matcher(new Counted(input)))))
                    .append('\t').append(bounded(() -> finds(pattern.matcher(new Counted(input)))))
                    .append('\t').append(bounded(() -> write(pattern.matcher(new Counted(input)).replaceAll(template))));
        }
        return answer.toString();
    }

    private static String bounded(Supplier<String> supplier)
    {
        try {
            return supplier.get();
        }
        catch (TooLong | StackOverflowError e) {
            return "limit";
        }
        catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return "error";
        }
    }

    private static String verdict(Matcher matcher)
    {
        return matcher.matches() ? spans(matcher) : "false";
    }

    private static String finds(Matcher matcher)
    {
        StringBuilder all = new StringBuilder();
        while (matcher.find()) {
            all.append(all.isEmpty() ? "" : ";").append(spans(matcher));
        }
        return all.toString();
    }

    private static String spans(Matcher matcher)
    {
        StringBuilder spans = new StringBuilder();
        for (int group = 0; group <= matcher.groupCount(); group++) {
            spans.append(group == 0 ? "" : " ").append(matcher.start(group)).append(',').append(matcher.end(group));
        }
        return spans.toString();
    }

    private static String read(String field)
    {
        if (field.indexOf('`') < 0) {
            return field;
        }
        StringBuilder text = new StringBuilder();
        String[] parts = field.split("`", -1);
        for (int i = 0; i < parts.length; i++) {
            if (i % 2 == 0) {
                text.append(parts[i]);
            }
            else {
                text.appendCodePoint(Integer.parseInt(parts[i], 16));
            }
        }
        return text.toString();
    }

    private static String write(String text)
    {
        StringBuilder field = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c >= ' ' && c <= '~' && c != '`') {
                field.append((char) c);
            }
            else {
                field.append('`').append(Integer.toHexString(c)).append('`');
            }
        });
        return field.toString();
    }

    private static final class TooLong
            extends RuntimeException
    {
        private TooLong()
        {
            super(null, null, false, false);
        }
    }

    // Counts the characters that are read, so that an explosion ends.
    private static final class Counted
            implements CharSequence
    {
        private final String text;
        private long steps;

        private Counted(String text)
        {
            this.text = text;
        }

        @Override
        public int length()
        {
            return text.length();
        }

        @Override
        public char charAt(int index)
        {
            if (++steps > STEPS) {
                throw new TooLong();
            }
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int start, int end)
        {
            return text.subSequence(start, end);
        }

        @Override
        public String toString()
        {
            return text;
        }
    }
}
