// SPDX-License-Identifier: Apache-2.0
//! The record that returns a result over the boundary: a fixed head, followed by texts.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use nativejwt_core::{Accepted, BuiltIn, ConfigurationSummary, Rejection, ShadowDifference};
use nativejwt_storage::StorageCredentials;

/// The version of the functions and of the record. A caller compares it before it calls any other function.
pub const NATIVEJWT_ABI_VERSION: u32 = 10;

/// The size of a record buffer that has room for every verdict.
pub const NATIVEJWT_RECORD_CAPACITY: usize = 65_536;

/// `code` of a record with errors of a configuration. No verdict has it.
pub const NATIVEJWT_CODE_CONFIGURATION: u32 = 1000;

/// A flag for `nativejwt_open`: the caller passes a principal to Trino and no identity, so `groups-field` and
/// `pass-through.credential-name` are errors.
pub const NATIVEJWT_OPEN_WITHOUT_IDENTITY: u32 = 1;

/// A flag for `nativejwt_open`: only `trusted_certificates` are trusted for servers of JWK Sets, and the system's certificates
/// are not. For a caller with its own trust store, such as a JVM with `javax.net.ssl.trustStore`.
pub const NATIVEJWT_OPEN_TRUSTED_CERTIFICATES_ALONE: u32 = 2;

/// A flag for `nativejwt_open`: issuers cannot send logout tokens to the caller, so `backchannel-logout.client-id` is an error.
pub const NATIVEJWT_OPEN_WITHOUT_LOGOUT_ENDPOINT: u32 = 4;

/// A flag for `nativejwt_open`: the built-in authenticator reads the same configuration. With `shadow`, what that cannot read is
/// an error.
pub const NATIVEJWT_OPEN_BESIDE_BUILT_IN: u32 = 8;

/// A flag of `nativejwt_describe`: a server is asked, for keys (perhaps after a change of one of `config-files`) or for storage
/// credentials.
pub const NATIVEJWT_DESCRIBED_USES_HTTP_CLIENT: u32 = 1;

/// A flag of `nativejwt_describe`: `nativejwt_open` uses `trusted_certificates`.
pub const NATIVEJWT_DESCRIBED_USES_TRUSTED_CERTIFICATES: u32 = 2;

/// A flag of `nativejwt_describe`: sessions can get groups, the token or storage credentials.
pub const NATIVEJWT_DESCRIBED_GIVES_MORE_THAN_A_USER: u32 = 4;

/// A flag of `nativejwt_describe`: `pass-through.allow-user-with-hyphen` is true.
pub const NATIVEJWT_DESCRIBED_ALLOWS_USER_WITH_HYPHEN: u32 = 8;

/// A flag of `nativejwt_describe`: the record of an accepted token has storage credentials, or none if they are withheld. A
/// session without them must get values that every store refuses.
pub const NATIVEJWT_DESCRIBED_GIVES_STORAGE_CREDENTIALS: u32 = 16;

/// A flag of `nativejwt_describe`: `shadow` is true, so the caller lets the built-in authenticator answer, and calls
/// `nativejwt_judge_shadow` instead of `nativejwt_authenticate`.
pub const NATIVEJWT_DESCRIBED_IS_SHADOW: u32 = 32;

/// For `nativejwt_count`: the caller rejected a request by itself. The number is that of the reason, one of
/// `NATIVEJWT_REJECT_…`.
pub const NATIVEJWT_COUNT_REJECTION: u32 = 1;

/// For `nativejwt_count`: so many lines were left out of the log.
pub const NATIVEJWT_COUNT_SWALLOWED_LINES: u32 = 2;

/// For `nativejwt_count`: so many requests were not judged in shadow mode, because too many waited.
pub const NATIVEJWT_COUNT_SHADOW_SKIPPED: u32 = 3;

/// A flag of `NativejwtShadowRequest`: the request has several Authorization headers.
pub const NATIVEJWT_SHADOW_SEVERAL_HEADERS: u32 = 1;

/// An outcome of `NativejwtShadowRequest`: the caller does not see the verdict of the built-in authenticator.
pub const NATIVEJWT_BUILT_IN_UNKNOWN: u32 = 0;

/// An outcome of `NativejwtShadowRequest`: the built-in authenticator accepted the token.
pub const NATIVEJWT_BUILT_IN_ACCEPTED: u32 = 1;

/// An outcome of `NativejwtShadowRequest`: the built-in authenticator rejected the request.
pub const NATIVEJWT_BUILT_IN_REJECTED: u32 = 2;

/// An outcome of `NativejwtShadowRequest`: the built-in authenticator failed, and the answer has status 500.
pub const NATIVEJWT_BUILT_IN_FAILED: u32 = 3;

/// An outcome of `NativejwtShadowRequest`: as `NATIVEJWT_BUILT_IN_FAILED`, because its stack overflowed.
pub const NATIVEJWT_BUILT_IN_OVERFLOWED: u32 = 4;

/// A result of `nativejwt_judge_shadow`: the verdicts differ, and the record has the row that explains it.
pub const NATIVEJWT_SHADOW_EXPLAINED: u32 = 1;

/// A result of `nativejwt_judge_shadow`: the verdicts differ, and nothing explains it.
pub const NATIVEJWT_SHADOW_UNEXPLAINED: u32 = 2;

/// A flag for `nativejwt_authenticate`: the caller remembers identities by `cache_slot` and `cache_generation`, and needs no
/// texts for a token that was already cached.
pub const NATIVEJWT_AUTHENTICATE_REMEMBERED: u32 = 1;

/// A flag for `nativejwt_authenticate`: the time is the system's, and `now_millis` is ignored. For a cached token this takes
/// less time than reading the clock in the caller.
pub const NATIVEJWT_AUTHENTICATE_NOW: u32 = 2;

/// A result of `nativejwt_log_out`: the logout token is not valid, or it was used before.
pub const NATIVEJWT_LOGOUT_INVALID: u32 = 1;

/// A result of `nativejwt_log_out`: there were too many logouts in this second.
pub const NATIVEJWT_LOGOUT_TOO_MANY: u32 = 2;

/// A result of `nativejwt_log_out`: the logout token cannot be verified or stored now. The issuer should try again.
pub const NATIVEJWT_LOGOUT_UNAVAILABLE: u32 = 3;

/// A result of `nativejwt_log_out`: `backchannel-logout.client-id` is not set.
pub const NATIVEJWT_LOGOUT_OFF: u32 = 4;

/// A flag of a record: the token is cached, and `cache_slot` and `cache_generation` are its place.
pub const NATIVEJWT_RECORD_KEPT: u32 = 1;

/// A flag of a record: it has no texts. If the caller does not remember the identity, it calls again, without
/// `NATIVEJWT_AUTHENTICATE_REMEMBERED`.
pub const NATIVEJWT_RECORD_WITHOUT_TEXTS: u32 = 2;

/// A flag of a record: the token was in the cache before this request.
pub const NATIVEJWT_RECORD_KNOWN: u32 = 4;

/// The head of a record, in native byte order. Offsets count bytes from the start of the head. Texts are UTF-8 without a
/// terminator.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NativejwtRecord {
    /// 0 if the token was accepted, otherwise the stable number of the reason. Of a logout, the result.
    pub code: u32,
    /// For a verdict, the sum of `NATIVEJWT_RECORD_KEPT`, `NATIVEJWT_RECORD_WITHOUT_TEXTS` and `NATIVEJWT_RECORD_KNOWN`, if they
    /// apply. For a description, the sum of the `NATIVEJWT_DESCRIBED_…` that apply.
    pub flags: u32,
    /// `exp` in milliseconds since 1970; `INT64_MAX` if there is none.
    pub expires_at_millis: i64,
    /// The principal, of an accepted token.
    pub principal_offset: u32,
    /// Bytes of the principal.
    pub principal_length: u32,
    /// The mapped user, of an accepted token. If it equals the principal, both have the same offset.
    pub user_offset: u32,
    /// Bytes of the user.
    pub user_length: u32,
    /// For a rejected token, the message for the client. For a failed logout, the message for the issuer. Otherwise the errors
    /// or events, one a line, or, for a description, `pass-through.credential-name`.
    pub message_offset: u32,
    /// Bytes of the message.
    pub message_length: u32,
    /// The name of the reason, in ASCII.
    pub reason_offset: u32,
    /// Bytes of the name.
    pub reason_length: u32,
    /// The groups, of an accepted token: for each its length in 4 bytes in native order, then its bytes.
    pub groups_offset: u32,
    /// Bytes of all groups with their lengths.
    pub groups_length: u32,
    /// The offset of the token in the header's value, of an accepted token that is passed through.
    pub token_offset: u32,
    /// Bytes of the token; 0 if tokens are not passed through.
    pub token_length: u32,
    /// The slot of a cached token, less than `nativejwt_cache_slots`. Another token may get it later.
    pub cache_slot: u32,
    /// Bytes that the identity takes in a JVM, of a cached token whose texts are in this record. The identities that a caller
    /// remembers must not take more than `nativejwt_cache_room` together.
    pub identity_bytes: u32,
    /// Distinguishes the verdicts that are in one slot one after the other: the same slot and the same generation mean the
    /// same identity. It is unique while the authenticator is open.
    pub cache_generation: u64,
    /// The storage credentials of the caller: the access key's ID, its secret and the session's token, each its length in 4 bytes
    /// in native order, then its bytes.
    pub storage_offset: u32,
    /// Bytes of the three with their lengths; 0 if there are none.
    pub storage_length: u32,
}

impl NativejwtRecord {
    /// Bytes of the head.
    pub(crate) const SIZE: usize = size_of::<Self>();

    fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let fields = [
            self.code.to_ne_bytes(),
            self.flags.to_ne_bytes(),
            [0; 4],
            [0; 4],
            self.principal_offset.to_ne_bytes(),
            self.principal_length.to_ne_bytes(),
            self.user_offset.to_ne_bytes(),
            self.user_length.to_ne_bytes(),
            self.message_offset.to_ne_bytes(),
            self.message_length.to_ne_bytes(),
            self.reason_offset.to_ne_bytes(),
            self.reason_length.to_ne_bytes(),
            self.groups_offset.to_ne_bytes(),
            self.groups_length.to_ne_bytes(),
            self.token_offset.to_ne_bytes(),
            self.token_length.to_ne_bytes(),
            self.cache_slot.to_ne_bytes(),
            self.identity_bytes.to_ne_bytes(),
        ];
        for (target, field) in bytes.chunks_exact_mut(4).zip(fields) {
            target.copy_from_slice(&field);
        }
        if let Some(target) = bytes.get_mut(8..16) {
            target.copy_from_slice(&self.expires_at_millis.to_ne_bytes());
        }
        if let Some(target) = bytes.get_mut(72..80) {
            target.copy_from_slice(&self.cache_generation.to_ne_bytes());
        }
        for (range, field) in [(80..84, self.storage_offset), (84..88, self.storage_length)] {
            if let Some(target) = bytes.get_mut(range) {
                target.copy_from_slice(&field.to_ne_bytes());
            }
        }
        bytes
    }
}

/// What the built-in authenticator did with a request, for `nativejwt_judge_shadow`, in native byte order. Three texts in UTF-8
/// follow: user, principal, and the message of a rejection.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NativejwtShadowRequest {
    /// 0 or `NATIVEJWT_SHADOW_SEVERAL_HEADERS`.
    pub flags: u32,
    /// One of `NATIVEJWT_BUILT_IN_…`.
    pub outcome: u32,
    /// The instant of the request, in milliseconds since 1970.
    pub now_millis: i64,
    /// How long the built-in authenticator took.
    pub built_in_nanos: u64,
    /// Bytes of the user, of an accepted token.
    pub user_length: u32,
    /// Bytes of the principal, of an accepted token.
    pub principal_length: u32,
    /// Bytes of the message, of a rejected request.
    pub message_length: u32,
    /// 0.
    pub reserved: u32,
}

/// The fields of a [`NativejwtShadowRequest`], and its texts.
#[derive(Debug)]
pub(crate) struct ShadowRequest<'r> {
    pub(crate) has_several_headers: bool,
    pub(crate) now_millis: i64,
    pub(crate) built_in_nanos: u64,
    pub(crate) outcome: u32,
    pub(crate) user: Cow<'r, str>,
    pub(crate) principal: Cow<'r, str>,
    pub(crate) message: Cow<'r, str>,
}

impl<'r> ShadowRequest<'r> {
    /// `None` if the bytes are not a request.
    pub(crate) fn read(bytes: &'r [u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
        let long = |at: usize| Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
        let mut texts = bytes.get(size_of::<NativejwtShadowRequest>()..)?;
        let mut text = |length: u32| {
            let (text, rest) = texts.split_at_checked(length as usize)?;
            texts = rest;
            Some(String::from_utf8_lossy(text))
        };
        Some(Self {
            has_several_headers: word(0)? & NATIVEJWT_SHADOW_SEVERAL_HEADERS != 0,
            outcome: word(4)?,
            now_millis: long(8)?.cast_signed(),
            built_in_nanos: long(16)?,
            user: text(word(24)?)?,
            principal: text(word(28)?)?,
            message: text(word(32)?)?,
        })
    }

    pub(crate) fn built_in(&self) -> BuiltIn<'_> {
        match self.outcome {
            NATIVEJWT_BUILT_IN_ACCEPTED => BuiltIn::Accepted { user: &self.user, principal: &self.principal },
            NATIVEJWT_BUILT_IN_REJECTED => BuiltIn::Rejected { message: &self.message },
            NATIVEJWT_BUILT_IN_FAILED => BuiltIn::Failed { overflow: false },
            NATIVEJWT_BUILT_IN_OVERFLOWED => BuiltIn::Failed { overflow: true },
            _ => BuiltIn::Unknown,
        }
    }
}

/// The offsets are part of the ABI. The Java side has them as constants.
const _: () = {
    assert!(NativejwtRecord::SIZE == 88);
    assert!(std::mem::offset_of!(NativejwtRecord, expires_at_millis) == 8);
    assert!(std::mem::offset_of!(NativejwtRecord, principal_offset) == 16);
    assert!(std::mem::offset_of!(NativejwtRecord, reason_length) == 44);
    assert!(std::mem::offset_of!(NativejwtRecord, groups_length) == 52);
    assert!(std::mem::offset_of!(NativejwtRecord, token_length) == 60);
    assert!(std::mem::offset_of!(NativejwtRecord, cache_slot) == 64);
    assert!(std::mem::offset_of!(NativejwtRecord, identity_bytes) == 68);
    assert!(std::mem::offset_of!(NativejwtRecord, cache_generation) == 72);
    assert!(std::mem::offset_of!(NativejwtRecord, storage_offset) == 80);
    assert!(std::mem::offset_of!(NativejwtRecord, storage_length) == 84);
    assert!(size_of::<NativejwtShadowRequest>() == 40);
    assert!(std::mem::offset_of!(NativejwtShadowRequest, now_millis) == 8);
    assert!(std::mem::offset_of!(NativejwtShadowRequest, built_in_nanos) == 16);
    assert!(std::mem::offset_of!(NativejwtShadowRequest, user_length) == 24);
    assert!(std::mem::offset_of!(NativejwtShadowRequest, message_length) == 32);
};

/// Memory that a caller lends for a result. It is only written, because a C caller may not have initialised it.
pub(crate) type Output = [MaybeUninit<u8>];

/// Writes texts after the head. Texts that do not fit are cut; only errors of a configuration and events can be that long.
struct Writer<'b> {
    buffer: &'b mut Output,
    used: usize,
}

impl<'b> Writer<'b> {
    fn new(buffer: &'b mut Output) -> Self {
        Self { buffer, used: NativejwtRecord::SIZE }
    }

    /// Writes a text and returns its offset and length.
    fn text(&mut self, text: &str) -> (u32, u32) {
        let room = self.buffer.len().saturating_sub(self.used);
        let text = text.get(..text.floor_char_boundary(room)).unwrap_or_default();
        let offset = self.used;
        if let Some(target) = self.buffer.get_mut(offset..offset + text.len()) {
            target.write_copy_of_slice(text.as_bytes());
            self.used += text.len();
        }
        // Callers use buffers far below 4 GB.
        (u32::try_from(offset).unwrap_or(u32::MAX), u32::try_from(text.len()).unwrap_or(0))
    }

    /// Writes texts, each after its length, and returns their offset and length together. `None` if they do not all fit.
    fn list<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> Option<(u32, u32)> {
        let offset = self.used;
        for text in texts {
            let length = u32::try_from(text.len()).ok()?.to_ne_bytes();
            for bytes in [&length[..], text.as_bytes()] {
                self.buffer.get_mut(self.used..self.used + bytes.len())?.write_copy_of_slice(bytes);
                self.used += bytes.len();
            }
        }
        Some((u32::try_from(offset).ok()?, u32::try_from(self.used - offset).ok()?))
    }

    fn head(self, head: NativejwtRecord) {
        if let Some(target) = self.buffer.get_mut(..NativejwtRecord::SIZE) {
            target.write_copy_of_slice(&head.to_bytes());
        }
    }
}

/// Writes the verdict about an accepted token, and returns 0. `remembers` is true for a caller that needs no texts for a token
/// that was already cached. `passes_token` is true if connectors get the token. `storage` are the caller's credentials.
pub(crate) fn write_accepted(
    buffer: &mut Output,
    accepted: &Accepted<'_>,
    remembers: bool,
    passes_token: bool,
    storage: Option<&StorageCredentials>,
) -> u32 {
    let mut writer = Writer::new(buffer);
    let identity = accepted.identity;
    let mut head = NativejwtRecord {
        expires_at_millis: identity.expires_at.map_or(i64::MAX, |at| at.0),
        ..NativejwtRecord::default()
    };
    if let Some(place) = accepted.place {
        head.flags |= NATIVEJWT_RECORD_KEPT;
        (head.cache_slot, head.cache_generation) = (place.slot, place.generation);
    }
    if accepted.was_known {
        head.flags |= NATIVEJWT_RECORD_KNOWN;
    }
    if accepted.was_known && remembers {
        head.flags |= NATIVEJWT_RECORD_WITHOUT_TEXTS;
    } else {
        (head.principal_offset, head.principal_length) = writer.text(&identity.principal);
        // Usually the principal itself. The caller then makes one string for both.
        (head.user_offset, head.user_length) = if identity.user == identity.principal {
            (head.principal_offset, head.principal_length)
        } else {
            writer.text(&identity.user)
        };
        // An identity without its groups would be wrong, so the token is rejected.
        let Some(groups) = writer.list(identity.groups.iter().map(String::as_str)) else {
            return write_rejected(buffer, &Rejection::internal_error());
        };
        (head.groups_offset, head.groups_length) = groups;
        head.identity_bytes = u32::try_from(accepted.java_bytes()).unwrap_or(u32::MAX);
    }
    if passes_token {
        let token = &accepted.token;
        // The length is at most max-token-size. A header beyond 4 GB would pass on no token.
        head.token_offset = u32::try_from(token.start).unwrap_or(0);
        head.token_length = u32::try_from(token.len()).unwrap_or(0);
    }
    if let Some(credentials) = storage {
        let texts: [&str; 3] = [&credentials.access_key_id, &credentials.secret_access_key, &credentials.session_token];
        let Some(storage) = writer.list(texts.into_iter()) else {
            return write_rejected(buffer, &Rejection::internal_error());
        };
        (head.storage_offset, head.storage_length) = storage;
    }
    writer.head(head);
    head.code
}

/// Writes the verdict about a rejected token, and returns the reason's number.
pub(crate) fn write_rejected(buffer: &mut Output, rejection: &Rejection) -> u32 {
    let mut writer = Writer::new(buffer);
    let code = rejection.code().number();
    let mut head = NativejwtRecord { code, expires_at_millis: i64::MAX, ..NativejwtRecord::default() };
    (head.reason_offset, head.reason_length) = writer.text(rejection.code().name());
    (head.message_offset, head.message_length) = writer.text(rejection.message());
    writer.head(head);
    code
}

/// Writes a difference in shadow mode: its line for the log as the message, and its name, which bounds the lines, as the reason.
pub(crate) fn write_difference(buffer: &mut Output, code: u32, difference: &ShadowDifference) {
    let mut writer = Writer::new(buffer);
    let mut head = NativejwtRecord { code, expires_at_millis: i64::MAX, ..NativejwtRecord::default() };
    (head.reason_offset, head.reason_length) = writer.text(&difference.disagreement.to_string());
    (head.message_offset, head.message_length) = writer.text(&difference.text);
    writer.head(head);
}

/// Writes a record that consists of a message.
pub(crate) fn write_message(buffer: &mut Output, code: u32, message: &str) {
    let mut writer = Writer::new(buffer);
    let mut head = NativejwtRecord { code, expires_at_millis: i64::MAX, ..NativejwtRecord::default() };
    (head.message_offset, head.message_length) = writer.text(message);
    writer.head(head);
}

/// Writes what a caller needs to know about a configuration before it opens it.
pub(crate) fn write_description(buffer: &mut Output, summary: &ConfigurationSummary) {
    let mut writer = Writer::new(buffer);
    let flags = [
        (summary.uses_http_client, NATIVEJWT_DESCRIBED_USES_HTTP_CLIENT),
        (summary.uses_jvm_trust, NATIVEJWT_DESCRIBED_USES_TRUSTED_CERTIFICATES),
        (summary.gives_more_than_a_user, NATIVEJWT_DESCRIBED_GIVES_MORE_THAN_A_USER),
        (summary.allows_user_with_hyphen, NATIVEJWT_DESCRIBED_ALLOWS_USER_WITH_HYPHEN),
        (summary.gives_storage_credentials, NATIVEJWT_DESCRIBED_GIVES_STORAGE_CREDENTIALS),
        (summary.is_shadow, NATIVEJWT_DESCRIBED_IS_SHADOW),
    ];
    let mut head = NativejwtRecord {
        flags: flags.iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag).sum(),
        expires_at_millis: i64::MAX,
        ..NativejwtRecord::default()
    };
    if let Some(name) = &summary.credential_name {
        (head.message_offset, head.message_length) = writer.text(name);
    }
    writer.head(head);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes after the record must not change. (Miri and sanitizers detect reads of uninitialised bytes.)
    #[test]
    fn a_record_writes_its_own_bytes_and_no_others() {
        let mut buffer = [MaybeUninit::new(0xee_u8); NativejwtRecord::SIZE + 8];
        write_message(&mut buffer, 7, "größer");
        // SAFETY: all bytes were initialised above.
        let bytes = buffer.map(|byte| unsafe { byte.assume_init() });
        assert_eq!(bytes[..4], 7_u32.to_ne_bytes());
        assert_eq!(&bytes[NativejwtRecord::SIZE..], "größer".as_bytes());
        let mut short = [MaybeUninit::new(0xee_u8); NativejwtRecord::SIZE + 4];
        write_message(&mut short, 7, "größer");
        // SAFETY: as above.
        let bytes = short.map(|byte| unsafe { byte.assume_init() });
        assert_eq!(bytes[NativejwtRecord::SIZE..], *b"gr\xc3\xb6", "a text is cut between characters");
        write_message(&mut [], 7, "nothing fits");
    }

    #[test]
    fn a_shadow_request_is_read_whole_or_not_at_all() {
        let mut bytes = Vec::new();
        for word in [1_u32, 1] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend((-7_i64).to_ne_bytes());
        bytes.extend(9_u64.to_ne_bytes());
        for word in [5_u32, 3, 0, 0] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(b"alicebob");
        let request = ShadowRequest::read(&bytes).unwrap();
        assert_eq!((request.has_several_headers, request.now_millis, request.built_in_nanos), (true, -7, 9));
        assert_eq!(request.built_in(), BuiltIn::Accepted { user: "alice", principal: "bob" });
        for length in 0..bytes.len() {
            assert!(ShadowRequest::read(&bytes[..length]).is_none(), "{length}");
        }
    }
}
