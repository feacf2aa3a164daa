//! Why a token was refused.
//!
//! A refused token is a value, never an exception. Its number is stable: operators alert on it, and the number of a
//! reason that is no longer used is not given to another one.

use std::borrow::Cow;
use std::fmt;

/// Names each reason once; from this one table come the enum, the numbers, the names and the documentation.
macro_rules! reject_codes {
    ($($number:literal $variant:ident $name:literal $meaning:literal)*) => {
        /// The reason of a refusal. `Display` gives the name that logs and `--json` show.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $meaning] $variant = $number,)*
        }

        impl Reason {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The stable number, as it crosses the boundary. 0 is never a reject.
            #[must_use]
            pub const fn number(self) -> u32 {
                self as u32
            }

            /// The stable name, in capitals.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name,)* }
            }

            /// One sentence for the operator.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$variant => $meaning,)* }
            }
        }
    };
}

reject_codes! {
    101 NoBearerToken "NO_BEARER_TOKEN" "There is no Authorization header, it is not of the Bearer scheme, or it holds no token."
    102 SeveralAuthorizationHeaders "SEVERAL_AUTHORIZATION_HEADERS" "The request has more than one Authorization header."
    103 TokenTooLarge "TOKEN_TOO_LARGE" "The token is longer than max-token-size; it was not read."
    104 ReservedCredential "RESERVED_CREDENTIAL" "The request brings an extra credential of the name that pass-through.credential-name keeps for the token."

    201 MalformedToken "MALFORMED_TOKEN" "The token is not three base64url parts with two dots between them (RFC 7515, section 7.1)."
    202 EncryptedToken "ENCRYPTED_TOKEN" "The token has five parts: it is a JWE, which is never decrypted."
    203 MalformedBase64 "MALFORMED_BASE64" "A part is not strict base64url: padding, white space, a foreign character or stray bits (RFC 7515, section 2)."
    204 MalformedHeader "MALFORMED_HEADER" "The protected header is not one JSON object with members of the right types."
    205 DuplicateMember "DUPLICATE_MEMBER" "A JSON object of the token names a member twice (RFC 7519, section 4)."
    206 MissingAlgorithm "MISSING_ALGORITHM" "The header has no alg (RFC 7515, section 4.1.1)."
    207 UnsecuredToken "UNSECURED_TOKEN" "alg is none, in whatever case (RFC 8725, section 3.1)."
    208 UnsupportedAlgorithm "UNSUPPORTED_ALGORITHM" "alg names no algorithm that is supported."
    209 MissingSignature "MISSING_SIGNATURE" "The third part, the signature, is empty."
    210 CriticalHeader "CRITICAL_HEADER" "The header has crit: it demands an extension, and none is supported (RFC 7515, section 4.1.11)."
    211 CompressedToken "COMPRESSED_TOKEN" "The header has zip, which a JWS must not have."
    212 NestedToken "NESTED_TOKEN" "The header has cty: the payload is another token or no set of claims."
    213 UnencodedPayload "UNENCODED_PAYLOAD" "The header has b64 (RFC 7797), which is not supported."

    214 AlgorithmNotAllowed "ALGORITHM_NOT_ALLOWED" "alg is not one of allowed-algorithms (RFC 8725, section 3.1)."
    215 WrongTokenType "WRONG_TOKEN_TYPE" "typ is not required-token-type (RFC 8725, section 3.11)."

    301 KeyIdRequired "KEY_ID_REQUIRED" "The header has no kid, and the key source has no other way to choose a key."
    302 UnknownKeyId "UNKNOWN_KEY_ID" "No key has the kid of the header."
    303 NoHmacKey "NO_HMAC_KEY" "The token is signed with HMAC, and the key is a public one."
    304 NoPublicKey "NO_PUBLIC_KEY" "The token is signed with a private key, and the key is an HMAC secret."
    305 KeyAlgorithmMismatch "KEY_ALGORITHM_MISMATCH" "The key's type, curve or length does not fit alg, or its JWK is bound to another use (RFC 7518, section 3.1)."
    306 KeysUnavailable "KEYS_UNAVAILABLE" "There is no JWK set: it was not fetched yet, or the last good fetch is too long ago."
    307 UnusableKeyFile "UNUSABLE_KEY_FILE" "The key file of this kid exists but holds no usable key."
    310 SignatureMismatch "SIGNATURE_MISMATCH" "The signature is not the key's signature of this header and payload."

    401 MalformedClaims "MALFORMED_CLAIMS" "The payload is not one JSON object."
    402 InvalidClaim "INVALID_CLAIM" "A registered claim has a wrong type or an impossible value."
    403 TokenExpired "TOKEN_EXPIRED" "exp has passed (RFC 7519, section 4.1.4)."
    404 TokenNotYetValid "TOKEN_NOT_YET_VALID" "nbf has not come yet (RFC 7519, section 4.1.5)."
    405 MissingIssuer "MISSING_ISSUER" "required-issuer is set and the token has no iss."
    406 WrongIssuer "WRONG_ISSUER" "iss is not the required one."
    407 MissingAudience "MISSING_AUDIENCE" "required-audience is set and the token has no aud."
    408 WrongAudience "WRONG_AUDIENCE" "aud does not hold the required audience."
    409 UnknownIssuer "UNKNOWN_ISSUER" "No file of config-files has iss as its required-issuer, and all of them have one."
    410 MissingExpiration "MISSING_EXPIRATION" "require-expiration or max-token-lifetime is set and the token has no exp."
    411 MissingIssuedAt "MISSING_ISSUED_AT" "max-token-lifetime is set and the token has no iat."
    412 LifetimeTooLong "LIFETIME_TOO_LONG" "exp lies further from iat than max-token-lifetime."
    413 LifetimeTooShort "LIFETIME_TOO_SHORT" "The token expires before pass-through.minimum-lifetime has passed."
    414 IssuedInTheFuture "ISSUED_IN_THE_FUTURE" "max-token-lifetime is set and iat lies in the future."
    415 ExpiresBeforeIssued "EXPIRES_BEFORE_ISSUED" "max-token-lifetime is set and exp lies before iat."

    501 MissingPrincipal "MISSING_PRINCIPAL" "The token has no claim that principal-field names."
    502 PrincipalNotAString "PRINCIPAL_NOT_A_STRING" "The claim that principal-field names is not a string."
    503 PrincipalTooLong "PRINCIPAL_TOO_LONG" "The principal is longer than 4096 bytes."

    504 GroupsNotText "GROUPS_NOT_TEXT" "The claim that groups-field names is neither a string nor an array of strings, or holds too many of them."
    505 PrincipalUnusable "PRINCIPAL_UNUSABLE" "The principal holds a control character, or begins or ends with a blank, by which one user could be taken for another."

    601 NoMappingMatches "NO_MAPPING_MATCHES" "No rule of the user mapping matches the principal."
    602 PrincipalNotAllowed "PRINCIPAL_NOT_ALLOWED" "The rule that matches the principal says that it is not allowed."
    603 MappedUserEmpty "MAPPED_USER_EMPTY" "A rule matched, and what it made of the principal is empty."
    604 MappingLimit "MAPPING_LIMIT" "The patterns of the user mapping took together more steps than the budget of one login."
    605 MappedUserUnusable "MAPPED_USER_UNUSABLE" "What the rule made of the principal is too long or no valid text."
    606 UserWithHyphen "USER_WITH_HYPHEN" "Tokens are passed through, and the user has a hyphen in it, by which Iceberg could take another user for it (pass-through.allow-user-with-hyphen)."

    999 InternalError "INTERNAL_ERROR" "A defect in this software; the log holds more. The token was refused to be safe."
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refusal: the reason, and the sentence that the client reads.
///
/// The sentence is stock's (`io.trino.server.security.jwt`, jjwt) where stock's is good. It never holds token text, and
/// claim text only as [`quoted`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    code: Reason,
    message: Cow<'static, str>,
}

impl Rejection {
    pub(crate) fn new(code: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// The refusal for a defect of ours, used where a panic was caught.
    #[must_use]
    pub fn internal_error() -> Self {
        Self::new(Reason::InternalError, "Authentication failed because of an internal error")
    }

    /// The refusal of a request with more than one Authorization header. It shows nothing of them.
    #[must_use]
    pub fn several_authorization_headers() -> Self {
        Self::new(
            Reason::SeveralAuthorizationHeaders,
            "Multiple Authorization headers detected, where only a single Authorization header is supported",
        )
    }

    /// The stable reason.
    #[must_use]
    pub fn code(&self) -> Reason {
        self.code
    }

    /// The sentence for the client: one line, at most a few hundred characters.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_ordered() {
        for pair in Reason::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{} before {}", pair[0], pair[1]);
        }
        let names: std::collections::HashSet<_> = Reason::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        assert!(Reason::ALL.iter().all(|code| code.number() > 0));
    }

    /// Compares a generated file of the repository with what it should hold; `NATIVEJWT_UPDATE=1 cargo test` writes it.
    pub(crate) fn assert_fresh(path: &str, fresh: &str) {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
        if std::env::var_os("NATIVEJWT_UPDATE").is_some() {
            std::fs::write(&file, fresh).unwrap();
        }
        assert!(
            std::fs::read_to_string(&file).unwrap_or_default() == fresh,
            "{path} is out of date: run NATIVEJWT_UPDATE=1 cargo test -p nativejwt-core"
        );
    }

    #[test]
    fn the_committed_tables_of_reasons_are_fresh() {
        let mut page = String::from(
            "# Why a token was rejected\n\nMade from `rust/core/src/rejection.rs`; do not edit. A number is never given to another reason.\n\n\
             | number | name | meaning |\n| --- | --- | --- |\n",
        );
        let mut table = String::from("# Made from rust/core/src/rejection.rs; do not edit. Number, name.\n");
        for code in Reason::ALL {
            page += &format!("| {} | `{code}` | {} |\n", code.number(), code.meaning());
            table += &format!("{}\t{code}\n", code.number());
        }
        assert_fresh("docs/reasons.md", &page);
        assert_fresh("rust/core/generated/reasons.tsv", &table);
    }
}
