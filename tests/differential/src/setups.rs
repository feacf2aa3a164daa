// SPDX-License-Identifier: Apache-2.0
//! The configurations with which generated tokens are authenticated.

use crate::random::Random;
use test_support::serve::FileServer;
use test_support::{PREFIX, keys_folder};

/// A signing key: algorithm, name of the key, and the key ID that selects it.
pub type Signer = (&'static str, &'static str, &'static str);

/// A configuration that both sides read.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its name in the run.
    pub name: String,
    /// The properties, with names without the prefix.
    pub short_properties: Vec<(&'static str, String)>,
    /// The signers whose tokens it accepts.
    pub signers: &'static [Signer],
    /// `required-issuer`.
    pub issuer: Option<&'static str>,
    /// `required-audience`.
    pub audience: Option<&'static str>,
    /// `principal-field`.
    pub field: &'static str,
    /// True if the key ID selects the key.
    pub by_key_id: bool,
    /// True if the keys are a JWK Set.
    pub key_set: bool,
}

/// Fast keys are listed more than once, because differences are in headers and claims, not in arithmetic.
const SOURCES: &[(&str, &[Signer])] = &[
    ("hmac-64.secret", &[("HS256", "hmac-64", "k"), ("HS384", "hmac-64", "k"), ("HS512", "hmac-64", "k")]),
    ("hmac-64.secret", &[("HS256", "hmac-64", "k")]),
    ("hmac-32.secret", &[("HS256", "hmac-32", "k")]),
    ("hmac-48.secret", &[("HS384", "hmac-48", "k"), ("HS256", "hmac-48", "k")]),
    (
        "${KID}.secret",
        &[("HS256", "hmac-64", "hmac-64"), ("HS512", "hmac-64", "hmac-64"), ("HS256", "hmac-32", "hmac-32")],
    ),
    ("ec-p256.public.pem", &[("ES256", "ec-p256", "k")]),
    ("ec-p256.public.pem", &[("ES256", "ec-p256", "k")]),
    ("ec-p384.public.pem", &[("ES384", "ec-p384", "k")]),
    ("ec-p521.public.pem", &[("ES512", "ec-p521", "k")]),
    (
        "rsa-2048.public.pem",
        &[
            ("RS256", "rsa-2048", "k"),
            ("RS384", "rsa-2048", "k"),
            ("RS512", "rsa-2048", "k"),
            ("PS256", "rsa-2048", "k"),
            ("PS384", "rsa-2048", "k"),
            ("PS512", "rsa-2048", "k"),
        ],
    ),
    (
        "${KID}.public.pem",
        &[
            ("ES256", "ec-p256", "ec-p256"),
            ("ES256", "ec-p256", "ec-p256"),
            ("RS256", "rsa-2048", "rsa-2048"),
            ("ES384", "ec-p384", "ec-p384"),
        ],
    ),
    (
        JWK_SET,
        &[
            ("RS256", "rsa-2048", "k1"),
            ("PS256", "rsa-2048", "any"),
            ("ES256", "ec-p256", "p256"),
            ("ES256", "ec-p256", "p256"),
            ("ES384", "ec-p384", "p384"),
            ("ES512", "ec-p521", "p521"),
        ],
    ),
    (JWK_SET, &[("ES256", "ec-p256", "p256")]),
];

/// Relative to the folder of the keys, and served by HTTP.
const JWK_SET: &str = "../jwks/set.json";

const ISSUERS: &[Option<&str>] = &[None, None, Some("https://issuer.example/"), Some("\u{e9}")];
const AUDIENCES: &[Option<&str>] = &[None, None, Some("trino"), Some("Trino Cluster"), Some("a, b")];
const FIELDS: &[&str] = &["sub", "sub", "sub", "preferred_username", "email", "iss", "aud", "jti", "exp", "alg", "a.b"];
const PATTERNS: &[Option<&str>] = &[
    None,
    None,
    None,
    Some("(.*)@corp\\.com"),
    Some("(?s)(.*)"),
    Some("(alice|bob)(@.*)?"),
    Some("(?i)([a-z]+).*"),
    Some("(a.*c?e)"),
];

impl Setup {
    /// All configurations of a run: every source of keys, with some combinations of the other properties.
    #[must_use]
    pub(crate) fn all(random: &mut Random, server: &FileServer) -> Vec<Self> {
        let mut setups = Vec::new();
        for (source, signers) in SOURCES {
            for _ in 0..6 {
                let issuer = ISSUERS[random.below(ISSUERS.len())];
                let audience = AUDIENCES[random.below(AUDIENCES.len())];
                let field = random.pick(FIELDS);
                let pattern = PATTERNS[random.below(PATTERNS.len())];
                let file = keys_folder().join(source).display().to_string();
                let key_file = if *source == JWK_SET { server.url(&file) } else { file };
                let mut short_properties = vec![("key-file", key_file)];
                let others = [
                    ("required-issuer", issuer),
                    ("required-audience", audience),
                    ("principal-field", Some(field).filter(|field| *field != "sub")),
                    ("user-mapping.pattern", pattern),
                ];
                short_properties.extend(others.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
                setups.push(Self {
                    name: format!("setup {}", setups.len()),
                    short_properties,
                    signers,
                    issuer,
                    audience,
                    field,
                    by_key_id: source.contains("${KID}") || *source == JWK_SET,
                    key_set: *source == JWK_SET,
                });
            }
        }
        setups
    }

    /// The properties with their full names.
    #[must_use]
    pub fn properties(&self) -> Vec<(String, String)> {
        self.short_properties.iter().map(|(name, value)| (format!("{PREFIX}{name}"), value.clone())).collect()
    }
}
