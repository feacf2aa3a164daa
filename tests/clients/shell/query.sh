#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the statements of its argument with Trino's command line.
set -eu
trino --server "https://$TRINO_HOST:$TRINO_PORT" --truststore-path "$TRINO_CA" \
    --user "$TRINO_USER" --access-token "$TRINO_TOKEN" --output-format TSV --execute "$1"
