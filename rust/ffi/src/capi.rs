// SPDX-License-Identifier: Apache-2.0
//! The C ABI. `include/nativejwt.h` is generated from this file.

use std::mem::MaybeUninit;
use std::slice;

use nativejwt_core::UnixMillis;

use crate::boundary;
use crate::handle::NativejwtAuthenticator;
use crate::wire::{NATIVEJWT_ABI_VERSION, Output};

/// The version of these functions and of the record. Compare it with the `NATIVEJWT_ABI_VERSION` that you compiled against.
#[unsafe(no_mangle)]
pub extern "C" fn nativejwt_abi_version() -> u32 {
    NATIVEJWT_ABI_VERSION
}

/// Copies the library's version, in ASCII without a terminator, into `buffer`, cut to `capacity`. Returns its full length.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_library_version(buffer: *mut u8, capacity: usize) -> usize {
    // SAFETY: the caller guarantees the room.
    boundary::library_version(unsafe { output(buffer, capacity) })
}

/// Describes a configuration before it is opened, so that the caller need not interpret the properties itself. `config` is as
/// for `nativejwt_open`. The record's flags are the sum of the `NATIVEJWT_DESCRIBED_…` that apply. Its message is the name of
/// the extra credential that connectors get the token as, or empty. The function reads no file, and leaves most errors to
/// `nativejwt_open`. Returns the record's code: 0, or `NATIVEJWT_CODE_CONFIGURATION` with the errors in the message.
///
/// # Safety
/// `config` and `record` point to as many bytes as their lengths say, and nothing else uses `record` during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_describe(
    config: *const u8,
    config_length: usize,
    record: *mut u8,
    record_capacity: usize,
) -> u32 {
    // SAFETY: the caller guarantees the lengths.
    let (config, record) = unsafe { (input(config, config_length), output(record, record_capacity)) };
    boundary::describe(config, record)
}

/// Opens an authenticator. `config` is UTF-8 text in the format of `java.util.Properties` with the properties
/// `http-server.authentication.jwt.*` and `jwk.http-client.*`. `source` is the name of its file, for error messages; it may be
/// empty. `trusted_certificates` is PEM text with the certificates that the caller trusts in addition to the system's. They
/// are used if a JWK Set is fetched and no trust store is configured; it may be empty. `flags` is 0 or the sum of
/// `NATIVEJWT_OPEN_WITHOUT_IDENTITY`, `NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE`,
/// `NATIVEJWT_OPEN_WITHOUT_LOGOUT_ENDPOINT` and `NATIVEJWT_OPEN_BESIDE_BUILT_IN`. Returns null if the configuration is invalid. The record's code is then
/// `NATIVEJWT_CODE_CONFIGURATION`, and its message contains all errors, one a line.
///
/// # Safety
/// `config`, `source`, `trusted_certificates` and `record` point to as many bytes as their lengths say, and nothing else uses
/// `record` during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_open(
    config: *const u8,
    config_length: usize,
    source: *const u8,
    source_length: usize,
    trusted_certificates: *const u8,
    trusted_certificates_length: usize,
    flags: u32,
    record: *mut u8,
    record_capacity: usize,
) -> *mut NativejwtAuthenticator {
    // SAFETY: the caller guarantees the lengths.
    let (config, source, trusted_certificates, record) = unsafe {
        (
            input(config, config_length),
            input(source, source_length),
            input(trusted_certificates, trusted_certificates_length),
            output(record, record_capacity),
        )
    };
    boundary::open(config, source, trusted_certificates, flags, record)
}

/// Authenticates the value of an Authorization header at the time `now_millis` (milliseconds since 1970), writes a record and
/// returns its code: 0 if the token is accepted. `flags` is 0 or the sum of `NATIVEJWT_AUTHENTICATE_REMEMBERED` and
/// `NATIVEJWT_AUTHENTICATE_NOW`. Any number of threads may call it at the same time, each with its own record of at least
/// `NATIVEJWT_RECORD_CAPACITY` bytes.
///
/// # Safety
/// `authenticator` is open. `header` and `record` point to as many bytes as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_authenticate(
    authenticator: *const NativejwtAuthenticator,
    header: *const u8,
    header_length: usize,
    now_millis: i64,
    flags: u32,
    record: *mut u8,
    record_capacity: usize,
) -> u32 {
    // SAFETY: the caller guarantees the pointer and the lengths.
    let (authenticator, header, record) = unsafe {
        (NativejwtAuthenticator::borrow(authenticator), input(header, header_length), output(record, record_capacity))
    };
    boundary::authenticate(authenticator, header, UnixMillis(now_millis), flags, record)
}

/// Judges a request that the built-in authenticator has judged, with `shadow`, and counts whether both agree. `request` is a
/// `NativejwtShadowRequest` with its texts. Returns the record's code: 0, or `NATIVEJWT_SHADOW_EXPLAINED` or
/// `NATIVEJWT_SHADOW_UNEXPLAINED` if the verdicts differ. The record's message is then a line for the log, without the token, and
/// its reason has the two verdicts. Any number of threads may call it at the same time, each with its own record of at least
/// `NATIVEJWT_RECORD_CAPACITY` bytes. It may wait for keys, so no answer to a client should wait for it.
///
/// # Safety
/// `authenticator` is open. `header`, `request` and `record` point to as many bytes as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_judge_shadow(
    authenticator: *const NativejwtAuthenticator,
    header: *const u8,
    header_length: usize,
    request: *const u8,
    request_length: usize,
    record: *mut u8,
    record_capacity: usize,
) -> u32 {
    // SAFETY: the caller guarantees the pointer and the lengths.
    let (authenticator, header, request, record) = unsafe {
        (
            NativejwtAuthenticator::borrow(authenticator),
            input(header, header_length),
            input(request, request_length),
            output(record, record_capacity),
        )
    };
    boundary::judge_shadow(authenticator, header, request, record)
}

/// Writes the report of shadow mode into `buffer`, as Markdown in UTF-8 without a terminator, if `capacity` is at least its
/// length, which it returns. Otherwise it writes nothing. 0 without `shadow`.
///
/// # Safety
/// `authenticator` is open. `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_shadow_report(
    authenticator: *const NativejwtAuthenticator,
    buffer: *mut u8,
    capacity: usize,
) -> usize {
    // SAFETY: the caller guarantees the pointer and the room.
    let (authenticator, buffer) = unsafe { (NativejwtAuthenticator::borrow(authenticator), output(buffer, capacity)) };
    boundary::shadow_report(authenticator, buffer)
}

/// Carries out the logout that a logout token (OpenID Connect Back-Channel Logout 1.0) asks for, by the system's clock. When it
/// returns 0, the tokens of the session or of the user are rejected, and the logout is on disk. Otherwise it returns one of
/// `NATIVEJWT_LOGOUT_…`, and the record's message says why, in one line without the token. The call may wait for keys of the
/// issuer and for the disk. Any number of threads may call it at the same time, each with its own record of at least
/// `NATIVEJWT_RECORD_CAPACITY` bytes.
///
/// # Safety
/// `authenticator` is open. `token` and `record` point to as many bytes as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_log_out(
    authenticator: *const NativejwtAuthenticator,
    token: *const u8,
    token_length: usize,
    record: *mut u8,
    record_capacity: usize,
) -> u32 {
    // SAFETY: the caller guarantees the pointer and the lengths.
    let (authenticator, token, record) = unsafe {
        (NativejwtAuthenticator::borrow(authenticator), input(token, token_length), output(record, record_capacity))
    };
    boundary::log_out(authenticator, token, record)
}

/// Writes the metrics into `buffer`, in UTF-8 without a terminator, if `capacity` is at least their length, which it returns.
/// Otherwise it writes nothing. Each line begins with `metric` or `sample`; its other fields follow after tabs: name, kind and
/// meaning of a metric; MBean, attribute, name, labels and value of a sample. Labels are written as in OpenMetrics.
///
/// # Safety
/// `authenticator` is open. `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_metrics(
    authenticator: *const NativejwtAuthenticator,
    buffer: *mut u8,
    capacity: usize,
) -> usize {
    // SAFETY: the caller guarantees the pointer and the room.
    let (authenticator, buffer) = unsafe { (NativejwtAuthenticator::borrow(authenticator), output(buffer, capacity)) };
    boundary::metrics(authenticator, buffer)
}

/// Writes what an operator's log says about the token of an Authorization value into `buffer`, in UTF-8 without a terminator, if
/// `capacity` is at least its length, which it returns: `issuer="…" kid="…" algorithm="…" trace=…`, as the token says, without what
/// it does not say. At most some thousand bytes. 0 if there is no token.
///
/// # Safety
/// `authenticator` is open. `header` points to `header_length` bytes. `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_describe_token(
    authenticator: *const NativejwtAuthenticator,
    header: *const u8,
    header_length: usize,
    buffer: *mut u8,
    capacity: usize,
) -> usize {
    // SAFETY: the caller guarantees the pointers, the length and the room.
    let (authenticator, header, buffer) = unsafe {
        (NativejwtAuthenticator::borrow(authenticator), input(header, header_length), output(buffer, capacity))
    };
    boundary::describe_token(authenticator, header, buffer)
}

/// Writes the last rejected tokens into `buffer`, the newest first, as a JSON array in UTF-8 without a terminator, if `capacity` is
/// at least its length, which it returns. Otherwise it writes nothing. Each element has `at` (RFC 3339), `reason`, `number`,
/// `issuer`, `kid`, `algorithm` (as the token says; they may be null), `trace` (may be null) and `count`.
///
/// # Safety
/// `authenticator` is open. `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_recent_rejections(
    authenticator: *const NativejwtAuthenticator,
    buffer: *mut u8,
    capacity: usize,
) -> usize {
    // SAFETY: the caller guarantees the pointer and the room.
    let (authenticator, buffer) = unsafe { (NativejwtAuthenticator::borrow(authenticator), output(buffer, capacity)) };
    boundary::recent_rejections(authenticator, buffer)
}

/// Asks for a fetch of all JWK Sets now, and returns their number. It does not wait for the fetches.
///
/// # Safety
/// `authenticator` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_refresh_keys(authenticator: *const NativejwtAuthenticator) -> u32 {
    // SAFETY: the caller guarantees the pointer.
    boundary::refresh_keys(unsafe { NativejwtAuthenticator::borrow(authenticator) })
}

/// Counts something that happened in the caller, so that the metrics have it. `what` is one of `NATIVEJWT_COUNT_…`, which say
/// what `number` is.
///
/// # Safety
/// `authenticator` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_count(authenticator: *const NativejwtAuthenticator, what: u32, number: u64) {
    // SAFETY: the caller guarantees the pointer.
    boundary::count(unsafe { NativejwtAuthenticator::borrow(authenticator) }, what, number);
}

/// Returns the maximum number of cached tokens; each `cache_slot` is less than it. 0 without a cache.
///
/// # Safety
/// `authenticator` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_cache_slots(authenticator: *const NativejwtAuthenticator) -> u32 {
    // SAFETY: the caller guarantees the pointer.
    boundary::cache_slots(unsafe { NativejwtAuthenticator::borrow(authenticator) })
}

/// Returns how many bytes a caller may use now for all identities that it remembers by `cache_slot` and `cache_generation`,
/// each counted by its `identity_bytes`. Together with the library's part of the cache they then stay below
/// `token-cache.max-size`. Before a caller remembers another identity, it calls this function and removes others until all
/// fit.
///
/// # Safety
/// `authenticator` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_cache_room(authenticator: *const NativejwtAuthenticator) -> u64 {
    // SAFETY: the caller guarantees the pointer.
    boundary::cache_room(unsafe { NativejwtAuthenticator::borrow(authenticator) })
}

/// Removes all tokens from the cache. A token whose validation is in progress is not cached either.
///
/// # Safety
/// `authenticator` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_forget_tokens(authenticator: *const NativejwtAuthenticator) {
    // SAFETY: the caller guarantees the pointer.
    boundary::forget_tokens(unsafe { NativejwtAuthenticator::borrow(authenticator) });
}

/// Writes the events since the last call into the record's message, each as a line `LEVEL<tab>text`, where LEVEL is ERROR,
/// WARN or INFO. Returns the number of lines.
///
/// # Safety
/// `authenticator` is open. `record` points to as many bytes as `record_capacity` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_drain_events(
    authenticator: *const NativejwtAuthenticator,
    record: *mut u8,
    record_capacity: usize,
) -> u32 {
    // SAFETY: the caller guarantees the pointer and the length.
    let (authenticator, record) =
        unsafe { (NativejwtAuthenticator::borrow(authenticator), output(record, record_capacity)) };
    boundary::drain_events(authenticator, record)
}

/// Closes an authenticator. Null is ignored.
///
/// # Safety
/// `authenticator` is open, and no call uses it now or later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_close(authenticator: *mut NativejwtAuthenticator) {
    // SAFETY: the caller guarantees the same.
    unsafe { boundary::close(authenticator) };
}

/// # Safety
/// `pointer` is null, or points to `length` bytes that do not change during the call.
pub(crate) unsafe fn input<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if pointer.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller guarantees it.
    unsafe { slice::from_raw_parts(pointer, length) }
}

/// # Safety
/// `pointer` is null, or points to `length` bytes, initialised or not, that nothing else uses during the call.
pub(crate) unsafe fn output<'a>(pointer: *mut u8, length: usize) -> &'a mut Output {
    if pointer.is_null() || length == 0 {
        return &mut [];
    }
    // SAFETY: the caller guarantees it.
    unsafe { slice::from_raw_parts_mut(pointer.cast::<MaybeUninit<u8>>(), length) }
}
