// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

/** A table that takes longer to read than short sessions live. */
final class SlowTable {
    static final int ROWS = 40;

    private SlowTable() {}

    /** Pages of a second each. */
    static String create(String name) {
        return """
        CREATE TABLE %s (id bigint)
        WITH (split_count = 1, pages_per_split = %d, rows_per_page = 1, page_processing_delay = '1s')
        """
                .formatted(name, ROWS);
    }
}
