# SPDX-License-Identifier: Apache-2.0
"""Runs its arguments, one statement after the other, and prints the first column."""

import os
import sys

import trino
from sqlalchemy import create_engine, text

engine = create_engine(
    f"trino://{os.environ['TRINO_HOST']}:{os.environ['TRINO_PORT']}/memory",
    connect_args={
        "http_scheme": "https",
        "verify": os.environ["TRINO_CA"],
        "auth": trino.auth.JWTAuthentication(os.environ["TRINO_TOKEN"]),
    },
)

with engine.connect() as connection:
    for statement in sys.argv[1:]:
        for row in connection.execute(text(statement)):
            print(row[0], flush=True)
