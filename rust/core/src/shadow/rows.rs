// SPDX-License-Identifier: Apache-2.0
//! Why a verdict differs from that of the built-in authenticator.

macro_rules! explanations {
    ($($variant:ident $id:literal $title:literal)*) => {
        /// Why a verdict differs: a row of DIFFERENCES.md, or what no row can say. `id` is the label in the metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Explanation {
            $(#[doc = $title] $variant,)*
        }

        impl Explanation {
            /// Every explanation, the most important ones first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name: the first column of a row of DIFFERENCES.md, or one that is none.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What differs, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

explanations! {
    Unexplained "unexplained" "no row explains it"
    Configured "configured" "a property that the built-in authenticator does not have"
    Boundary "boundary" "the token begins or ends within a second of the request"
    FetchAtStart "fetch-at-start" "the JWK Set has not been fetched yet"
    KeysNewer "keys-newer" "a key that is new in the JWK Set"
    KeysRemoved "keys-removed" "a key that was removed from the JWK Set"
    MaxStale "max-stale" "keys that were fetched too long ago"
    FileReload "file-reload" "a key file or rule file that has changed"
    KeyFileDeleted "key-file-deleted" "a key file of ${KID} that was deleted"
    BadKeyInSet "bad-key-in-set" "a JWK Set with an unusable key or two keys under one kid"
    JwkUse "jwk-use" "a JWK that is not for this use"
    RsaNumbers "rsa-numbers" "an RSA key with an unusable exponent or modulus"
    KeySetLimits "key-set-limits" "too many keys under one kid"
    Ed25519Certificates "ed25519-certificates" "an Ed25519 key or a certificate"
    NoKid "no-kid" "a token without kid, with one key that fits"
    Thumbprint "thumbprint" "a token without kid, with a certificate thumbprint"
    ListsAndPointers "lists-and-pointers" "a list or JSON Pointer in required-audience or principal-field"
    PrivateKey "private-key" "a key file with a private key"
    BareKey "bare-key" "a key without its PEM armour"
    HmacAlphabet "hmac-alphabet" "an HMAC file with other characters than base64"
    PemArmour "pem-armour" "PEM armour that is not exact"
    SizeLimits "size-limits" "a token, principal or user that is too long"
    PrincipalText "principal-text" "a principal with control characters or outer blanks"
    ClaimTypes "claim-types" "a claim or header parameter of a wrong type"
    NbfFraction "nbf-fraction" "nbf with a fraction of a second"
    LogoutToken "logout-token" "a logout token"
    AudNull "aud-null" "aud that contains null"
    TextAfterJson "text-after-json" "text after the JSON of header or payload"
    Base64Strict "base64-strict" "base64url that is not strict"
    ZipHeader "zip-header" "zip in the header"
    CritB64 "crit-b64" "an empty crit, or b64"
    InvalidText "invalid-text" "text that is not valid Unicode"
    MemberNameSpace "member-name-space" "a member name with outer white space"
    JsonLimits "json-limits" "JSON that is too deep, or a number that is too large"
    MappingSteps "mapping-steps" "a user mapping that takes too many steps"
    MappingHalfPair "mapping-half-pair" "a mapped user with half of a surrogate pair"
    HeaderKeys "header-keys" "keys in the token's header, which are ignored"
    LongNumbers "long-numbers" "a long number in a claim that is not read"
    MappingStack "mapping-stack" "a principal that overflows the stack of the built-in matcher"
    HeadersJwe "401-headers-jwe" "two Authorization headers, or an encrypted token"
    Not500 "401-not-500" "status 401 where the built-in authenticator fails with 500"
}

impl Explanation {
    /// True for a row of DIFFERENCES.md.
    #[must_use]
    pub const fn is_row(self) -> bool {
        !matches!(self, Self::Unexplained | Self::Configured | Self::Boundary)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The ids of DIFFERENCES.md, in the order of the page.
    fn ids(page: &str) -> Vec<&str> {
        let rows = page
            .lines()
            .filter(|line| line.starts_with("| ") && !line.starts_with("| id |") && !line.starts_with("| ---"));
        rows.map(|row| row.strip_prefix("| `").and_then(|rest| rest.split_once("` |")).unwrap_or((row, "")).0).collect()
    }

    #[test]
    fn every_row_of_differences_md_has_an_id_of_its_own_and_every_explanation_its_row() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../DIFFERENCES.md");
        let page = std::fs::read_to_string(page).unwrap();
        let ids = ids(&page);
        assert!(ids.len() > 80, "{} rows", ids.len());
        let is_id =
            |id: &str| id.len() <= 24 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert_eq!(ids.iter().filter(|id| !is_id(id)).collect::<Vec<_>>(), Vec::<&&str>::new());
        let unique: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(unique.len(), ids.len(), "two rows have one id");
        for explanation in Explanation::ALL {
            assert_eq!(unique.contains(explanation.id()), explanation.is_row(), "{}", explanation.id());
        }
        let all: BTreeSet<_> = Explanation::ALL.iter().map(|explanation| explanation.id()).collect();
        assert_eq!(all.len(), Explanation::ALL.len());
    }
}
