# SPDX-License-Identifier: Apache-2.0
"""Runs its arguments, one statement after the other, and prints the first column."""

import os
import sys

import trino

connection = trino.dbapi.connect(
    host=os.environ["TRINO_HOST"],
    port=os.environ["TRINO_PORT"],
    http_scheme="https",
    verify=os.environ["TRINO_CA"],
    auth=trino.auth.JWTAuthentication(os.environ["TRINO_TOKEN"]),
)

cursor = connection.cursor()
for statement in sys.argv[1:]:
    for row in cursor.execute(statement):
        print(row[0], flush=True)
