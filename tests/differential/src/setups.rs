//! The configurations that generated tokens are presented to.

use crate::random::Random;
use test_support::serve::FileServer;
use test_support::{PREFIX, keys_folder};

/// A key that signs: algorithm, name of the key, key ID that finds it.
pub type Signer = (&'static str, &'static str, &'static str);

/// One configuration, as both sides read it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its name in the run.
    pub name: String,
    /// Keys without their prefix, with values.
    pub keys: Vec<(&'static str, String)>,
    /// Who signs tokens that it accepts.
    pub signers: &'static [Signer],
    /// `required-issuer`.
    pub issuer: Option<&'static str>,
    /// `required-audience`.
    pub audience: Option<&'static str>,
    /// `principal-field`.
    pub field: &'static str,
    /// True if a key ID finds the key.
    pub by_key_id: bool,
    /// True if it is looked for in a JWK set.
    pub key_set: bool,
}

/// The quick keys come more than once: what is looked for is in headers and claims, not in arithmetic.
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

/// Beside the folder of the keys, and served by HTTP.
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
    /// All configurations of a run: every source of keys with a few choices of the rest.
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
                let mut keys = vec![("key-file", key_file)];
                let others = [
                    ("required-issuer", issuer),
                    ("required-audience", audience),
                    ("principal-field", Some(field).filter(|field| *field != "sub")),
                    ("user-mapping.pattern", pattern),
                ];
                keys.extend(others.into_iter().filter_map(|(key, value)| Some((key, value?.to_owned()))));
                setups.push(Self {
                    name: format!("setup {}", setups.len()),
                    keys,
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

    /// Whole keys with their values.
    #[must_use]
    pub fn properties(&self) -> Vec<(String, String)> {
        self.keys.iter().map(|(key, value)| (format!("{PREFIX}{key}"), value.clone())).collect()
    }
}
