// SPDX-License-Identifier: Apache-2.0
//! Hints about the key: compares `kid`, type and `alg` of the available keys with those of the token.

use std::path::Path;

use nativejwt_core::{Algorithm, OfferedKey, PublicKeyParameters, Reason, UnusedKey};

use super::secret::{Reading, other_reading};
use super::seen::{Seen, described};
use super::signature_forms::{Fault, forms, is_rsa};
use super::{Case, listed, service, shown, whole};
use crate::jwk::{public_members, thumbprint};

/// The number of keys that are tried with the signature.
const MAX_TRIED: usize = 200;

/// The available keys, and how the token relates to them.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) offered: Vec<Key>,
    /// Unusable keys of the set, with the reasons.
    pub(super) unused: Vec<UnusedKey>,
    /// Why there are no keys.
    pub(super) missing: Option<String>,
    /// The value of `key-file`, or the file that was given to the call.
    pub(super) source: String,
    /// The signature is valid if the text of the key file is read as an HMAC secret in this other way.
    pub(super) as_secret: Option<Reading>,
}

/// What is known about a key.
pub(super) struct Key {
    pub(super) key_id: Option<String>,
    /// `RSA 2048`
    pub(super) kind: String,
    pub(super) bound_to: Option<Algorithm>,
    /// The key may verify the algorithm of the token.
    pub(super) fits: bool,
    /// The length of its signatures; RSA keys only.
    pub(super) rsa_bytes: Option<usize>,
    /// The thumbprint of RFC 7638.
    pub(super) thumbprint: Option<String>,
    /// Set if this key made the token's signature; the value is what is wrong with it otherwise.
    pub(super) signed: Option<Fault>,
}

impl Keys {
    /// Collects the keys that `each` passes to its argument.
    pub(super) fn collect(seen: &Seen<'_>, source: &str, each: impl FnOnce(&mut dyn FnMut(OfferedKey<'_>))) -> Self {
        let mut offered = Vec::new();
        let forms = forms(seen);
        each(&mut |key| {
            let is_tried = offered.len() < MAX_TRIED;
            let right = |form: &&(Fault, Algorithm, Vec<u8>)| key.has_signed(form.1, seen.signing_input, &form.2);
            offered.push(Key {
                key_id: key.key_id.map(str::to_owned),
                kind: key.description().to_string(),
                bound_to: key.bound_to(),
                fits: seen.algorithm().is_some_and(|algorithm| key.serves(algorithm)),
                rsa_bytes: match key.public_key_parameters() {
                    Some(PublicKeyParameters::Rsa { modulus, .. }) => Some(modulus.len()),
                    _ => None,
                },
                thumbprint: key.public_key_parameters().map(|numbers| thumbprint(&public_members(numbers))),
                signed: if is_tried { forms.iter().find(right).map(|(fault, ..)| *fault) } else { None },
            });
        });
        let as_secret = other_reading(Path::new(source), seen);
        Self { offered, as_secret, source: source.to_owned(), ..Self::default() }
    }

    /// The keys with their names, for a sentence.
    fn described(&self) -> String {
        match self.offered.as_slice() {
            [] => "no key".to_owned(),
            [only @ Key { key_id: None, .. }] => format!("one key ({})", only.kind),
            several => listed(several.iter().map(Key::described)),
        }
    }

    /// The key that the token's `kid` names.
    pub(super) fn named(&self, key_id: Option<&str>) -> Option<&Key> {
        match self.offered.as_slice() {
            [only @ Key { key_id: None, .. }] => Some(only),
            several => several.iter().find(|key| key_id.is_some() && key.key_id.as_deref() == key_id),
        }
    }
}

impl Key {
    pub(super) fn described(&self) -> String {
        match &self.key_id {
            Some(key_id) => format!("{} ({})", shown(key_id), self.kind),
            None => format!("one without kid ({})", self.kind),
        }
    }

    fn name(&self) -> String {
        self.key_id.as_deref().map_or_else(
            || format!("the key without kid ({})", self.kind),
            |key_id| format!("the key {}", shown(key_id)),
        )
    }
}

pub(super) fn advice(case: &Case<'_>, code: Reason) -> Option<String> {
    use Reason as C;
    if !matches!(code, C::KeysUnavailable | C::UnusableKeyFile)
        && let Some(text) =
            service::only_its_service_verifies(&case.seen).or_else(|| service::refresh_token(&case.seen))
    {
        return Some(text);
    }
    match code {
        C::KeyIdRequired => Some(key_id_required(case)),
        C::UnknownKeyId => unknown_key_id(case),
        C::NoHmacKey => no_hmac_key(case),
        C::NoPublicKey => no_public_key(case),
        C::KeyAlgorithmMismatch => mismatch(case),
        C::KeysUnavailable => {
            Some(format!("{}. Until a fetch succeeds, every token is rejected", case.keys.missing.as_ref()?))
        }
        C::UnusableKeyFile => template(case).map(|(path, _)| {
            format!(
                "the file of this kid is '{}': 'nativejwt verify-jws --key' shows what is wrong with it",
                whole(&path)
            )
        }),
        _ => None,
    }
}

fn key_id_required(case: &Case<'_>) -> String {
    let algorithm = case.seen.algorithm().map_or_else(|| "its algorithm".to_owned(), |algorithm| algorithm.to_string());
    let fitting: Vec<&Key> = case.keys.offered.iter().filter(|key| key.fits).collect();
    let why = match fitting.as_slice() {
        [] => format!("no key of the set fits {algorithm}; the set has {}", case.keys.described()),
        several => format!(
            "{} keys of the set fit {algorithm} ({})",
            several.len(),
            listed(several.iter().map(|key| key.described()))
        ),
    };
    let right = case.keys.offered.iter().find(|key| key.signed == Some(Fault::None));
    let signer = right.map_or_else(String::new, |key| format!(" Its signature was made with {}.", key.name()));
    let state = match case.seen.header.as_ref().and_then(|header| header.get("kid")) {
        Some(value) => format!("the header's kid is {}, which counts as missing", described(value)),
        None => "the header has no kid".to_owned(),
    };
    format!(
        "{state}, and {why}.{signer} Have the issuer write the kid of its key into the header ('nativejwt issue --kid')"
    )
}

fn unknown_key_id(case: &Case<'_>) -> Option<String> {
    if let Some((path, offered)) = template(case) {
        let offered = if offered.is_empty() {
            "no file there matches the path".to_owned()
        } else {
            format!("there are files for the kids {}", listed(offered.iter().map(|name| shown(name))))
        };
        let state = match case.seen.key_id() {
            Some(key_id) => format!("the token's kid is {}", shown(key_id)),
            None => "the token has no kid, so its file is that of default-key".to_owned(),
        };
        return Some(format!("{state}: the file '{}' does not exist or cannot be read; {offered}", whole(&path)));
    }
    let Some(key_id) = case.seen.key_id() else {
        return Some(format!(
            "the token has no kid, and no key of the set has the certificate thumbprint in its x5t: the set has {}",
            case.keys.described()
        ));
    };
    let keys = &case.keys;
    let token = format!("the token's kid is {}", shown(key_id));
    if let Some(UnusedKey { why, .. }) = keys.unused.iter().find(|key| key.key_id.as_deref() == Some(key_id)) {
        return Some(format!("{token}; the set has this key, but it is not used: {why}"));
    }
    let differs = |key: &&Key| key.key_id.as_deref().is_some_and(|offered| nearly(key_id, offered).is_some());
    if let Some(key) = keys.offered.iter().find(|key| key.thumbprint.as_deref() == Some(key_id)) {
        return Some(format!(
            "{token}, which is the thumbprint (RFC 7638) of {}: publish this key under that kid, or have the issuer write the kid of the set",
            key.described()
        ));
    }
    if let Some(key) = keys.offered.iter().find(differs) {
        let offered = key.key_id.as_deref().unwrap_or_default();
        return Some(format!(
            "{token}, and the set has {}: they differ by {}. A kid must be identical: correct the wrong one",
            shown(offered),
            nearly(key_id, offered).unwrap_or_default()
        ));
    }
    if let Some(key) = keys.offered.iter().find(|key| key.signed == Some(Fault::None)) {
        return Some(format!(
            "{token}, but its signature was made with {}: have the issuer write the kid of the set, or publish the key under the token's kid",
            key.described()
        ));
    }
    let unused = match keys.unused.len() {
        0 => String::new(),
        1 => " (one more is not used)".to_owned(),
        number => format!(" ({number} more are not used)"),
    };
    let issuer =
        case.seen.claim_text("iss").map_or_else(String::new, |issuer| format!(", and its iss is {}", shown(issuer)));
    Some(format!(
        "{token}{issuer}; {} has {}{unused}. Another issuer may have issued the token, or its key was removed or is not published yet",
        source(&keys.source),
        keys.described()
    ))
}

fn source(source: &str) -> String {
    if source.is_empty() { "the set".to_owned() } else { whole(source) }
}

/// The difference between two key IDs if it is easily overlooked.
fn nearly(one: &str, other: &str) -> Option<&'static str> {
    let url_safe = |text: &str| text.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned();
    if one.trim() == other.trim() {
        Some("white space around one of them")
    } else if one.trim_end_matches('=') == other.trim_end_matches('=') {
        Some("the padding (=) at the end")
    } else if url_safe(one) == url_safe(other) {
        Some("the alphabet: + and / in one of them, - and _ in the other")
    } else if one.eq_ignore_ascii_case(other) {
        Some("case")
    } else if one.replace(['-', ':', ' '], "").eq_ignore_ascii_case(&other.replace(['-', ':', ' '], "")) {
        Some("hyphens or colons")
    } else if one.len().min(other.len()) >= 8 && (one.starts_with(other) || other.starts_with(one)) {
        Some("length: one of them is cut off, or has an addition at its end")
    } else {
        None
    }
}

/// For a `key-file` with `${KID}`: the file of the token's kid, and the kids for which files exist.
fn template(case: &Case<'_>) -> Option<(String, Vec<String>)> {
    let path = &case.keys.source;
    let variable = ["${KID}", "$KEYID"].into_iter().find(|variable| path.contains(variable))?;
    // The same rule as in the core and in Trino.
    let name: String = case
        .seen
        .key_id()
        .unwrap_or("default-key")
        .chars()
        .flat_map(|character| {
            let is_kept = character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
            std::iter::repeat_n(if is_kept { character } else { '_' }, if is_kept { 1 } else { character.len_utf16() })
        })
        .collect();
    let template = Path::new(path);
    let folder = template.parent()?;
    let file = template.file_name()?.to_str()?;
    let mut offered = Vec::new();
    if let Some((before, after)) = file.split_once(variable) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten().take(1000) {
            let entry = entry.file_name();
            let name = entry.to_str().and_then(|name| name.strip_prefix(before)?.strip_suffix(after));
            offered.extend(name.filter(|name| !name.is_empty() && !name.starts_with('.')).map(str::to_owned));
        }
        offered.sort_unstable();
    }
    Some((path.replace(variable, &name), offered))
}

fn no_hmac_key(case: &Case<'_>) -> Option<String> {
    let algorithm = case.seen.algorithm()?;
    if case.keys.as_secret.is_some() {
        return Some(format!(
            "the token is signed with {algorithm}, with the text of the public key as the secret: it is a forgery (algorithm confusion, RFC 8725, section 2.1), or its issuer uses a secret that is public"
        ));
    }
    let kind = case
        .keys
        .named(case.seen.key_id())
        .map_or_else(|| "a public key".to_owned(), |key| format!("a public key ({})", key.kind));
    Some(format!(
        "the token is signed with a shared secret ({algorithm}), but {} has {kind}: have the issuer sign with {}, or set key-file to the secret. A forged token that uses the public key as a secret (algorithm confusion) is also rejected with this reason",
        source(&case.keys.source),
        fitting_algorithms(case)
    ))
}

fn no_public_key(case: &Case<'_>) -> Option<String> {
    let algorithm = case.seen.algorithm()?;
    let issuer = case.seen.claim_text("iss").map_or_else(String::new, |issuer| format!(" of {}", shown(issuer)));
    Some(format!(
        "the token is signed with a private key ({algorithm}), but {} has a shared secret (HMAC): set key-file to the public key{issuer}, or to the URL of its JWK Set",
        source(&case.keys.source)
    ))
}

/// The names of algorithms that the token's key may verify.
fn fitting_algorithms(case: &Case<'_>) -> &'static str {
    let kind = case.keys.named(case.seen.key_id()).or(case.keys.offered.first()).map_or("", |key| key.kind.as_str());
    match kind {
        _ if kind.starts_with("RSA") => "RS256 or PS256",
        "EC P-256" => "ES256",
        "EC P-384" => "ES384",
        "EC P-521" => "ES512",
        "Ed25519" => "EdDSA",
        "HMAC" => "HS256",
        _ => "RS256 or ES256",
    }
}

fn mismatch(case: &Case<'_>) -> Option<String> {
    let algorithm = case.seen.algorithm()?;
    let Some(key) = case.keys.named(case.seen.key_id()) else {
        return Some(format!(
            "the token is signed with {algorithm}, but {} has {}",
            source(&case.keys.source),
            case.keys.described()
        ));
    };
    let described = match &key.key_id {
        Some(_) => format!("its key is {}", key.described()),
        None => format!("{} has a key of the kind {}", source(&case.keys.source), key.kind),
    };
    let is_alike = |bound_to: &Algorithm| {
        *bound_to != algorithm && (is_rsa(*bound_to) && is_rsa(algorithm) || bound_to.is_hmac() && algorithm.is_hmac())
    };
    if let Some(bound_to) = key.bound_to.filter(is_alike) {
        return Some(format!(
            "the token is signed with {algorithm}, {described}, but the alg of its JWK allows {bound_to} only: correct alg in the set, or have the issuer sign with {bound_to}"
        ));
    }
    let bytes = match algorithm {
        Algorithm::Hs384 => Some(48),
        Algorithm::Hs512 => Some(64),
        _ => None,
    };
    if let (true, Some(bytes)) = (key.kind == "HMAC", bytes) {
        return Some(format!(
            "the token is signed with {algorithm}, which requires a secret of {bytes} bytes or more (RFC 7518, section 3.2), but this one is shorter: use a longer secret on both sides ('nativejwt keygen --alg {algorithm}'), or HS256"
        ));
    }
    let needed = match algorithm {
        Algorithm::Es256 => "a key on P-256",
        Algorithm::Es384 => "a key on P-384",
        Algorithm::Es512 => "a key on P-521",
        Algorithm::EdDsa => "an Ed25519 key",
        algorithm if algorithm.is_hmac() => "a shared secret",
        _ => "an RSA key",
    };
    let other = case.keys.offered.iter().find(|key| key.signed == Some(Fault::None));
    let signer = other.map_or_else(String::new, |key| format!(". The signature was made with {}", key.described()));
    Some(format!(
        "the token is signed with {algorithm}, which requires {needed}, but {described}: set key-file to the right key, or have the issuer sign with {}{signer}",
        fitting_algorithms(case)
    ))
}
