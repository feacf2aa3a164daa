// SPDX-License-Identifier: Apache-2.0
//! Hints about the protected header.

use std::fmt;

use nativejwt_core::{Algorithm, Reason, quoted};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::seen::{Seen, decode, described, names};
use super::{Case, listed, service, shown};

pub(super) fn advice(case: &Case<'_>, code: Reason) -> Option<String> {
    use Reason as C;
    let seen = &case.seen;
    match code {
        C::MalformedHeader => malformed(seen),
        C::DuplicateMember => duplicate(seen),
        C::MissingAlgorithm => missing_algorithm(seen),
        C::UnsecuredToken => Some(format!(
            "the token is not signed (alg is {}), so anyone could have written it. Find out where it comes from, and have the issuer sign it (OpenID Connect: id_token_signed_response_alg=RS256)",
            shown(seen.header_text("alg")?)
        )),
        C::MissingSignature => missing_signature(seen),
        C::UnsupportedAlgorithm => unsupported_algorithm(seen.header_text("alg")?),
        C::CriticalHeader => Some(format!(
            "the header's crit is {}: have the issuer issue a plain JWT without this extension",
            list(seen, "crit")?
        )),
        C::CompressedToken => {
            Some(format!("the header's zip is {}: have the issuer leave the payload uncompressed", list(seen, "zip")?))
        }
        C::NestedToken => Some(format!(
            "the header's cty is {}, so the payload may be another token: have the issuer send the inner token, or leave out cty if the payload has claims",
            list(seen, "cty")?
        )),
        C::UnencodedPayload => {
            Some(format!("the header's b64 is {}: have the issuer leave it out", list(seen, "b64")?))
        }
        C::AlgorithmNotAllowed => {
            let allowed = &case.rules.as_ref()?.allowed_algorithms;
            Some(format!(
                "the token is signed with {}, and allowed-algorithms has {}: have the issuer sign with one of these, or add {0} there",
                seen.algorithm()?,
                listed(allowed.iter().map(ToString::to_string))
            ))
        }
        C::WrongTokenType => wrong_type(case),
        _ => None,
    }
}

/// The value of a member of the header in words; for an array, its elements.
fn list(seen: &Seen<'_>, name: &str) -> Option<String> {
    Some(match seen.header.as_ref()?.get(name)? {
        Value::Array(elements) if !elements.is_empty() => {
            listed(elements.iter().map(|element| element.as_str().map_or_else(|| described(element), shown)))
        }
        other => described(other),
    })
}

fn malformed(seen: &Seen<'_>) -> Option<String> {
    if let Some(header) = &seen.header {
        let texts = ["alg", "kid", "typ", "cty", "calg", "jku", "x5u", "x5t", "x5t#S256"];
        let wrong = texts.into_iter().find_map(|name| {
            let value = header.get(name)?;
            (!matches!(value, Value::String(_) | Value::Null)).then(|| format!("{name} is {}", described(value)))
        });
        let wrong = wrong.map_or_else(String::new, |wrong| format!("the header's {wrong}: "));
        return Some(format!(
            "{wrong}have the issuer write the types of RFC 7515 (kid, for example, is a string, not a number)"
        ));
    }
    let part = seen.parts.first()?;
    if part.is_empty() {
        return Some("the first part, the header, is empty: the copy began too late".to_owned());
    }
    let bytes = decode(part)?;
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(value) => Some(format!(
            "the first part is {} instead of an object, which a header is: this is not a JWT",
            described(&value)
        )),
        Err(_) if bytes.first() == Some(&b'{') => {
            Some("the first part is damaged or incomplete JSON: copy the token again from its source".to_owned())
        }
        Err(_) => {
            let opaque = service::opaque(&String::from_utf8_lossy(part)).map_or("", |(what, _)| what);
            let may_be = if opaque.is_empty() { "" } else { "; it may be " };
            Some(format!(
                "the first part decodes to {} bytes that are not JSON: this is not a JWT, or its beginning is missing{may_be}{opaque}",
                bytes.len()
            ))
        }
    }
}

fn missing_algorithm(seen: &Seen<'_>) -> Option<String> {
    let header = seen.header.as_ref()?;
    if let Some(other) = header.keys().find(|name| name.eq_ignore_ascii_case("alg") && *name != "alg") {
        return Some(format!(
            "the header has {} instead of alg: names are case-sensitive; correct the issuer",
            shown(other)
        ));
    }
    if ["sub", "iss", "exp"].iter().any(|name| header.contains_key(*name)) {
        return Some(
            "the first part has claims instead of a header: the parts are in the wrong order, or the header is missing"
                .to_owned(),
        );
    }
    if let Some(value) = header.get("alg") {
        return Some(format!("the header's alg is {}: correct the issuer", described(value)));
    }
    Some(format!("the header has no alg, only {}: correct the issuer", names(header))).filter(|_| !header.is_empty())
}

fn missing_signature(seen: &Seen<'_>) -> Option<String> {
    Some(format!(
        "there is nothing after the second dot, but alg is {}: the copy ended there, or the signature was removed",
        shown(seen.header_text("alg")?)
    ))
}

fn unsupported_algorithm(name: &str) -> Option<String> {
    let trimmed = name.trim();
    if let Some(meant) = Algorithm::ALL.iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(trimmed)) {
        return Some(format!(
            "alg is {} instead of {meant}: names of algorithms are case-sensitive (RFC 7515, section 4.1.1) and have no spaces; correct the issuer",
            shown(name)
        ));
    }
    let upper = trimmed.to_ascii_uppercase();
    let why = match trimmed {
        "Ed25519" => "the name of EdDSA with Ed25519 in RFC 9864: have the issuer write EdDSA",
        "Ed448" => "not supported: have the issuer sign with Ed25519 and write EdDSA",
        "ES256K" | "ES256K-R" => {
            "ECDSA on secp256k1, a curve for blockchains, which is not supported: have the issuer sign with ES256 on P-256"
        }
        "ES521" => "not an algorithm; ECDSA on P-521 is ES512: correct the issuer",
        _ if trimmed.starts_with("http://") || trimmed.starts_with("https://") => {
            "a name for XML signatures, as .NET writes it for SecurityAlgorithms.RsaSha256Signature and similar constants: use SecurityAlgorithms.RsaSha256, which is RS256"
        }
        _ if upper.contains("WITH") => {
            "Java's name of an algorithm: have the issuer write the name of RFC 7518, such as RS256 or ES256"
        }
        _ if upper.starts_with("RSA")
            || upper.starts_with("ECDH")
            || upper.starts_with("DIR")
            || upper.ends_with("KW") =>
        {
            "an algorithm for encryption (JWE): have the issuer sign the token without encrypting it"
        }
        _ if upper.starts_with("ML-DSA") || upper.starts_with("SLH") => {
            "a post-quantum signature, which is not supported: have the issuer sign with RS256, ES256 or EdDSA"
        }
        _ if upper.starts_with("SHA") || upper.starts_with("MD5") || upper.starts_with("HMAC") => {
            "the name of a hash: have the issuer write the name of RFC 7518, such as HS256 for HMAC with SHA-256"
        }
        _ => return None,
    };
    Some(format!("{} is {why}", shown(name)))
}

fn wrong_type(case: &Case<'_>) -> Option<String> {
    let required = case.rules.as_ref()?.required_token_type.as_deref()?;
    let found = case
        .seen
        .header
        .as_ref()?
        .get("typ")
        .map_or_else(|| "no typ".to_owned(), |found| format!("typ {}", described(found)));
    let kind = service::refresh_token(&case.seen).or_else(|| service::id_token(&case.seen));
    Some(match kind {
        Some(kind) => kind,
        None if required.to_ascii_lowercase().ends_with("at+jwt") => format!(
            "the header has {found}. If this is an access token, have the issuer write typ at+jwt (RFC 9068), or remove required-token-type: many issuers write JWT for every kind of token"
        ),
        None => format!(
            "the header has {found}: send a token of the type {}, or correct required-token-type",
            shown(required)
        ),
    })
}

/// The hint for a member that an object of the token has twice.
fn duplicate(seen: &Seen<'_>) -> Option<String> {
    let mut parts = seen.parts.iter().zip(["header", "claims"]);
    parts.find_map(|(part, what)| {
        let found = serde_json::from_slice::<Repeated>(&decode(part)?).ok()?.0?;
        Some(format!(
            "the {what} have {} twice, so that programs can read different values: correct the issuer (often a mapper or hook adds a member that already exists)",
            shown(&found)
        ))
        .map(|text| text.replace("the header have", "the header has"))
    })
}

/// The first name that an object has twice, at any depth.
struct Repeated(Option<String>);

impl<'de> Deserialize<'de> for Repeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Search)
    }
}

struct Search;

impl<'de> Visitor<'de> for Search {
    type Value = Repeated;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_unit<E>(self) -> Result<Repeated, E> {
        Ok(Repeated(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Repeated, A::Error> {
        let mut found = None;
        while let Some(Repeated(below)) = elements.next_element()? {
            found = found.or(below);
        }
        Ok(Repeated(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Repeated, A::Error> {
        let mut names = std::collections::HashSet::new();
        let mut found = None;
        while let Some(name) = members.next_key::<String>()? {
            let Repeated(below) = members.next_value()?;
            if names.contains(&name) {
                found = found.or(Some(quoted(&name)));
            }
            found = found.or(below);
            names.insert(name);
        }
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Repeated(found))
    }
}
