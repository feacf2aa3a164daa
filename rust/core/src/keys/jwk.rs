// SPDX-License-Identifier: Apache-2.0
//! Reads a key from one JWK (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::json::{JsonError, Member, Value, read_object};
use crate::keys::curve::Curve;
use crate::keys::error::KeyError;
use crate::keys::forms::reject_as_secret;
use crate::keys::verifying_key::VerifyingKey;
use crate::quoted::quoted;

/// As `java.util.Base64.getUrlDecoder()`, which Trino uses: padding is optional, and stray bits are dropped.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Members of private keys and secrets (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; RFC 8037, section 2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Values of `alg` that are not signature algorithms: those of JWE (RFC 7518, sections 4.1 and 5.1), and `none`.
const NOT_FOR_SIGNATURES: [&str; 29] = [
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA-OAEP-384",
    "RSA-OAEP-512",
    "A128KW",
    "A192KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
    "A128GCM",
    "A192GCM",
    "A256GCM",
    "C20P",
    "XC20P",
    "C20PKW",
    "none",
];

/// The source of a JWK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A URL. Shared secrets are not accepted from there: anyone who can fetch them could sign.
    Fetched,
    /// A local file.
    LocalFile,
    /// The configuration itself. Shared secrets belong in a file, whose access can be restricted.
    Configuration,
}

/// A key of a set.
#[derive(Debug)]
pub(crate) struct Jwk {
    /// `kid`; `None` if it is absent, empty or blank, since no token can name it then.
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) key: VerifyingKey,
    /// Differs if the key of a `kid` was replaced. It is used for the log, not for trust.
    pub(crate) fingerprint: u64,
    /// SHA-1 and SHA-256 digests of the key's certificate, to compare with `x5t` and `x5t#S256` of a token.
    pub(crate) thumbprints: Vec<Box<[u8]>>,
}

/// A JWK that is not used, and why.
#[derive(Debug, PartialEq)]
pub(crate) struct SkippedJwk {
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) why: KeyError,
}

impl SkippedJwk {
    /// The error for a JWK that is not part of a set.
    pub(crate) fn alone(self) -> KeyError {
        match self.key_id {
            Some(key_id) => KeyError(format!("the JWK '{}' cannot be used: {}", quoted(&key_id), self.why)),
            None => self.why,
        }
    }

    /// The log line for a key of a set; `number` is its position, from 1.
    pub(crate) fn in_set(self, number: usize) -> String {
        match self.key_id {
            Some(key_id) => format!("the key '{}' is not used: {}", quoted(&key_id), self.why),
            None => format!("key number {number} of the set, without kid, is not used: {}", self.why),
        }
    }
}

/// True if the text is meant as JSON. Such a text never becomes an HMAC secret.
pub(crate) fn is_json(text: &str) -> bool {
    text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace()).starts_with(['{', '['])
}

fn unusable<T>(why: impl Into<String>) -> Result<T, KeyError> {
    Err(KeyError(why.into()))
}

impl Jwk {
    /// Reads the text of one JSON object.
    pub(crate) fn read(text: &str, origin: Origin) -> Result<Self, SkippedJwk> {
        let members = read_object(text.as_bytes(), |name| {
            matches!(name, "kty" | "kid" | "use" | "key_ops" | "alg" | "crv" | "n" | "e" | "x" | "y")
                || matches!(name, "x5t" | "x5t#S256" | "x5c")
                || PRIVATE_MEMBERS.contains(&name)
        });
        let members = members.map(Members).map_err(|error| SkippedJwk {
            key_id: readable_key_id(text),
            why: KeyError(match error {
                JsonError::Malformed(place) => format!("it is not a valid JSON object: {place}"),
                JsonError::DuplicateMember => "it contains a duplicate member".to_owned(),
            }),
        })?;
        let key_id = match members.text("kid") {
            Ok(key_id) => key_id.filter(|key_id| !key_id.trim().is_empty()).map(Box::from),
            Err(why) => return Err(SkippedJwk { key_id: readable_key_id(text), why }),
        };
        match members.key(origin) {
            Ok(key) => Ok(Self { key_id, key, fingerprint: members.fingerprint(), thumbprints: members.thumbprints() }),
            Err(why) => Err(SkippedJwk { key_id, why }),
        }
    }
}

/// The `kid` of a JWK that could not be read, for the log only; it selects no key.
fn readable_key_id(text: &str) -> Option<Box<str>> {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    match members.get("kid")? {
        serde_json::Value::String(key_id) if !key_id.trim().is_empty() => Some(key_id.as_str().into()),
        serde_json::Value::Number(key_id) => Some(key_id.to_string().into()),
        _ => None,
    }
}

/// The relevant members of a JWK. A `null` member counts as absent.
struct Members<'j>(Vec<Member<'j>>);

impl Members<'_> {
    fn get(&self, name: &str) -> Option<&Value<'_>> {
        self.0.iter().find(|(other, value)| other == name && *value != Value::Null).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Result<Option<&str>, KeyError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => unusable(format!("its {name} must be a string, but is {}", other.type_name())),
        }
    }

    fn bytes(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self.text(name)? {
            None | Some("") => unusable(format!("it has no {name}")),
            Some(text) => match BASE64URL.decode(text) {
                Ok(bytes) => Ok(Zeroizing::new(bytes)),
                Err(_) => unusable(format!("its {name} is not base64url")),
            },
        }
    }

    /// Cheap checks come first, so their reason is reported.
    fn key(&self, origin: Origin) -> Result<VerifyingKey, KeyError> {
        let Some(key_type) = self.text("kty")? else { return unusable("it has no kty") };
        self.reject_secrets(key_type, origin)?;
        self.reject_other_uses()?;
        let bound_to = self.algorithm()?;
        let key = match key_type {
            "RSA" => VerifyingKey::rsa(&self.bytes("n")?, &self.bytes("e")?)?,
            "EC" => self.elliptic_curve_key()?,
            "OKP" => match self.text("crv")? {
                Some("Ed25519") => VerifyingKey::ed25519(&self.bytes("x")?)?,
                Some(other) => return unusable(format!("its curve '{}' is not Ed25519", quoted(other))),
                None => return unusable("it has no crv"),
            },
            "oct" => {
                let secret = self.bytes("k")?;
                // The text is checked as well as its bytes, since hexadecimal digits are also base64url.
                let text = self.text("k")?.unwrap_or_default();
                reject_as_secret(text.as_bytes()).map_err(|KeyError(what)| KeyError(format!("its k {what}")))?;
                VerifyingKey::hmac(&secret)?
            }
            other => return unusable(format!("its kty '{}' is not RSA, EC, OKP or oct", quoted(other))),
        };
        match bound_to {
            Some(algorithm) => key.only_for(algorithm),
            None => Ok(key),
        }
    }

    fn reject_secrets(&self, key_type: &str, origin: Origin) -> Result<(), KeyError> {
        match origin {
            Origin::Fetched if key_type == "oct" => {
                return unusable(
                    "it is a published shared secret (kty oct): anyone who reads it can sign tokens; shared secrets are accepted from local files only",
                );
            }
            Origin::Configuration if key_type == "oct" => {
                return unusable(
                    "it is a shared secret (kty oct): put it into a file that only the coordinator can read",
                );
            }
            Origin::Fetched | Origin::Configuration | Origin::LocalFile => {}
        }
        let private = PRIVATE_MEMBERS.iter().find(|name| {
            let secret_of_its_type = key_type == "oct" && **name == "k";
            !secret_of_its_type && self.get(name).is_some()
        });
        match (private, origin) {
            (None, _) => Ok(()),
            (Some(name), Origin::Fetched) => unusable(format!(
                "its private key is published (member '{name}'): anyone who reads it can sign tokens; the issuer must replace this key"
            )),
            (Some(name), Origin::LocalFile | Origin::Configuration) => unusable(format!(
                "it contains the private key (member '{name}'); give the coordinator the public key only"
            )),
        }
    }

    /// `use` and `key_ops` (RFC 7517, sections 4.2 and 4.3).
    fn reject_other_uses(&self) -> Result<(), KeyError> {
        if let Some(other) = self.text("use")?.filter(|key_use| *key_use != "sig") {
            return unusable(format!("its use is '{}', not 'sig'", quoted(other)));
        }
        match self.get("key_ops") {
            None => Ok(()),
            Some(Value::Array(operations))
                if operations.iter().any(|operation| *operation == Value::String("verify".into())) =>
            {
                Ok(())
            }
            Some(Value::Array(_)) => unusable("its key_ops do not include 'verify'"),
            Some(other) => unusable(format!("its key_ops must be an array, but is {}", other.type_name())),
        }
    }

    /// The algorithm to which `alg` binds the key (RFC 7517, section 4.4). Unknown values have no effect: values such
    /// as `ES521` occur in practice, and the key's type already restricts its algorithms.
    fn algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        match self.text("alg")? {
            Some(label) if NOT_FOR_SIGNATURES.contains(&label) => {
                unusable(format!("its alg '{label}' is not for signatures"))
            }
            Some(label) => Ok(Algorithm::from_name(label)),
            None => Ok(None),
        }
    }

    fn elliptic_curve_key(&self) -> Result<VerifyingKey, KeyError> {
        let curve = match self.text("crv")? {
            Some("P-256") => Curve::P256,
            Some("P-384") => Curve::P384,
            Some("P-521") => Curve::P521,
            Some(other) => return unusable(format!("its curve '{}' is not P-256, P-384 or P-521", quoted(other))),
            None => return unusable("it has no crv"),
        };
        let mut point = vec![4];
        for name in ["x", "y"] {
            let coordinate = self.bytes(name)?;
            // RFC 7518, section 6.2.1.2, requires the full length. Trino reads a BigInteger, so leading zeros may be
            // missing or superfluous.
            let significant = coordinate.iter().position(|byte| *byte != 0).unwrap_or(coordinate.len());
            let number = coordinate.get(significant..).unwrap_or_default();
            let Some(missing) = curve.coordinate_bytes().checked_sub(number.len()) else {
                return unusable(format!("its {name} is longer than a coordinate of its curve"));
            };
            point.extend(std::iter::repeat_n(0, missing));
            point.extend_from_slice(number);
        }
        VerifyingKey::ec(curve, &point)
    }

    /// The thumbprints of the key's certificate (RFC 7517, sections 4.7 to 4.9). They only help to select the key, so
    /// invalid values count as absent.
    fn thumbprints(&self) -> Vec<Box<[u8]>> {
        let mut thumbprints: Vec<Box<[u8]>> = Vec::new();
        for (name, algorithm) in [("x5t", &SHA1_FOR_LEGACY_USE_ONLY), ("x5t#S256", &SHA256)] {
            let declared = self.bytes(name).ok().filter(|bytes| bytes.len() == algorithm.output_len());
            thumbprints.extend(declared.map(|bytes| Box::from(&bytes[..])));
            if let Some(Value::Array(chain)) = self.get("x5c")
                && let Some(Value::String(certificate)) = chain.first()
                && let Ok(certificate) = STANDARD.decode(&**certificate)
            {
                thumbprints.push(digest::digest(algorithm, &certificate).as_ref().into());
            }
        }
        thumbprints.sort_unstable();
        thumbprints.dedup();
        thumbprints
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for name in ["kty", "crv", "alg", "n", "e", "x", "y"] {
            self.text(name).ok().flatten().hash(&mut hasher);
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7517, appendix A.1, without its `alg` and `kid`.
    const RSA: &str = r#""kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB""#;
    /// RFC 7517, appendix A.1.
    const P256: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
    /// RFC 7520, section 3.1.
    const P521: &str = r#""kty":"EC","crv":"P-521","x":"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt","y":"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1""#;
    /// RFC 8037, appendix A.2.
    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    /// RFC 7517, appendix A.3.
    const OCT: &str =
        r#""kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow""#;

    fn read(members: &str) -> Result<Jwk, SkippedJwk> {
        Jwk::read(&format!("{{{members}}}"), Origin::Fetched)
    }

    fn with(key: &str, more: &str) -> Result<Jwk, SkippedJwk> {
        read(&format!("{key},{more}"))
    }

    fn why(read: Result<Jwk, SkippedJwk>) -> String {
        read.expect_err("a reason").why.0
    }

    fn served(key: &Jwk) -> Vec<&'static str> {
        Algorithm::ALL
            .iter()
            .filter(|algorithm| key.key.serves(**algorithm))
            .map(|algorithm| algorithm.name())
            .collect()
    }

    #[test]
    fn each_type_serves_the_algorithms_that_fit_it() {
        for (key, described, algorithms) in [
            (RSA, "RSA 2048", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
            (P256, "EC P-256", &["ES256"]),
            (P521, "EC P-521", &["ES512"]),
            (ED25519, "Ed25519", &["EdDSA"]),
        ] {
            let jwk = read(key).unwrap();
            assert_eq!(jwk.key.describe(), described);
            assert_eq!(served(&jwk), algorithms);
        }
    }

    /// RFC 8037, appendix A.5.
    #[test]
    fn the_example_signature_of_rfc_8037_is_verified() {
        let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = BASE64URL
            .decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
            .unwrap();
        let jwk = read(ED25519).unwrap();
        assert_eq!(jwk.key.for_algorithm(Algorithm::EdDsa).unwrap().verify(input, &signature), Ok(()));
    }

    #[test]
    fn a_key_without_a_name_is_kept_without_one() {
        assert_eq!(with(RSA, r#""kid":"2011-04-29""#).unwrap().key_id.as_deref(), Some("2011-04-29"));
        for more in [r#""kid":"""#, r#""kid":" ""#, r#""kid":null"#, r#""x5u":"https://a/""#] {
            assert_eq!(with(RSA, more).unwrap().key_id, None, "{more}");
        }
        assert_eq!(why(with(RSA, r#""kid":1"#)), "its kid must be a string, but is a number");
    }

    #[test]
    fn a_skipped_key_keeps_its_name() {
        assert_eq!(with(RSA, r#""use":"enc","kid":"k1""#).unwrap_err().key_id.as_deref(), Some("k1"));
    }

    #[test]
    fn keys_for_another_use_are_skipped() {
        assert!(with(RSA, r#""use":"sig""#).is_ok());
        assert!(with(RSA, r#""use":null"#).is_ok());
        assert_eq!(why(with(RSA, r#""use":"enc""#)), "its use is 'enc', not 'sig'");
        assert_eq!(why(with(RSA, r#""use":"Sig""#)), "its use is 'Sig', not 'sig'");
        assert_eq!(why(with(RSA, r#""use":["sig"]"#)), "its use must be a string, but is an array");
    }

    #[test]
    fn keys_for_other_operations_are_skipped() {
        assert!(with(RSA, r#""key_ops":["sign","verify"]"#).is_ok());
        assert_eq!(why(with(RSA, r#""key_ops":["encrypt","wrapKey"]"#)), "its key_ops do not include 'verify'");
        assert_eq!(why(with(RSA, r#""key_ops":[]"#)), "its key_ops do not include 'verify'");
        assert_eq!(why(with(RSA, r#""key_ops":"verify""#)), "its key_ops must be an array, but is a string");
    }

    #[test]
    fn an_algorithm_binds_the_key_and_must_fit_it() {
        assert_eq!(served(&with(RSA, r#""alg":"RS256""#).unwrap()), ["RS256"]);
        assert_eq!(served(&with(P256, r#""alg":"ES256""#).unwrap()), ["ES256"]);
        for (key, algorithm, described) in [
            (RSA, "ES256", "RSA 2048"),
            (RSA, "HS256", "RSA 2048"),
            (P256, "ES384", "EC P-256"),
            (P256, "RS256", "EC P-256"),
            (ED25519, "ES256", "Ed25519"),
        ] {
            let expected = format!("its alg {algorithm} does not fit the key, which is of type {described}");
            assert_eq!(why(with(key, &format!(r#""alg":"{algorithm}""#))), expected);
        }
    }

    #[test]
    fn keys_for_encryption_are_skipped() {
        for algorithm in ["RSA-OAEP", "RSA1_5", "ECDH-ES+A256KW", "dir", "A128GCM", "none"] {
            let expected = format!("its alg '{algorithm}' is not for signatures");
            assert_eq!(why(with(RSA, &format!(r#""alg":"{algorithm}""#))), expected);
        }
    }

    #[test]
    fn an_unknown_label_restricts_nothing() {
        assert_eq!(served(&with(P521, r#""alg":"ES521""#).unwrap()), ["ES512"]);
        assert_eq!(served(&with(RSA, r#""alg":"rs256""#).unwrap()).len(), 6);
        assert_eq!(why(with(RSA, r#""alg":256"#)), "its alg must be a string, but is a number");
    }

    #[test]
    fn published_private_keys_are_skipped_and_the_reason_says_so() {
        for (key, member) in [
            (RSA, "d"),
            (RSA, "p"),
            (RSA, "q"),
            (RSA, "dp"),
            (RSA, "dq"),
            (RSA, "qi"),
            (P256, "d"),
            (ED25519, "d"),
            (RSA, "k"),
        ] {
            let reason = why(with(key, &format!(r#""{member}":"AQAB""#)));
            assert!(reason.contains(&format!("its private key is published (member '{member}')")), "{reason}");
        }
        let local = Jwk::read(&format!(r#"{{{RSA},"d":"AQAB"}}"#), Origin::LocalFile);
        assert!(why(local).contains("it contains the private key (member 'd')"));
    }

    #[test]
    fn shared_secrets_come_from_local_files_only() {
        assert!(why(read(OCT)).contains("it is a published shared secret (kty oct)"));
        let local = |members: &str| Jwk::read(&format!("{{{members}}}"), Origin::LocalFile);
        assert_eq!(served(&local(OCT).unwrap()), ["HS256", "HS384", "HS512"]);
        assert_eq!(served(&local(&format!(r#"{OCT},"alg":"HS384""#)).unwrap()), ["HS384"]);
        assert!(why(local(&format!(r#"{OCT},"alg":"RS256""#))).contains("does not fit the key"));
        let short = why(local(r#""kty":"oct","k":"AAAA""#));
        assert!(short.contains("24 bits"), "{short}");
    }

    #[test]
    fn parameters_are_read_as_trino_reads_them() {
        let padded = P256.replace("7D4\"", "7D4=\"");
        assert!(read(&padded).is_ok(), "padding is optional");
        let plus = P256.replace("MKB", "+/B");
        assert_eq!(why(read(&plus)), "its x is not base64url");
        assert_eq!(why(read(&RSA.replace("AQAB", ""))), "it has no e");
        assert_eq!(why(read(&RSA.replace("\"AQAB\"", "65537"))), "its e must be a string, but is a number");
    }

    #[test]
    fn leading_zeros_of_a_coordinate_may_be_missing_or_superfluous() {
        let point = |x: &[u8], y: &[u8]| {
            let encode = |number: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(number);
            read(&format!(r#""kty":"EC","crv":"P-521","x":"{}","y":"{}""#, encode(x), encode(y)))
        };
        let members = |name: &str| {
            let text = P521.split(&format!("\"{name}\":\"")).nth(1).unwrap().split('"').next().unwrap();
            BASE64URL.decode(text).unwrap()
        };
        let x = members("x");
        let y = members("y");
        assert_eq!((x.len(), x[0]), (66, 0));
        assert!(point(&x, &y).is_ok());
        assert!(point(&x[1..], &y).is_ok(), "a shorter one is padded");
        assert!(point(&[&[0, 0], &x[..]].concat(), &y).is_ok());
        assert_eq!(why(point(&[&[1], &x[..]].concat(), &y)), "its x is longer than a coordinate of its curve");
        assert_eq!(why(point(&x, &[&y[..], &[0]].concat())), "its y is longer than a coordinate of its curve");
    }

    #[test]
    fn broken_keys_are_reported_with_the_rule_they_break() {
        for (members, reason) in [
            (r#""n":"AQAB""#, "it has no kty"),
            (r#""kty":null"#, "it has no kty"),
            (r#""kty":"rsa""#, "its kty 'rsa' is not RSA, EC, OKP or oct"),
            (r#""kty":"AKP\n""#, "its kty 'AKP\\u{a}' is not RSA, EC, OKP or oct"),
            (r#""kty":"RSA","e":"AQAB""#, "it has no n"),
            (
                r#""kty":"RSA","n":"AQAB","e":"AQAB""#,
                "the RSA key has 17 bits; RFC 7518 section 3.3 requires 2048 or more",
            ),
            (&RSA.replace("AQAB", "AQ"), "the RSA exponent is less than 3"),
            (&P256.replace("P-256", "P-384"), "the point is not on the curve P384"),
            (&P256.replace("P-256", "secp256k1"), "its curve 'secp256k1' is not P-256, P-384 or P-521"),
            (&P256.replace("MKB", "MKC"), "the point is not on the curve P256"),
            (&P256.replace("\"crv\"", "\"c\""), "it has no crv"),
            (&ED25519.replace("Ed25519", "X25519"), "its curve 'X25519' is not Ed25519"),
            (&ED25519.replace("11qY", ""), "an Ed25519 key has 32 bytes, not 29"),
            (&format!(r#"{RSA},"x5c":[],"x5c":[]"#), "it contains a duplicate member"),
        ] {
            assert_eq!(why(read(members)), reason, "{members:.60}");
        }
        for text in ["1", "[]", "null", "\"a\"", "{\"kty\":\"\\ud800\"}"] {
            let reason = why(Jwk::read(text, Origin::Fetched));
            assert!(reason.starts_with("it is not a valid JSON object"), "{text}: {reason}");
        }
    }

    #[test]
    fn no_public_key_becomes_a_secret() {
        let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        let der = STANDARD.decode("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").unwrap();
        let digits: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n";
        for (k, part) in [
            (encode(&der), "-----BEGIN PUBLIC KEY-----"),
            (digits.clone(), "in hexadecimal digits"),
            (encode(digits.as_bytes()), "-----BEGIN PUBLIC KEY-----"),
            (encode(STANDARD.encode(&der).as_bytes()), "-----BEGIN PUBLIC KEY-----"),
            (encode(pem.as_bytes()), "is a PEM text"),
        ] {
            let members = format!(r#"{{"kty":"oct","kid":"a","k":"{k}"}}"#);
            let SkippedJwk { key_id, why: KeyError(why) } = Jwk::read(&members, Origin::LocalFile).unwrap_err();
            assert!(why.starts_with("its k is a") && why.contains(part), "{why}");
            assert_eq!(key_id.as_deref(), Some("a"));
        }
    }

    #[test]
    fn a_readable_kid_is_always_reported() {
        let name = |text: &str| Jwk::read(text, Origin::LocalFile).unwrap_err().key_id;
        assert_eq!(name(r#"{"kid":"a","kty":"RSA","kty":"RSA"}"#).as_deref(), Some("a"));
        assert_eq!(name(r#"{"kid":7,"kty":"RSA"}"#).as_deref(), Some("7"));
        assert_eq!(name(r#"{"kid":" ","kty":"RSA","kty":"RSA"}"#), None);
        assert_eq!(name(r#"{"kid":["a"]}"#), None);
        let alone = |text: &str| Jwk::read(text, Origin::LocalFile).map_err(SkippedJwk::alone).unwrap_err().0;
        assert_eq!(alone(r#"{"kid":"a\n"}"#), "the JWK 'a\\u{a}' cannot be used: it has no kty");
        assert_eq!(alone("{}"), "it has no kty");
    }
}
