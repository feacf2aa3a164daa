# SPDX-License-Identifier: Apache-2.0
"""Runs its arguments, each as a batch with a token of its own."""

import os
import subprocess
import sys

import trino


def fresh_token():
    command = ["nativejwt", "token", "--profile", "etl"]
    return subprocess.check_output(command, text=True).strip()


def connect():
    return trino.dbapi.connect(
        host=os.environ["TRINO_HOST"],
        port=os.environ["TRINO_PORT"],
        http_scheme="https",
        verify=os.environ["TRINO_CA"],
        auth=trino.auth.JWTAuthentication(fresh_token()),
    )


for batch in sys.argv[1:]:
    with connect() as connection:
        for row in connection.cursor().execute(batch):
            print(row[0], flush=True)
