#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a program with a token of the job in its environment.
set -eu
TRINO_TOKEN=$(nativejwt token --profile etl)
export TRINO_TOKEN
exec "$@"
