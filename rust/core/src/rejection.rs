// SPDX-License-Identifier: Apache-2.0
//! Why a token is rejected.
//!
//! A rejection is a value, never an exception. The number of its reason is stable, because operators alert on it. The
//! number of a removed reason is not used again.

use std::borrow::Cow;
use std::fmt;

/// Who can do something about a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// Who sent the token.
    User,
    /// Who runs the coordinator.
    Operator,
    /// Who runs the identity provider.
    Issuer,
}

impl Helper {
    /// The name in the documentation.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Issuer => "issuer",
        }
    }
}

/// The helper of a row of [`reasons`].
macro_rules! helper {
    (user) => {
        Helper::User
    };
    (operator) => {
        Helper::Operator
    };
    (issuer) => {
        Helper::Issuer
    };
}

/// The one table of reasons. It gives the enum, the numbers, the names and the documentation: what a reason means, the
/// messages that the client reads (`…` is what differs), and what each can do.
macro_rules! reasons {
    ($($number:literal $variant:ident $name:literal $meaning:literal sees $($sees:literal)+ $($who:ident $advice:literal)+)*) => {
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

            /// The messages that the client reads. `…` is what differs from case to case; a message that is only that is
            /// text of the configuration.
            #[must_use]
            pub const fn sees(self) -> &'static [&'static str] {
                match self { $(Reason::$variant => &[$($sees),+],)* }
            }

            /// What to do, by whom.
            #[must_use]
            pub const fn advice(self) -> &'static [(Helper, &'static str)] {
                match self { $(Reason::$variant => &[$((helper!($who), $advice)),+],)* }
            }

            /// Those of [`Reason::sees`] that this message fits.
            pub fn fitting(self, message: &str) -> impl Iterator<Item = &'static str> {
                self.sees().iter().copied().filter(move |pattern| fits(message, pattern))
            }
        }
    };
}

/// True if the text is the pattern with something for each `…`.
fn fits(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

reasons! {
    101 NoBearerToken "NO_BEARER_TOKEN" "There is no Authorization header, its scheme is not Bearer, or it contains no token."
        sees "Unauthorized"
        user "Send the token: accessToken (JDBC), --access-token (command line), or the header Authorization: Bearer TOKEN."
        operator "If the client sends it, look at the proxies before the coordinator: they must pass the Authorization header on."
    102 SeveralAuthorizationHeaders "SEVERAL_AUTHORIZATION_HEADERS" "The request has more than one Authorization header."
        sees "Multiple Authorization headers detected, where only a single Authorization header is supported"
        user "Send a token or a password, not both."
        operator "Make sure that no proxy adds an Authorization header of its own."
    103 TokenTooLarge "TOKEN_TOO_LARGE" "The token is longer than max-token-size. It was not decoded."
        sees "Token is … bytes long; the limit is … bytes"
        user "Send the access token alone, not the whole answer of the token endpoint."
        issuer "Put fewer groups and claims into the token."
        operator "If large tokens are right, raise max-token-size."
    104 ReservedCredential "RESERVED_CREDENTIAL" "The client sent an extra credential with the name that pass-through.credential-name reserves for the token."
        sees "The request contains an extra credential that is reserved for the token"
        user "Leave out the extra credential: the coordinator sets it from the token."
        operator "If the client needs this credential for something else, choose another pass-through.credential-name."

    201 MalformedToken "MALFORMED_TOKEN" "The token is not three base64url parts with two dots between them (RFC 7515, section 7.1)."
        sees "Invalid compact JWT string: Compact JWSs must contain exactly 2 period characters, and compact JWEs must contain exactly 4.  Found: …"
        user "Send a JWT: three parts with two dots between them. nativejwt inspect shows what the text is. An opaque access token, an API key or a password is not a JWT."
        issuer "Issue access tokens as JWTs for this client (often by an audience or a resource server of its own)."
    202 EncryptedToken "ENCRYPTED_TOKEN" "The token has five parts: it is a JWE, which is never decrypted."
        sees "The token is encrypted (JWE, five parts); only signed tokens (JWS, three parts) are accepted"
        issuer "Turn the encryption of access tokens off for this client, and leave them signed."
    203 MalformedBase64 "MALFORMED_BASE64" "A part is not strict base64url: it has padding, white space, a foreign character or stray bits (RFC 7515, section 2)."
        sees "Invalid Base64Url …: …"
        user "Copy the token again, whole and without line breaks, blanks, quotes and a final =. A file may end with a line end, which a header cannot contain."
        operator "If each token of an issuer has this, its encoder is not that of RFC 7515: tell the issuer."
    204 MalformedHeader "MALFORMED_HEADER" "The protected header is not one JSON object with members of the right types."
        sees "Malformed protected header JSON: …" "Invalid protected header: … must be …, but is …"
        user "Check with nativejwt inspect that the text is a JWT."
        issuer "Correct the member of the protected header that the message names."
    205 DuplicateMember "DUPLICATE_MEMBER" "A JSON object of the token contains a duplicate member (RFC 7519, section 4)."
        sees "The protected header contains a duplicate member" "The JWT claims contain a duplicate member"
        issuer "Write each claim once. A mapper that adds a claim which the issuer writes by itself is a frequent cause."
    206 MissingAlgorithm "MISSING_ALGORITHM" "The protected header has no alg (RFC 7515, section 4.1.1)."
        sees "JWS header does not contain a required 'alg' (Algorithm) header parameter"
        user "Check with nativejwt inspect that the text is a JWT."
        issuer "Write alg into the protected header."
    207 UnsecuredToken "UNSECURED_TOKEN" "alg is none, in upper or lower case (RFC 8725, section 3.1)."
        sees "Unsecured JWSs (those with an alg (Algorithm) header value of 'none') are disallowed by default as mandated by https://www.rfc-editor.org/rfc/rfc7518.html#section-3.6"
        issuer "Sign the token."
        operator "If the origin of the token is unknown, treat it as an attempt to get in without a key."
    208 UnsupportedAlgorithm "UNSUPPORTED_ALGORITHM" "alg is not a supported algorithm."
        sees "Unsupported signature algorithm '…'"
        issuer "Sign with one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384 and HS512, in this spelling."
    209 MissingSignature "MISSING_SIGNATURE" "The third part, the signature, is empty."
        sees "The JWS header references signature algorithm '…' but the compact JWE string is missing the required signature."
        user "Copy the token again, with everything after the second dot."
    210 CriticalHeader "CRITICAL_HEADER" "The protected header has crit: it requires an extension, and none is supported (RFC 7515, section 4.1.11)."
        sees "Protected Header 'crit' names an unsupported header name: no extension is supported"
        issuer "Issue tokens for Trino without crit."
    211 CompressedToken "COMPRESSED_TOKEN" "The protected header has zip, which a JWS must not have."
        sees "Protected Header 'zip' (compression) is not supported for a signed token"
        issuer "Issue tokens without compression."
    212 NestedToken "NESTED_TOKEN" "The protected header has cty: the payload is another token, or is not a set of claims."
        sees "Protected Header 'cty' (content type) is not supported: the payload must be a set of claims"
        issuer "Issue the inner token, or leave cty out if the payload is a set of claims."
    213 UnencodedPayload "UNENCODED_PAYLOAD" "The protected header has b64 (RFC 7797), which is not supported."
        sees "Protected Header 'b64' (RFC 7797) is not supported"
        issuer "Issue tokens whose payload is encoded, without b64."

    214 AlgorithmNotAllowed "ALGORITHM_NOT_ALLOWED" "alg is not one of allowed-algorithms (RFC 8725, section 3.1)."
        sees "The algorithm … is not allowed"
        issuer "Sign with one of the algorithms that the operator allows."
        operator "If the issuer changed its algorithm on purpose, add it to allowed-algorithms."
    215 WrongTokenType "WRONG_TOKEN_TYPE" "typ is not required-token-type (RFC 8725, section 3.11)."
        sees "Expected the token's type (typ) to be '…', but it is …"
        user "Send the access token, not the ID token or the refresh token."
        operator "Set required-token-type to the typ of the issuer's access tokens, or remove it: many issuers write JWT or nothing."

    301 KeyIdRequired "KEY_ID_REQUIRED" "The protected header has no kid, which is needed to choose a key."
        sees "Key ID is required"
        issuer "Write the kid of the signing key into the protected header."
        operator "Without kid, the library needs exactly one key that fits: publish or configure one key only."
    302 UnknownKeyId "UNKNOWN_KEY_ID" "No key has the kid of the protected header."
        sees "Unknown signing key ID"
        user "Get a new token: the issuer may have replaced the key since. If the new one is rejected as well, tell the operator which issuer it is from."
        operator "Compare kid with the keys, which nativejwt check-token lists. key-file may name another issuer than that of the token, or its server may not show the new key yet."
        issuer "Publish a new key before tokens are signed with it."
    303 NoHmacKey "NO_HMAC_KEY" "The token is signed with HMAC, but the key is a public key."
        sees "JWT is signed with …, but no HMAC key is configured"
        issuer "Sign with the private key whose public key the coordinator has."
        operator "If the issuer signs with a shared secret, key-file must name a file with it. A token that was signed with the public key as if it were a secret is an attack."
    304 NoPublicKey "NO_PUBLIC_KEY" "The token is signed with a private key, but the key is an HMAC secret."
        sees "JWT is signed with …, but no key is configured"
        operator "key-file names a shared secret, but the issuer signs with a private key: name its public key or its JWK Set."
    305 KeyAlgorithmMismatch "KEY_ALGORITHM_MISMATCH" "The key's type, curve or length does not fit alg, or its JWK restricts it to another use (RFC 7518, section 3.1)."
        sees "JWT is signed with …, which the configured key may not verify: …"
        operator "Check whether key-file names the key of this issuer: its type, curve or length does not fit the algorithm."
        issuer "If the JWK has alg or use, they must fit what the key is used for."
    306 KeysUnavailable "KEYS_UNAVAILABLE" "There are no keys: the JWK Set was not fetched yet, or the last successful fetch is too long ago."
        sees "The signing keys have not been fetched yet; try again shortly" "The signing keys could not be fetched since …" "The signing keys have expired and could not be refreshed; try again shortly"
        user "Try again in a minute. The token is not the cause."
        operator "The log says why the keys cannot be fetched. nativejwt check-config fetches them as the coordinator does."
    307 UnusableKeyFile "UNUSABLE_KEY_FILE" "The key file of this kid exists, but contains no usable key."
        sees "Unknown signing key ID"
        operator "Correct the file of this kid. The log names it and says what is wrong; the client reads only that the key is unknown."
    310 SignatureMismatch "SIGNATURE_MISMATCH" "The key does not verify the signature of this protected header and payload."
        sees "JWT signature does not match locally computed signature. JWT validity cannot be asserted and should not be trusted."
        user "Get a new token, and copy it whole."
        operator "Check whether key-file names the key of this issuer (nativejwt check-token tries the others). For HMAC, the file has the secret in base64. If the keys are right, the token was changed or forged."
        issuer "Two environments with the same kid and different keys are a frequent cause."

    401 MalformedClaims "MALFORMED_CLAIMS" "The payload is not one JSON object."
        sees "The JWT payload is not a JSON object of claims: …"
        issuer "Write the claims as one JSON object in UTF-8."
    402 InvalidClaim "INVALID_CLAIM" "A registered claim has a wrong type or an impossible value."
        sees "Invalid claims: … must be …, but is …" "Invalid claims: …"
        issuer "Correct the claim that the message names: times are numbers of seconds, iss, sub and jti are strings, aud is a string or an array of strings (RFC 7519)."
    403 TokenExpired "TOKEN_EXPIRED" "exp has passed (RFC 7519, section 4.1.4)."
        sees "JWT expired … milliseconds ago at … Current time: … Allowed clock skew: … milliseconds."
        user "Get a new token. A connection keeps its token, so open a new one with it; nativejwt token prints one that is fresh."
        operator "If new tokens expire at once, the clock of the coordinator is ahead (nativejwt check-config --online compares it); for seconds, set clock-skew."
        issuer "If tokens are too short for the jobs, let them live longer for this client."
    404 TokenNotYetValid "TOKEN_NOT_YET_VALID" "nbf is in the future (RFC 7519, section 4.1.5)."
        sees "JWT early by … milliseconds before … Current time: … Allowed clock skew: … milliseconds…"
        user "Try again after the time that the message names."
        operator "If it is seconds, the clock of the coordinator is behind the issuer's: synchronize it (NTP), or set clock-skew."
        issuer "nbf is in seconds, not in milliseconds."
    405 MissingIssuer "MISSING_ISSUER" "required-issuer is set and the token has no iss."
        sees "Missing 'iss' claim. Expected value: …" "Missing 'iss' claim: it is required to select the issuer's configuration"
        issuer "Write iss into the token."
        operator "If the issuer has no iss, remove required-issuer; with config-files, one file may be without required-issuer."
    406 WrongIssuer "WRONG_ISSUER" "iss is not the required issuer."
        sees "Expected iss claim to be: …, but was: …."
        user "Get the token from the issuer that the operator named; test and production differ."
        operator "Copy iss from nativejwt inspect into required-issuer, character by character: a final slash counts."
    407 MissingAudience "MISSING_AUDIENCE" "required-audience is set and the token has no aud."
        sees "Expected aud claim to be: …, but was not present in the JWT claims."
        user "Request the token for Trino: by the scope, audience or resource that the operator named."
        issuer "Add an audience for Trino to the access tokens of this client."
    408 WrongAudience "WRONG_AUDIENCE" "aud does not contain a required audience."
        sees "Invalid Audience: …. Allowed audiences: …"
        user "The token is for another service: request one for Trino, by the scope, audience or resource that the operator named."
        operator "If the audience in the message is that of Trino, add it to required-audience."
        issuer "Add the audience that the coordinator allows to the access tokens of this client."
    409 UnknownIssuer "UNKNOWN_ISSUER" "No file of config-files has iss as its required-issuer, and each of them has one."
        sees "The issuer of the token is not trusted by this coordinator: …"
        user "Get the token from an issuer that this coordinator trusts."
        operator "If the issuer is meant, add a file with its required-issuer to config-files. Compare it character by character."
    410 MissingExpiration "MISSING_EXPIRATION" "require-expiration or max-token-lifetime is set and the token has no exp."
        sees "Missing 'exp' claim: only tokens that expire are accepted"
        issuer "Issue tokens with exp."
    411 MissingIssuedAt "MISSING_ISSUED_AT" "max-token-lifetime is set and the token has no iat."
        sees "Missing 'iat' claim: max-token-lifetime requires it"
        issuer "Issue tokens with iat."
        operator "If the issuer cannot, remove max-token-lifetime and set require-expiration=true."
    412 LifetimeTooLong "LIFETIME_TOO_LONG" "The time from iat to exp is longer than max-token-lifetime."
        sees "The token is valid for … milliseconds (from iat to exp); the limit is …"
        user "Get a token that lives shorter, not an offline or personal token."
        issuer "Shorten the life of the access tokens of this client."
        operator "If longer tokens are acceptable, raise max-token-lifetime."
    413 LifetimeTooShort "LIFETIME_TOO_SHORT" "The token expires before pass-through.minimum-lifetime has passed."
        sees "The token expires in … milliseconds, but must be valid for …: get a new token before you start the statement" "The token expired … milliseconds ago, and the connectors that get it allow no clock skew"
        user "Get a new token for each statement that runs long."
        operator "pass-through.minimum-lifetime must be shorter than the tokens live."
        issuer "Let tokens live longer than the statements."
    414 IssuedInTheFuture "ISSUED_IN_THE_FUTURE" "max-token-lifetime is set and iat is in the future."
        sees "The token was issued (iat) … milliseconds in the future, at …. Current time: …. Allowed clock skew: … milliseconds…"
        operator "The clock of the coordinator is behind the issuer's: synchronize it (NTP), or set clock-skew."
        issuer "iat is in seconds, not in milliseconds."
    415 ExpiresBeforeIssued "EXPIRES_BEFORE_ISSUED" "max-token-lifetime is set and exp is before iat."
        sees "The token expires (exp) at …, before it was issued (iat) at …"
        issuer "Correct exp and iat. Both are in seconds."

    416 MissingScope "MISSING_SCOPE" "scope and scp together lack a scope of required-scopes."
        sees "The token lacks the … '…'"
        user "Request the token with the scopes that the message names (nativejwt login --scope)."
        issuer "Grant these scopes to this client."
        operator "If the issuer writes them into another claim, use required-claims instead of required-scopes."
    417 RequiredClaim "REQUIRED_CLAIM" "A claim of required-claims is absent or has a value that is not listed."
        sees "The claim '…' …"
        user "Ask for the role or membership that the claim stands for, then get a new token."
        operator "Look at the claim with nativejwt inspect; required-claims compares values exactly."

    418 DeniedByRule "DENIED_BY_RULE" "The first claim rule that matches the token has allow=false."
        sees "A claim rule denies this token" "…"
        user "Do what the message says. It is written by your operator."
        operator "nativejwt check-token shows which rule decided, and why."
    419 NoRuleMatches "NO_RULE_MATCHES" "No claim rule matches the token, and otherwise has allow=false."
        sees "No claim rule accepts this token" "…"
        user "Ask for the role that lets people in here, then get a new token."
        operator "nativejwt check-token shows for each rule which condition failed."
    420 RuleLimit "RULE_LIMIT" "The patterns of the claim rules needed more steps than one authentication may take."
        sees "The claim rules take too many steps for this token"
        operator "Simplify the patterns of the claim rules: nested repetitions such as (a+)+ are the usual cause."
    421 RuleWithoutUser "RULE_WITHOUT_USER" "The claim rule that matches the token sets the user, but the claim is absent or gives no valid user."
        sees "A claim rule makes the user of the claim '…', which …"
        issuer "Write the claim that the message names."
        operator "Let the rule require the claim, so that another rule can match, or correct its pattern."
    422 TokenRevoked "TOKEN_REVOKED" "An entry of revocation-file names the token, its sub, sid or iss, or the kid of its protected header, or its session or user has logged out."
        sees "The token was revoked"
        user "Sign in again. If the new token is rejected as well, ask the operator why your access has ended."
        operator "nativejwt check-token names the line of revocation-file. Remove the entry to let the user in again."
    423 LogoutToken "LOGOUT_TOKEN" "The token is a logout token of OpenID Connect, which reports a logout and is not an access token."
        sees "A logout token is not a bearer token"
        user "Send the access token."

    501 MissingPrincipal "MISSING_PRINCIPAL" "The token has no claim that principal-field names."
        sees "Invalid credentials"
        operator "Set principal-field to a claim that all tokens of this issuer have; nativejwt inspect shows them."
        issuer "Write the claim into access tokens, not only into ID tokens."
    502 PrincipalNotAString "PRINCIPAL_NOT_A_STRING" "The claim that principal-field names is not a string."
        sees "Invalid claims: '…' must be a string, but is …" "Invalid claims: '…' is a list of audiences, not a principal"
        operator "Set principal-field to a claim that is a string."
    503 PrincipalTooLong "PRINCIPAL_TOO_LONG" "The principal is longer than 4096 bytes."
        sees "The principal is … bytes long; the limit is 4096"
        operator "Set principal-field to a claim that names the user."

    504 GroupsNotText "GROUPS_NOT_TEXT" "The claim that groups-field names is neither a string nor an array of strings, or contains too many groups."
        sees "Invalid claims: '…' …"
        issuer "Write the groups as an array of strings."
        operator "If the groups are members of an object, name the right claim in groups-field (nested-claim-delimiter)."
    505 PrincipalUnusable "PRINCIPAL_UNUSABLE" "The principal contains a control character, or begins or ends with a blank, so that it could be confused with another user."
        sees "Invalid claims: '…' …, so that it could be confused with another user"
        issuer "Correct the user's name: it has a blank at an end, or an invisible character."

    601 NoMappingMatches "NO_MAPPING_MATCHES" "No rule of the user mapping matches the principal."
        sees "No user mapping patterns match the principal"
        user "Sign in with the account that you use for Trino."
        operator "Try the principal with nativejwt map-user, and add a rule for it if these people may come in."
    602 PrincipalNotAllowed "PRINCIPAL_NOT_ALLOWED" "The rule that matches the principal has allow=false."
        sees "Principal is not allowed"
        user "Ask the operator whether your account may use Trino."
        operator "nativejwt map-user shows the rule with allow=false that matches."
    603 MappedUserEmpty "MAPPED_USER_EMPTY" "The rule that matches maps the principal to an empty user."
        sees "Principal matched, but mapped user is empty"
        operator "Correct the pattern: its first group, or the user of the rule, is empty for this principal. nativejwt map-user shows it."
    604 MappingLimit "MAPPING_LIMIT" "The patterns of the user mapping together needed more steps than one authentication may take."
        sees "The user mapping takes too many steps for this principal"
        operator "Simplify the patterns of the mapping: nested repetitions such as (a+)+ are the usual cause."
    605 MappedUserUnusable "MAPPED_USER_UNUSABLE" "The rule maps the principal to a user that is too long or not valid Unicode text."
        sees "Mapped user is … bytes long; the limit is …" "The mapped user would not be valid Unicode text"
        operator "Correct the rule: nativejwt map-user shows the user that it makes."
    606 UserWithHyphen "USER_WITH_HYPHEN" "Tokens are passed through, and the user contains a hyphen, so that Iceberg could confuse it with another user (pass-through.allow-user-with-hyphen)."
        sees "The user '…' contains a hyphen, which is not allowed while tokens are passed through (it could be confused with another user); the operator must map it to another name, or allow it" "The session's user contains a hyphen, which is not allowed while tokens are passed through (it could be confused with another user)"
        operator "Map such users to names without a hyphen, or set pass-through.allow-user-with-hyphen=true after reading docs/pass-through.md."

    701 StorageDenied "STORAGE_DENIED" "STS refuses the exchange of the token for credentials of the object store (storage.sts-endpoint)."
        sees "The object store does not accept this token: …"
        user "Ask the operator for access to the object store."
        operator "The message has the error code of STS: check the trust policy of the role, the audience, and the clock of STS."
    702 StorageUnavailable "STORAGE_UNAVAILABLE" "STS cannot be reached, and storage.when-unavailable is refuse."
        sees "The credentials for the object store cannot be obtained now: try again in a moment"
        user "Try again in a moment. The token is not the cause."
        operator "The log says why STS cannot be reached."

    999 InternalError "INTERNAL_ERROR" "A defect in this software; the log has details. The token was rejected to be safe."
        sees "Authentication failed because of an internal error"
        user "Tell the operator when it happened."
        operator "The log has the details. Please report them."
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

    const PAGE_BEGINNING: &str = "# Why a token was rejected

Generated from `rust/core/src/rejection.rs`; do not edit. The number of a reason never changes, and is never reused.
[When authentication fails](when-authentication-fails.md) leads from what a client shows to the reason.

| number | name | meaning |
| --- | --- | --- |
";

    const PAGE_MIDDLE: &str = "
## What the user sees, what it means, what to do

The coordinator answers each rejection with status 401 and the message as plain text. The server launcher also sends the
challenge `WWW-Authenticate: Bearer realm=\"Trino\", token_type=\"JWT\"`; if another token can help, it has
`error=\"invalid_token\"` and the reason in words. Clients show the message in their own way:

| client | shows |
| --- | --- |
| JDBC, command line, Spark | `Authentication failed: MESSAGE` |
| Python, SQLAlchemy, dbt | `error 401: b'MESSAGE'` |
| Go | `(401 Unauthorized): \"MESSAGE` |
| Node.js | `Request failed with status code 401`, and MESSAGE in `error.response.data` |

Below, `…` is what differs from case to case. The user sends the token, the operator runs the coordinator, and
the issuer runs the identity provider.
";

    #[test]
    fn every_message_of_the_documentation_is_a_sentence_of_its_own() {
        for code in Reason::ALL {
            for advice in code.advice() {
                assert!(advice.1.ends_with('.'), "{code}: {advice:?}");
            }
            assert!(code.sees().iter().all(|message| !message.contains('`')), "{code}");
        }
    }

    #[test]
    fn a_message_fits_its_pattern_as_a_whole() {
        for (text, pattern, expected) in [
            ("a", "a", true),
            ("ab", "a", false),
            ("a 7 b", "a … b", true),
            ("a 7 c", "a … b", false),
            ("a 1 b 2 c", "a … b … c", true),
            ("a 1 b 2", "a … b … c", false),
            ("anything", "…", true),
            ("x a", "a…", false),
        ] {
            assert_eq!(fits(text, pattern), expected, "{text} {pattern}");
        }
        assert_eq!(Reason::NoBearerToken.fitting("Unauthorized").count(), 1);
        assert_eq!(Reason::NoBearerToken.fitting("Unauthorized!").count(), 0);
    }

    #[test]
    fn the_committed_tables_of_reasons_are_up_to_date() {
        let mut page = PAGE_BEGINNING.to_owned();
        let mut table = String::from("# Made from rust/core/src/rejection.rs; do not edit. Number, name.\n");
        for code in Reason::ALL {
            let anchor = code.name().to_ascii_lowercase();
            page += &format!("| {} | [`{code}`](#{anchor}) | {} |\n", code.number(), code.meaning());
            table += &format!("{}\t{code}\n", code.number());
        }
        page += PAGE_MIDDLE;
        for code in Reason::ALL {
            let sees: Vec<String> = code
                .sees()
                .iter()
                .map(|message| match *message {
                    "…" => "the text of the rule's `message`".to_owned(),
                    message => format!("`{message}`"),
                })
                .collect();
            page += &format!("\n### {code}\n\n- **The user sees:** {}\n", sees.join(", or "));
            page += &format!("- **It means:** {}\n", code.meaning());
            for (who, advice) in code.advice() {
                page += &format!("- **The {} can do:** {advice}\n", who.name());
            }
        }
        assert_fresh("docs/reasons.md", &page);
        assert_fresh("rust/core/generated/reasons.tsv", &table);
    }
}
