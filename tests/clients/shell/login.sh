#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Once for each job. The tests set the variables.
set -eu
nativejwt login --profile etl --issuer "$ISSUER" --client-id etl \
    --client-credentials --client-secret-file "$SECRET_FILE"
