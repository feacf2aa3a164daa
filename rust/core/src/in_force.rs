// SPDX-License-Identifier: Apache-2.0
//! Fingerprints of what is in force, so that a script can wait until a change counts.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};

use crate::config::{Properties, Property, is_known};
use crate::keys::KeySource;

/// The number of digits of a fingerprint.
const DIGITS: usize = 12;

/// The first 48 bits of a SHA-256, which a metric can hold exactly (a double has 53). `Display` gives 12 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(u64);

/// The fingerprints of what decides about tokens now, besides fetched keys and logouts. Two coordinators with the same files
/// have the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Of the properties, those in `config-files` included. Without passwords and secrets.
    pub configuration: Fingerprint,
    /// Of the files of user mappings, claim rules and storage roles.
    pub rules: Fingerprint,
    /// Of the revocation file; 0 without one.
    pub revocations: Fingerprint,
}

impl InForce {
    /// Each part with its name.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, Fingerprint); 3] {
        [("configuration", self.configuration), ("rules", self.rules), ("revocations", self.revocations)]
    }
}

/// `configuration …, rules …, revocations …`
impl fmt::Display for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { configuration, rules, revocations } = self;
        write!(f, "configuration {configuration}, rules {rules}, revocations {revocations}")
    }
}

impl Fingerprint {
    /// As a number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn of_number(number: u64) -> Self {
        Self(number)
    }

    /// Of what a SHA-256 was made of.
    pub(crate) fn of_digest(sha256: &[u8]) -> Self {
        Self(sha256.iter().take(DIGITS / 2).fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Of properties in any order. Passwords and secrets do not count: a fingerprint must not be a way to guess them.
    pub(crate) fn of_properties(properties: &Properties) -> Self {
        let mut lines: Vec<String> = properties
            .entries
            .iter()
            .filter(|entry| is_known(&entry.name))
            .map(|entry| format!("{}={}\n", entry.name, without_secrets(entry)))
            .collect();
        lines.sort_unstable();
        Self::of_digest(digest(&SHA256, lines.concat().as_bytes()).as_ref())
    }

    /// Of named parts, in this order.
    pub(crate) fn of_parts<'n>(parts: impl Iterator<Item = (&'n str, Self)>) -> Self {
        let mut context = Context::new(&SHA256);
        for (name, part) in parts {
            context.update(format!("{name}={part}\n").as_bytes());
        }
        Self::of_digest(context.finish().as_ref())
    }
}

fn without_secrets(property: &Property) -> Cow<'_, str> {
    let name = property.name.as_str();
    if name.ends_with("jwt.key-file") {
        KeySource::shown(&property.value).into()
    } else if name.ends_with("password") || name.ends_with("secret") {
        "".into()
    } else {
        property.value.as_str().into()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Fingerprint {
        let text: String = text.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect();
        Fingerprint::of_properties(&Properties::parse(&(text + "node.id=x"), "f").unwrap())
    }

    #[test]
    fn properties_of_the_same_meaning_have_the_same_fingerprint() {
        let one = of("key-file=etc/key.pem\nrequired-issuer=a");
        assert_eq!(one, of("# first\nrequired-issuer = a\nkey-file=etc/key.pem".trim_start_matches("# first\n")));
        assert_ne!(one, of("key-file=etc/key.pem\nrequired-issuer=b"));
        assert_eq!(one.to_string().len(), 12);
        assert_eq!(u64::from_str_radix(&one.to_string(), 16), Ok(one.number()));
    }

    #[test]
    fn a_fingerprint_tells_nothing_about_a_secret() {
        let with = |secret: &str| {
            let text =
                format!("storage.token-exchange.client-secret={secret}\nkey-file=https://user:{secret}@idp.test/jwks");
            let client = format!(
                "jwk.http-client.trust-store-password={secret}\njwk.http-client.https.automatic-shared-secret={secret}"
            );
            let own: String = text.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect();
            Fingerprint::of_properties(&Properties::parse(&(own + &client), "f").unwrap())
        };
        assert_eq!(with("one"), with("other"));
    }
}
