#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes a token for Prometheus: renew-token.sh FILE. Call it every 30 seconds, from a timer of systemd for example. The token of
# 'nativejwt token' is good for a minute at least. If there is none, the file keeps the previous one.
set -euo pipefail

umask 077
nativejwt token --profile prometheus >"$1.next"
# In one step, so that Prometheus never reads half a token.
mv "$1.next" "$1"
