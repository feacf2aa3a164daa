# SPDX-License-Identifier: Apache-2.0
"""Reads a table in eight partitions: each is a connection of its own, which needs a token that is still good."""

import os
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.config("spark.jars", os.environ["TRINO_JDBC_JAR"]).getOrCreate()

frame = (
    spark.read.format("jdbc")
    .option("driver", "io.trino.jdbc.TrinoDriver")
    .option("url", f"jdbc:trino://{os.environ['TRINO_HOST']}:{os.environ['TRINO_PORT']}")
    .option("SSL", "true")
    .option("SSLTrustStorePath", os.environ["TRINO_CA"])
    .option("accessToken", os.environ["TRINO_TOKEN"])
    .option("dbtable", sys.argv[1])
    .option("partitionColumn", "id")
    .option("lowerBound", 1)
    .option("upperBound", 9)
    .option("numPartitions", 8)
    .load()
)
print(frame.rdd.getNumPartitions(), flush=True)
print(len(frame.collect()), flush=True)
