# SPDX-License-Identifier: Apache-2.0
"""Runs its arguments, one query after the other, and prints the first column."""

import os
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.config("spark.jars", os.environ["TRINO_JDBC_JAR"]).getOrCreate()


def trino(token):
    return (
        spark.read.format("jdbc")
        .option("driver", "io.trino.jdbc.TrinoDriver")
        .option("url", f"jdbc:trino://{os.environ['TRINO_HOST']}:{os.environ['TRINO_PORT']}")
        .option("SSL", "true")
        .option("SSLTrustStorePath", os.environ["TRINO_CA"])
        .option("accessToken", token)
    )


for query in sys.argv[1:]:
    frame = trino(os.environ["TRINO_TOKEN"]).option("query", query).load()
    for row in frame.collect():
        print(row[0], flush=True)
