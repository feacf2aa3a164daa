//! The C ABI: `include/nativejwt.h` is made from this file.

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

/// Copies the library's version, ASCII without a terminator, into `buffer`, cut to `capacity`. Returns its whole length.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_library_version(buffer: *mut u8, capacity: usize) -> usize {
    // SAFETY: the caller promises the room.
    boundary::library_version(unsafe { output(buffer, capacity) })
}

/// Says what a caller has to know of a configuration before it opens it, so that it need not read the properties itself.
/// `config` is as for `nativejwt_open`. The record's flags are the `NATIVEJWT_DESCRIBED_…` that hold, its message is the name of
/// the credential that connectors get the token as, empty where they get none. No file is read, and most errors are told by
/// opening alone. Returns the record's code: 0, or `NATIVEJWT_CODE_CONFIGURATION` with the reasons in the message.
///
/// # Safety
/// `config` and `record` point to as many bytes as their lengths say, and `record` is not used by others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_describe(
    config: *const u8,
    config_length: usize,
    record: *mut u8,
    record_capacity: usize,
) -> u32 {
    // SAFETY: the caller promises the lengths.
    let (config, record) = unsafe { (input(config, config_length), output(record, record_capacity)) };
    boundary::describe(config, record)
}

/// Opens an authenticator. `config` is UTF-8 text in the format of `java.util.Properties` with the keys
/// `http-server.authentication.jwt.*` and `jwk.http-client.*`; `source` names the file it came from, for error messages,
/// and may be empty. `trusted_certificates` is a PEM text with the certificates that the caller trusts besides the
/// system's where JWK sets are fetched and no trust store is configured; it may be empty. `flags` is the sum of
/// `NATIVEJWT_OPEN_WITHOUT_IDENTITY` and `NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE`, as wanted. Returns null if anything is wrong: then the record's message names all of it, one error
/// a line, and its code is `NATIVEJWT_CODE_CONFIGURATION`.
///
/// # Safety
/// `config`, `source`, `trusted_certificates` and `record` point to as many bytes as their lengths say, and `record` is not used by others.
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
    // SAFETY: the caller promises the lengths.
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

/// Judges the value of an Authorization header at the time `now_millis` (milliseconds since 1970), writes a record and
/// returns its code: 0 if the token is accepted. `flags` is the sum of `NATIVEJWT_AUTHENTICATE_REMEMBERED` and
/// `NATIVEJWT_AUTHENTICATE_NOW`, as wanted. Any number of threads may call it at once, each with its own record of at least
/// `NATIVEJWT_RECORD_CAPACITY` bytes.
///
/// # Safety
/// `authenticator` is open; `header` and `record` point to as many bytes as their lengths say.
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
    // SAFETY: the caller promises the pointer and the lengths.
    let (authenticator, header, record) = unsafe {
        (NativejwtAuthenticator::borrow(authenticator), input(header, header_length), output(record, record_capacity))
    };
    boundary::authenticate(authenticator, header, UnixMillis(now_millis), flags, record)
}

/// Returns how many accepted tokens are kept at most: each `cache_slot` is less than it. 0 if none is kept.
///
/// # Safety
/// `authenticator` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_cache_slots(authenticator: *const NativejwtAuthenticator) -> u32 {
    // SAFETY: the caller promises the pointer.
    boundary::cache_slots(unsafe { NativejwtAuthenticator::borrow(authenticator) })
}

/// Returns how many bytes a caller may take now for all the identities that it remembers by `cache_slot` and
/// `cache_generation`, each counted by its `identity_bytes`: then they and the library's part of the cache stay below
/// `token-cache.max-size` together. A caller asks before it remembers one more, and forgets others until there is room.
///
/// # Safety
/// `authenticator` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_cache_room(authenticator: *const NativejwtAuthenticator) -> u64 {
    // SAFETY: the caller promises the pointer.
    boundary::cache_room(unsafe { NativejwtAuthenticator::borrow(authenticator) })
}

/// Forgets all accepted tokens, so that each is verified again, also one whose verification is under way.
///
/// # Safety
/// `authenticator` is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_forget_tokens(authenticator: *const NativejwtAuthenticator) {
    // SAFETY: the caller promises the pointer.
    boundary::forget_tokens(unsafe { NativejwtAuthenticator::borrow(authenticator) });
}

/// Writes what the authenticator has to say since the last call into the record's message, each event a line
/// `LEVEL<tab>text` with LEVEL one of ERROR, WARN, INFO. Returns the number of lines.
///
/// # Safety
/// `authenticator` is open; `record` points to as many bytes as `record_capacity` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nativejwt_drain_events(
    authenticator: *const NativejwtAuthenticator,
    record: *mut u8,
    record_capacity: usize,
) -> u32 {
    // SAFETY: the caller promises the pointer and the length.
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
    // SAFETY: passed on to the caller.
    unsafe { boundary::close(authenticator) };
}

/// # Safety
/// `pointer` is null or points to `length` bytes that nobody changes during the call.
pub(crate) unsafe fn input<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if pointer.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller promises it.
    unsafe { slice::from_raw_parts(pointer, length) }
}

/// # Safety
/// `pointer` is null or points to `length` bytes, initialised or not, that nobody else uses during the call.
pub(crate) unsafe fn output<'a>(pointer: *mut u8, length: usize) -> &'a mut Output {
    if pointer.is_null() || length == 0 {
        return &mut [];
    }
    // SAFETY: the caller promises it.
    unsafe { slice::from_raw_parts_mut(pointer.cast::<MaybeUninit<u8>>(), length) }
}
