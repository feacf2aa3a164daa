package io.nativejwt.server;

import io.nativejwt.login.References;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The type {@code DELEGATED-JWT}: the same authenticator as {@code JWT}, with tokens passed through
 * as the extra credential {@code token} unless the configuration names another. The coordinator
 * knows no such type, and its web UI would have to be taught it, so it reads {@code JWT} instead:
 * its configuration takes system properties before those of etc/config.properties.
 */
final class DelegatedJwt {
    static final String TYPE = "DELEGATED-JWT";
    static final String DEFAULT_CREDENTIAL_NAME = "token";

    private static final String CREDENTIAL_NAME_KEY =
            "http-server.authentication.jwt.pass-through.credential-name";
    private static final String STOCK_TYPE = "JWT";
    private static final String TYPE_KEY = "http-server.authentication.type";

    /** The last one is replaced last, since the other is compared with it. */
    private static final List<String> TYPE_KEYS = List.of("web-ui.authentication.type", TYPE_KEY);

    private DelegatedJwt() {}

    /**
     * Changes the system properties.
     *
     * @return what is wrong
     */
    static Optional<String> apply() {
        Map<String, String> written =
                ConfigProperties.ofThisJvm().map(ConfigProperties::entries).orElse(Map.of());
        for (String key : TYPE_KEYS) {
            List<String> types = types(key, written);
            if (!names(types, TYPE)) {
                continue;
            }
            if (!names(types(TYPE_KEY, written), TYPE)) {
                return Optional.of(
                        "Configuration property '%s' is %s, but '%s' is not: tokens are passed through where both are"
                                .formatted(key, TYPE, TYPE_KEY));
            }
            if (names(types, STOCK_TYPE)) {
                return Optional.of(
                        "Configuration property '%s' names both %s and %s, which are one authenticator: keep one of them"
                                .formatted(key, STOCK_TYPE, TYPE));
            }
            System.setProperty(
                    key,
                    types.stream()
                            .map(type -> type.equalsIgnoreCase(TYPE) ? STOCK_TYPE : type)
                            .collect(Collectors.joining(",")));
            if (key.equals(TYPE_KEY)
                    && KeyFileDiversion.value(CREDENTIAL_NAME_KEY, written).isEmpty()) {
                System.setProperty(CREDENTIAL_NAME_KEY, DEFAULT_CREDENTIAL_NAME);
            }
        }
        return Optional.empty();
    }

    /** None where the value is not to be known here: then the coordinator refuses our type. */
    private static List<String> types(String key, Map<String, String> written) {
        return KeyFileDiversion.value(key, written)
                .flatMap(References::resolve)
                .map(value -> Arrays.stream(value.split(",")).map(String::trim).toList())
                .orElse(List.of());
    }

    private static boolean names(List<String> types, String name) {
        return types.stream().anyMatch(name::equalsIgnoreCase);
    }
}
