# SPDX-License-Identifier: Apache-2.0
"""Runs its arguments, each as a batch with a token and a DataFrame of its own."""

import os
import subprocess
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.config("spark.jars", os.environ["TRINO_JDBC_JAR"]).getOrCreate()


def fresh_token():
    command = ["nativejwt", "token", "--profile", "etl"]
    return subprocess.check_output(command, text=True).strip()


def batch(query):
    return (
        spark.read.format("jdbc")
        .option("driver", "io.trino.jdbc.TrinoDriver")
        .option("url", f"jdbc:trino://{os.environ['TRINO_HOST']}:{os.environ['TRINO_PORT']}")
        .option("SSL", "true")
        .option("SSLTrustStorePath", os.environ["TRINO_CA"])
        .option("accessToken", fresh_token())
        .option("query", query)
        .load()
    )


for query in sys.argv[1:]:
    for row in batch(query).collect():
        print(row[0], flush=True)
