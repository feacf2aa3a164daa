// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.BeforeClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Owns what a test class starts: coordinators, key servers and the like. What is started for one
 * {@link Site} is closed after the tests on it, everything else after the last test of the class,
 * the last one first.
 */
public final class StartedParts
        implements BeforeClassTemplateInvocationCallback,
                AfterClassTemplateInvocationCallback,
                AfterAllCallback {
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    /** How many parts are for all sites. */
    private int shared;

    public <T extends AutoCloseable> T add(T part) {
        parts.push(part);
        return part;
    }

    @Override
    public void beforeClassTemplateInvocation(ExtensionContext context) {
        shared = parts.size();
    }

    @Override
    public void afterClassTemplateInvocation(ExtensionContext context) throws Exception {
        closeUntil(shared);
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        closeUntil(0);
    }

    private void closeUntil(int rest) throws Exception {
        while (parts.size() > rest) {
            parts.pop().close();
        }
    }
}
