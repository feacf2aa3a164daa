// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Sample;
import io.nativejwt.harness.Wiretap;

import java.net.URI;
import java.util.Map;

/**
 * An Iceberg catalog of a cluster, with a wiretap before the REST catalog and one before the token
 * endpoint.
 */
final class Lake implements AutoCloseable {
    /** Trino's own account. */
    static final String CREDENTIAL = "trino-service:trino-service-secret-for-tests";

    private final Wiretap catalog;
    private final Wiretap tokenEndpoint;
    private final Sample sample = new Sample("pass-through", "iceberg.properties");

    Lake(Nessie nessie, Keycloak keycloak, ObjectStore store) {
        catalog = Wiretap.before(nessie.port());
        tokenEndpoint = Wiretap.before(keycloak.uri().getPort());
        URI tokens = URI.create(keycloak.issuer(PassThroughSite.REALM));
        sample.at(
                        "iceberg.rest-catalog.uri",
                        "http://127.0.0.1:%d/iceberg".formatted(catalog.port()))
                .at(
                        "iceberg.rest-catalog.oauth2.server-uri",
                        "http://127.0.0.1:%d%s/protocol/openid-connect/token"
                                .formatted(tokenEndpoint.port(), tokens.getPath()))
                .at("s3.endpoint", store.uri());
    }

    /** What the sample's {@code ${ENV:…}} stand for. */
    static Map<String, String> environment() {
        return Map.of(
                "CATALOG_CREDENTIAL", CREDENTIAL,
                "S3_ACCESS_KEY", ObjectStore.ACCESS_KEY,
                "S3_SECRET_KEY", ObjectStore.SECRET_KEY);
    }

    Lake without(String key) {
        sample.without(key);
        return this;
    }

    Map<String, String> properties() {
        return sample.properties();
    }

    /** What the catalog was sent. */
    Wiretap catalog() {
        return catalog;
    }

    /** What the identity provider was sent by the connector. */
    Wiretap tokenEndpoint() {
        return tokenEndpoint;
    }

    @Override
    public void close() {
        catalog.close();
        tokenEndpoint.close();
    }
}
