// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import java.util.Map;

/**
 * The extra credentials from which Trino's native S3 file system takes a session's keys ({@code
 * io.trino.filesystem.s3.S3FileSystemConstants}). Clients cannot send these names.
 */
final class StorageCredentials {
    private static final String ACCESS_KEY = "internal$s3_aws_access_key";
    private static final String SECRET_KEY = "internal$s3_aws_secret_key";
    private static final String SESSION_TOKEN = "internal$s3_aws_session_token";

    /**
     * Keys that no store knows, for a session that must not read anything: one in another's name,
     * or one without a lease. Without any keys, the file system would use those of its catalog.
     */
    static final Map<String, String> PLACEHOLDERS = of("nativejwt-none", "none", "none");

    private StorageCredentials() {}

    static Map<String, String> of(String accessKey, String secretKey, String sessionToken) {
        return Map.of(ACCESS_KEY, accessKey, SECRET_KEY, secretKey, SESSION_TOKEN, sessionToken);
    }
}
