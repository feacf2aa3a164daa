// SPDX-License-Identifier: Apache-2.0
// Runs its arguments, one statement after the other, and prints the first column.

import { readFileSync } from "node:fs";
import { Trino } from "trino-client";

const trino = Trino.create({
  server: `https://${process.env.TRINO_HOST}:${process.env.TRINO_PORT}`,
  ssl: { ca: readFileSync(process.env.TRINO_CA) },
  extraHeaders: {
    Authorization: `Bearer ${process.env.TRINO_TOKEN}`,
    "X-Trino-User": process.env.TRINO_USER,
  },
});

async function run(statement) {
  for await (const result of await trino.query(statement)) {
    if (result.error) throw new Error(result.error.message);
    for (const row of result.data ?? []) console.log(row[0]);
  }
}

try {
  for (const statement of process.argv.slice(2)) await run(statement);
} catch (error) {
  // The coordinator's sentence is in the body of a 401.
  console.error(error.message, error.response?.data ?? "");
  process.exitCode = 1;
}
