// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.airlift.configuration.Config;
import io.airlift.configuration.ConfigDescription;
import io.airlift.configuration.ConfigSecuritySensitive;

/**
 * The properties that Trino's built-in JWT authenticator does not have. The coordinator fails to
 * start with a property that no such class declares. Values are texts here: the library reads them,
 * for both integrations alike.
 */
public class NativeJwtConfig {
    private String configFiles;
    private String clockSkew;
    private String requiredScopes;
    private String requireExpiration;
    private String maxTokenLifetime;
    private String allowedAlgorithms;
    private String requiredTokenType;
    private String nestedClaimDelimiter;
    private String groupsField;
    private String groupsDelimiter;
    private String jwksRefreshInterval;
    private String jwksUnknownKidCooldown;
    private String jwksUnknownKidWait;
    private String jwksMaxStale;
    private String jwksRemovedKeyGrace;
    private String jwksCacheFile;
    private String jwksBearerTokenFile;
    private String jwksFailFast;
    private String claimRulesFile;
    private String backchannelLogoutClientId;
    private String backchannelLogoutFile;
    private String backchannelLogoutRetention;
    private String maxTokenSize;
    private String shadow;
    private String tokenCacheMaxSize;
    private String revocationFile;
    private String controlSocket;
    private String passThroughCredentialName;
    private String passThroughMinimumLifetime;
    private String passThroughAllowUserWithHyphen;
    private String keyFile;

    public String getConfigFiles() {
        return configFiles;
    }

    @Config("http-server.authentication.jwt.config-files")
    @ConfigDescription(
            "Property files with JWT properties, one file per issuer, separated by commas")
    public NativeJwtConfig setConfigFiles(String configFiles) {
        this.configFiles = configFiles;
        return this;
    }

    public String getClockSkew() {
        return clockSkew;
    }

    @Config("http-server.authentication.jwt.clock-skew")
    @ConfigDescription(
            "Tolerated difference between the clocks of issuer and coordinator, for exp and nbf,"
                    + " and for iat with max-token-lifetime")
    public NativeJwtConfig setClockSkew(String clockSkew) {
        this.clockSkew = clockSkew;
        return this;
    }

    public String getRequiredScopes() {
        return requiredScopes;
    }

    @Config("http-server.authentication.jwt.required-scopes")
    @ConfigDescription(
            "Scopes that a token must have, all of them, in scope or scp, separated by commas")
    public NativeJwtConfig setRequiredScopes(String requiredScopes) {
        this.requiredScopes = requiredScopes;
        return this;
    }

    public String getRequireExpiration() {
        return requireExpiration;
    }

    @Config("http-server.authentication.jwt.require-expiration")
    @ConfigDescription("Reject tokens without exp")
    public NativeJwtConfig setRequireExpiration(String requireExpiration) {
        this.requireExpiration = requireExpiration;
        return this;
    }

    public String getMaxTokenLifetime() {
        return maxTokenLifetime;
    }

    @Config("http-server.authentication.jwt.max-token-lifetime")
    @ConfigDescription(
            "Maximum time from iat to exp and from now to exp; tokens without iat or exp, or with"
                    + " an iat in the future, are rejected")
    public NativeJwtConfig setMaxTokenLifetime(String maxTokenLifetime) {
        this.maxTokenLifetime = maxTokenLifetime;
        return this;
    }

    public String getAllowedAlgorithms() {
        return allowedAlgorithms;
    }

    @Config("http-server.authentication.jwt.allowed-algorithms")
    @ConfigDescription(
            "Accepted JWS algorithms, separated by commas; all that fit the key when not set")
    public NativeJwtConfig setAllowedAlgorithms(String allowedAlgorithms) {
        this.allowedAlgorithms = allowedAlgorithms;
        return this;
    }

    public String getRequiredTokenType() {
        return requiredTokenType;
    }

    @Config("http-server.authentication.jwt.required-token-type")
    @ConfigDescription("Required value of the typ header parameter, such as at+jwt")
    public NativeJwtConfig setRequiredTokenType(String requiredTokenType) {
        this.requiredTokenType = requiredTokenType;
        return this;
    }

    public String getNestedClaimDelimiter() {
        return nestedClaimDelimiter;
    }

    @Config("http-server.authentication.jwt.nested-claim-delimiter")
    @ConfigDescription(
            "Separator of the names in a path to a nested claim, such as a dot; names are literal"
                    + " when not set")
    public NativeJwtConfig setNestedClaimDelimiter(String nestedClaimDelimiter) {
        this.nestedClaimDelimiter = nestedClaimDelimiter;
        return this;
    }

    public String getGroupsField() {
        return groupsField;
    }

    @Config("http-server.authentication.jwt.groups-field")
    @ConfigDescription("Claim with the groups of the user; sessions get no groups when not set")
    public NativeJwtConfig setGroupsField(String groupsField) {
        this.groupsField = groupsField;
        return this;
    }

    public String getGroupsDelimiter() {
        return groupsDelimiter;
    }

    @Config("http-server.authentication.jwt.groups-delimiter")
    @ConfigDescription(
            "How a groups claim that is one string is split: comma, space, or one character that is"
                    + " not white space; the string is one group when not set")
    public NativeJwtConfig setGroupsDelimiter(String groupsDelimiter) {
        this.groupsDelimiter = groupsDelimiter;
        return this;
    }

    public String getJwksRefreshInterval() {
        return jwksRefreshInterval;
    }

    @Config("http-server.authentication.jwt.jwks.refresh-interval")
    @ConfigDescription("Maximum time from one successful fetch of the JWK Set to the next")
    public NativeJwtConfig setJwksRefreshInterval(String jwksRefreshInterval) {
        this.jwksRefreshInterval = jwksRefreshInterval;
        return this;
    }

    public String getJwksUnknownKidCooldown() {
        return jwksUnknownKidCooldown;
    }

    @Config("http-server.authentication.jwt.jwks.unknown-kid-cooldown")
    @ConfigDescription("Minimum time from one fetch for an unknown kid to the next")
    public NativeJwtConfig setJwksUnknownKidCooldown(String jwksUnknownKidCooldown) {
        this.jwksUnknownKidCooldown = jwksUnknownKidCooldown;
        return this;
    }

    public String getJwksUnknownKidWait() {
        return jwksUnknownKidWait;
    }

    @Config("http-server.authentication.jwt.jwks.unknown-kid-wait")
    @ConfigDescription("How long a request with an unknown kid waits for such a fetch")
    public NativeJwtConfig setJwksUnknownKidWait(String jwksUnknownKidWait) {
        this.jwksUnknownKidWait = jwksUnknownKidWait;
        return this;
    }

    public String getJwksMaxStale() {
        return jwksMaxStale;
    }

    @Config("http-server.authentication.jwt.jwks.max-stale")
    @ConfigDescription("How long the keys of the last successful fetch are used while fetches fail")
    public NativeJwtConfig setJwksMaxStale(String jwksMaxStale) {
        this.jwksMaxStale = jwksMaxStale;
        return this;
    }

    public String getJwksRemovedKeyGrace() {
        return jwksRemovedKeyGrace;
    }

    @Config("http-server.authentication.jwt.jwks.removed-key-grace")
    @ConfigDescription("How long a key is used after it was removed from the JWK Set")
    public NativeJwtConfig setJwksRemovedKeyGrace(String jwksRemovedKeyGrace) {
        this.jwksRemovedKeyGrace = jwksRemovedKeyGrace;
        return this;
    }

    public String getJwksCacheFile() {
        return jwksCacheFile;
    }

    @Config("http-server.authentication.jwt.jwks.cache-file")
    @ConfigDescription("File that keeps the last good JWK Set across a restart")
    public NativeJwtConfig setJwksCacheFile(String jwksCacheFile) {
        this.jwksCacheFile = jwksCacheFile;
        return this;
    }

    public String getJwksBearerTokenFile() {
        return jwksBearerTokenFile;
    }

    @Config("http-server.authentication.jwt.jwks.bearer-token-file")
    @ConfigDescription("File with the bearer token for the server of the JWK Set")
    public NativeJwtConfig setJwksBearerTokenFile(String jwksBearerTokenFile) {
        this.jwksBearerTokenFile = jwksBearerTokenFile;
        return this;
    }

    public String getJwksFailFast() {
        return jwksFailFast;
    }

    @Config("http-server.authentication.jwt.jwks.fail-fast")
    @ConfigDescription(
            "Fail to start if the JWK Set cannot be fetched, as Trino's built-in JWT authenticator"
                    + " does")
    public NativeJwtConfig setJwksFailFast(String jwksFailFast) {
        this.jwksFailFast = jwksFailFast;
        return this;
    }

    public String getClaimRulesFile() {
        return claimRulesFile;
    }

    @Config("http-server.authentication.jwt.claim-rules.file")
    @ConfigDescription("JSON file with rules that decide about tokens by their claims")
    public NativeJwtConfig setClaimRulesFile(String claimRulesFile) {
        this.claimRulesFile = claimRulesFile;
        return this;
    }

    public String getBackchannelLogoutClientId() {
        return backchannelLogoutClientId;
    }

    @Config("http-server.authentication.jwt.backchannel-logout.client-id")
    @ConfigDescription(
            "Client ID to which issuers address logout tokens; no logout tokens are accepted when"
                    + " not set")
    public NativeJwtConfig setBackchannelLogoutClientId(String backchannelLogoutClientId) {
        this.backchannelLogoutClientId = backchannelLogoutClientId;
        return this;
    }

    public String getBackchannelLogoutFile() {
        return backchannelLogoutFile;
    }

    @Config("http-server.authentication.jwt.backchannel-logout.file")
    @ConfigDescription("File that keeps logouts across a restart")
    public NativeJwtConfig setBackchannelLogoutFile(String backchannelLogoutFile) {
        this.backchannelLogoutFile = backchannelLogoutFile;
        return this;
    }

    public String getBackchannelLogoutRetention() {
        return backchannelLogoutRetention;
    }

    @Config("http-server.authentication.jwt.backchannel-logout.retention")
    @ConfigDescription("How long a logout is kept: longer than any token lives")
    public NativeJwtConfig setBackchannelLogoutRetention(String backchannelLogoutRetention) {
        this.backchannelLogoutRetention = backchannelLogoutRetention;
        return this;
    }

    public String getShadow() {
        return shadow;
    }

    @Config("http-server.authentication.jwt.shadow")
    @ConfigDescription(
            "Whether the built-in authenticator answers, and native-jwt only judges beside it")
    public NativeJwtConfig setShadow(String shadow) {
        this.shadow = shadow;
        return this;
    }

    public String getMaxTokenSize() {
        return maxTokenSize;
    }

    @Config("http-server.authentication.jwt.max-token-size")
    @ConfigDescription("Maximum length of a token")
    public NativeJwtConfig setMaxTokenSize(String maxTokenSize) {
        this.maxTokenSize = maxTokenSize;
        return this;
    }

    public String getTokenCacheMaxSize() {
        return tokenCacheMaxSize;
    }

    @Config("http-server.authentication.jwt.token-cache.max-size")
    @ConfigDescription("Native and heap memory for the cache of accepted tokens; 0B disables it")
    public NativeJwtConfig setTokenCacheMaxSize(String tokenCacheMaxSize) {
        this.tokenCacheMaxSize = tokenCacheMaxSize;
        return this;
    }

    public String getRevocationFile() {
        return revocationFile;
    }

    @Config("http-server.authentication.jwt.revocation-file")
    @ConfigDescription("File whose entries name tokens that are no longer accepted")
    public NativeJwtConfig setRevocationFile(String revocationFile) {
        this.revocationFile = revocationFile;
        return this;
    }

    public String getControlSocket() {
        return controlSocket;
    }

    @Config("http-server.authentication.jwt.control-socket")
    @ConfigDescription("A Unix socket for nativejwt ctl and nativejwt why")
    public NativeJwtConfig setControlSocket(String controlSocket) {
        this.controlSocket = controlSocket;
        return this;
    }

    public String getPassThroughCredentialName() {
        return passThroughCredentialName;
    }

    @Config("http-server.authentication.jwt.pass-through.credential-name")
    @ConfigDescription("Extra credential that passes the token to connectors; none when not set")
    public NativeJwtConfig setPassThroughCredentialName(String passThroughCredentialName) {
        this.passThroughCredentialName = passThroughCredentialName;
        return this;
    }

    public String getPassThroughMinimumLifetime() {
        return passThroughMinimumLifetime;
    }

    @Config("http-server.authentication.jwt.pass-through.minimum-lifetime")
    @ConfigDescription("Reject tokens that expire sooner, where tokens are passed through")
    public NativeJwtConfig setPassThroughMinimumLifetime(String passThroughMinimumLifetime) {
        this.passThroughMinimumLifetime = passThroughMinimumLifetime;
        return this;
    }

    public String getPassThroughAllowUserWithHyphen() {
        return passThroughAllowUserWithHyphen;
    }

    @Config("http-server.authentication.jwt.pass-through.allow-user-with-hyphen")
    @ConfigDescription(
            "Accept user names with a hyphen where tokens are passed through; Iceberg may confuse"
                    + " such users")
    public NativeJwtConfig setPassThroughAllowUserWithHyphen(
            String passThroughAllowUserWithHyphen) {
        this.passThroughAllowUserWithHyphen = passThroughAllowUserWithHyphen;
        return this;
    }

    public String getKeyFile() {
        return keyFile;
    }

    @Config(KeyFileDiversion.DIVERTED_PROPERTY)
    @ConfigDescription("Set by native-jwt itself, which finds the key file here")
    @ConfigSecuritySensitive
    public NativeJwtConfig setKeyFile(String keyFile) {
        this.keyFile = keyFile;
        return this;
    }
}
