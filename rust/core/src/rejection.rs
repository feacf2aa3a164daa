// SPDX-License-Identifier: Apache-2.0
//! Why a token is rejected.
//!
//! A rejection is a value, never an exception. The number of its reason is stable, because operators alert on it. The
//! number of a removed reason is not used again.

use std::borrow::Cow;
use std::fmt;

/// The one table of reasons. It gives the enum, the numbers, the names and the documentation.
macro_rules! reasons {
    ($($number:literal $variant:ident $name:literal $meaning:literal)*) => {
        /// The reason of a rejection. `Display` gives the name that logs and `--json` show.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $meaning] $variant = $number,)*
        }

        impl Reason {
            /// Every reason, in the order of the numbers.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The stable number, as it crosses the boundary to Java and C. It is never 0.
            #[must_use]
            pub const fn number(self) -> u32 {
                self as u32
            }

            /// The stable name, in capitals.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name,)* }
            }

            /// What it means, in one or two sentences for the operator.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$variant => $meaning,)* }
            }
        }
    };
}

reasons! {
    101 NoBearerToken "NO_BEARER_TOKEN" "There is no Authorization header, its scheme is not Bearer, or it contains no token."
    102 SeveralAuthorizationHeaders "SEVERAL_AUTHORIZATION_HEADERS" "The request has more than one Authorization header."
    103 TokenTooLarge "TOKEN_TOO_LARGE" "The token is longer than max-token-size. It was not decoded."
    104 ReservedCredential "RESERVED_CREDENTIAL" "The client sent an extra credential with the name that pass-through.credential-name reserves for the token."

    201 MalformedToken "MALFORMED_TOKEN" "The token is not three base64url parts with two dots between them (RFC 7515, section 7.1)."
    202 EncryptedToken "ENCRYPTED_TOKEN" "The token has five parts: it is a JWE, which is never decrypted."
    203 MalformedBase64 "MALFORMED_BASE64" "A part is not strict base64url: it has padding, white space, a foreign character or stray bits (RFC 7515, section 2)."
    204 MalformedHeader "MALFORMED_HEADER" "The protected header is not one JSON object with members of the right types."
    205 DuplicateMember "DUPLICATE_MEMBER" "A JSON object of the token contains a duplicate member (RFC 7519, section 4)."
    206 MissingAlgorithm "MISSING_ALGORITHM" "The protected header has no alg (RFC 7515, section 4.1.1)."
    207 UnsecuredToken "UNSECURED_TOKEN" "alg is none, in upper or lower case (RFC 8725, section 3.1)."
    208 UnsupportedAlgorithm "UNSUPPORTED_ALGORITHM" "alg is not a supported algorithm."
    209 MissingSignature "MISSING_SIGNATURE" "The third part, the signature, is empty."
    210 CriticalHeader "CRITICAL_HEADER" "The protected header has crit: it requires an extension, and none is supported (RFC 7515, section 4.1.11)."
    211 CompressedToken "COMPRESSED_TOKEN" "The protected header has zip, which a JWS must not have."
    212 NestedToken "NESTED_TOKEN" "The protected header has cty: the payload is another token, or is not a set of claims."
    213 UnencodedPayload "UNENCODED_PAYLOAD" "The protected header has b64 (RFC 7797), which is not supported."

    214 AlgorithmNotAllowed "ALGORITHM_NOT_ALLOWED" "alg is not one of allowed-algorithms (RFC 8725, section 3.1)."
    215 WrongTokenType "WRONG_TOKEN_TYPE" "typ is not required-token-type (RFC 8725, section 3.11)."

    301 KeyIdRequired "KEY_ID_REQUIRED" "The protected header has no kid, which is needed to choose a key."
    302 UnknownKeyId "UNKNOWN_KEY_ID" "No key has the kid of the protected header."
    303 NoHmacKey "NO_HMAC_KEY" "The token is signed with HMAC, but the key is a public key."
    304 NoPublicKey "NO_PUBLIC_KEY" "The token is signed with a private key, but the key is an HMAC secret."
    305 KeyAlgorithmMismatch "KEY_ALGORITHM_MISMATCH" "The key's type, curve or length does not fit alg, or its JWK restricts it to another use (RFC 7518, section 3.1)."
    306 KeysUnavailable "KEYS_UNAVAILABLE" "There are no keys: the JWK Set was not fetched yet, or the last successful fetch is too long ago."
    307 UnusableKeyFile "UNUSABLE_KEY_FILE" "The key file of this kid exists, but contains no usable key."
    310 SignatureMismatch "SIGNATURE_MISMATCH" "The key does not verify the signature of this protected header and payload."

    401 MalformedClaims "MALFORMED_CLAIMS" "The payload is not one JSON object."
    402 InvalidClaim "INVALID_CLAIM" "A registered claim has a wrong type or an impossible value."
    403 TokenExpired "TOKEN_EXPIRED" "exp has passed (RFC 7519, section 4.1.4)."
    404 TokenNotYetValid "TOKEN_NOT_YET_VALID" "nbf is in the future (RFC 7519, section 4.1.5)."
    405 MissingIssuer "MISSING_ISSUER" "required-issuer is set and the token has no iss."
    406 WrongIssuer "WRONG_ISSUER" "iss is not the required issuer."
    407 MissingAudience "MISSING_AUDIENCE" "required-audience is set and the token has no aud."
    408 WrongAudience "WRONG_AUDIENCE" "aud does not contain a required audience."
    409 UnknownIssuer "UNKNOWN_ISSUER" "No file of config-files has iss as its required-issuer, and each of them has one."
    410 MissingExpiration "MISSING_EXPIRATION" "require-expiration or max-token-lifetime is set and the token has no exp."
    411 MissingIssuedAt "MISSING_ISSUED_AT" "max-token-lifetime is set and the token has no iat."
    412 LifetimeTooLong "LIFETIME_TOO_LONG" "The time from iat to exp is longer than max-token-lifetime."
    413 LifetimeTooShort "LIFETIME_TOO_SHORT" "The token expires before pass-through.minimum-lifetime has passed."
    414 IssuedInTheFuture "ISSUED_IN_THE_FUTURE" "max-token-lifetime is set and iat is in the future."
    415 ExpiresBeforeIssued "EXPIRES_BEFORE_ISSUED" "max-token-lifetime is set and exp is before iat."

    416 MissingScope "MISSING_SCOPE" "scope and scp together lack a scope of required-scopes."
    417 RequiredClaim "REQUIRED_CLAIM" "A claim of required-claims is absent or has a value that is not listed."

    418 DeniedByRule "DENIED_BY_RULE" "The first claim rule that matches the token has allow=false."
    419 NoRuleMatches "NO_RULE_MATCHES" "No claim rule matches the token, and otherwise has allow=false."
    420 RuleLimit "RULE_LIMIT" "The patterns of the claim rules needed more steps than one authentication may take."
    421 RuleWithoutUser "RULE_WITHOUT_USER" "The claim rule that matches the token sets the user, but the claim is absent or gives no valid user."
    422 TokenRevoked "TOKEN_REVOKED" "An entry of revocation-file names the token, its sub, sid or iss, or the kid of its protected header, or its session or user has logged out."
    423 LogoutToken "LOGOUT_TOKEN" "The token is a logout token of OpenID Connect, which reports a logout and is not an access token."

    501 MissingPrincipal "MISSING_PRINCIPAL" "The token has no claim that principal-field names."
    502 PrincipalNotAString "PRINCIPAL_NOT_A_STRING" "The claim that principal-field names is not a string."
    503 PrincipalTooLong "PRINCIPAL_TOO_LONG" "The principal is longer than 4096 bytes."

    504 GroupsNotText "GROUPS_NOT_TEXT" "The claim that groups-field names is neither a string nor an array of strings, or contains too many groups."
    505 PrincipalUnusable "PRINCIPAL_UNUSABLE" "The principal contains a control character, or begins or ends with a blank, so that it could be confused with another user."

    601 NoMappingMatches "NO_MAPPING_MATCHES" "No rule of the user mapping matches the principal."
    602 PrincipalNotAllowed "PRINCIPAL_NOT_ALLOWED" "The rule that matches the principal has allow=false."
    603 MappedUserEmpty "MAPPED_USER_EMPTY" "The rule that matches maps the principal to an empty user."
    604 MappingLimit "MAPPING_LIMIT" "The patterns of the user mapping together needed more steps than one authentication may take."
    605 MappedUserUnusable "MAPPED_USER_UNUSABLE" "The rule maps the principal to a user that is too long or not valid Unicode text."
    606 UserWithHyphen "USER_WITH_HYPHEN" "Tokens are passed through, and the user contains a hyphen, so that Iceberg could confuse it with another user (pass-through.allow-user-with-hyphen)."

    701 StorageDenied "STORAGE_DENIED" "STS refuses the exchange of the token for credentials of the object store (storage.sts-endpoint)."
    702 StorageUnavailable "STORAGE_UNAVAILABLE" "STS cannot be reached, and storage.when-unavailable is refuse."

    999 InternalError "INTERNAL_ERROR" "A defect in this software; the log has details. The token was rejected to be safe."
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The reason of a rejection, and the sentence that the client reads.
///
/// Where Trino has a good sentence (`io.trino.server.security.jwt`, jjwt), we use it. It never contains token text, and
/// contains claim text only after [`quoted`](crate::quoted).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    code: Reason,
    message: Cow<'static, str>,
}

impl Rejection {
    /// `message` is the sentence for the client: without token text, and with claim text only after
    /// [`quoted`](crate::quoted).
    pub fn new(code: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// The rejection after a panic, which is a defect of this library.
    #[must_use]
    pub fn internal_error() -> Self {
        Self::new(Reason::InternalError, "Authentication failed because of an internal error")
    }

    /// The rejection of a request with more than one Authorization header. It shows none of them.
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

    /// Compares a generated file of the repository with its expected text. `NATIVEJWT_UPDATE=1 cargo test` writes it.
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
    fn the_committed_tables_of_reasons_are_up_to_date() {
        let mut page = String::from(
            "# Why a token was rejected\n\nGenerated from `rust/core/src/rejection.rs`; do not edit. The number of a reason never changes, and is never reused.\n\n\
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
