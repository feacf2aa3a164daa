// SPDX-License-Identifier: Apache-2.0
//! What is counted: tokens, key sets, mapping rules and issuers, each with the verdict that is expected.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use nativejwt_core::{Authenticator, ClaimRules, Properties, Reason, SignatureVerifier, UnixMillis, UserMapping};

use test_support::claim_rules::claim_rules;
use test_support::sign::{ALGORITHMS, sign, verifying_file};

const PREFIX: &str = "http-server.authentication.jwt.";
const NO_CACHE: &str = "http-server.authentication.jwt.token-cache.max-size=0B\n";
/// A time within the lifetime of the claims.
const NOW: UnixMillis = UnixMillis(1_795_325_760_000);
/// A time after it.
const LATER: UnixMillis = UnixMillis(4_200_000_000_000);
/// A `kid` like those of Keycloak.
const KEY_ID: &str = "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE";
/// The usual rules of a coordinator: issuer, audience, and a readable principal.
const RULES: [&str; 3] = [
    "required-issuer=https://sso.corp.example/realms/analytics",
    "required-audience=trino",
    "principal-field=preferred_username",
];

/// One row of the table.
pub(crate) struct Case {
    pub(crate) name: String,
    /// How often `work` repeats what is counted. The table has the count for one repetition.
    pub(crate) times: usize,
    pub(crate) work: Box<dyn FnMut()>,
}

/// Passes every case to `take`, in the order of the table. Cases are made one by one, because some need much memory.
pub(crate) fn each(folder: &Path, mut take: impl FnMut(Case)) {
    for (algorithm, key) in ALGORITHMS {
        let authenticator = open(&key_file(key));
        let token = token(algorithm, key, KEY_ID, &claims("1.5k"));
        take(accepted(format!("accepted, {algorithm}"), authenticator, vec![token]));
    }
    for size in ["0.5k", "4k", "12k"] {
        let token = token("HS256", "hmac-64", KEY_ID, &claims(size));
        take(accepted(format!("accepted, HS256, token of {size}B"), open(&key_file("hmac-64")), vec![token]));
    }
    for size in ["0.5k", "1.5k", "4k", "12k"] {
        let token = token("RS256", "rsa-2048", KEY_ID, &claims(size));
        take(known(format!("known, token of {size}B"), open_config(&rules(&key_file("rsa-2048"))), token));
    }
    rejects(&mut take);
    key_sets(folder, &mut take);
    mappings(folder, &mut take);
    issuers(folder, &mut take);
    claims_that_decide(folder, &mut take);
}

fn rejects(take: &mut impl FnMut(Case)) {
    let good = token("RS256", "rsa-2048", KEY_ID, &claims("1.5k"));
    let mut forged = token("RS256", "rsa-other", KEY_ID, &claims("1.5k"));
    take(rejected("rejected, expired", &key_file("rsa-2048"), &good, LATER, Reason::TokenExpired));
    take(rejected("rejected, bad signature", &key_file("rsa-2048"), &forged, NOW, Reason::SignatureMismatch));
    forged.retain(|byte| *byte != b'.');
    take(rejected("rejected, garbage without dots", &key_file("rsa-2048"), &forged, NOW, Reason::MalformedToken));
    let noise = b"Bearer nonsense.nonsense.nonsense";
    take(rejected("rejected, garbage with dots", &key_file("rsa-2048"), noise, NOW, Reason::MalformedHeader));
    let unknown = token("EdDSA", "ed25519", "nobody's", &claims("1.5k"));
    let set = format!("inline:{}", key_set(1));
    take(rejected("rejected, unknown kid", &set, &unknown, NOW, Reason::UnknownKeyId));
}

fn key_sets(folder: &Path, take: &mut impl FnMut(Case)) {
    for keys in [1, 10, 100, 1_000, 10_000] {
        let path = folder.join(format!("{keys}.jwks.json"));
        write(&path, &key_set(keys));
        let key_file = text(&path).to_owned();
        let read = key_file.clone();
        let work = move || assert!(SignatureVerifier::open(&read).is_ok(), "a good set");
        take(Case { name: format!("key set read, {}", counted(keys, "key")), times: 1, work: Box::new(work) });
        // Names from the whole set, so that the result does not depend on the random order of the map.
        let token = |number| token("EdDSA", "ed25519", &key_id(number * (keys - 1) / 9), &claims("1.5k"));
        let tokens = (0..10).map(token).collect();
        take(accepted(format!("accepted, key set of {}", counted(keys, "key")), open(&key_file), tokens));
    }
}

fn mappings(folder: &Path, take: &mut impl FnMut(Case)) {
    for rules in [1, 10, 100, 1_000, 10_000] {
        let path = folder.join(format!("{rules}.rules.json"));
        let mut json = String::from("{\"rules\":[");
        for rule in 1..rules {
            let _ = write!(json, "{{\"pattern\":\"(.*)@corp{rule}\\\\.com\",\"user\":\"$1\"}},");
        }
        json.push_str("{\"pattern\":\"(.*)@corp\\\\.example\",\"user\":\"$1\"}]}");
        write(&path, &json);
        let mapping = UserMapping::from_file(&path).unwrap_or_else(|errors| panic!("{errors:?}"));
        let work = move || {
            let mapped = mapping.explain("alice.liddell@corp.example").expect("the last rule matches");
            assert_eq!((mapped.rule, &*mapped.user), (rules, "alice.liddell"));
        };
        take(Case { name: format!("principal mapped, {}", counted(rules, "rule")), times: 1, work: Box::new(work) });
    }
}

fn issuers(folder: &Path, take: &mut impl FnMut(Case)) {
    let files: Vec<_> = (0..64)
        .map(|number| {
            let path = folder.join(format!("{number}.properties"));
            let rules = rules(&key_file("ed25519"));
            write(&path, &if number == 0 { rules } else { rules.replace("sso.corp", &format!("sso-{number}.corp")) });
            text(&path).to_owned()
        })
        .collect();
    for count in [1, 4, 16, 64] {
        let config = format!("{PREFIX}config-files={}\n{NO_CACHE}", files[..count].join(","));
        let token = token("EdDSA", "ed25519", KEY_ID, &claims("1.5k"));
        take(accepted(format!("accepted, {}", counted(count, "issuer")), open_config(&config), vec![token]));
    }
}

fn claims_that_decide(folder: &Path, take: &mut impl FnMut(Case)) {
    let token = token("EdDSA", "ed25519", KEY_ID, &claims("1.5k"));
    let required =
        format!("{PREFIX}required-scopes=openid\n{PREFIX}required-claims./realm_access/roles=data-engineer\n");
    let config = format!("{}{NO_CACHE}{required}", rules(&key_file("ed25519")));
    take(accepted("accepted, a scope and a claim required".to_owned(), open_config(&config), vec![token.clone()]));
    let path = folder.join("claim-rules.json");
    for count in [1, 10] {
        write(&path, &claim_rules(count));
        let config = format!("{}{NO_CACHE}{PREFIX}claim-rules.file={}\n", rules(&key_file("ed25519")), text(&path));
        let name = format!("accepted, {}", counted(count, "claim rule"));
        take(accepted(name, open_config(&config), vec![token.clone()]));
    }
    write(&path, &claim_rules(10_000));
    let work = move || assert!(ClaimRules::from_file(&path).is_ok(), "good rules");
    take(Case { name: "claim rules read, 10000 rules".to_owned(), times: 1, work: Box::new(work) });
}

fn accepted(name: String, authenticator: Authenticator, tokens: Vec<Vec<u8>>) -> Case {
    let times = tokens.len();
    let work = move || {
        for token in &tokens {
            // Like the boundary to Java: the identity is borrowed, not copied.
            authenticator.authenticate_with(token, NOW, |verdict| {
                if let Err(reject) = verdict {
                    panic!("{reject:?}");
                }
            });
        }
    };
    Case { name, times, work: Box::new(work) }
}

/// A token that was accepted before, authenticated like at the boundary to Java.
fn known(name: String, authenticator: Authenticator, token: Vec<u8>) -> Case {
    let first = authenticator.authenticate_with(&token, NOW, |verdict| verdict.is_ok());
    assert!(first, "a good token");
    let work = move || {
        let is_known =
            authenticator.authenticate_with(&token, NOW, |verdict| verdict.is_ok_and(|accepted| accepted.was_known));
        assert!(is_known, "the cache holds it");
    };
    Case { name, times: 1, work: Box::new(work) }
}

fn rejected(name: &str, key_file: &str, token: &[u8], now: UnixMillis, code: Reason) -> Case {
    let (authenticator, token) = (open(key_file), token.to_vec());
    let work = move || {
        let reject = authenticator.authenticate(&token, now).expect_err("a bad token");
        assert_eq!(reject.code(), code);
    };
    Case { name: name.to_owned(), times: 1, work: Box::new(work) }
}

/// A configuration with one key source and the usual rules.
fn rules(key_file: &str) -> String {
    let lines = RULES.iter().fold(String::new(), |lines, rule| lines + PREFIX + rule + "\n");
    format!("{PREFIX}key-file={key_file}\n{lines}")
}

/// The usual rules without the token cache, so that every verdict has the same cost.
fn open(key_file: &str) -> Authenticator {
    open_config(&format!("{}{NO_CACHE}", rules(key_file)))
}

fn open_config(config: &str) -> Authenticator {
    let properties = Properties::parse(config, "counts").expect("well-formed properties");
    Authenticator::open(&properties).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The value of an Authorization header.
fn token(algorithm: &str, key: &str, key_id: &str, claims: &str) -> Vec<u8> {
    let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT","kid":"{key_id}"}}"#);
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(algorithm, key, input.as_bytes()));
    format!("Bearer {input}.{signature}").into_bytes()
}

/// The claims in `bench/claims`, which are named by the size of their token.
fn claims(size: &str) -> String {
    let path = bench_folder().join("claims").join(format!("{size}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).trim_end().to_owned()
}

fn bench_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The public key file of the test key of this name, or its secret.
fn key_file(key: &str) -> String {
    text(&verifying_file(key)).to_owned()
}

/// A JWK Set with this number of keys: the same key under many key IDs, because only the key IDs matter for finding it.
fn key_set(keys: usize) -> String {
    let pem = fs::read_to_string(key_file("ed25519")).expect("the test key is there");
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).expect("base64");
    // RFC 8410, section 4: the structure ends with the key.
    let x = URL_SAFE_NO_PAD.encode(&der[der.len() - 32..]);
    let key = |number| format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{}","x":"{x}"}}"#, key_id(number));
    format!(r#"{{"keys":[{}]}}"#, (0..keys).map(key).collect::<Vec<_>>().join(","))
}

fn key_id(number: usize) -> String {
    format!("k{number:04}")
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
