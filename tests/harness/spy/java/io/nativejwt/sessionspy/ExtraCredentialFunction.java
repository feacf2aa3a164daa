// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.sessionspy;

import io.airlift.slice.Slice;
import io.airlift.slice.Slices;
import io.trino.spi.connector.ConnectorSession;
import io.trino.spi.function.Description;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlNullable;
import io.trino.spi.function.SqlType;

/** {@code extra_credential(name)}: what a connector would find in the session under this name. */
public final class ExtraCredentialFunction {
    private ExtraCredentialFunction() {}

    @ScalarFunction("extra_credential")
    @Description("An extra credential of the session, or null")
    @SqlType("varchar")
    @SqlNullable
    public static Slice extraCredential(ConnectorSession session, @SqlType("varchar") Slice name) {
        String value = session.getIdentity().getExtraCredentials().get(name.toStringUtf8());
        return value == null ? null : Slices.utf8Slice(value);
    }
}
