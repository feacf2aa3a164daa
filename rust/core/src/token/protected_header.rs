// SPDX-License-Identifier: Apache-2.0
//! The protected header: algorithm, key, and what must be absent (RFC 7515, section 4.1).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::algorithm::Algorithm;
use crate::java_text::{is_blank, is_white_space};
use crate::json::{JsonError, Value, read_object};
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};

/// The used parameters of the protected header. For `jku`, `jwk`, `x5u` and `x5c` only the type is checked, as in jjwt: a
/// token cannot bring its own key (RFC 8725, section 3.10).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProtectedHeader<'t> {
    pub(crate) algorithm: Algorithm,
    /// `kid`; one that is empty or white space counts as absent, as in Trino.
    pub(crate) key_id: Option<Cow<'t, str>>,
    /// `typ`, which is checked only if the configuration requires one.
    pub(crate) token_type: Option<Cow<'t, str>>,
    /// `x5t#S256`, or else `x5t`, if it is a digest of the right length.
    pub(crate) thumbprint: Option<CertificateThumbprint>,
}

/// The configured requirements for the header.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeaderPolicy {
    /// `alg` must be one of these; empty allows every algorithm.
    pub(crate) allowed_algorithms: Vec<Algorithm>,
    /// `typ` must be this media type.
    pub(crate) required_token_type: Option<String>,
}

impl HeaderPolicy {
    pub(crate) fn check(&self, header: &ProtectedHeader<'_>) -> Result<(), Rejection> {
        self.check_algorithm(header)?;
        let Some(required) = &self.required_token_type else { return Ok(()) };
        if header.is_of_type(required) {
            return Ok(());
        }
        let found = header.token_type.as_deref();
        let found = found.map_or_else(|| "none".to_owned(), |found| format!("'{}'", quoted(found)));
        let message = format!("Expected the token's type (typ) to be '{required}', but it is {found}");
        Err(Rejection::new(Reason::WrongTokenType, message))
    }

    /// Checks `allowed-algorithms`.
    pub(crate) fn check_algorithm(&self, header: &ProtectedHeader<'_>) -> Result<(), Rejection> {
        if !self.allowed_algorithms.is_empty() && !self.allowed_algorithms.contains(&header.algorithm) {
            let message = format!("The algorithm {} is not allowed", header.algorithm);
            return Err(Rejection::new(Reason::AlgorithmNotAllowed, message));
        }
        Ok(())
    }
}

/// Removes `application/`, which may be omitted if no other slash follows (RFC 7515, section 4.1.9).
fn bare_type(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => media_type,
    }
}

/// The X.509 certificate thumbprint of the signing key (RFC 7515, sections 4.1.7 and 4.1.8). It only selects a key of the
/// JWK Set, and proves nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum CertificateThumbprint {
    Sha1([u8; 20]),
    Sha256([u8; 32]),
}

impl CertificateThumbprint {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(digest) => digest,
            Self::Sha256(digest) => digest,
        }
    }

    /// Decodes base64url of exactly the digest's length.
    fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
        let mut digest = [0; N];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut digest).ok()?;
        (length == N).then_some(digest)
    }
}

impl<'t> ProtectedHeader<'t> {
    /// A header for tests.
    #[cfg(test)]
    pub(crate) fn of(algorithm: Algorithm, key_id: Option<&'t str>) -> Self {
        Self { algorithm, key_id: key_id.map(Into::into), token_type: None, thumbprint: None }
    }

    /// True if `typ` is this media type.
    pub(crate) fn is_of_type(&self, media_type: &str) -> bool {
        let found = self.token_type.as_deref();
        found.is_some_and(|found| bare_type(found).eq_ignore_ascii_case(bare_type(media_type)))
    }

    /// The name of the key in the token: `kid`, or else the certificate thumbprint.
    pub(crate) fn key_name(&self) -> Option<&[u8]> {
        match (&self.key_id, &self.thumbprint) {
            (Some(key_id), _) => Some(key_id.as_bytes()),
            (None, Some(thumbprint)) => Some(thumbprint.as_bytes()),
            (None, None) => None,
        }
    }

    /// Parses the decoded header. `has_signature` is true if the third part is not empty, which Trino checks between `alg`
    /// and `crit`.
    pub(crate) fn parse(json: &'t [u8], has_signature: bool) -> Result<Self, Rejection> {
        let members = read_object(json, is_known).map_err(|error| match error {
            JsonError::DuplicateMember => {
                Rejection::new(Reason::DuplicateMember, "The protected header contains a duplicate member")
            }
            JsonError::Malformed(place) => {
                Rejection::new(Reason::MalformedHeader, format!("Malformed protected header JSON: {place}"))
            }
        })?;

        let mut algorithm = None;
        let mut key_id = None;
        let mut content_type = None;
        let mut token_type = None;
        let mut sha1 = None;
        let mut sha256 = None;
        let mut critical = false;
        let mut compressed = false;
        let mut unencoded = false;
        for (name, value) in members {
            match &*name {
                "alg" => algorithm = text("alg", value)?,
                "kid" => key_id = text("kid", value)?,
                "x5t" => sha1 = text("x5t", value)?.and_then(|text| CertificateThumbprint::decode(&text)),
                "x5t#S256" => sha256 = text("x5t#S256", value)?.and_then(|text| CertificateThumbprint::decode(&text)),
                "typ" => token_type = text("typ", value)?,
                "calg" | "jku" | "x5u" => drop(text(&name, value)?),
                "jwk" => check_object(&value)?,
                "x5c" => check_texts(value)?,
                "cty" => content_type = text("cty", value)?,
                "crit" => critical = true,
                "zip" => compressed = true,
                "b64" => unencoded = true,
                _ => {}
            }
        }

        let Some(algorithm) = algorithm else {
            return Err(Rejection::new(
                Reason::MissingAlgorithm,
                "JWS header does not contain a required 'alg' (Algorithm) header parameter",
            ));
        };
        // Trino's message shows the trimmed name, although the lookup uses the untrimmed one.
        let named = algorithm.trim_matches(is_white_space);
        if named.eq_ignore_ascii_case("none") {
            return Err(Rejection::new(
                Reason::UnsecuredToken,
                "Unsecured JWSs (those with an alg (Algorithm) header value of 'none') are disallowed by default as mandated by https://www.rfc-editor.org/rfc/rfc7518.html#section-3.6",
            ));
        }
        if !has_signature {
            return Err(Rejection::new(
                Reason::MissingSignature,
                format!(
                    "The JWS header references signature algorithm '{}' but the compact JWE string is missing the required signature.",
                    quoted(named)
                ),
            ));
        }
        if critical {
            return Err(Rejection::new(
                Reason::CriticalHeader,
                "Protected Header 'crit' names an unsupported header name: no extension is supported",
            ));
        }
        if unencoded {
            return Err(Rejection::new(Reason::UnencodedPayload, "Protected Header 'b64' (RFC 7797) is not supported"));
        }
        let Some(algorithm) = Algorithm::from_name(&algorithm) else {
            return Err(Rejection::new(
                Reason::UnsupportedAlgorithm,
                format!("Unsupported signature algorithm '{}'", quoted(&algorithm)),
            ));
        };
        if compressed {
            return Err(Rejection::new(
                Reason::CompressedToken,
                "Protected Header 'zip' (compression) is not supported for a signed token",
            ));
        }
        if content_type.is_some() {
            return Err(Rejection::new(
                Reason::NestedToken,
                "Protected Header 'cty' (content type) is not supported: the payload must be a set of claims",
            ));
        }
        let thumbprint = sha256.map(CertificateThumbprint::Sha256).or(sha1.map(CertificateThumbprint::Sha1));
        Ok(Self { algorithm, key_id, token_type, thumbprint })
    }
}

/// The parameters that jjwt knows. A wrong type of any of them rejects the token.
fn is_known(name: &str) -> bool {
    matches!(name, "alg" | "kid" | "typ" | "cty" | "crit" | "zip" | "b64")
        || matches!(name, "calg" | "jku" | "jwk" | "x5u" | "x5c" | "x5t" | "x5t#S256")
}

/// `jwk` must be an object; jjwt drops empty values.
fn check_object(jwk: &Value<'_>) -> Result<(), Rejection> {
    match jwk {
        Value::Null | Value::Object(_) => Ok(()),
        Value::String(text) if is_blank(text) => Ok(()),
        Value::Array(list) if list.is_empty() => Ok(()),
        other => Err(wrong_type("jwk", "an object", other)),
    }
}

/// `x5c` must be a list of strings; jjwt also accepts a single string, and drops empty values.
fn check_texts(x5c: Value<'_>) -> Result<(), Rejection> {
    match x5c {
        Value::Object(members) if members.is_empty() => Ok(()),
        Value::Array(list) => match list.iter().find(|element| !matches!(element, Value::String(_))) {
            Some(element) => Err(wrong_type("x5c", "a list of strings", element)),
            None => Ok(()),
        },
        other => text("x5c", other).map(drop),
    }
}

/// A header parameter that must be a string. jjwt drops null and blank values, so they count as absent.
fn text<'t>(name: &str, value: Value<'t>) -> Result<Option<Cow<'t, str>>, Rejection> {
    match value {
        Value::String(text) if is_blank(&text) => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        other => Err(wrong_type(name, "a string", &other)),
    }
}

fn wrong_type(name: &str, expected: &str, found: &Value<'_>) -> Rejection {
    let message = format!("Invalid protected header: '{name}' must be {expected}, but is {}", found.type_name());
    Rejection::new(Reason::MalformedHeader, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(json: &str) -> Reason {
        ProtectedHeader::parse(json.as_bytes(), true).unwrap_err().code()
    }

    #[test]
    fn a_thumbprint_is_the_digest_of_a_certificate_or_nothing() {
        let read = |members: &str| {
            let json = format!(r#"{{"alg":"RS256",{members}}}"#);
            ProtectedHeader::parse(json.as_bytes(), true).unwrap().thumbprint
        };
        let (sha1, sha256) = ("A".repeat(27), "A".repeat(43));
        assert_eq!(read(&format!(r#""x5t":"{sha1}""#)), Some(CertificateThumbprint::Sha1([0; 20])));
        assert_eq!(
            read(&format!(r#""x5t":"{sha1}","x5t#S256":"{sha256}""#)),
            Some(CertificateThumbprint::Sha256([0; 32]))
        );
        for unusable in ["", "A", &sha256, &"A".repeat(28), &format!("{}=", sha1), &"/".repeat(27)] {
            assert_eq!(read(&format!(r#""x5t":"{unusable}""#)), None, "{unusable}");
        }
    }

    #[test]
    fn algorithm_and_key_id_are_read() {
        let header =
            ProtectedHeader::parse(br#"{"typ":"JWT","kid":"k1","alg":"ES256","jku":"https://evil/","jwk":{}}"#, true);
        let expected =
            ProtectedHeader { token_type: Some("JWT".into()), ..ProtectedHeader::of(Algorithm::Es256, Some("k1")) };
        assert_eq!(header.unwrap(), expected);
        let header = ProtectedHeader::parse(br#"{"kid":" ","alg":"HS256"}"#, true);
        assert_eq!(header.unwrap(), ProtectedHeader::of(Algorithm::Hs256, None));
    }

    #[test]
    fn none_is_rejected_in_any_spelling() {
        for none in ["none", "None", "NONE", "nOnE", " none ", "n\\u006fne"] {
            assert_eq!(code(&format!(r#"{{"alg":"{none}"}}"#)), Reason::UnsecuredToken, "{none}");
        }
    }

    #[test]
    fn hostile_headers_are_rejected_with_their_reasons() {
        for (json, expected) in [
            ("{}", Reason::MissingAlgorithm),
            (r#"{"alg":null}"#, Reason::MissingAlgorithm),
            (r#"{"alg":""}"#, Reason::MissingAlgorithm),
            (r#"{"alg":1}"#, Reason::MalformedHeader),
            (r#"{"alg":["RS256"]}"#, Reason::MalformedHeader),
            (r#"{"alg":"rs256"}"#, Reason::UnsupportedAlgorithm),
            (r#"{"alg":" RS256"}"#, Reason::UnsupportedAlgorithm),
            (r#"{"alg":"XX999"}"#, Reason::UnsupportedAlgorithm),
            (r#"{"alg":"RS256","kid":1}"#, Reason::MalformedHeader),
            (r#"{"alg":"RS256","alg":"RS256"}"#, Reason::DuplicateMember),
            (r#"{"alg":"RS256","crit":["exp"]}"#, Reason::CriticalHeader),
            (r#"{"alg":"RS256","crit":[]}"#, Reason::CriticalHeader),
            (r#"{"alg":"RS256","crit":null}"#, Reason::CriticalHeader),
            (r#"{"alg":"RS256","b64":false}"#, Reason::UnencodedPayload),
            (r#"{"alg":"RS256","zip":"DEF"}"#, Reason::CompressedToken),
            (r#"{"alg":"RS256","cty":"JWT"}"#, Reason::NestedToken),
            (r#"{"alg":"RS256"}x"#, Reason::MalformedHeader),
        ] {
            assert_eq!(code(json), expected, "{json}");
        }
        let reject = ProtectedHeader::parse(br#"{"alg":"RS256"}"#, false).unwrap_err();
        assert_eq!(reject.code(), Reason::MissingSignature);
    }
}
