// SPDX-License-Identifier: Apache-2.0
//! Hints about a rejected token: what is wrong, and what to change. They are derived from the token, the configuration and
//! the keys, with one file for each kind of rejection.
//!
//! Nothing that is read from the token here is verified. Claims are shown cut and escaped ([`quoted`]). The token, its
//! signature and secrets are never shown.

mod audience;
mod claim;
mod form;
mod groups;
mod header;
mod issuer;
mod keys;
mod mapping;
mod principal;
mod required;
mod revocation;
mod secret;
mod seen;
mod service;
mod signature;
mod signature_forms;
#[cfg(test)]
mod tests;
mod times;

use std::collections::BTreeSet;

use nativejwt_core::{
    Authenticator, IssuerRules, Reason, Rejection, RevocationEntry, SignatureVerifier, UnixMillis, is_unprintable,
    quoted,
};

use keys::Keys;
pub(crate) use mapping::no_match;
use seen::Seen;

/// What hints are derived from.
pub(crate) struct Case<'t> {
    /// The bytes as they were given.
    token: &'t [u8],
    seen: Seen<'t>,
    now: UnixMillis,
    /// The rules that apply to the token; none without a configuration, or if no issuer of it is the token's.
    rules: Option<IssuerRules>,
    /// `required-issuer` of each issuer.
    issuers: BTreeSet<String>,
    /// The line of `revocation-file` that revokes the token, and its entry.
    revoked_by: Option<(usize, RevocationEntry<'static>)>,
    keys: Keys,
}

impl<'t> Case<'t> {
    /// A token, without a configuration.
    pub(crate) fn from_token(token: &'t [u8], now: UnixMillis) -> Self {
        Self {
            token,
            seen: Seen::from_token(token),
            now,
            rules: None,
            issuers: BTreeSet::new(),
            revoked_by: None,
            keys: Keys::default(),
        }
    }

    /// A token that is authenticated with a configuration.
    pub(crate) fn from_configuration(token: &'t [u8], now: UnixMillis, authenticator: &Authenticator) -> Self {
        let mut case = Self::from_token(token, now);
        case.issuers = authenticator.issuers().iter().filter_map(|issuer| issuer.rules().required_issuer).collect();
        case.revoked_by = authenticator.revoked_by(token, now);
        if let Some(issuer) = authenticator.issuer_of(token) {
            let rules = issuer.rules();
            case.keys = Keys::collect(&case.seen, &rules.key_file, |show| issuer.for_each_key(show));
            case.keys.unused = issuer.unused_keys();
            case.keys.missing = issuer.missing_keys();
            case.rules = Some(rules);
        }
        case
    }

    /// A token whose signature is verified with the keys of a file.
    pub(crate) fn from_keys(token: &'t [u8], now: UnixMillis, key_file: &str, verifier: &SignatureVerifier) -> Self {
        let mut case = Self::from_token(token, now);
        case.keys = Keys::collect(&case.seen, key_file, |show| verifier.for_each_key(show));
        case.keys.unused = verifier.unused_keys();
        case
    }

    /// One to three sentences: what is wrong, and what to change.
    pub(crate) fn hint(&self, reject: &Rejection) -> String {
        let required = (reject.code() == Reason::RequiredClaim).then(|| required::claim(self, reject.message()));
        required.flatten().unwrap_or_else(|| self.advice_for(reject.code()))
    }

    fn advice_for(&self, code: Reason) -> String {
        self.advice(code).unwrap_or_else(|| general(code).to_owned())
    }

    /// Warnings about a token that may be accepted.
    pub(crate) fn warnings(&self) -> Vec<String> {
        times::warnings(&self.seen)
    }

    /// For `inspect`: what can be said about the token without a configuration.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let signature = signature::form(&self.seen, &self.keys);
        service::not_for_us(&self.seen).into_iter().chain(signature).chain(self.warnings()).collect()
    }

    /// Why an accepted token has no groups though `groups-field` is set.
    pub(crate) fn why_no_groups(&self) -> Option<String> {
        groups::none(&self.seen, self.rules.as_ref()?.groups_field.as_ref()?)
    }

    fn advice(&self, code: Reason) -> Option<String> {
        use Reason as C;
        match code {
            C::NoBearerToken | C::MalformedToken | C::EncryptedToken | C::MalformedBase64 => form::advice(self),
            C::TokenTooLarge => form::what_is_large(&self.seen),
            C::MalformedHeader
            | C::DuplicateMember
            | C::MissingAlgorithm
            | C::UnsecuredToken
            | C::MissingSignature
            | C::UnsupportedAlgorithm
            | C::CriticalHeader
            | C::CompressedToken
            | C::NestedToken
            | C::UnencodedPayload
            | C::AlgorithmNotAllowed
            | C::WrongTokenType => header::advice(self, code),
            C::KeyIdRequired
            | C::UnknownKeyId
            | C::NoHmacKey
            | C::NoPublicKey
            | C::KeyAlgorithmMismatch
            | C::KeysUnavailable
            | C::UnusableKeyFile => keys::advice(self, code),
            C::SignatureMismatch => signature::advice(self),
            C::MalformedClaims => Some(claim::not_an_object(&self.seen)),
            C::InvalidClaim => claim::wrong_type(&self.seen),
            C::TokenExpired
            | C::TokenNotYetValid
            | C::MissingExpiration
            | C::MissingIssuedAt
            | C::LifetimeTooLong
            | C::LifetimeTooShort
            | C::IssuedInTheFuture
            | C::ExpiresBeforeIssued => times::advice(self, code),
            C::TokenRevoked => revocation::advice(self),
            C::MissingScope => Some(required::scopes(&self.seen)),
            C::MissingIssuer | C::WrongIssuer | C::UnknownIssuer => issuer::advice(self),
            C::MissingAudience | C::WrongAudience => audience::advice(self),
            C::MissingPrincipal | C::PrincipalNotAString | C::PrincipalTooLong | C::PrincipalUnusable => {
                principal::advice(self, code)
            }
            C::GroupsNotText => groups::advice(self),
            C::NoMappingMatches | C::PrincipalNotAllowed | C::MappedUserEmpty | C::MappedUserUnusable => {
                mapping::advice(self, code)
            }
            _ => None,
        }
    }
}

/// The hint for a reason if the token, the configuration and the keys show nothing more specific.
pub(crate) fn general(code: Reason) -> &'static str {
    use Reason as C;
    match code {
        C::NoBearerToken => "the token is empty: check the variable or file that should contain it",
        C::SeveralAuthorizationHeaders => "find out which proxy or client adds the second Authorization header",
        C::TokenTooLarge => {
            "have the identity provider leave out claims, lists of groups first, or raise max-token-size"
        }
        C::ReservedCredential => "configure the client not to send this extra credential: it is reserved for the token",
        C::MalformedToken => "this is not a JWT, which has three parts separated by two dots",
        C::EncryptedToken => "have the identity provider sign the access token without encrypting it",
        C::MalformedBase64 => "the copy is damaged: copy the token again from its source",
        C::MalformedHeader | C::MalformedClaims | C::InvalidClaim => {
            "inspect the token with 'nativejwt inspect', and correct the software that issued it"
        }
        C::DuplicateMember => {
            "the issuer writes a JSON member twice, so that programs can read different values: correct the issuer"
        }
        C::MissingAlgorithm | C::UnsecuredToken | C::MissingSignature => {
            "the issuer does not sign its tokens, or the signature was removed: never accept such tokens"
        }
        C::UnsupportedAlgorithm => {
            "have the issuer sign with RS256, ES256 or another algorithm of RFC 7518, or with EdDSA"
        }
        C::AlgorithmNotAllowed => "have the issuer sign with one of allowed-algorithms, or add this algorithm there",
        C::WrongTokenType => {
            "send a token of the type in required-token-type: an access token, for example, instead of an ID token or a refresh token"
        }
        C::CriticalHeader | C::CompressedToken | C::NestedToken | C::UnencodedPayload => {
            "configure the issuer to issue a plain JWT without this extension"
        }
        C::KeyIdRequired => {
            "have the issuer put a kid into the header ('nativejwt issue --kid'): without it, no key or more than one key of the set fits"
        }
        C::UnknownKeyId => {
            "compare the kid with the keys of key-file: the key may have been rotated, or another issuer may have issued the token"
        }
        C::NoHmacKey => {
            "key-file is a public key, but the token is signed with a shared secret: correct key-file or the issuer"
        }
        C::NoPublicKey => {
            "key-file is a shared secret, but the token is signed with a private key: correct key-file or the issuer"
        }
        C::KeyAlgorithmMismatch => {
            "key-file is the key of another issuer, or its JWK allows another algorithm or use only"
        }
        C::KeysUnavailable => {
            "fetch the URL of key-file by hand from this machine, and check the network, the proxy and the trusted certificates"
        }
        C::UnusableKeyFile => "correct the file of this kid: 'nativejwt check-config' shows what is wrong with it",
        C::SignatureMismatch => {
            "the token was signed with another key, or changed after it was signed: compare key-file with the issuer's current key"
        }
        C::TokenExpired => "get a new token; if this one is new, compare the clocks of this machine and of the issuer",
        C::TokenNotYetValid => "compare the clocks of this machine and of the issuer",
        C::MissingIssuer | C::WrongIssuer => {
            "compare required-issuer with iss in 'nativejwt inspect': they must be identical, up to a slash at the end"
        }
        C::UnknownIssuer => {
            "add the file of this issuer to config-files, or compare its required-issuer with iss in 'nativejwt inspect'"
        }
        C::DeniedByRule | C::NoRuleMatches => {
            "compare the claims with the conditions above: have the issuer write the claims that a rule asks for, or correct the file of claim-rules.file ('nativejwt check-rules')"
        }
        C::LogoutToken => "this token reports a logout to the client of its aud: send the user's access token instead",
        C::RuleLimit => "simplify the patterns of the claim rules: avoid (.*a)* and similar repetitions of repetitions",
        C::RuleWithoutUser => {
            "have the issuer write the claim that the rule makes the user of, or add a condition to the rule so that it does not match such tokens"
        }
        C::MissingAudience | C::WrongAudience => {
            "have the issuer put the audience of this coordinator into aud, or correct required-audience"
        }
        C::MissingExpiration | C::MissingIssuedAt | C::LifetimeTooLong => {
            "have the issuer put iat and exp into its tokens, no further apart than max-token-lifetime"
        }
        C::LifetimeTooShort => {
            "get a new token; if a new one is rejected as well, have the issuer give its tokens a longer lifetime than pass-through.minimum-lifetime"
        }
        C::GroupsNotText => {
            "set groups-field to a claim with the names of the groups: 'nativejwt inspect' shows the claims"
        }
        C::IssuedInTheFuture => "compare the clocks of this machine and of the issuer, or set clock-skew",
        C::ExpiresBeforeIssued => "exp is before iat: correct the issuer",
        C::PrincipalUnusable => {
            "have the issuer write the name without control characters and without blanks at its ends, or set principal-field to another claim"
        }
        C::MissingPrincipal | C::PrincipalNotAString | C::PrincipalTooLong => {
            "set principal-field to a claim with the user's name: 'nativejwt inspect' shows the claims"
        }
        C::TokenRevoked => "get a new token; if it is revoked as well, ask the operator who keeps revocation-file",
        C::MissingScope => {
            "have the client ask for the scopes of required-scopes, and the issuer grant them; 'nativejwt inspect' shows what a token has"
        }
        C::RequiredClaim => {
            "compare the claim with required-claims in the configuration: 'nativejwt inspect' shows what a token says"
        }
        C::NoMappingMatches => {
            "try the rules with this principal in 'nativejwt map-user', and add a rule if the user should have access"
        }
        C::PrincipalNotAllowed => {
            "a rule with \"allow\": false rejects this principal; the first rule that matches decides"
        }
        C::MappedUserEmpty | C::MappedUserUnusable => {
            "correct the rule's user: 'nativejwt map-user' shows its result for the principal"
        }
        C::UserWithHyphen => {
            "map the user to a name without a hyphen, or set pass-through.allow-user-with-hyphen=true if every catalog has session-timeout=0s"
        }
        C::MappingLimit => "rewrite the pattern so that it backtracks less, and avoid nested repetitions such as (a+)+",
        C::StorageDenied => {
            "compare the role's trust policy at the security token service with iss, aud (or azp) and the claims in 'nativejwt inspect'"
        }
        C::StorageUnavailable => {
            "try again; if it goes on, look for the security token service of storage.sts-endpoint in the coordinator's log"
        }
        C::InternalError => "report this with the version and what you did before it, without the token",
        _ => "look up the reason in docs/reasons.md",
    }
}

/// A text from outside in quotation marks.
fn shown(text: &str) -> String {
    format!("'{}'", quoted(text))
}

/// A text to copy into a configuration: on one line, and longer than [`quoted`] would leave it.
fn whole(text: &str) -> String {
    const MAX_CHARACTERS: usize = 400;
    let mut whole = String::new();
    for character in text.chars().take(MAX_CHARACTERS) {
        if is_unprintable(character) {
            whole.extend(character.escape_unicode());
        } else {
            whole.push(character);
        }
    }
    whole
}

/// A list for a sentence, cut after ten items.
fn listed(items: impl IntoIterator<Item = String>) -> String {
    const SHOWN: usize = 10;
    let mut items = items.into_iter();
    let mut list = items.by_ref().take(SHOWN).collect::<Vec<_>>().join(", ");
    match items.count() {
        0 => {}
        more => list.push_str(&format!(" and {more} more")),
    }
    list
}
