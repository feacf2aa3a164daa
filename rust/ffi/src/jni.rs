// SPDX-License-Identifier: Apache-2.0
//! JNI: the native methods of `io.nativejwt.ffi.NativeMethods`. Arguments are addresses and lengths of memory that the Java
//! side owns. No function uses a Java object or the environment, or throws an exception.
//!
//! The exported names contain the parameter types, so that the JVM links a Java method only if its parameters are these. A
//! test compares names, parameters and results with `generated/natives.tsv`, and a Java test compares that with the Java class.

use ::jni::objects::JClass;
use ::jni::sys::{jint, jlong};
use ::jni::{EnvUnowned, jni_mangle};
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

/// The version of the boundary, as [`crate::capi::nativejwt_abi_version`] returns it.
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "abiVersion", "()I")]
pub extern "system" fn abi_version(_: EnvUnowned<'_>, _: JClass<'_>) -> jint {
    to_jint(NATIVEJWT_ABI_VERSION)
}

/// Writes the version of this library.
///
/// # Safety
/// As [`crate::capi::nativejwt_library_version`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "libraryVersion", "(JI)I")]
pub unsafe extern "system" fn library_version(_: EnvUnowned<'_>, _: JClass<'_>, buffer: jlong, capacity: jint) -> jint {
    // SAFETY: the Java side passes the address and size of a segment it holds.
    let written = boundary::library_version(unsafe { output(address(buffer), length(capacity.into())) });
    jint::try_from(written).unwrap_or(0)
}

/// Writes what a caller has to know of a configuration.
///
/// # Safety
/// As [`crate::capi::nativejwt_describe`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "describe", "(JJJI)I")]
pub unsafe extern "system" fn describe(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
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

/// Opens an authenticator.
///
/// # Safety
/// As [`crate::capi::nativejwt_open`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "open", "(JJJJJJIJI)J")]
pub unsafe extern "system" fn open(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
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

/// Authenticates one request.
///
/// # Safety
/// As [`crate::capi::nativejwt_authenticate`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "authenticate", "(JJJJIJI)I")]
pub unsafe extern "system" fn authenticate(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
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

/// Judges one request in shadow mode.
///
/// # Safety
/// As [`crate::capi::nativejwt_judge_shadow`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "judgeShadow", "(JJJJJJI)I")]
pub unsafe extern "system" fn judge_shadow(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
    handle: jlong,
    header: jlong,
    header_length: jlong,
    request: jlong,
    request_length: jlong,
    record: jlong,
    record_capacity: jint,
) -> jint {
    // SAFETY: the Java side passes a handle that it keeps open, and addresses and sizes of segments it holds.
    let (handle, header, request, record) = unsafe {
        (
            NativejwtAuthenticator::borrow(address(handle)),
            input(address(header), length(header_length)),
            input(address(request), length(request_length)),
            output(address(record), length(record_capacity.into())),
        )
    };
    to_jint(boundary::judge_shadow(handle, header, request, record))
}

/// Writes the report of shadow mode.
///
/// # Safety
/// As [`crate::capi::nativejwt_shadow_report`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "shadowReport", "(JJJ)J")]
pub unsafe extern "system" fn shadow_report(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
    handle: jlong,
    buffer: jlong,
    capacity: jlong,
) -> jlong {
    // SAFETY: the Java side passes a handle that it keeps open, and address and size of a segment it holds.
    let (handle, buffer) =
        unsafe { (NativejwtAuthenticator::borrow(address(handle)), output(address(buffer), length(capacity))) };
    jlong::try_from(boundary::shadow_report(handle, buffer)).unwrap_or(jlong::MAX)
}

/// Carries out a logout.
///
/// # Safety
/// As [`crate::capi::nativejwt_log_out`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "logOut", "(JJJJI)I")]
pub unsafe extern "system" fn log_out(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
    handle: jlong,
    token: jlong,
    token_length: jlong,
    record: jlong,
    record_capacity: jint,
) -> jint {
    // SAFETY: the Java side passes a handle that it keeps open, and addresses and sizes of segments it holds.
    let (handle, token, record) = unsafe {
        (
            NativejwtAuthenticator::borrow(address(handle)),
            input(address(token), length(token_length)),
            output(address(record), length(record_capacity.into())),
        )
    };
    to_jint(boundary::log_out(handle, token, record))
}

/// Writes the metrics.
///
/// # Safety
/// As [`crate::capi::nativejwt_metrics`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "metrics", "(JJJ)J")]
pub unsafe extern "system" fn metrics(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
    handle: jlong,
    buffer: jlong,
    capacity: jlong,
) -> jlong {
    // SAFETY: the Java side passes a handle that it keeps open, and address and size of a segment it holds.
    let (handle, buffer) =
        unsafe { (NativejwtAuthenticator::borrow(address(handle)), output(address(buffer), length(capacity))) };
    jlong::try_from(boundary::metrics(handle, buffer)).unwrap_or(jlong::MAX)
}

/// Writes what the log says about a token.
///
/// # Safety
/// As [`crate::capi::nativejwt_describe_token`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "describeToken", "(JJJJJ)J")]
pub unsafe extern "system" fn describe_token(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
    handle: jlong,
    header: jlong,
    header_length: jlong,
    buffer: jlong,
    capacity: jlong,
) -> jlong {
    // SAFETY: the Java side passes a handle that it keeps open, and addresses and sizes of segments it holds.
    let (handle, header, buffer) = unsafe {
        (
            NativejwtAuthenticator::borrow(address(handle)),
            input(address(header), length(header_length)),
            output(address(buffer), length(capacity)),
        )
    };
    jlong::try_from(boundary::describe_token(handle, header, buffer)).unwrap_or(jlong::MAX)
}

/// Writes the last rejections.
///
/// # Safety
/// As [`crate::capi::nativejwt_recent_rejections`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "recentRejections", "(JJJ)J")]
pub unsafe extern "system" fn recent_rejections(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
    handle: jlong,
    buffer: jlong,
    capacity: jlong,
) -> jlong {
    // SAFETY: the Java side passes a handle that it keeps open, and address and size of a segment it holds.
    let (handle, buffer) =
        unsafe { (NativejwtAuthenticator::borrow(address(handle)), output(address(buffer), length(capacity))) };
    jlong::try_from(boundary::recent_rejections(handle, buffer)).unwrap_or(jlong::MAX)
}

/// Asks for a fetch of all JWK Sets.
///
/// # Safety
/// As [`crate::capi::nativejwt_refresh_keys`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "refreshKeys", "(J)I")]
pub unsafe extern "system" fn refresh_keys(_: EnvUnowned<'_>, _: JClass<'_>, handle: jlong) -> jint {
    // SAFETY: the Java side passes a handle that it keeps open.
    to_jint(boundary::refresh_keys(unsafe { NativejwtAuthenticator::borrow(address(handle)) }))
}

/// Counts something that happened in Java.
///
/// # Safety
/// As [`crate::capi::nativejwt_count`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "count", "(JIJ)V")]
pub unsafe extern "system" fn count(_: EnvUnowned<'_>, _: JClass<'_>, handle: jlong, what: jint, number: jlong) {
    // SAFETY: the Java side passes a handle that it keeps open.
    let handle = unsafe { NativejwtAuthenticator::borrow(address(handle)) };
    boundary::count(handle, u32::try_from(what).unwrap_or(0), u64::try_from(number).unwrap_or(0));
}

/// The maximum number of tokens in the cache.
///
/// # Safety
/// As [`crate::capi::nativejwt_cache_slots`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "cacheSlots", "(J)I")]
pub unsafe extern "system" fn cache_slots(_: EnvUnowned<'_>, _: JClass<'_>, handle: jlong) -> jint {
    // SAFETY: the Java side passes a handle that it keeps open.
    to_jint(boundary::cache_slots(unsafe { NativejwtAuthenticator::borrow(address(handle)) }))
}

/// How many bytes the caller may take for identities.
///
/// # Safety
/// As [`crate::capi::nativejwt_cache_room`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "cacheRoom", "(J)J")]
pub unsafe extern "system" fn cache_room(_: EnvUnowned<'_>, _: JClass<'_>, handle: jlong) -> jlong {
    // SAFETY: as above.
    let room = boundary::cache_room(unsafe { NativejwtAuthenticator::borrow(address(handle)) });
    jlong::try_from(room).unwrap_or(jlong::MAX)
}

/// Forgets all accepted tokens.
///
/// # Safety
/// As [`crate::capi::nativejwt_forget_tokens`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "forgetTokens", "(J)V")]
pub unsafe extern "system" fn forget_tokens(_: EnvUnowned<'_>, _: JClass<'_>, handle: jlong) {
    // SAFETY: as above.
    boundary::forget_tokens(unsafe { NativejwtAuthenticator::borrow(address(handle)) });
}

/// Writes the events since the last call.
///
/// # Safety
/// As [`crate::capi::nativejwt_drain_events`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "drainEvents", "(JJI)I")]
pub unsafe extern "system" fn drain_events(
    _: EnvUnowned<'_>,
    _: JClass<'_>,
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

/// Closes an authenticator.
///
/// # Safety
/// As [`crate::capi::nativejwt_close`].
#[jni_mangle("io.nativejwt.ffi.NativeMethods", "close", "(J)V")]
pub unsafe extern "system" fn close(_: EnvUnowned<'_>, _: JClass<'_>, handle: jlong) {
    // SAFETY: the Java side closes a handle once, when nothing uses it any more.
    unsafe { boundary::close(address(handle)) };
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{env, fs};

    use super::*;

    /// A Java type, as the JVM writes it in descriptors.
    trait JavaType {
        const DESCRIPTOR: &'static str;
    }

    impl JavaType for jint {
        const DESCRIPTOR: &'static str = "I";
    }

    impl JavaType for jlong {
        const DESCRIPTOR: &'static str = "J";
    }

    impl JavaType for () {
        const DESCRIPTOR: &'static str = "V";
    }

    /// A function, whose descriptor is made of its own types.
    trait NativeFunction {
        fn descriptor() -> String;
    }

    macro_rules! native_functions {
        ($($parameter:ident)*) => {
            impl<R: JavaType, $($parameter: JavaType),*> NativeFunction
                for unsafe extern "system" fn(EnvUnowned<'static>, JClass<'static>, $($parameter),*) -> R
            {
                fn descriptor() -> String {
                    let parameters: &[&str] = &[$($parameter::DESCRIPTOR),*];
                    format!("({}){}", parameters.concat(), R::DESCRIPTOR)
                }
            }
        };
    }

    native_functions!();
    native_functions!(A);
    native_functions!(A B);
    native_functions!(A B C);
    native_functions!(A B C D);
    native_functions!(A B C D E);
    native_functions!(A B C D E F G);
    native_functions!(A B C D E F G H I);

    fn row<F: NativeFunction>(name: &str, _: F) -> String {
        format!("{name}\t{}\n", F::descriptor())
    }

    /// The row of a function with as many parameters as there are `_`.
    macro_rules! native {
        ($name:literal, $function:ident, $($parameter:ty),*) => {
            row($name, $function as unsafe extern "system" fn(EnvUnowned<'static>, JClass<'static>, $($parameter),*) -> _)
        };
    }

    fn table() -> String {
        [
            "# The native methods of io.nativejwt.ffi.NativeMethods: name, descriptor.\n".to_owned(),
            native!("abiVersion", abi_version,),
            native!("authenticate", authenticate, _, _, _, _, _, _, _),
            native!("cacheRoom", cache_room, _),
            native!("cacheSlots", cache_slots, _),
            native!("close", close, _),
            native!("count", count, _, _, _),
            native!("describe", describe, _, _, _, _),
            native!("describeToken", describe_token, _, _, _, _, _),
            native!("drainEvents", drain_events, _, _, _),
            native!("forgetTokens", forget_tokens, _),
            native!("judgeShadow", judge_shadow, _, _, _, _, _, _, _),
            native!("libraryVersion", library_version, _, _),
            native!("logOut", log_out, _, _, _, _, _),
            native!("metrics", metrics, _, _, _),
            native!("open", open, _, _, _, _, _, _, _, _, _),
            native!("recentRejections", recent_rejections, _, _, _),
            native!("refreshKeys", refresh_keys, _),
            native!("shadowReport", shadow_report, _, _, _),
        ]
        .concat()
    }

    #[test]
    fn the_committed_table_of_natives_is_fresh() {
        let fresh = table();
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/natives.tsv");
        if env::var_os("NATIVEJWT_UPDATE").is_some() {
            fs::write(&committed, &fresh).unwrap();
        }
        assert!(
            fs::read_to_string(&committed).unwrap_or_default() == fresh,
            "generated/natives.tsv is not what the sources say; run NATIVEJWT_UPDATE=1 cargo test -p nativejwt-ffi"
        );
    }

    /// The attributes are text, so they could differ from the types of the functions.
    #[test]
    fn the_exported_names_have_the_types_of_the_functions() {
        let source = include_str!("jni.rs").split("#[cfg(test)]").next().unwrap();
        let table = table();
        let rows: Vec<_> = table.lines().skip(1).collect();
        for row in &rows {
            let (name, descriptor) = row.split_once('\t').unwrap();
            let attribute = format!("#[jni_mangle(\"io.nativejwt.ffi.NativeMethods\", \"{name}\", \"{descriptor}\")]");
            assert_eq!(source.matches(&attribute).count(), 1, "{attribute}");
        }
        assert_eq!(source.matches("#[jni_mangle(").count(), rows.len());
    }
}
