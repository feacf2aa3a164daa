// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

import java.util.concurrent.Callable;

/**
 * Gives one site, with all that a suite needs, to every test class that asks for it, and ends it
 * after the last.
 */
public abstract class SharedSite<T extends AutoCloseable> implements ParameterResolver {
    private final Class<T> type;
    private final Callable<T> start;

    protected SharedSite(Class<T> type, Callable<T> start) {
        this.type = type;
        this.start = start;
    }

    @Override
    public final boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == type;
    }

    @Override
    public final Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot()
                .getStore(ExtensionContext.Namespace.create(type))
                .getOrComputeIfAbsent("site", key -> start(), type);
    }

    private T start() {
        try {
            return start.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
