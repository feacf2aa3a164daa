// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.airlift.configuration.Config;
import io.airlift.configuration.ConfigDescription;
import io.airlift.configuration.ConfigSecuritySensitive;

/**
 * The properties of storage credentials, so that the coordinator knows their names. Native code
 * reads their values from the properties themselves.
 */
public final class StorageConfig {
    private String stsEndpoint;
    private String role;
    private String roleField;
    private String roleFile;
    private String allowedRoles;
    private String sessionDuration;
    private String minimumLifetime;
    private String timeout;
    private String whenUnavailable;
    private String tokenExchangeEndpoint;
    private String tokenExchangeClientId;
    private String tokenExchangeClientSecret;
    private String tokenExchangeClientSecretFile;
    private String tokenExchangeAudience;

    public String getStsEndpoint() {
        return stsEndpoint;
    }

    @Config("http-server.authentication.jwt.storage.sts-endpoint")
    @ConfigDescription(
            "Address at which the caller's token is exchanged for credentials of the object store;"
                    + " none when not set")
    public StorageConfig setStsEndpoint(String stsEndpoint) {
        this.stsEndpoint = stsEndpoint;
        return this;
    }

    public String getRole() {
        return role;
    }

    @Config("http-server.authentication.jwt.storage.role")
    @ConfigDescription("ARN of the role of all tokens; may contain ${USER}")
    public StorageConfig setRole(String role) {
        this.role = role;
        return this;
    }

    public String getRoleField() {
        return roleField;
    }

    @Config("http-server.authentication.jwt.storage.role-field")
    @ConfigDescription("Claim that holds the ARN of the role")
    public StorageConfig setRoleField(String roleField) {
        this.roleField = roleField;
        return this;
    }

    public String getRoleFile() {
        return roleFile;
    }

    @Config("http-server.authentication.jwt.storage.role-file")
    @ConfigDescription("JSON file with the roles of groups")
    public StorageConfig setRoleFile(String roleFile) {
        this.roleFile = roleFile;
        return this;
    }

    public String getAllowedRoles() {
        return allowedRoles;
    }

    @Config("http-server.authentication.jwt.storage.allowed-roles")
    @ConfigDescription("What roles of role-field may begin with, separated by commas")
    public StorageConfig setAllowedRoles(String allowedRoles) {
        this.allowedRoles = allowedRoles;
        return this;
    }

    public String getSessionDuration() {
        return sessionDuration;
    }

    @Config("http-server.authentication.jwt.storage.session-duration")
    @ConfigDescription("How long credentials are asked for")
    public StorageConfig setSessionDuration(String sessionDuration) {
        this.sessionDuration = sessionDuration;
        return this;
    }

    public String getMinimumLifetime() {
        return minimumLifetime;
    }

    @Config("http-server.authentication.jwt.storage.minimum-lifetime")
    @ConfigDescription("Credentials that end sooner are exchanged anew before a session gets them")
    public StorageConfig setMinimumLifetime(String minimumLifetime) {
        this.minimumLifetime = minimumLifetime;
        return this;
    }

    public String getTimeout() {
        return timeout;
    }

    @Config("http-server.authentication.jwt.storage.timeout")
    @ConfigDescription("How long the first request of a token waits for its credentials")
    public StorageConfig setTimeout(String timeout) {
        this.timeout = timeout;
        return this;
    }

    public String getWhenUnavailable() {
        return whenUnavailable;
    }

    @Config("http-server.authentication.jwt.storage.when-unavailable")
    @ConfigDescription(
            "refuse or withhold: what becomes of a session for which there are no credentials")
    public StorageConfig setWhenUnavailable(String whenUnavailable) {
        this.whenUnavailable = whenUnavailable;
        return this;
    }

    public String getTokenExchangeEndpoint() {
        return tokenExchangeEndpoint;
    }

    @Config("http-server.authentication.jwt.storage.token-exchange.endpoint")
    @ConfigDescription("Token endpoint that makes a token for the exchange (RFC 8693)")
    public StorageConfig setTokenExchangeEndpoint(String tokenExchangeEndpoint) {
        this.tokenExchangeEndpoint = tokenExchangeEndpoint;
        return this;
    }

    public String getTokenExchangeClientId() {
        return tokenExchangeClientId;
    }

    @Config("http-server.authentication.jwt.storage.token-exchange.client-id")
    @ConfigDescription("Client of the coordinator there")
    public StorageConfig setTokenExchangeClientId(String tokenExchangeClientId) {
        this.tokenExchangeClientId = tokenExchangeClientId;
        return this;
    }

    public String getTokenExchangeClientSecret() {
        return tokenExchangeClientSecret;
    }

    @Config("http-server.authentication.jwt.storage.token-exchange.client-secret")
    @ConfigDescription("Secret of that client")
    @ConfigSecuritySensitive
    public StorageConfig setTokenExchangeClientSecret(String tokenExchangeClientSecret) {
        this.tokenExchangeClientSecret = tokenExchangeClientSecret;
        return this;
    }

    public String getTokenExchangeClientSecretFile() {
        return tokenExchangeClientSecretFile;
    }

    @Config("http-server.authentication.jwt.storage.token-exchange.client-secret-file")
    @ConfigDescription("File with the secret of that client")
    public StorageConfig setTokenExchangeClientSecretFile(String tokenExchangeClientSecretFile) {
        this.tokenExchangeClientSecretFile = tokenExchangeClientSecretFile;
        return this;
    }

    public String getTokenExchangeAudience() {
        return tokenExchangeAudience;
    }

    @Config("http-server.authentication.jwt.storage.token-exchange.audience")
    @ConfigDescription("Audience of the token for the exchange")
    public StorageConfig setTokenExchangeAudience(String tokenExchangeAudience) {
        this.tokenExchangeAudience = tokenExchangeAudience;
        return this;
    }
}
