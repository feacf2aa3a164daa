//! What an operator can do about a refusal.

use nativejwt_core::RejectCode;

/// One sentence of advice for each reason.
pub(crate) fn hint(code: RejectCode) -> &'static str {
    use RejectCode as C;
    match code {
        C::NoBearerToken => {
            "give the token itself, without the word Bearer; was the variable that should hold it empty?"
        }
        C::SeveralAuthorizationHeaders => "find out which proxy or client adds the second Authorization header",
        C::TokenTooLarge => {
            "have the identity provider leave claims out of the token, group lists before all, or raise max-token-size"
        }
        C::ReservedCredential => "have the client not send this extra credential: the token is passed through as it",
        C::MalformedToken => {
            "this is no JWT: opaque access tokens, cut-off copies and a leading 'Bearer' look like this"
        }
        C::EncryptedToken => "have the identity provider sign the access token without encrypting it",
        C::MalformedBase64 => {
            "the copy is damaged: look for line breaks, quotes, an ellipsis or a leading 'Bearer' in it"
        }
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
        _ => "look up the reason in REJECTS.md",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_advice_of_its_own() {
        for code in RejectCode::ALL {
            assert!(!hint(*code).contains("REJECTS.md"), "{code} has no advice");
        }
    }
}
