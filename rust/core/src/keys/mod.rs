//! Which key may verify this header.

mod certificate_store;
mod fetch;
mod file;
mod hmac_file;
mod jks;
mod jwk;
mod jwks;
mod pem;
mod public;
mod refresh;
mod schedule;
mod transport;
mod trust;

use std::path::Path;
use std::sync::Arc;

use crate::events::{Events, Level};
use crate::reject::Reject;
use crate::signature::{KeyError, VerifyingKey};
use crate::token_header::TokenHeader;
use fetch::Endpoint;
use file::{KeyFileTemplate, LoadError};
pub use hmac_file::hmac_secret;
use jwk::Origin;
use jwks::KeySet;
pub use public::{PublicKey, public_keys};
pub(crate) use refresh::{Refresher, RemoteKeySet};
pub use transport::JvmTrust;
pub(crate) use transport::Transport;

/// Where keys come from, as `key-file` says.
pub(crate) enum KeySource {
    /// One key for every token, whatever its key ID.
    Single(Arc<VerifyingKey>),
    /// A file for each key ID.
    Template(KeyFileTemplate),
    /// A JWK set from a file of this machine.
    Set(KeySet),
    /// The JWK set of a URL; a [`Refresher`] fetches it.
    Remote(Arc<RemoteKeySet>),
}

/// True if `key-file` names keys that are fetched.
pub(crate) fn is_remote(key_file: &str) -> bool {
    Endpoint::is_url(key_file)
}

impl KeySource {
    /// Opens what `key-file` names: the URL of a JWK set, a path with `${KID}` or `$KEYID`, else one file with a PEM or
    /// HMAC key, a JWK or a JWK set. What an operator should know of it goes to `events`.
    pub(crate) fn open(key_file: &str, transport: &Transport, events: &Events) -> Result<Self, KeyError> {
        if Endpoint::is_url(key_file) {
            return refresh::open(key_file, transport.clone(), events).map(Self::Remote);
        }
        if let Some(template) = KeyFileTemplate::new(key_file) {
            return Ok(Self::Template(template));
        }
        Self::open_file(key_file, events).map_err(|error| KeyError(format!("the key file '{key_file}' {error}")))
    }

    /// Reads one file, whatever its name.
    pub(crate) fn open_file(path: &str, events: &Events) -> Result<Self, LoadError> {
        let text = file::read(Path::new(path))?;
        if !jwks::is_set(&text) {
            return file::key(&text).map(Arc::new).map(Self::Single).map_err(LoadError::Unusable);
        }
        let reading = KeySet::read(text.as_bytes(), Origin::LocalFile).map_err(LoadError::Unusable)?;
        for line in reading.skipped.iter().take(jwks::MAX_SKIPPED_LINES) {
            events.push(Level::Warning, format!("{path}: {line}"));
        }
        reading.usable().map(Self::Set).map_err(LoadError::Unusable)
    }

    /// The key set that a [`Refresher`] must fetch, if the source is one.
    pub(crate) fn remote(&self) -> Option<&Arc<RemoteKeySet>> {
        match self {
            Self::Remote(key_set) => Some(key_set),
            Self::Single(_) | Self::Template(_) | Self::Set(_) => None,
        }
    }

    /// Lets `verify` try the keys that may have signed a token with this header, until one is right.
    pub(crate) fn verify_with<T>(
        &self,
        header: &TokenHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        match self {
            Self::Single(key) => verify(key),
            Self::Set(keys) => keys.verify_with(header, verify),
            Self::Remote(key_set) => key_set.verify_with(header, verify),
            Self::Template(template) => verify(&*template.key(header.key_id.as_deref())?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::reject::RejectCode;
    use crate::signature::Algorithm;

    const OCT: &str =
        r#""kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow""#;
    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn open(name: &str, text: &str) -> (Result<KeySource, String>, Vec<String>) {
        let path = std::env::temp_dir().join(format!("nativejwt-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        let events = Events::default();
        let source = KeySource::open(path.to_str().unwrap(), &Transport::DEFAULT, &events).map_err(|error| error.0);
        fs::remove_file(path).unwrap();
        (source, std::iter::from_fn(|| events.pop()).map(|event| event.text).collect())
    }

    fn serve(source: &KeySource, algorithm: Algorithm, key_id: Option<&str>) -> Result<String, RejectCode> {
        let header = TokenHeader { algorithm, key_id: key_id.map(Into::into) };
        source.verify_with(&header, |key| Ok(key.describe())).map_err(|reject| reject.code())
    }

    #[test]
    fn a_local_file_may_hold_a_jwk_set_with_secrets() {
        let (source, told) = open(
            "set",
            &format!(r#"{{"keys":[{{"kid":"a",{OCT}}},{{"kid":"b",{ED25519}}},{{"kid":"c",{ED25519},"d":"AA"}}]}}"#),
        );
        let source = source.unwrap();
        assert_eq!(serve(&source, Algorithm::Hs256, Some("a")), Ok("HMAC".to_owned()));
        assert_eq!(serve(&source, Algorithm::EdDsa, Some("b")), Ok("Ed25519".to_owned()));
        assert_eq!(serve(&source, Algorithm::EdDsa, Some("c")), Err(RejectCode::UnknownKeyId));
        assert_eq!(serve(&source, Algorithm::EdDsa, None), Err(RejectCode::KeyIdRequired));
        assert!(told[0].contains("the key 'c' is not used: it holds the private key (member 'd')"), "{told:?}");
    }

    #[test]
    fn one_jwk_serves_every_token_as_a_pem_file_does() {
        let (source, _) = open("jwk", &format!("\n {{{ED25519},\"kid\":\"a\"}}"));
        assert_eq!(serve(&source.unwrap(), Algorithm::EdDsa, None), Ok("Ed25519".to_owned()));
    }

    /// CVE-2024-33663 and its like: no text of a key becomes a secret.
    #[test]
    fn no_json_becomes_an_hmac_secret() {
        for (name, text, why) in [
            ("empty-set", r#"{"keys":[]}"#, "is refused: the JWK set is empty"),
            ("no-keys", r#"{"keys":1}"#, "is refused: the document is no JWK set: 'keys' is not an array"),
            ("private", r#"{"kty":"RSA","d":"AA"}"#, "is refused: it holds the private key (member 'd')"),
            ("not-a-key", "{}", "is refused: it has no kty"),
            ("array", "[]", "is refused: the document is no JWK set"),
            ("bom", "\u{feff}{}", "is refused"),
            ("broken", "{", "is refused: the document is no JWK set: JSON ends too early"),
        ] {
            let (source, _) = open(name, text);
            let error = source.err().expect(name);
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn urls_are_told_from_paths() {
        let remote = |key_file: &str| {
            KeySource::open(key_file, &Transport::DEFAULT, &Events::default()).map(|source| source.remote().is_some())
        };
        assert!(remote("https://idp.example/${KID}/jwks").unwrap());
        assert!(remote("HTTP://idp.example/jwks").unwrap());
        assert!(remote("https://idp.example:x/").unwrap_err().0.starts_with("the URL is malformed"));
        assert!(remote("/nowhere/https://idp.example/").is_err());
        assert!(!remote("/nowhere/${KID}.pem").unwrap());
    }
}
