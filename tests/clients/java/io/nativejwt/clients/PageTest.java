// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** docs/clients.md shows what was run. */
final class PageTest {
    /** What this machine cannot run; the page says so. */
    private static final String NOT_RUN = "Spark on EMR, EKS and Databricks";

    private static final String PACKAGE = "io.nativejwt.clients.";

    private final Page page = new Page();

    @Test
    void everyBlockIsPartOfAFileThatRuns() throws IOException {
        List<Page.Block> blocks =
                page.blocks().stream().filter(block -> !block.section().equals(NOT_RUN)).toList();
        assertThat(blocks).hasSizeGreaterThan(10);
        for (Page.Block block : blocks) {
            boolean found = false;
            for (Path file : Example.all()) {
                found |= isPart(block.lines(), Files.readAllLines(file));
            }
            assertThat(found).as("in no file: %s", block).isTrue();
        }
    }

    /** As it stands there, or without the indentation that all of its lines have there. */
    private static boolean isPart(List<String> block, List<String> file) {
        for (int start = 0; start + block.size() <= file.size(); start++) {
            String first = file.get(start);
            int depth = first.length() - first.stripLeading().length();
            List<String> part =
                    file.subList(start, start + block.size()).stream()
                            .map(line -> line.isBlank() ? "" : undented(line, depth))
                            .toList();
            if (part.equals(block) || file.subList(start, start + block.size()).equals(block)) {
                return true;
            }
        }
        return false;
    }

    private static String undented(String line, int depth) {
        return line.substring(0, Math.min(depth, line.length())).isBlank()
                ? line.substring(Math.min(depth, line.length()))
                : line;
    }

    @Test
    void versionsAreThoseOfTheLockFiles() throws IOException {
        String versions = page.text("");
        for (String lock :
                List.of(
                        "python/requirements.txt `trino` ^trino==(\\S+)",
                        "python/requirements.txt `sqlalchemy` ^sqlalchemy==(\\S+)",
                        "dbt/requirements.txt `dbt-core` ^dbt-core==(\\S+)",
                        "dbt/requirements.txt `dbt-trino` ^dbt-trino==(\\S+)",
                        "spark/requirements.txt PySpark ^pyspark==(\\S+)",
                        "node/package.json `trino-client` \"trino-client\":\\s*\"(.+)\"",
                        "go/go.mod `github.com/trinodb/trino-go-client`"
                                + " trino-go-client\\s+v(\\S+)")) {
            String[] fields = lock.split(" ", 3);
            String file = Files.readString(Workspace.source("tests/clients").resolve(fields[0]));
            Matcher version = Pattern.compile(fields[2], Pattern.MULTILINE).matcher(file);
            assertThat(version.find()).as(lock).isTrue();
            assertThat(versions).contains(fields[1] + " " + version.group(1));
        }
    }

    @Test
    void sectionThatWasNotRunSaysSo() throws IOException {
        assertThat(page.text(NOT_RUN)).startsWith("**Not run here.**");
    }

    @Test
    void everyTestThatIsNamedExists() throws ClassNotFoundException {
        List<Page.Row> rows = page.rows().stream().filter(row -> !row.tests().isEmpty()).toList();
        assertThat(rows).hasSizeGreaterThan(40);
        for (Page.Row row : rows) {
            for (Page.NamedTest test : row.tests()) {
                assertThat(method(test)).as("%s", test).isPresent();
            }
        }
    }

    /** The contract is a superclass. */
    private static Optional<Method> method(Page.NamedTest test) throws ClassNotFoundException {
        Class<?> type = Class.forName(PACKAGE + test.type());
        return Stream.<Class<?>>iterate(type, next -> next != null, Class::getSuperclass)
                .flatMap(next -> Stream.of(next.getDeclaredMethods()))
                .filter(method -> method.getName().equals(test.method()))
                .filter(
                        method ->
                                method.isAnnotationPresent(Test.class)
                                        || method.isAnnotationPresent(ParameterizedTest.class))
                .findFirst();
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                JdbcTest.class,
                CliTest.class,
                SparkTest.class,
                PythonTest.class,
                SqlAlchemyTest.class,
                DbtTest.class,
                GoTest.class,
                NodeTest.class
            })
    void everySentenceOfTheContractIsOnThePage(Class<?> client) {
        for (Method method : ClientContract.class.getDeclaredMethods()) {
            if (method.getName().endsWith("ShowsItsSentence")
                    || method.getName().endsWith("IsRejected")) {
                assertThat(page.sentences(client, method.getName())).isNotEmpty();
            }
        }
    }
}
