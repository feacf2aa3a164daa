package io.nativejwt.server;

import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.jwt.JwtAuthenticator;

import java.util.Map;

/** The class that a coordinator gets in the place of stock's, opened without a coordinator. */
public final class OurAuthenticator {
    private OurAuthenticator() {}

    public static JwtAuthenticator open(Map<String, String> config) {
        return new NativeJwtAuthenticator(TokenAuthenticator.open(config, "", null, true));
    }
}
