//! JNI: the natives of `io.nativejwt.ffi.NativeMethods`. Arguments are addresses and lengths of memory that the Java side
//! owns; no Java object is touched, no exception thrown, and the environment pointer never used.

use jni_sys::{JNIEnv, jclass, jint, jlong};
use nativejwt_core::UnixMillis;

use crate::boundary;
use crate::capi::{input, output};
use crate::handle::NativejwtAuthenticator;
use crate::wire::NATIVEJWT_ABI_VERSION;

/// Codes and counts are small; they fit into an int.
fn to_jint(number: u32) -> jint {
    jint::try_from(number).unwrap_or(jint::MAX)
}

/// A Java length; a negative one counts as 0.
fn length(length: jlong) -> usize {
    usize::try_from(length).unwrap_or(0)
}

/// A Java address. `MemorySegment.address()` was exposed by the allocator, on the Java side.
fn address<T>(address: jlong) -> *mut T {
    std::ptr::with_exposed_provenance_mut(address as usize)
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_nativejwt_ffi_NativeMethods_abiVersion(_: *mut JNIEnv, _: jclass) -> jint {
    to_jint(NATIVEJWT_ABI_VERSION)
}

/// # Safety
/// As [`crate::capi::nativejwt_library_version`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_libraryVersion(
    _: *mut JNIEnv,
    _: jclass,
    buffer: jlong,
    capacity: jint,
) -> jint {
    // SAFETY: the Java side passes the address and size of a segment it holds.
    let written = boundary::library_version(unsafe { output(address(buffer), length(capacity.into())) });
    jint::try_from(written).unwrap_or(0)
}

/// # Safety
/// As [`crate::capi::nativejwt_describe`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_describe(
    _: *mut JNIEnv,
    _: jclass,
    config: jlong,
    config_length: jlong,
    record: jlong,
    record_capacity: jint,
) -> jint {
    // SAFETY: the Java side passes addresses and sizes of segments it holds.
    let (config, record) = unsafe {
        (input(address(config), length(config_length)), output(address(record), length(record_capacity.into())))
    };
    to_jint(boundary::describe(config, record))
}

/// # Safety
/// As [`crate::capi::nativejwt_open`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_open(
    _: *mut JNIEnv,
    _: jclass,
    config: jlong,
    config_length: jlong,
    source: jlong,
    source_length: jlong,
    trusted_certificates: jlong,
    trusted_certificates_length: jlong,
    flags: jint,
    record: jlong,
    record_capacity: jint,
) -> jlong {
    // SAFETY: the Java side passes addresses and sizes of segments it holds.
    let (config, source, trusted_certificates, record) = unsafe {
        (
            input(address(config), length(config_length)),
            input(address(source), length(source_length)),
            input(address(trusted_certificates), length(trusted_certificates_length)),
            output(address(record), length(record_capacity.into())),
        )
    };
    boundary::open(config, source, trusted_certificates, flags.cast_unsigned(), record).expose_provenance() as jlong
}

/// # Safety
/// As [`crate::capi::nativejwt_authenticate`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_authenticate(
    _: *mut JNIEnv,
    _: jclass,
    handle: jlong,
    header: jlong,
    header_length: jlong,
    now_millis: jlong,
    flags: jint,
    record: jlong,
    record_capacity: jint,
) -> jint {
    // SAFETY: the Java side passes a handle that it keeps open, and addresses and sizes of segments it holds.
    let (handle, header, record) = unsafe {
        (
            NativejwtAuthenticator::borrow(address(handle)),
            input(address(header), length(header_length)),
            output(address(record), length(record_capacity.into())),
        )
    };
    to_jint(boundary::authenticate(handle, header, UnixMillis(now_millis), flags.cast_unsigned(), record))
}

/// # Safety
/// As [`crate::capi::nativejwt_cache_slots`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_cacheSlots(
    _: *mut JNIEnv,
    _: jclass,
    handle: jlong,
) -> jint {
    // SAFETY: the Java side passes a handle that it keeps open.
    to_jint(boundary::cache_slots(unsafe { NativejwtAuthenticator::borrow(address(handle)) }))
}

/// # Safety
/// As [`crate::capi::nativejwt_cache_room`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_cacheRoom(
    _: *mut JNIEnv,
    _: jclass,
    handle: jlong,
) -> jlong {
    // SAFETY: as above.
    let room = boundary::cache_room(unsafe { NativejwtAuthenticator::borrow(address(handle)) });
    jlong::try_from(room).unwrap_or(jlong::MAX)
}

/// # Safety
/// As [`crate::capi::nativejwt_forget_tokens`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_forgetTokens(_: *mut JNIEnv, _: jclass, handle: jlong) {
    // SAFETY: as above.
    boundary::forget_tokens(unsafe { NativejwtAuthenticator::borrow(address(handle)) });
}

/// # Safety
/// As [`crate::capi::nativejwt_drain_events`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_drainEvents(
    _: *mut JNIEnv,
    _: jclass,
    handle: jlong,
    record: jlong,
    record_capacity: jint,
) -> jint {
    // SAFETY: as above.
    let (handle, record) = unsafe {
        (NativejwtAuthenticator::borrow(address(handle)), output(address(record), length(record_capacity.into())))
    };
    to_jint(boundary::drain_events(handle, record))
}

/// # Safety
/// As [`crate::capi::nativejwt_close`].
#[unsafe(no_mangle)]
unsafe extern "system" fn Java_io_nativejwt_ffi_NativeMethods_close(_: *mut JNIEnv, _: jclass, handle: jlong) {
    // SAFETY: the Java side closes a handle once, when nothing uses it any more.
    unsafe { boundary::close(address(handle)) };
}
