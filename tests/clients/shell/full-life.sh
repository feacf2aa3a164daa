#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints a token that was made just now, rather than one that is good for another minute.
set -eu
nativejwt login --profile etl
nativejwt token --profile etl
