// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

/**
 * The facts about a configuration that Java needs before opening it. The library reads them, by the
 * same code as when opening, so that no Java class interprets a property of native-jwt.
 *
 * @param usesHttpClient whether a server is asked: for keys, perhaps after a change of a file of
 *     {@code config-files}, or for storage credentials
 * @param usesJvmTrustStore whether the certificates that this JVM trusts are trusted for that
 *     server
 * @param givesMoreThanAUser whether sessions can get groups, the token or storage credentials
 * @param credentialName the extra credential that passes the token to connectors; null for none
 * @param allowsUserWithHyphen whether tokens of users with a hyphen are passed through
 * @param givesStorageCredentials whether sessions get credentials of an object store, or
 *     placeholders for them
 * @param isShadow whether the built-in authenticator answers, and this one judges beside it
 */
public record ConfigurationSummary(
        boolean usesHttpClient,
        boolean usesJvmTrustStore,
        boolean givesMoreThanAUser,
        String credentialName,
        boolean allowsUserWithHyphen,
        boolean givesStorageCredentials,
        boolean isShadow) {
    private static final int USES_HTTP_CLIENT = 1;
    private static final int USES_TRUSTED_CERTIFICATES = 2;
    private static final int GIVES_MORE_THAN_A_USER = 4;
    private static final int ALLOWS_USER_WITH_HYPHEN = 8;
    private static final int GIVES_STORAGE_CREDENTIALS = 16;
    private static final int IS_SHADOW = 32;

    static ConfigurationSummary of(VerdictRecord record) {
        int flags = record.flags();
        String credentialName = record.message();
        return new ConfigurationSummary(
                (flags & USES_HTTP_CLIENT) != 0,
                (flags & USES_TRUSTED_CERTIFICATES) != 0,
                (flags & GIVES_MORE_THAN_A_USER) != 0,
                credentialName.isEmpty() ? null : credentialName,
                (flags & ALLOWS_USER_WITH_HYPHEN) != 0,
                (flags & GIVES_STORAGE_CREDENTIALS) != 0,
                (flags & IS_SHADOW) != 0);
    }
}
