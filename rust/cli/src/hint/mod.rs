//! What an operator can do about a refusal: advice made from what is in the token, in the configuration and in the keys.
//!
//! One file for each kind of refusal. Nothing that is read of the token here was verified. Claims are shown, cut and escaped
//! ([`quoted`]); the token, its signature and secrets never are.

mod audience;
mod claim;
mod form;
mod groups;
mod header;
mod issuer;
mod keys;
mod mapping;
mod principal;
mod secret;
mod seen;
mod service;
mod signature;
#[cfg(test)]
mod tests;
mod times;

use std::collections::BTreeSet;

use nativejwt_core::{
    Authenticator, IssuerRules, Reason, Rejection, SignatureVerifier, UnixMillis, is_unprintable, quoted,
};

use keys::Keys;
pub(crate) use mapping::no_match;
use seen::Seen;

/// What advice is made from.
pub(crate) struct Case<'t> {
    /// As it was given.
    token: &'t [u8],
    seen: Seen<'t>,
    now: UnixMillis,
    /// The rules that judge the token; none where a call knows no configuration, or no issuer of it is the token's.
    rules: Option<IssuerRules>,
    /// `required-issuer` of every issuer.
    issuers: BTreeSet<String>,
    keys: Keys,
}

impl<'t> Case<'t> {
    /// A token alone.
    pub(crate) fn of_token(token: &'t [u8], now: UnixMillis) -> Self {
        let (rules, issuers, keys) = (None, BTreeSet::new(), Keys::default());
        Self { token, seen: Seen::of(token), now, rules, issuers, keys }
    }

    /// A token that a configuration judges.
    pub(crate) fn of_configuration(token: &'t [u8], now: UnixMillis, authenticator: &Authenticator) -> Self {
        let mut case = Self::of_token(token, now);
        case.issuers = authenticator.issuers().iter().filter_map(|issuer| issuer.rules().required_issuer).collect();
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
    pub(crate) fn of_keys(token: &'t [u8], now: UnixMillis, key_file: &str, verifier: &SignatureVerifier) -> Self {
        let mut case = Self::of_token(token, now);
        case.keys = Keys::collect(&case.seen, key_file, |show| verifier.for_each_key(show));
        case.keys.unused = verifier.unused_keys();
        case
    }

    /// One to three sentences: what is there, and the way out.
    pub(crate) fn hint(&self, reject: &Rejection) -> String {
        self.advice_for(reject.code())
    }

    fn advice_for(&self, code: Reason) -> String {
        self.advice(code).unwrap_or_else(|| general(code).to_owned())
    }

    /// What is remarkable about a token that may well be accepted.
    pub(crate) fn warnings(&self) -> Vec<String> {
        times::warnings(&self.seen)
    }

    /// For `inspect`: what one sees in the token without a configuration.
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
            C::InvalidClaim => claim::of_wrong_type(&self.seen),
            C::TokenExpired
            | C::TokenNotYetValid
            | C::MissingExpiration
            | C::MissingIssuedAt
            | C::LifetimeTooLong
            | C::LifetimeTooShort
            | C::IssuedInTheFuture
            | C::ExpiresBeforeIssued => times::advice(self, code),
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

/// Advice for a reason where nothing more is seen.
pub(crate) fn general(code: Reason) -> &'static str {
    use Reason as C;
    match code {
        C::NoBearerToken => "the token is empty: was the variable or file that should hold it empty?",
        C::SeveralAuthorizationHeaders => "find out which proxy or client adds the second Authorization header",
        C::TokenTooLarge => {
            "have the identity provider leave claims out of the token, group lists before all, or raise max-token-size"
        }
        C::ReservedCredential => "have the client not send this extra credential: the token is passed through as it",
        C::MalformedToken => "this is no JWT, which has three parts with two dots between them",
        C::EncryptedToken => "have the identity provider sign the access token without encrypting it",
        C::MalformedBase64 => "the copy is damaged: take the token once more from where it was issued",
        C::MalformedHeader | C::MalformedClaims | C::InvalidClaim => {
            "look at the token with 'nativejwt inspect', and at the software that issued it"
        }
        C::DuplicateMember => {
            "the issuer writes a member twice, so that its meaning depends on the reader: correct the issuer"
        }
        C::MissingAlgorithm | C::UnsecuredToken | C::MissingSignature => {
            "the issuer does not sign its tokens, or somebody took the signature off: never accept them"
        }
        C::UnsupportedAlgorithm => {
            "have the issuer sign with RS256, ES256 or another algorithm of RFC 7518, or with EdDSA"
        }
        C::AlgorithmNotAllowed => "have the issuer sign with one of allowed-algorithms, or add this one there",
        C::WrongTokenType => {
            "send the kind of token that required-token-type names; an ID token or a refresh token is no access token"
        }
        C::CriticalHeader | C::CompressedToken | C::NestedToken | C::UnencodedPayload => {
            "configure the issuer to issue a plain JWT without this extension"
        }
        C::KeyIdRequired => {
            "have the issuer put a kid into the header ('nativejwt issue --kid'): more than one key of the set fits, or none"
        }
        C::UnknownKeyId => {
            "compare the kid with what key-file offers: was the key rotated, or the token issued by another issuer?"
        }
        C::NoHmacKey => {
            "key-file is a public key, but the token is signed with a shared secret: one of them is the wrong one"
        }
        C::NoPublicKey => {
            "key-file is a shared secret, but the token is signed with a private key: one of them is the wrong one"
        }
        C::KeyAlgorithmMismatch => "key-file is another issuer's key, or its JWK is bound to another algorithm or use",
        C::KeysUnavailable => "fetch the URL of key-file by hand from this machine: network, proxy, TLS trust?",
        C::UnusableKeyFile => "correct the file of this kid; 'nativejwt check-config' says more",
        C::SignatureMismatch => {
            "the token was signed with another key or changed on its way: compare key-file with the issuer's present key"
        }
        C::TokenExpired => "get a new token; if it is new, compare the clocks of this machine and of the issuer",
        C::TokenNotYetValid => "compare the clocks of this machine and of the issuer",
        C::MissingIssuer | C::WrongIssuer => {
            "compare required-issuer with iss in 'nativejwt inspect', to the last slash"
        }
        C::UnknownIssuer => {
            "add the file of this issuer to config-files, or compare its required-issuer with iss in 'nativejwt inspect'"
        }
        C::MissingAudience | C::WrongAudience => {
            "have the issuer put the audience of this coordinator into the token, or correct required-audience"
        }
        C::MissingExpiration | C::MissingIssuedAt | C::LifetimeTooLong => {
            "have the issuer put iat and exp into its tokens, no further apart than max-token-lifetime"
        }
        C::LifetimeTooShort => {
            "get a new token; if a new one is refused too, have the issuer let its tokens live longer than pass-through.minimum-lifetime"
        }
        C::GroupsNotText => "set groups-field to a claim that holds names: 'nativejwt inspect' shows what there is",
        C::IssuedInTheFuture => "compare the clocks of this machine and of the issuer, or set clock-skew",
        C::ExpiresBeforeIssued => "the issuer writes an exp that lies before iat: correct the issuer",
        C::PrincipalUnusable => {
            "have the issuer write the name without control characters and without blanks at its ends, or set principal-field to another claim"
        }
        C::MissingPrincipal | C::PrincipalNotAString | C::PrincipalTooLong => {
            "set principal-field to a claim that holds the user's name: 'nativejwt inspect' shows what there is"
        }
        C::NoMappingMatches => {
            "try the rules on this principal with 'nativejwt map-user'; add a rule if the user should be let in"
        }
        C::PrincipalNotAllowed => "a rule with \"allow\": false keeps this principal out; rules are tried in order",
        C::MappedUserEmpty | C::MappedUserUnusable => {
            "correct the rule's user: 'nativejwt map-user' shows what it makes of the principal"
        }
        C::UserWithHyphen => {
            "map the user to a name without a hyphen, or set pass-through.allow-user-with-hyphen where every catalog has session-timeout=0s"
        }
        C::MappingLimit => "rewrite the pattern so that it backtracks less: avoid nested repetitions such as (a+)+",
        C::InternalError => "report this with the version and what led to it, without the token",
        _ => "look up the reason in docs/reasons.md",
    }
}

/// A text from outside in quotation marks.
fn shown(text: &str) -> String {
    format!("'{}'", quoted(text))
}

/// A text that is to be copied into a configuration: on one line, and not cut as [`quoted`] would.
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

/// A list for a sentence, cut after ten.
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
