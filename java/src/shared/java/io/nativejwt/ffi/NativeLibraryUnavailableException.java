// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

/** The native library cannot be used; the message says why and what to do about it. */
public final class NativeLibraryUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NativeLibraryUnavailableException(String message) {
        super(message);
    }
}
