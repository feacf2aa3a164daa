// SPDX-License-Identifier: Apache-2.0
//! The functions that JNI and the C ABI call.
//!
//! No panic leaves this module. Each function does its work in [`guarded`]; outside of it, it only writes a record, which
//! cannot panic. A panic becomes a rejection, an error of opening, or an empty result, and an event for the log.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;

use nativejwt_core::{
    Authenticator, Clock, ConfigurationErrors, ConfigurationSummary, HostProcess, Identity, JvmTrust, Level,
    LogoutError, LogoutErrorKind, Properties, Reason, Rejection, ShadowHeader, UnixMillis,
};

use nativejwt_control::ControlSocket;
use nativejwt_storage::{Leased, StorageLeases};

use crate::handle::NativejwtAuthenticator;
use crate::wire::{
    NATIVEJWT_AUTHENTICATE_NOW, NATIVEJWT_AUTHENTICATE_REMEMBERED, NATIVEJWT_CODE_CONFIGURATION,
    NATIVEJWT_COUNT_REJECTION, NATIVEJWT_COUNT_SHADOW_SKIPPED, NATIVEJWT_COUNT_SWALLOWED_LINES,
    NATIVEJWT_LOGOUT_INVALID, NATIVEJWT_LOGOUT_OFF, NATIVEJWT_LOGOUT_TOO_MANY, NATIVEJWT_LOGOUT_UNAVAILABLE,
    NATIVEJWT_OPEN_BESIDE_BUILT_IN, NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE, NATIVEJWT_OPEN_WITHOUT_IDENTITY,
    NATIVEJWT_OPEN_WITHOUT_LOGOUT_ENDPOINT, NATIVEJWT_SHADOW_EXPLAINED, NATIVEJWT_SHADOW_UNEXPLAINED, NativejwtRecord,
    Output, ShadowRequest, write_accepted, write_description, write_difference, write_message, write_rejected,
};

thread_local! {
    /// The place in the source of the last panic of this thread.
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps panics off standard error, and remembers their place. The hook belongs to the copy of the standard library in this
/// shared library, so it replaces no other hook of the process.
fn install_quiet_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        set_hook(Box::new(|info| {
            // The panic's text may contain data of the request. The place in the source does not.
            let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
            LAST_PANIC.with_borrow_mut(|last| *last = place);
        }));
    });
}

/// Runs `work`. After a panic it returns the result of `otherwise`, which gets the place in the source.
fn guarded<T>(work: impl FnOnce() -> T, otherwise: impl FnOnce(&str) -> T) -> T {
    install_quiet_panic_hook();
    // After a panic, shared state is consistent: it consists of atomic snapshots.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| otherwise(&LAST_PANIC.with_borrow_mut(std::mem::take)))
}

/// Logs a panic.
fn report_panic(handle: &NativejwtAuthenticator, place: &str, consequence: &str) {
    handle.authenticator.events().defect(&format!("internal error at {place}; {consequence}"));
}

/// Writes the errors of a configuration.
fn write_errors(record: &mut Output, errors: &str) {
    write_message(record, NATIVEJWT_CODE_CONFIGURATION, errors);
}

/// Writes what the caller needs to know about properties before it opens them, and returns the record's code.
pub(crate) fn describe(config: &[u8], record: &mut Output) -> u32 {
    let described = guarded(
        || {
            let properties = Properties::parse(&String::from_utf8_lossy(config), "");
            properties.map(|properties| ConfigurationSummary::of(&properties)).map_err(|errors| errors.to_string())
        },
        |place| Err(format!("internal error at {place}")),
    );
    match described {
        Ok(summary) => {
            write_description(record, &summary);
            0
        }
        Err(errors) => {
            write_errors(record, &errors);
            NATIVEJWT_CODE_CONFIGURATION
        }
    }
}

/// Opens an authenticator from the text of properties. If they are invalid, it writes the errors to `record`, one a line, and
/// returns null.
pub(crate) fn open(
    config: &[u8],
    source: &[u8],
    trusted_certificates: &[u8],
    flags: u32,
    record: &mut Output,
) -> *mut NativejwtAuthenticator {
    let opened = guarded(
        || {
            let text = String::from_utf8_lossy(config);
            let source = String::from_utf8_lossy(source);
            let mut properties = Properties::parse(&text, &source).map_err(|errors| errors.to_string())?;
            if source.is_empty() {
                properties.entries.iter_mut().for_each(|entry| entry.line = 0);
            } else {
                properties.locate_in(Path::new(&*source));
            }
            let trusted_certificates = trusted_certificates.to_vec();
            let jvm_trust = match flags & NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE {
                0 => JvmTrust::Certificates(trusted_certificates),
                _ => JvmTrust::CertificatesAlone(trusted_certificates),
            };
            let host = HostProcess {
                jvm_trust,
                keeps_cache_files: true,
                without_identity: flags & NATIVEJWT_OPEN_WITHOUT_IDENTITY != 0,
                without_logout_endpoint: flags & NATIVEJWT_OPEN_WITHOUT_LOGOUT_ENDPOINT != 0,
                beside_built_in: flags & NATIVEJWT_OPEN_BESIDE_BUILT_IN != 0,
            };
            let authenticator = Authenticator::open_with(&properties, &host)
                .map_err(|errors| ConfigurationErrors::to_string(&errors))?;
            for sentence in authenticator.key_sources() {
                authenticator.events().push(Level::Info, sentence);
            }
            let authenticator = Arc::new(authenticator);
            let storage = StorageLeases::open(&properties, &host.jvm_trust, &authenticator)?;
            let control = ControlSocket::open(&authenticator)?;
            let in_force = format!("In force: {}", authenticator.in_force());
            authenticator.events().push(Level::Info, in_force);
            Ok(NativejwtAuthenticator { control, storage, authenticator })
        },
        |place| Err(format!("internal error at {place}")),
    );
    match opened {
        Ok(authenticator) => {
            write_message(record, 0, "");
            authenticator.into_raw()
        }
        Err(errors) => {
            write_errors(record, &errors);
            std::ptr::null_mut()
        }
    }
}

/// Authenticates the value of an Authorization header, writes the verdict to `record` and returns its code.
pub(crate) fn authenticate(
    handle: Option<&NativejwtAuthenticator>,
    header: &[u8],
    now: UnixMillis,
    flags: u32,
    record: &mut Output,
) -> u32 {
    let internal_error = Reason::InternalError.number();
    let Some(handle) = handle else { return internal_error };
    if record.len() < NativejwtRecord::SIZE {
        return internal_error;
    }
    let remembers = flags & NATIVEJWT_AUTHENTICATE_REMEMBERED != 0;
    let clock = if flags & NATIVEJWT_AUTHENTICATE_NOW == 0 { Clock::At(now) } else { Clock::System };
    let code = guarded(
        || {
            #[cfg(feature = "provoke-panic")]
            provoke_panic(header);
            let lease = |token: &[u8], identity: &Identity| {
                handle.storage.as_ref().map(|storage| storage.lease(token, identity)).transpose()
            };
            Some(handle.authenticator.authenticate_and(header, clock, lease, |verdict| match verdict {
                Ok((accepted, leased)) => {
                    let passes_token = handle.authenticator.passes_tokens_through();
                    let credentials = leased.as_ref().and_then(Leased::credentials);
                    write_accepted(record, &accepted, remembers, passes_token, credentials)
                }
                Err(rejection) => write_rejected(record, &rejection),
            }))
        },
        |place| {
            report_panic(handle, place, "the token was rejected");
            handle.authenticator.count_rejection_by_caller(Reason::InternalError);
            None
        },
    );
    code.unwrap_or_else(|| write_rejected(record, &Rejection::internal_error()))
}

/// Judges a request that the built-in authenticator has judged. Writes the difference to `record`, if there is one, and returns
/// 0 or one of `NATIVEJWT_SHADOW_…`.
pub(crate) fn judge_shadow(
    handle: Option<&NativejwtAuthenticator>,
    header: &[u8],
    request: &[u8],
    record: &mut Output,
) -> u32 {
    let Some(handle) = handle else { return 0 };
    if record.len() < NativejwtRecord::SIZE {
        return 0;
    }
    let authenticator = &handle.authenticator;
    let difference = guarded(
        || {
            let request = ShadowRequest::read(request)?;
            #[cfg(feature = "provoke-panic")]
            provoke_panic(header);
            let header = match request.has_several_headers {
                true => ShadowHeader::Several,
                false => ShadowHeader::Value(header),
            };
            let time = Duration::from_nanos(request.built_in_nanos);
            authenticator.judge_shadow(header, UnixMillis(request.now_millis), &request.built_in(), time)
        },
        |place| {
            report_panic(handle, place, "the answer of the built-in authenticator is not affected");
            let request = ShadowRequest::read(request)?;
            authenticator.count_rejection_by_caller(Reason::InternalError);
            authenticator.count_failed_shadow(&request.built_in())
        },
    );
    let Some(difference) = difference else {
        write_message(record, 0, "");
        return 0;
    };
    let code = if difference.is_unexplained() { NATIVEJWT_SHADOW_UNEXPLAINED } else { NATIVEJWT_SHADOW_EXPLAINED };
    write_difference(record, code, &difference);
    code
}

/// Writes the report of shadow mode, in Markdown, if it fits. Returns its length; 0 without shadow mode.
pub(crate) fn shadow_report(handle: Option<&NativejwtAuthenticator>, buffer: &mut Output) -> usize {
    let Some(handle) = handle else { return 0 };
    guarded(
        || {
            let report = handle.authenticator.shadow_report().map(|report| report.to_string()).unwrap_or_default();
            write_text(buffer, &report)
        },
        |place| {
            report_panic(handle, place, "the report was not made");
            0
        },
    )
}

/// Carries out the logout that a logout token asks for, by the system's clock. Writes the result to `record` and returns it.
pub(crate) fn log_out(handle: Option<&NativejwtAuthenticator>, token: &[u8], record: &mut Output) -> u32 {
    let Some(handle) = handle else { return NATIVEJWT_LOGOUT_UNAVAILABLE };
    if record.len() < NativejwtRecord::SIZE {
        return NATIVEJWT_LOGOUT_UNAVAILABLE;
    }
    let result = guarded(
        || {
            #[cfg(feature = "provoke-panic")]
            provoke_panic(token);
            handle.authenticator.log_out(token, UnixMillis::now())
        },
        |place| {
            report_panic(handle, place, "a logout may not have been carried out");
            let message = "The logout failed because of an internal error".to_owned();
            Err(LogoutError { kind: LogoutErrorKind::Unavailable, message })
        },
    );
    let (code, message) = match &result {
        Ok(()) => (0, ""),
        Err(error) => (logout_code(error.kind), error.message.as_str()),
    };
    write_message(record, code, message);
    code
}

fn logout_code(kind: LogoutErrorKind) -> u32 {
    match kind {
        LogoutErrorKind::Invalid => NATIVEJWT_LOGOUT_INVALID,
        LogoutErrorKind::TooMany => NATIVEJWT_LOGOUT_TOO_MANY,
        LogoutErrorKind::Unavailable => NATIVEJWT_LOGOUT_UNAVAILABLE,
        LogoutErrorKind::Off => NATIVEJWT_LOGOUT_OFF,
    }
}

/// The maximum number of cached tokens.
pub(crate) fn cache_slots(handle: Option<&NativejwtAuthenticator>) -> u32 {
    let Some(handle) = handle else { return 0 };
    guarded(
        || u32::try_from(handle.authenticator.cache_slots()).unwrap_or(u32::MAX),
        |place| {
            report_panic(handle, place, "identities are not remembered");
            0
        },
    )
}

/// Bytes that the caller may use now for identities that it remembers.
pub(crate) fn cache_room(handle: Option<&NativejwtAuthenticator>) -> u64 {
    let Some(handle) = handle else { return 0 };
    guarded(
        || handle.authenticator.java_room(),
        |place| {
            report_panic(handle, place, "no further identities are remembered");
            0
        },
    )
}

/// Removes all tokens from the cache.
pub(crate) fn forget_tokens(handle: Option<&NativejwtAuthenticator>) {
    let Some(handle) = handle else { return };
    guarded(
        || {
            handle.authenticator.forget_tokens();
        },
        |place| report_panic(handle, place, "some tokens may still be cached"),
    );
}

#[cfg(feature = "provoke-panic")]
fn provoke_panic(header: &[u8]) {
    assert!(header != b"Bearer provoke-panic", "a test asked for this panic");
    if header == b"Bearer provoke-hang" {
        std::thread::sleep(Duration::from_secs(24 * 60 * 60));
    }
}

/// Writes the events since the last call to `record`, each a line `LEVEL<tab>text`, and returns their number.
pub(crate) fn drain_events(handle: Option<&NativejwtAuthenticator>, record: &mut Output) -> u32 {
    let Some(handle) = handle else { return 0 };
    if record.len() < NativejwtRecord::SIZE {
        return 0;
    }
    guarded(
        || {
            let room = record.len() - NativejwtRecord::SIZE;
            let mut lines = String::new();
            let mut count = 0;
            // An event has at most a few hundred bytes. Events that may not fit wait for the next call.
            while room.saturating_sub(lines.len()) > room / 4
                && let Some(event) = handle.authenticator.events().pop()
            {
                let text = event.text.get(..event.text.floor_char_boundary(room / 8)).unwrap_or_default();
                if writeln!(lines, "{}\t{text}", event.level).is_ok() {
                    count += 1;
                }
            }
            write_message(record, 0, &lines);
            count
        },
        |place| {
            report_panic(handle, place, "some log messages were lost");
            0
        },
    )
}

/// Writes the metrics, as [`nativejwt_core::Snapshot::to_text`] has them, if they fit. Returns their length.
pub(crate) fn metrics(handle: Option<&NativejwtAuthenticator>, buffer: &mut Output) -> usize {
    let Some(handle) = handle else { return 0 };
    guarded(
        || {
            let mut snapshot = handle.authenticator.metrics();
            if let Some(storage) = &handle.storage {
                storage.add_metrics(&mut snapshot);
            }
            let text = snapshot.to_text();
            write_text(buffer, &text)
        },
        |place| {
            report_panic(handle, place, "the metrics were not read");
            0
        },
    )
}

/// Writes what the operator's log says about the token of an Authorization value, if it fits. Returns its length; 0 without a
/// token.
pub(crate) fn describe_token(handle: Option<&NativejwtAuthenticator>, header: &[u8], buffer: &mut Output) -> usize {
    let Some(handle) = handle else { return 0 };
    guarded(
        || {
            let text = handle.authenticator.describe(header).map(|token| token.to_string()).unwrap_or_default();
            write_text(buffer, &text)
        },
        |place| {
            report_panic(handle, place, "a line of the log does not name its token");
            0
        },
    )
}

/// Writes the last rejections, as [`nativejwt_core::Authenticator::recent_rejections_json`] has them, if they fit. Returns their
/// length.
pub(crate) fn recent_rejections(handle: Option<&NativejwtAuthenticator>, buffer: &mut Output) -> usize {
    let Some(handle) = handle else { return 0 };
    guarded(
        || {
            let text = handle.authenticator.recent_rejections_json();
            write_text(buffer, &text)
        },
        |place| {
            report_panic(handle, place, "the last rejections were not read");
            0
        },
    )
}

/// Asks for a fetch of all JWK Sets, and returns their number.
pub(crate) fn refresh_keys(handle: Option<&NativejwtAuthenticator>) -> u32 {
    let Some(handle) = handle else { return 0 };
    guarded(
        || u32::try_from(handle.authenticator.refresh_keys()).unwrap_or(u32::MAX),
        |place| {
            report_panic(handle, place, "the keys are fetched when they are due");
            0
        },
    )
}

/// Counts something that happened in the caller.
pub(crate) fn count(handle: Option<&NativejwtAuthenticator>, what: u32, number: u64) {
    let Some(handle) = handle else { return };
    let authenticator = &handle.authenticator;
    guarded(
        || match what {
            NATIVEJWT_COUNT_REJECTION => {
                let reason = Reason::ALL.iter().find(|reason| u64::from(reason.number()) == number);
                reason.into_iter().for_each(|reason| authenticator.count_rejection_by_caller(*reason));
            }
            NATIVEJWT_COUNT_SWALLOWED_LINES => authenticator.count_swallowed_lines(number),
            NATIVEJWT_COUNT_SHADOW_SKIPPED => authenticator.count_skipped_shadow(number),
            _ => {}
        },
        |place| report_panic(handle, place, "something was not counted"),
    );
}

/// Writes a text if it fits, and returns its length.
fn write_text(buffer: &mut Output, text: &str) -> usize {
    if let Some(room) = buffer.get_mut(..text.len()) {
        room.write_copy_of_slice(text.as_bytes());
    }
    text.len()
}

/// Drops an authenticator.
///
/// # Safety
/// As [`NativejwtAuthenticator::close`].
pub(crate) unsafe fn close(handle: *mut NativejwtAuthenticator) {
    // SAFETY: the caller guarantees the same.
    guarded(|| unsafe { NativejwtAuthenticator::close(handle) }, |_| ());
}

/// Copies the version of this library into `buffer`, cut to the buffer's length, and returns the version's length.
pub(crate) fn library_version(buffer: &mut Output) -> usize {
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    guarded(
        || {
            for (target, byte) in buffer.iter_mut().zip(version) {
                target.write(*byte);
            }
            version.len()
        },
        |_| 0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_panic_the_result_has_its_place_and_not_its_text() {
        let result = guarded(|| panic!("s3cret"), str::to_owned);
        assert!(result.starts_with("rust/ffi/src/boundary.rs:"), "{result}");
        assert_eq!(guarded(|| "done".to_owned(), str::to_owned), "done");
    }

    /// A panic that leaves the library would end the coordinator.
    #[test]
    fn every_function_of_the_boundary_is_guarded() {
        let source = include_str!("boundary.rs").split("#[cfg(test)]").next().unwrap();
        let functions: Vec<_> = source.split("\npub(crate) ").skip(1).collect();
        assert_eq!(functions.len(), 17);
        for function in functions {
            assert!(function.contains("guarded("), "{function}");
        }
    }
}
