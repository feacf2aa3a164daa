#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Reads an object as the user of a token, without Trino: read-object.sh TOKEN-FILE ROLE-ARN SESSION-NAME BUCKET/KEY
# STS_ENDPOINT and S3_ENDPOINT are the URLs of the two servers. Neither the token nor the credentials become arguments, which
# everybody on the machine could see.
set -euo pipefail

answer=$(printf %s "$(<"$1")" | curl --silent --show-error --fail-with-body "$STS_ENDPOINT" \
    --data Action=AssumeRoleWithWebIdentity --data Version=2011-06-15 --data DurationSeconds=3600 \
    --data-urlencode "RoleArn=$2" --data-urlencode "RoleSessionName=$3" --data-urlencode WebIdentityToken@-) ||
    { sed -n 's:.*<Code>\([^<]*\)</Code>.*:STS says \1:p' <<<"$answer" >&2; exit 1; }
value() { sed -n "s:.*<$1>\([^<]*\)</$1>.*:\1:p" <<<"$answer"; }

curl --silent --show-error --fail-with-body --aws-sigv4 "aws:amz:${S3_REGION:-us-east-1}:s3" --config - "$S3_ENDPOINT/$4" <<END
user = "$(value AccessKeyId):$(value SecretAccessKey)"
header = "x-amz-security-token: $(value SessionToken)"
END
