// SPDX-License-Identifier: Apache-2.0
//! Keys: where they come from, and which of them may verify a token.

pub(crate) mod curve;
pub(crate) mod error;
pub(crate) mod file;
mod forms;
mod hmac_file;
mod jwk;
mod jwk_set;
pub(crate) mod offered;
mod pem;
mod public;
mod remote;
pub(crate) mod verifying_key;

use std::sync::Arc;

use crate::clock::Moment;
use crate::epoch::Epoch;
use crate::events::Events;
use crate::keys::error::KeyError;
use crate::keys::offered::{OfferedKey, UnusedKey};
use crate::keys::verifying_key::VerifyingKey;
use crate::rejection::Rejection;
use crate::token::protected_header::ProtectedHeader;
use crate::watched_file::Reloadable;
pub(crate) use file::KeyFileTemplate;
pub use file::key_text;
use file::{LoadError, LocalKeys};
pub use forms::reject_as_secret;
pub use hmac_file::hmac_secret;
use jwk::Origin;
pub use pem::pem_sections;
pub use public::{PublicKey, PublicKeys, public_keys};
pub(crate) use remote::history::KeyChange;
pub(crate) use remote::refresh::Refresher;
pub(crate) use remote::schedule::Timing;
pub(crate) use remote::{Location, RemoteKeySet, RemoteSettings};

/// What the value of `key-file` refers to. This is the only place that decides whether keys are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFileKind {
    /// The URL of a JWK Set, or `oidc:` and an issuer. URL schemes and `oidc:` may be in upper case.
    Remote,
    /// A JWK or JWK Set in the configuration itself, after `inline:`.
    Inline,
    /// A path with `${KID}` or `$KEYID`.
    Template,
    /// One file.
    File,
}

impl KeyFileKind {
    /// The kind of a value. It does not depend on the file system.
    #[must_use]
    pub fn from_value(key_file: &str) -> Self {
        match key_file {
            _ if Location::is_remote(key_file) => Self::Remote,
            _ if key_file.starts_with(KeySource::INLINE) => Self::Inline,
            _ if KeyFileTemplate::is_template(key_file) => Self::Template,
            _ => Self::File,
        }
    }
}

/// The source of keys, as `key-file` names it.
pub(crate) enum KeySource {
    /// A file, or text in the configuration itself.
    Local(Reloadable<LocalKeys>),
    /// A file for each key ID.
    Template(KeyFileTemplate),
    /// A remote JWK Set; a [`Refresher`] fetches it.
    Remote(Arc<RemoteKeySet>),
}

/// How long the key that verified a token remains valid for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyLife {
    /// Until it is replaced or removed, which bumps the epoch.
    UntilChanged,
    /// Until this moment at the latest.
    Until(Moment),
    /// The key was read for this token only, and its file is not polled.
    Unwatched,
}

impl KeySource {
    /// The prefix of a JWK Set in the configuration.
    const INLINE: &'static str = "inline:";

    /// Opens the source that `key-file` names: a remote JWK Set (`remote` makes its settings), a JWK Set in the text
    /// itself, a path with `${KID}` or `$KEYID`, or one file with a PEM or HMAC key, a JWK or a JWK Set. Warnings go to
    /// `events`.
    pub(crate) fn open(
        key_file: &str,
        remote: impl FnOnce(Location) -> RemoteSettings,
        events: &Arc<Events>,
    ) -> Result<Self, KeyError> {
        match KeyFileKind::from_value(key_file) {
            KeyFileKind::Remote => {
                let location =
                    Location::parse(key_file).map_err(|KeyError(why)| KeyError(format!("is not valid: {why}")))?;
                Ok(Self::Remote(RemoteKeySet::open(remote(location), events)))
            }
            KeyFileKind::Inline => Self::open_inline(key_file.strip_prefix(Self::INLINE).unwrap_or_default(), events),
            KeyFileKind::Template | KeyFileKind::File => match KeyFileTemplate::new(key_file, events) {
                Some(template) => Ok(Self::Template(template)),
                None => Self::open_file(key_file, events)
                    .map_err(|error| KeyError(format!("names '{}', which {error}", Self::shown(key_file)))),
            },
        }
    }

    /// The value of `key-file` without secrets: without user, password and query of an address of any scheme, and
    /// without the text after `inline:`.
    pub(crate) fn shown(key_file: &str) -> String {
        if key_file.starts_with(Self::INLINE) {
            return "the configuration itself (inline:)".to_owned();
        }
        match Location::parse(key_file) {
            Ok(location) => location.to_string(),
            Err(_) => match key_file.split_once("://") {
                Some((scheme, rest)) => {
                    let address = rest.split(['?', '#']).next().unwrap_or_default();
                    format!("{scheme}://{}", address.rsplit_once('@').map_or(address, |(_, host)| host))
                }
                None => key_file.to_owned(),
            },
        }
    }

    /// Reads one file, even if its path looks like another kind of source.
    pub(crate) fn open_file(path: &str, events: &Events) -> Result<Self, LoadError> {
        file::open(path, events).map(Self::Local)
    }

    fn open_inline(document: &str, events: &Events) -> Result<Self, KeyError> {
        if !jwk::is_json(document) {
            return Err(KeyError(format!("must contain a JWK or a JWK Set after {}", Self::INLINE)));
        }
        LocalKeys::read(document.as_bytes(), Origin::Configuration, "the inline JWK Set", events)
            .map(|keys| Self::Local(Reloadable::fixed(keys)))
            .map_err(|why| KeyError(format!("contains a JWK Set that cannot be used: {why}")))
    }

    /// Passes each key that may verify tokens now to `show`.
    pub(crate) fn for_each_key(&self, show: &mut dyn FnMut(OfferedKey<'_>)) {
        match self {
            Self::Local(keys) => keys.load().for_each_key(show),
            Self::Template(template) => template.for_each_key(show),
            Self::Remote(key_set) => key_set.for_each_key(show),
        }
    }

    /// The first unused keys of a set.
    pub(crate) fn unused_keys(&self) -> Vec<UnusedKey> {
        match self {
            Self::Local(keys) => keys.load().unused().to_vec(),
            Self::Template(_) => Vec::new(),
            Self::Remote(key_set) => key_set.unused_keys(),
        }
    }

    /// The JWK Set that a [`Refresher`] must fetch, if the source is remote.
    pub(crate) fn remote(&self) -> Option<&Arc<RemoteKeySet>> {
        match self {
            Self::Remote(key_set) => Some(key_set),
            Self::Local(_) | Self::Template(_) => None,
        }
    }

    /// True if the source has files to poll.
    pub(crate) fn has_files(&self) -> bool {
        match self {
            Self::Local(keys) => keys.has_file(),
            Self::Template(_) => true,
            Self::Remote(_) => false,
        }
    }

    /// Polls the files and applies their changes.
    pub(crate) fn poll(&self, events: &Events, epoch: &Epoch) {
        match self {
            Self::Local(keys) => file::poll(keys, events, epoch),
            Self::Template(template) => template.poll(events, epoch),
            Self::Remote(_) => {}
        }
    }

    /// Calls `verify` with each key that may have signed a token with this header, until one succeeds.
    pub(crate) fn verify_with<T>(
        &self,
        header: &ProtectedHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Rejection>,
    ) -> Result<(T, KeyLife), Rejection> {
        match self {
            Self::Local(keys) => Ok((keys.load().verify_with(header, verify)?, KeyLife::UntilChanged)),
            Self::Remote(key_set) => {
                key_set.verify_with(header, verify).map(|(verified, end)| (verified, KeyLife::Until(end)))
            }
            Self::Template(template) => {
                let (key, life) = template.key(header.key_id.as_deref())?;
                Ok((verify(&key)?, life))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::algorithm::Algorithm;
    use crate::rejection::Reason;

    const OCT: &str =
        r#""kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow""#;
    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn open(name: &str, text: &str) -> (Result<KeySource, String>, Vec<String>) {
        let path = std::env::temp_dir().join(format!("nativejwt-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        let events = Arc::new(Events::default());
        let source = KeySource::open(path.to_str().unwrap(), RemoteSettings::new, &events).map_err(|error| error.0);
        fs::remove_file(path).unwrap();
        (source, std::iter::from_fn(|| events.pop()).map(|event| event.text).collect())
    }

    fn serve(source: &KeySource, algorithm: Algorithm, key_id: Option<&str>) -> Result<String, Reason> {
        let header = ProtectedHeader::of(algorithm, key_id);
        source.verify_with(&header, |key| Ok(key.describe())).map(|(key, _)| key).map_err(|rejection| rejection.code())
    }

    #[test]
    fn a_local_file_may_contain_a_jwk_set_with_secrets() {
        let (source, logged) = open(
            "set",
            &format!(r#"{{"keys":[{{"kid":"a",{OCT}}},{{"kid":"b",{ED25519}}},{{"kid":"c",{ED25519},"d":"AA"}}]}}"#),
        );
        let source = source.unwrap();
        assert_eq!(serve(&source, Algorithm::Hs256, Some("a")), Ok("HMAC".to_owned()));
        assert_eq!(serve(&source, Algorithm::EdDsa, Some("b")), Ok("Ed25519".to_owned()));
        assert_eq!(serve(&source, Algorithm::EdDsa, Some("c")), Err(Reason::UnknownKeyId));
        assert_eq!(serve(&source, Algorithm::EdDsa, None), Ok("Ed25519".to_owned()));
        assert_eq!(serve(&source, Algorithm::Es256, None), Err(Reason::KeyIdRequired));
        assert!(logged[0].contains("the key 'c' is not used: it contains the private key (member 'd')"), "{logged:?}");
    }

    #[test]
    fn one_jwk_serves_every_token_as_a_pem_file_does() {
        let (source, _) = open("jwk", &format!("\n {{{ED25519},\"kid\":\"a\"}}"));
        assert_eq!(serve(&source.unwrap(), Algorithm::EdDsa, None), Ok("Ed25519".to_owned()));
    }

    /// CVE-2024-33663 and similar ones: a key's text never becomes a secret.
    #[test]
    fn no_json_becomes_an_hmac_secret() {
        for (name, text, why) in [
            ("empty-set", r#"{"keys":[]}"#, "cannot be used: the JWK Set is empty"),
            (
                "no-keys",
                r#"{"keys":1}"#,
                "cannot be used: the document is a JSON object whose 'keys' is a number where a list is",
            ),
            ("private", r#"{"kty":"RSA","d":"AA"}"#, "cannot be used: it contains the private key (member 'd')"),
            ("not-a-key", "{}", "the document is an empty JSON object instead of a JWK or a JWK Set (RFC 7517)"),
            (
                "discovery",
                r#"{"jwks_uri":"https://a/"}"#,
                "is a discovery document (OpenID Connect) instead of a JWK or",
            ),
            (
                "certificates",
                r#"{"a":"-----BEGIN CERTIFICATE-----"}"#,
                "cannot be used: the document is a map of certificates",
            ),
            (
                "nested",
                r#"{"jwks":{"keys":[]}}"#,
                "cannot be used: the document is an object with the JWK Set in a member",
            ),
            ("array", "[]", "cannot be used: the document is an empty JSON list"),
            ("bom", "\u{feff}{}", "cannot be used: the document is an empty JSON object"),
            ("broken", "{", "cannot be used: the document is JSON that is cut off"),
            (
                "useless-set",
                r#"{"keys":[{"kid":"a","kty":"RSA"},{"kid":"b","use":"enc","kty":"EC"},{}]}"#,
                "none of the 3 keys of the JWK Set can be used: the key 'a' is not used: it has no n; the key 'b' is not used: its use is 'enc', not 'sig'; key number 3 of the set, without kid, is not used: it has no kty",
            ),
        ] {
            let (source, _) = open(name, text);
            let error = source.err().expect(name);
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn errors_do_not_show_the_credentials_of_an_address() {
        for key_file in [
            "htps://svc:s3cret@idp.example/jwks?token=s3cret",
            "file://svc:s3cret@idp.example/jwks",
            "https://svc:s3cret@idp.example:s3cret/jwks",
            "oidc:https://svc:s3cret@idp.example/",
            "oidc:https://idp.example/?s3cret",
            "oidc:svc:s3cret@idp.example",
        ] {
            let error = KeySource::open(key_file, RemoteSettings::new, &Arc::default()).err().unwrap().0;
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_shown_source_contains_no_secret() {
        for (key_file, expected) in [
            ("https://svc:s3cret@idp.example/jwks?token=s3cret#s3cret", "https://idp.example/jwks"),
            ("HTTP://svc:s3cret@idp.example:81/", "http://idp.example:81/"),
            ("oidc:https://idp.example/t", "oidc:https://idp.example/t"),
            ("oidc:https://svc:s3cret@idp.example/t", "oidc:https://idp.example/t"),
            ("htps://svc:s3@cret@idp.example/jwks?s3cret", "htps://idp.example/jwks"),
            (r#"inline:{"k":"s3cret"}"#, "the configuration itself (inline:)"),
            ("etc/keys/${KID}.pem", "etc/keys/${KID}.pem"),
            ("/etc/trino/a@b?c.pem", "/etc/trino/a@b?c.pem"),
        ] {
            assert_eq!(KeySource::shown(key_file), expected);
        }
        let error = |key_file: &str| KeySource::open(key_file, RemoteSettings::new, &Arc::default()).err().unwrap().0;
        for key_file in [
            "htps://svc:s3cret@idp.example/jwks",
            "https://svc:s3cret@idp.example:x/",
            "oidc:https://svc:s3cret@idp.example",
            "inline:s3cret",
        ] {
            assert!(!error(key_file).contains("s3cret"), "{}", error(key_file));
        }
    }

    #[test]
    fn urls_and_paths_are_distinguished() {
        let remote = |key_file: &str| {
            KeySource::open(key_file, RemoteSettings::new, &Arc::default()).map(|source| source.remote().is_some())
        };
        assert!(remote("https://idp.example/${KID}/jwks").unwrap());
        assert!(remote("HTTP://idp.example/jwks").unwrap());
        assert!(remote("OIDC:https://idp.example").unwrap());
        assert!(remote("https://idp.example:x/").unwrap_err().0.starts_with("is not valid: the URL is malformed"));
        assert!(remote("/nowhere/https://idp.example/").is_err());
        assert!(!remote("/nowhere/${KID}.pem").unwrap());
    }
}
