// SPDX-License-Identifier: Apache-2.0
//! The forms in which keys are stored. Bytes in one of them are never an HMAC secret: most of them are public, so
//! anyone could sign with them (CVE-2016-10555).
//!
//! [`recognise`] checks every secret: a key file, a file of `${KID}`, `k` of a JWK, and the keys of the command. It
//! decodes the usual encodings of keys, also nested: base64, base64url, hexadecimal digits and UTF-16. DER is parsed
//! leniently and may be truncated. A random secret has none of these forms: by chance, the weakest of them matches one
//! in a hundred billion secrets.
//!
//! [`traces`] is a second net for keys that were truncated, shifted or embedded in another text.
//!
//! These cannot be distinguished from a secret: the bare bytes of an Ed25519 key, of a compressed point and of an RSA
//! modulus.

mod traces;

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::keys::curve::Curve;
use crate::keys::error::KeyError;

/// The number of nested encodings that are decoded.
const MAX_WRAPPINGS: usize = 3;

/// As lenient as common decoders.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The form of the bytes of a key file or a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// RFC 5280, section 4.1.
    SubjectPublicKeyInfo,
    /// PKCS#1, RFC 8017, appendix A.1.1.
    RsaPublicKey,
    /// X.509, RFC 5280.
    Certificate,
    /// PKCS#10, RFC 2986.
    CertificateRequest,
    /// RFC 5280, section 5.
    RevocationList,
    /// PKCS#8, RFC 5208.
    PrivateKey,
    /// PKCS#8, encrypted.
    EncryptedPrivateKey,
    /// PKCS#1, RFC 8017, appendix A.1.2.
    RsaPrivateKey,
    /// SEC 1, RFC 5915.
    EcPrivateKey,
    /// OpenSSL's own format.
    DsaPrivateKey,
    /// SEC 1, section 2.3.3, uncompressed.
    EcPoint,
    /// PKCS#7, RFC 2315: certificates.
    CertificateBag,
    /// RFC 7292.
    Pkcs12,
    /// A key store of Java.
    Jks,
    /// RFC 4253, section 6.6, alone or in OpenSSH's line.
    SshPublicKey,
    /// OpenSSH's own form.
    SshPrivateKey,
    /// RFC 4716.
    Ssh2PublicKey,
    /// A file of PuTTY.
    PuttyKey,
    /// RFC 9580.
    OpenPgp,
    /// RFC 7468.
    Pem,
    /// PEM with a damaged first or last line; the label that these lines are for.
    DamagedArmour(&'static str),
    /// PEM without its first line; the label.
    NoFirstLine(&'static str),
    /// RFC 7517.
    Jwk,
    /// XML Signature, section 4.5.2.2.
    XmlKey,
    /// RFC 7519.
    Token,
    /// A trace of a public key.
    Trace,
}

/// An encoding of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    Base64,
    Base64Url,
    Hexadecimal,
    Utf16,
}

/// A known form, and how it was found. `Display` continues a sentence: `is a public key …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub(crate) form: Form,
    /// Its end is missing.
    is_cut: bool,
    /// The outermost encoding first.
    wrappings: Vec<Wrapping>,
    /// The base64 of its SubjectPublicKeyInfo, if no common tool converts it to PEM.
    public_key: Option<String>,
}

/// Checks whether the bytes are a key in a known form, or a text that contains one. `None`: they may be a secret.
pub(crate) fn recognise(bytes: &[u8]) -> Option<Recognised> {
    let mut wrappings = Vec::new();
    let found = search(bytes, &mut wrappings);
    let (form, is_cut) = found.or_else(|| traces::are_in(bytes).then_some((Form::Trace, false)))?;
    let public_key = str::from_utf8(bytes).ok().and_then(ssh_line).and_then(ed25519_of_ssh);
    Some(Recognised { form, is_cut, wrappings, public_key })
}

/// Checks that the bytes may be a shared secret. They are the secret itself, or a text that contains it.
///
/// # Errors
/// The bytes are a key in a known form. The message says which one and what to do, to follow the name of a file.
pub fn reject_as_secret(bytes: &[u8]) -> Result<(), KeyError> {
    recognise(bytes).map_or(Ok(()), |recognised| Err(KeyError(recognised.to_string())))
}

fn search(bytes: &[u8], wrappings: &mut Vec<Wrapping>) -> Option<(Form, bool)> {
    if let Some(found) = binary(bytes) {
        return Some(found);
    }
    let outer = wrappings.len();
    let utf16;
    let text = match (utf16_text(bytes), str::from_utf8(bytes)) {
        (Some(text), _) => {
            wrappings.push(Wrapping::Utf16);
            utf16 = text;
            &*utf16
        }
        (None, Ok(text)) => text,
        // Text around PEM sections may be in any encoding.
        (None, Err(_)) => {
            let pem = text_form(&String::from_utf8_lossy(bytes)).filter(|form| *form == Form::Pem);
            return pem.map(|form| (form, false));
        }
    };
    if let Some(form) = text_form(text) {
        return Some((form, false));
    }
    if wrappings.len() < MAX_WRAPPINGS {
        for (wrapping, unwrapped) in [hexadecimal(text), base64(text)].into_iter().flatten() {
            wrappings.push(wrapping);
            if let Some(found) = search(&unwrapped, wrappings) {
                return Some(found);
            }
            wrappings.pop();
        }
    }
    wrappings.truncate(outer);
    None
}

// Texts.

/// Labels of PEM (RFC 7468 and OpenSSL's).
const LABELS: [&str; 18] = [
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "EC PUBLIC KEY",
    "DSA PUBLIC KEY",
    "CERTIFICATE",
    "X509 CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "DSA PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "EC PARAMETERS",
    "PKCS7",
    "X509 CRL",
];

/// Forms that are recognisable in the text itself.
fn text_form(text: &str) -> Option<Form> {
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c == '\0' || c.is_whitespace());
    if text.contains("-----BEGIN PGP ") {
        return Some(Form::OpenPgp);
    }
    if text.contains("-----BEGIN ") {
        return Some(Form::Pem);
    }
    if text.contains("---- BEGIN SSH2 ") {
        return Some(Form::Ssh2PublicKey);
    }
    if text.contains("PuTTY-User-Key-File-") {
        return Some(Form::PuttyKey);
    }
    if ssh_line(text).is_some() {
        return Some(Form::SshPublicKey);
    }
    if ["\"kty\"", "\"kty\\\"", "'kty'"].iter().any(|member| text.contains(member)) {
        return Some(Form::Jwk);
    }
    if text.contains("RSAKeyValue>") {
        return Some(Form::XmlKey);
    }
    if is_token(text) {
        return Some(Form::Token);
    }
    let capitals = Zeroizing::new(text.to_ascii_uppercase());
    if !capitals.contains("BEGIN") && !capitals.contains("END") {
        return None;
    }
    let has = |word: &str, label: &str| {
        let mut found = capitals.match_indices(label).filter_map(|(at, _)| capitals.get(..at));
        found.any(|before| before.trim_end_matches([' ', '_']).ends_with(word))
    };
    let begun = LABELS.into_iter().find(|label| has("BEGIN", label));
    let ended = LABELS.into_iter().find(|label| has("END", label));
    match (begun, ended) {
        (Some(label), _) => Some(Form::DamagedArmour(label)),
        (None, Some(label)) => Some(Form::NoFirstLine(label)),
        (None, None) => None,
    }
}

/// The base64 in OpenSSH's line of a public key (sshd(8), `AUTHORIZED_KEYS`), which may begin with options.
fn ssh_line(text: &str) -> Option<&str> {
    const TYPES: [&str; 4] = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-"];
    let mut words = text.split_ascii_whitespace();
    words.find(|word| TYPES.iter().any(|of_type| word.starts_with(of_type)))?;
    words.next().filter(|data| data.starts_with("AAAA"))
}

/// `ssh-keygen` converts every key but Ed25519 to PEM, so this returns the SubjectPublicKeyInfo (RFC 8410, section 4)
/// of its 32 bytes.
fn ed25519_of_ssh(data: &str) -> Option<String> {
    let blob = LENIENT.decode(data).ok()?;
    let key: &[u8; 32] = blob.strip_prefix(b"\0\0\0\x0bssh-ed25519\0\0\0\x20")?.try_into().ok()?;
    let before = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    Some(LENIENT.encode([&before[..], key].concat()))
}

/// Three or five parts; the first is the base64url of a JSON object.
fn is_token(text: &str) -> bool {
    let text = text.trim_ascii();
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.starts_with("eyJ") && text.bytes().all(is_base64url) && matches!(text.split('.').count(), 3 | 5)
}

/// UTF-16 has a byte order mark, or NULs in every second place.
fn utf16_text(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let sample = pairs.get(..16.min(pairs.len()))?;
    let order: fn([u8; 2]) -> u16 = match sample {
        [[0xff, 0xfe], ..] => u16::from_le_bytes,
        [[0xfe, 0xff], ..] => u16::from_be_bytes,
        [_, _, ..] if sample.iter().all(|[low, high]| *low != 0 && *high == 0) => u16::from_le_bytes,
        [_, _, ..] if sample.iter().all(|[high, low]| *low != 0 && *high == 0) => u16::from_be_bytes,
        _ => return None,
    };
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| order(*pair))).collect();
    text.ok().map(Zeroizing::new)
}

/// True for a file in UTF-16, as Windows' tools write it.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    utf16_text(bytes).is_some()
}

/// The text without characters that may be between those of an encoding, after copying it through files and variables.
fn packed(text: &str, also: &[char]) -> Zeroizing<String> {
    let dropped =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '\0' | '\u{feff}') || also.contains(&c);
    // Line breaks that are written as `\n` are dropped, too.
    let mut packed = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        match rest.strip_prefix("\\n").or_else(|| rest.strip_prefix("\\r")) {
            Some(after) => rest = after,
            None => {
                if !dropped(character) {
                    packed.push(character);
                }
                rest = rest.get(character.len_utf8()..).unwrap_or_default();
            }
        }
    }
    packed
}

type Unwrapped = (Wrapping, Zeroizing<Vec<u8>>);

fn hexadecimal(text: &str) -> Option<Unwrapped> {
    let packed = packed(text, &[':']);
    let digits = packed.strip_prefix("0x").unwrap_or(&packed);
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    let bytes = pairs.iter().map(|pair| {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        u8::try_from(high? * 16 + low?).ok()
    });
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(bytes.collect::<Option<_>>()?);
    (!bytes.is_empty()).then_some((Wrapping::Hexadecimal, bytes))
}

fn base64(text: &str) -> Option<Unwrapped> {
    let packed = packed(text, &[]);
    let data = packed.split('=').next().unwrap_or_default();
    let is_url = data.contains(['-', '_']);
    let data = Zeroizing::new(data.replace('-', "+").replace('_', "/"));
    // One character more than whole bytes need: the end is missing.
    let whole = if data.len() % 4 == 1 { data.get(..data.len() - 1)? } else { &data };
    let bytes = Zeroizing::new(LENIENT.decode(whole).ok()?);
    (!bytes.is_empty()).then_some((if is_url { Wrapping::Base64Url } else { Wrapping::Base64 }, bytes))
}

// Bytes.

/// Binary forms, and whether their end is missing.
fn binary(bytes: &[u8]) -> Option<(Form, bool)> {
    let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0).count();
    // Stray line breaks or NULs before it are ignored; in OpenSSH's form, NULs belong to it.
    let trimmed = bytes.get(blanks..).unwrap_or_default();
    let whole = |form| Some((form, false));
    match trimmed {
        [0x30, ..] => return der(trimmed),
        [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 1 | 2, ..] | [0xce, 0xce, 0xce, 0xce, 0, 0, 0, 1 | 2, ..] => {
            return whole(Form::Jks);
        }
        [4, ..] if is_point(trimmed) => return whole(Form::EcPoint),
        _ if trimmed.starts_with(b"openssh-key-v1\0") => return whole(Form::SshPrivateKey),
        _ => {}
    }
    let is_ssh = |name: &[u8]| [&b"ssh-"[..], b"ecdsa-sha2-", b"sk-"].iter().any(|start| name.starts_with(start));
    match bytes {
        [0, 0, 0, length, rest @ ..] if rest.get(..usize::from(*length)).is_some_and(is_ssh) => {
            whole(Form::SshPublicKey)
        }
        _ => None,
    }
}

fn is_point(bytes: &[u8]) -> bool {
    [Curve::P256, Curve::P384, Curve::P521].into_iter().any(|curve| curve.parse_point(bytes).is_ok())
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;

/// A value of DER (X.690), or of lenient BER.
#[derive(Clone, Copy)]
struct Value<'d> {
    tag: u8,
    content: &'d [u8],
    /// The declared length.
    length: usize,
    /// The number of bytes of tag and length.
    header: usize,
    /// The content is shorter than the declared length.
    is_cut: bool,
}

/// The first value, and the bytes after it.
fn value(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (tag, length, rest) = match bytes {
        // Indefinite length, as in old stores: up to the end.
        [tag, 0x80, rest @ ..] => (*tag, rest.len(), rest),
        [tag, short @ ..0x80, rest @ ..] => (*tag, usize::from(*short), rest),
        [tag, long @ 0x81..=0x84, rest @ ..] => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (*tag, length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let content = rest.get(..length).unwrap_or(rest);
    let after = rest.get(length..).unwrap_or_default();
    let header = bytes.len() - rest.len();
    Some((Value { tag, content, length, header, is_cut: content.len() < length }, after))
}

/// The values within a constructed one. Of a truncated one, those that are present.
fn values(mut content: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut values = Vec::new();
    while !content.is_empty() && values.len() < 16 {
        match value(content) {
            Some((value, rest)) => (values.push(value), content = rest),
            // Even its length is truncated.
            None if content.len() < 6 && !values.is_empty() => break,
            None => return None,
        };
    }
    Some(values)
}

/// PKCS#7's types (RFC 2315, section 14).
const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
/// Password-based encryption: PKCS#5 and PKCS#12.
const BY_PASSWORD: [&[u8]; 2] =
    [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c]];

/// Object identifiers of RSA, EC, DSA and of the curves of RFC 8410.
fn is_of_keys(oid: &[u8]) -> bool {
    [&[0x2a, 0x86, 0x48][..], &[0x2b, 0x65]].iter().any(|arc| oid.starts_with(arc))
}

fn der(bytes: &[u8]) -> Option<(Form, bool)> {
    let (outer, after) = value(bytes)?;
    let parts = values(outer.content)?;
    let is_cut = outer.is_cut || parts.iter().any(|part| part.is_cut);
    let tags: Vec<u8> = parts.iter().map(|part| part.tag).collect();
    let form = match (&*tags, &*parts) {
        ([SEQUENCE, BIT_STRING, ..], [algorithm, key, ..])
            if named(algorithm).is_some() && matches!(key.content, [0, ..] | []) =>
        {
            Form::SubjectPublicKeyInfo
        }
        ([INTEGER, SEQUENCE, OCTET_STRING, ..] | [INTEGER, SEQUENCE], [version, algorithm, ..])
            if small(version, &[0, 1]) && named(algorithm).is_some() && (parts.len() > 2 || is_cut) =>
        {
            Form::PrivateKey
        }
        ([SEQUENCE, OCTET_STRING, ..], [algorithm, ..])
            if named(algorithm).is_some_and(|oid| BY_PASSWORD.iter().any(|by| oid.starts_with(by))) =>
        {
            Form::EncryptedPrivateKey
        }
        ([INTEGER, SEQUENCE, ..], [version, content, ..])
            if small(version, &[3]) && named(content).is_some_and(|oid| oid.starts_with(PKCS7)) =>
        {
            Form::Pkcs12
        }
        ([OBJECT_IDENTIFIER, CONTEXT_0, ..], [content, ..]) if content.content.starts_with(PKCS7) => {
            Form::CertificateBag
        }
        ([INTEGER, OCTET_STRING, ..], [version, key, ..])
            if small(version, &[1]) && matches!(key.content.len(), 20..=66) && (is_cut || is_blank(after)) =>
        {
            Form::EcPrivateKey
        }
        ([INTEGER, INTEGER, ..], [version, number, ..]) if small(version, &[0, 1]) && is_cut && number.length >= 64 => {
            Form::RsaPrivateKey
        }
        ([INTEGER, INTEGER, INTEGER, ..], [version, ..]) if small(version, &[0, 1]) && is_blank(after) => {
            match parts.len() {
                9.. => Form::RsaPrivateKey,
                6 => Form::DsaPrivateKey,
                _ => return None,
            }
        }
        ([INTEGER, INTEGER], [modulus, exponent])
            if is_modulus(&outer, modulus) && is_odd(modulus) && is_odd(exponent) && is_blank(after) =>
        {
            Form::RsaPublicKey
        }
        // A truncated one shows less, so only lengths of two bytes are accepted.
        ([INTEGER] | [INTEGER, INTEGER], [modulus, ..])
            if is_cut && is_modulus(&outer, modulus) && modulus.header == 4 =>
        {
            Form::RsaPublicKey
        }
        ([SEQUENCE, SEQUENCE, BIT_STRING, ..], [signed, algorithm, ..]) if named(algorithm).is_some() => {
            signed_form(signed)?
        }
        ([SEQUENCE], [algorithm]) if is_cut && named(algorithm).is_some_and(is_of_keys) => Form::SubjectPublicKeyInfo,
        ([SEQUENCE, ..], [signed, ..]) if is_cut => signed_form(signed)?,
        _ => return None,
    };
    Some((form, is_cut))
}

/// True if nothing significant follows. Required for forms with few characteristics.
fn is_blank(rest: &[u8]) -> bool {
    rest.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0)
}

/// True for the modulus of a public key of at least 512 bits, which fills its sequence except for the exponent.
fn is_modulus(outer: &Value<'_>, modulus: &Value<'_>) -> bool {
    let exponent = outer.length.checked_sub(modulus.header + modulus.length);
    modulus.length >= 64 && exponent.is_some_and(|exponent| (3..=10).contains(&exponent))
}

/// True for the content of a positive odd number.
fn is_odd(number: &Value<'_>) -> bool {
    matches!(number.content, [0..0x80, .., last] | [last @ 0..0x80] if last & 1 == 1)
}

/// The object identifier at the beginning of an AlgorithmIdentifier or a ContentInfo.
fn named<'d>(part: &Value<'d>) -> Option<&'d [u8]> {
    match value(part.content) {
        Some((oid, _)) if oid.tag == OBJECT_IDENTIFIER && (3..=32).contains(&oid.length) && !oid.is_cut => {
            Some(oid.content)
        }
        _ => None,
    }
}

/// True if the content is one of these small numbers, such as a version.
fn small(part: &Value<'_>, numbers: &[u8]) -> bool {
    matches!(part.content, [number] if numbers.contains(number))
}

/// The form of a signed structure: a certificate, a certificate request, or a revocation list.
fn signed_form(signed: &Value<'_>) -> Option<Form> {
    let parts = values(signed.content)?;
    let tags: Vec<u8> = parts.iter().map(|part| part.tag).collect();
    match (&*tags, &*parts) {
        ([CONTEXT_0, INTEGER, SEQUENCE, ..], [_, _, algorithm, ..]) if named(algorithm).is_some() => {
            Some(Form::Certificate)
        }
        ([INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0, ..] | [INTEGER, SEQUENCE, SEQUENCE], [version, _, key, ..])
            if small(version, &[0]) && value(key.content).is_some_and(|(algorithm, _)| named(&algorithm).is_some()) =>
        {
            Some(Form::CertificateRequest)
        }
        ([INTEGER, SEQUENCE, SEQUENCE, ..], [version, algorithm, ..])
            if small(version, &[1]) && named(algorithm).is_some() =>
        {
            Some(Form::RevocationList)
        }
        // Version 1 has no version field.
        ([INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, ..], [_, algorithm, ..])
            if named(algorithm).is_some() =>
        {
            Some(Form::Certificate)
        }
        ([SEQUENCE, SEQUENCE, ..], [algorithm, ..]) if named(algorithm).is_some() => Some(Form::RevocationList),
        _ => None,
    }
}

/// Other binary formats, by their first bytes. These signs are too weak to reject a secret.
pub(crate) fn other_binary(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [0x1f, 0x8b, ..] => "it is compressed (gzip)",
        [b'P', b'K', 3, 4, ..] => "it is a ZIP archive",
        [0x98 | 0x99 | 0xc6, ..] if bytes.len() > 64 => "it may be an OpenPGP key; tokens are not signed with OpenPGP",
        [0x7f, b'E', b'L', b'F', ..] => "it is a program",
        _ => return None,
    })
}

// Words.

impl Form {
    /// The form in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::SubjectPublicKeyInfo => "a public key (SubjectPublicKeyInfo)",
            Form::RsaPublicKey => "an RSA public key (PKCS#1)",
            Form::Certificate => "a certificate (X.509)",
            Form::CertificateRequest => "a certificate request (PKCS#10)",
            Form::RevocationList => "a certificate revocation list",
            Form::PrivateKey => "a private key (PKCS#8)",
            Form::EncryptedPrivateKey => "an encrypted private key (PKCS#8)",
            Form::RsaPrivateKey => "an RSA private key (PKCS#1)",
            Form::EcPrivateKey => "an elliptic-curve private key (SEC 1)",
            Form::DsaPrivateKey => "a DSA private key",
            Form::EcPoint => "a point of an elliptic curve, which is a public key",
            Form::CertificateBag => "a PKCS#7 file of certificates",
            Form::Pkcs12 => "a PKCS#12 store",
            Form::Jks => "a Java key store (JKS)",
            Form::SshPublicKey => "an OpenSSH public key",
            Form::SshPrivateKey => "an OpenSSH private key",
            Form::Ssh2PublicKey => "an SSH2 public key (RFC 4716)",
            Form::PuttyKey => "a PuTTY key",
            Form::OpenPgp => "an OpenPGP key or message",
            Form::Pem => "a PEM text",
            Form::DamagedArmour(_) => "a PEM text whose armour is damaged",
            Form::NoFirstLine(_) => "a PEM text without its first line",
            Form::Jwk => "the JSON of a key (JWK)",
            Form::XmlKey => "an RSA key in XML",
            Form::Token => "a token",
            Form::Trace => "a part of a public key or certificate, or a document in base64",
        }
    }

    /// The label of its PEM armour, if PEM with this label is accepted somewhere.
    pub(crate) fn label(self) -> Option<&'static str> {
        Some(match self {
            Form::SubjectPublicKeyInfo => "PUBLIC KEY",
            Form::RsaPublicKey => "RSA PUBLIC KEY",
            Form::Certificate => "CERTIFICATE",
            Form::PrivateKey => "PRIVATE KEY",
            Form::EncryptedPrivateKey => "ENCRYPTED PRIVATE KEY",
            Form::RsaPrivateKey => "RSA PRIVATE KEY",
            Form::EcPrivateKey => "EC PRIVATE KEY",
            _ => return None,
        })
    }

    pub(crate) fn is_private(self) -> bool {
        matches!(self, Form::PrivateKey | Form::EncryptedPrivateKey | Form::RsaPrivateKey | Form::EcPrivateKey)
    }

    /// The command that converts a file in DER to PEM.
    fn der_command(self) -> Option<&'static str> {
        Some(match self {
            Form::SubjectPublicKeyInfo => "openssl pkey -pubin -inform DER -in FILE -out FILE.pem",
            Form::RsaPublicKey => "openssl rsa -RSAPublicKey_in -inform DER -in FILE -pubout -out FILE.pem",
            Form::Certificate => "openssl x509 -inform DER -in FILE -out FILE.pem",
            Form::PrivateKey | Form::EncryptedPrivateKey | Form::RsaPrivateKey | Form::EcPrivateKey => {
                "openssl pkey -inform DER -in FILE -out FILE.pem"
            }
            _ => return None,
        })
    }

    /// What to do, if adding PEM armour is not enough.
    pub(crate) fn way_out(self) -> String {
        match self {
            Form::CertificateRequest => {
                "the issuer's certificate or public key is needed; 'openssl req -in FILE -noout -pubkey' writes the public key of a request (-inform DER if it is not in PEM)".to_owned()
            }
            Form::RevocationList => "the issuer's certificate or public key is needed".to_owned(),
            Form::DsaPrivateKey => "tokens are not signed with DSA".to_owned(),
            Form::EcPoint => "convert it to PEM (SubjectPublicKeyInfo), or to x and y of a JWK".to_owned(),
            Form::CertificateBag => {
                "'openssl pkcs7 -in FILE -print_certs -out FILE.pem' writes its certificates (-inform DER if it is not in PEM)".to_owned()
            }
            Form::Pkcs12 => {
                "'openssl pkcs12 -in FILE -nokeys -clcerts -out FILE.pem' writes its certificate".to_owned()
            }
            Form::Jks => {
                "'keytool -exportcert -rfc -keystore FILE -alias NAME -file FILE.pem' writes its certificate".to_owned()
            }
            Form::SshPublicKey => "'ssh-keygen -e -m PKCS8 -f FILE' writes it in PEM".to_owned(),
            Form::SshPrivateKey => {
                "'ssh-keygen -e -m PKCS8 -f FILE' writes its public key in PEM, which the coordinator needs; 'ssh-keygen -p -m PKCS8 -f FILE' converts the private key itself to PEM".to_owned()
            }
            Form::Ssh2PublicKey => {
                "'ssh-keygen -i -m RFC4716 -f FILE > FILE.pub' and 'ssh-keygen -e -m PKCS8 -f FILE.pub' write it in PEM".to_owned()
            }
            Form::PuttyKey => {
                "'puttygen FILE -O public-openssh -o FILE.pub' and 'ssh-keygen -e -m PKCS8 -f FILE.pub' write its public key in PEM".to_owned()
            }
            Form::OpenPgp => "tokens are not signed with OpenPGP: ask the issuer for a JWK Set or a key in PEM".to_owned(),
            Form::Pem | Form::Jwk => "remove the encoding around it, so that the file contains only that text".to_owned(),
            Form::DamagedArmour(label) => format!(
                "its first line must be exactly {}, and its last one {}: five '-' on each side, in capitals",
                begin(label),
                end(label)
            ),
            Form::NoFirstLine(label) => format!("the line {} is missing", begin(label)),
            Form::XmlKey => "convert it to PEM, or to a JWK with Modulus as n and Exponent as e, both in base64url".to_owned(),
            Form::Token => "the key that verifies it is needed, not the token".to_owned(),
            Form::Trace => {
                "such bytes are public. Get the key again from its issuer, in PEM with its first and last line (-----BEGIN PUBLIC KEY-----, -----END PUBLIC KEY-----), or as a JWK".to_owned()
            }
            _ => "convert it to PEM".to_owned(),
        }
    }
}

/// The first line of PEM.
pub(crate) fn begin(label: &str) -> String {
    format!("-----BEGIN {label}-----")
}

/// The last line of PEM.
pub(crate) fn end(label: &str) -> String {
    format!("-----END {label}-----")
}

impl Recognised {
    /// True if its end is missing.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn wrapped_in(&self) -> String {
        let names: Vec<&str> = self
            .wrappings
            .iter()
            .map(|wrapping| match wrapping {
                Wrapping::Base64 => "base64",
                Wrapping::Base64Url => "base64url",
                Wrapping::Hexadecimal => "hexadecimal digits",
                Wrapping::Utf16 => "UTF-16",
            })
            .collect();
        names.join(" of ")
    }

    fn way_out(&self) -> String {
        if let Some(public_key) = &self.public_key {
            return format!(
                "in PEM, it is the three lines {}, {public_key} and {}",
                begin("PUBLIC KEY"),
                end("PUBLIC KEY")
            );
        }
        let (begin, end) = match self.form.label() {
            Some(label) => (begin(label), end(label)),
            None => match (self.form, &*self.wrappings) {
                (Form::Pem | Form::Jwk, [Wrapping::Base64]) => {
                    return "'base64 -d FILE' writes that text, which must be the content of the file".to_owned();
                }
                (Form::Pem | Form::Jwk, [Wrapping::Utf16]) => return "save it in UTF-8".to_owned(),
                (Form::Jwk, []) => {
                    return "the file must begin with its '{' and end with its '}', with no quotes around it and none of its own quotes escaped".to_owned();
                }
                (Form::SshPublicKey, [Wrapping::Base64]) => {
                    return format!("put its type before it, as in 'ssh-rsa AAAA…'; then {}", self.form.way_out());
                }
                (form, []) => return form.way_out(),
                (form, _) => return format!("decode it; then {}", form.way_out()),
            },
        };
        let way = match (&*self.wrappings, self.form.der_command()) {
            ([], Some(command)) => format!("'{command}' converts it to PEM"),
            ([Wrapping::Base64], _) => format!("add the line {begin} before its base64 and the line {end} after it"),
            _ => format!("write it in PEM: its plain base64 between the lines {begin} and {end}"),
        };
        if self.form.is_private() {
            format!("{way}. The coordinator needs only the public key, which 'openssl pkey -pubout' writes")
        } else {
            way
        }
    }
}

impl fmt::Display for Recognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "is {}", self.form.name())?;
        match (&*self.wrappings, self.form.label()) {
            ([], Some(_)) => f.write_str(" in DER")?,
            ([Wrapping::Base64], Some(_)) => f.write_str(" without its PEM armour")?,
            ([], None) => {}
            _ => write!(f, " in {}", self.wrapped_in())?,
        }
        if self.is_cut {
            f.write_str(" (its end is missing)")?;
        }
        let never = match self.form {
            Form::Pem | Form::Jwk => "and is not itself a shared secret",
            _ => "and must not be used as a shared secret",
        };
        write!(f, ", {never}: {}", self.way_out())
    }
}

#[cfg(test)]
mod tests;
