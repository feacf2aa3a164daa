// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.InMemoryListenerConfig;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSimpleBindRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryOperationInterceptor;
import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SimpleBindRequest;

import io.nativejwt.harness.NativejwtCommand;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;

/**
 * A directory whose passwords are tokens: a bind is good if the token is and belongs to the user
 * who binds. What is a good token is decided by {@code nativejwt check-token} with the
 * coordinator's own configuration.
 */
final class TokenDirectory implements AutoCloseable {
    static final String BASE = "dc=example,dc=com";

    /** In place of a token that was found good: the server beneath knows nothing of tokens. */
    private static final String VERIFIED = "verified";

    private final InMemoryDirectoryServer server;

    private TokenDirectory(InMemoryDirectoryServer server) {
        this.server = server;
    }

    static TokenDirectory start(Path configuration, List<String> users) {
        try {
            InMemoryDirectoryServerConfig config = new InMemoryDirectoryServerConfig(BASE);
            config.setListenerConfigs(
                    InMemoryListenerConfig.createLDAPConfig(
                            "tokens", InetAddress.getByName("127.0.0.1"), 0, null));
            for (String user : users) {
                config.addAdditionalBindCredentials("cn=%s,%s".formatted(user, BASE), VERIFIED);
            }
            config.addInMemoryOperationInterceptor(new TokenIsPassword(configuration));
            InMemoryDirectoryServer server = new InMemoryDirectoryServer(config);
            server.startListening();
            return new TokenDirectory(server);
        } catch (LDAPException | UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    int port() {
        return server.getListenPort();
    }

    @Override
    public void close() {
        server.shutDown(true);
    }

    private static final class TokenIsPassword extends InMemoryOperationInterceptor {
        private final Path configuration;

        TokenIsPassword(Path configuration) {
            this.configuration = configuration;
        }

        @Override
        public void processSimpleBindRequest(InMemoryInterceptedSimpleBindRequest request)
                throws LDAPException {
            SimpleBindRequest bind = request.getRequest();
            String name = new DN(bind.getBindDN()).getRDN().getAttributeValues()[0];
            String token = bind.getPassword().stringValue();
            String user = NativejwtCommand.user(configuration, token).orElse(null);
            if (!name.equals(user)) {
                throw new LDAPException(ResultCode.INVALID_CREDENTIALS);
            }
            request.setRequest(new SimpleBindRequest(bind.getBindDN(), VERIFIED));
        }
    }
}
