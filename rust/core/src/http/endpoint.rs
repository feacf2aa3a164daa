// SPDX-License-Identifier: Apache-2.0
//! The address of a document.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::digest;
use reqwest::Url;

/// The path that discovery appends to the issuer (OpenID Connect Discovery 1.0, section 4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// The address of a document: `http` or `https`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// True if the text is meant as an address, not as a path.
    pub(crate) fn is_url(text: &str) -> bool {
        // Any scheme, so that the credentials in an address with a misspelt scheme are not shown as a path.
        text.split_once("://").is_some_and(|(scheme, _)| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        })
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match Url::parse(text) {
            Ok(mut url) if matches!(url.scheme(), "http" | "https") => {
                url.set_fragment(None);
                Ok(Self(url))
            }
            Ok(_) => Err("the URL is neither https nor http (for a local file, write its path only)".to_owned()),
            Err(_) if !Self::is_url(text) => Err("the URL does not begin with https://".to_owned()),
            Err(error) => Err(format!("the URL is malformed: {error}")),
        }
    }

    /// The address of the discovery document of an issuer (OpenID Connect Discovery 1.0, section 4).
    ///
    /// # Errors
    /// The text is not an https or http address, or it contains what an issuer must not contain (section 2, "Issuer
    /// Identifier").
    pub(crate) fn for_discovery(issuer: &str) -> Result<Self, String> {
        let endpoint = Self::parse(issuer)?;
        if !endpoint.is_plain() || issuer.contains(['?', '#', '@']) {
            return Err("the issuer must not contain a user, a query or a fragment".to_owned());
        }
        if let Some(bare) = issuer.strip_suffix(WELL_KNOWN) {
            return Err(format!("the issuer must not contain {WELL_KNOWN}: write oidc:{bare}"));
        }
        Self::parse(&format!("{}{WELL_KNOWN}", issuer.strip_suffix('/').unwrap_or(issuer)))
    }

    /// The address for the HTTP client.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// True if the address consists of scheme, host, port and path only.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.username().is_empty() && self.0.password().is_none() && self.0.query().is_none()
    }

    /// The same address without user and password.
    pub(crate) fn without_user(mut self) -> Self {
        drop_user(&mut self.0);
        self
    }

    /// A digest of the complete address, which may contain secrets.
    pub(crate) fn digest(&self) -> String {
        hex_digest(self.0.as_str())
    }
}

pub(crate) fn drop_user(url: &mut Url) {
    // These fail only for a URL without a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn hex_digest(text: &str) -> String {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// True for an address on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str().unwrap_or_default() {
        "localhost" => true,
        host => host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

/// The address without user, password and query, which may be secrets.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        drop_user(&mut shown);
        shown.set_query(None);
        f.write_str(shown.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let endpoint = Endpoint::parse("https://user:hunter2@idp.example:8443/a/jwks?token=s3cret#part").unwrap();
        assert_eq!(endpoint.to_string(), "https://idp.example:8443/a/jwks");
        assert!(endpoint.is_encrypted());
        for malformed in ["https://", "http://a:99999/", "ftp://a/", "htps://user:hunter2@idp.example/"] {
            let why = Endpoint::parse(malformed).unwrap_err();
            assert!(Endpoint::is_url(malformed) && !why.contains("hunter2"), "{malformed}: {why}");
        }
    }

    #[test]
    fn the_discovery_document_is_below_the_issuer() {
        for (issuer, expected) in [
            ("https://idp.example", "https://idp.example/.well-known/openid-configuration"),
            ("https://idp.example/", "https://idp.example/.well-known/openid-configuration"),
            ("https://idp.example:8443/realms/r", "https://idp.example:8443/realms/r/.well-known/openid-configuration"),
            ("https://idp.example/t/", "https://idp.example/t/.well-known/openid-configuration"),
        ] {
            assert_eq!(Endpoint::for_discovery(issuer).unwrap().to_string(), expected);
        }
        for issuer in ["", "idp.example", "ftp://a/", "https://a/?b", "https://a/#b", "https://a:b@c/", "https://a/?"] {
            assert!(Endpoint::for_discovery(issuer).is_err(), "{issuer}");
        }
        let error = Endpoint::for_discovery("https://idp.example/t/.well-known/openid-configuration").unwrap_err();
        assert!(error.ends_with("write oidc:https://idp.example/t"), "{error}");
    }
}
