// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.airlift.configuration.Config;
import io.airlift.configuration.ConfigDescription;

/**
 * The properties of the page that shows people their token. The coordinator fails to start with a
 * property that no such class declares. {@link TokenPageSettings} reads the values.
 */
public class TokenPageConfig {
    private String enabled;
    private String issuer;
    private String clientId;
    private String scope;
    private String tokenEndpointOrigin;

    public String getEnabled() {
        return enabled;
    }

    @Config(TokenPageSettings.ENABLED)
    @ConfigDescription("Show people the token of their sign-in to the web UI, at /ui/token")
    public TokenPageConfig setEnabled(String enabled) {
        this.enabled = enabled;
        return this;
    }

    public String getIssuer() {
        return issuer;
    }

    @Config(TokenPageSettings.ISSUER)
    @ConfigDescription("OpenID Connect issuer at which the page itself signs people in")
    public TokenPageConfig setIssuer(String issuer) {
        this.issuer = issuer;
        return this;
    }

    public String getClientId() {
        return clientId;
    }

    @Config(TokenPageSettings.CLIENT_ID)
    @ConfigDescription("Client ID of the page, which is a public client of the issuer")
    public TokenPageConfig setClientId(String clientId) {
        this.clientId = clientId;
        return this;
    }

    public String getScope() {
        return scope;
    }

    @Config(TokenPageSettings.SCOPE)
    @ConfigDescription("Scopes that the page asks the issuer for, separated by spaces")
    public TokenPageConfig setScope(String scope) {
        this.scope = scope;
        return this;
    }

    public String getTokenEndpointOrigin() {
        return tokenEndpointOrigin;
    }

    @Config(TokenPageSettings.TOKEN_ENDPOINT_ORIGIN)
    @ConfigDescription("Origin of the issuer's token endpoint, if it is not that of the issuer")
    public TokenPageConfig setTokenEndpointOrigin(String tokenEndpointOrigin) {
        this.tokenEndpointOrigin = tokenEndpointOrigin;
        return this;
    }
}
