// SPDX-License-Identifier: Apache-2.0
/* The library of some future version, as far as the loader looks at it before it refuses. */
#include <stdint.h>

int32_t Java_io_nativejwt_ffi_NativeMethods_abiVersion(void *env, void *type) {
    (void)env;
    (void)type;
    return 4711;
}
