// SPDX-License-Identifier: Apache-2.0
//! Every finding of `check-config`: a configuration that shows it, and one that is nearly the same and does not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::key_server::{CERTIFICATE, Clock, certificate, http, https};
use crate::support::*;

/// A coordinator's etc with a server of keys, about which `check-config --online` has nothing to say.
struct Site {
    folder: Folder,
    lines: Vec<String>,
    environment: Vec<(&'static str, &'static str)>,
    mode: u32,
}

impl Site {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let keys = folder.keygen("ES256");
        folder.write("jwks.json", run(&["jwks", &keys.public_jwk]).expect_code(0).text());
        let trusted = folder.write("trusted.pem", CERTIFICATE.as_str());
        let mut site = Self { lines: Vec::new(), folder, environment: Vec::new(), mode: 0o644 };
        site.set("http-server.authentication.type", "JWT");
        site.ours("key-file", &https(&site.folder.path("jwks.json"), Clock::Off(0)));
        site.ours("required-audience", "trino");
        site.ours("require-expiration", "true");
        site.set("jwk.http-client.trust-store-path", &trusted);
        site
    }

    /// Sets a property, in the place of an earlier value.
    fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.lines.push(format!("{name}={value}"));
    }

    fn ours(&mut self, name: &str, value: &str) {
        self.set(&format!("http-server.authentication.jwt.{name}"), value);
    }

    fn unset(&mut self, name: &str) {
        self.lines.retain(|line| !line.starts_with(&format!("{name}=")));
    }

    fn unset_ours(&mut self, name: &str) {
        self.unset(&format!("http-server.authentication.jwt.{name}"));
    }

    /// A line as it stands in the file.
    fn line(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        self.folder.write(name, content)
    }

    /// A local key file.
    fn key_file(&mut self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.write(name, content);
        self.ours("key-file", &file);
        file
    }

    fn secret(&mut self, mode: u32) {
        let secret = self.folder.keygen("HS256").public;
        set_mode(&secret, mode);
        self.ours("key-file", &secret);
    }

    fn rules(&mut self, rules: &str) {
        let file = self.write("rules.json", format!("{{\"rules\":[{rules}]}}"));
        self.ours("user-mapping.file", &file);
    }

    /// A JWK Set with one key.
    fn jwk(&self, jwk: &str) {
        self.write("jwks.json", format!("{{\"keys\":[{jwk}]}}"));
    }

    /// Two issuers, the second one with a mapping file.
    fn two_issuers(&mut self, rules: &str) {
        let rules = self.write("rules.json", format!("{{\"rules\":[{rules}]}}"));
        let own = std::mem::take(&mut self.lines);
        let of_issuers: Vec<String> =
            own.into_iter().filter(|line| !line.starts_with("http-server.authentication.type=")).collect();
        let files = ["staff", "partners"].map(|name| {
            let mut lines = of_issuers.clone();
            lines.push(property("required-issuer", &format!("https://{name}.example")));
            if name == "partners" {
                lines.push(property("user-mapping.file", &rules));
            }
            self.write(&format!("{name}.properties"), lines.join("\n"))
        });
        self.set("http-server.authentication.type", "JWT");
        self.ours("config-files", &files.join(","));
    }

    /// Passes tokens on, or gives storage credentials, with one catalog.
    fn with_catalog(&mut self, catalog: &str) {
        self.set("internal-communication.https.required", "true");
        fs::create_dir_all(self.folder.path("catalog")).unwrap();
        set_mode(self.folder.path("catalog"), 0o755);
        self.write("catalog/lake.properties", catalog);
    }

    fn passing_tokens(&mut self, catalog: &str) {
        self.ours("pass-through.credential-name", "token");
        self.with_catalog(catalog);
    }

    fn with_storage(&mut self, change: impl Fn(&str) -> String) {
        self.ours("storage.sts-endpoint", "https://sts.example");
        self.ours("storage.role", "arn:aws:iam::111122223333:role/home");
        self.with_catalog(&change(
            "connector.name=iceberg\nfs.native-s3.enabled=true\niceberg.metadata-cache.enabled=false\ns3.auth-type=ANONYMOUS\n\
             s3.endpoint=https://s3.example\n",
        ));
    }

    fn check(&self, options: &[&str]) -> Answer {
        let config = self.write("config.properties", self.lines.join("\n") + "\n");
        set_mode(&config, self.mode);
        // A JAVA_HOME of the machine's own must not play a part.
        let mut environment = vec![("JAVA_HOME", "")];
        environment.extend(&self.environment);
        run_with(&[&["check-config", &config], options].concat(), b"", &environment)
    }
}

type Change = fn(&mut Site);

/// Name of the finding, a configuration with it, and one without.
const CASES: &[(&str, Change, Change)] = &[
    ("invalid-configuration", |site| site.ours("clock-skew", "soon"), |site| site.ours("clock-skew", "30s")),
    ("keys-not-fetched", |site| site.ours("key-file", &https("/nowhere/jwks.json", Clock::Off(0))), |_| {}),
    (
        "authentication-type",
        |site| site.set("http-server.authentication.type", "PASSWORD"),
        |site| site.set("http-server.authentication.type", "PASSWORD,JWT"),
    ),
    (
        "backslash-dropped",
        |site| site.ours("user-mapping.pattern", r"(.*)@corp\.example"),
        |site| site.ours("user-mapping.pattern", r"(.*)@corp\\.example"),
    ),
    (
        "lines-joined",
        |site| site.line("http-server.authentication.jwt.required-issuer=https://a.example\\ "),
        |site| site.line("http-server.authentication.jwt.required-issuer=https://\\\n  a.example"),
    ),
    (
        "separator-in-value",
        |site| site.ours("required-audience", "= trino"),
        |site| site.ours("required-audience", "t=r"),
    ),
    (
        "quotes-in-value",
        |site| site.ours("required-audience", "\"trino\""),
        |site| site.ours("required-audience", "t\"o"),
    ),
    (
        "brackets-in-value",
        |site| site.ours("required-audience", "[trino]"),
        |site| site.ours("required-audience", "a[0]"),
    ),
    (
        "variable-not-replaced",
        |site| site.ours("required-audience", "${HOME}"),
        |site| site.ours("required-audience", "${ENV:HOME}"),
    ),
    (
        "comment-in-value",
        |site| site.ours("required-audience", "trino # ours"),
        |site| site.ours("required-audience", "trino#ours"),
    ),
    (
        "not-ascii",
        |site| site.ours("required-issuer", "https://m\u{fc}nchen.example"),
        |site| site.ours("required-issuer", "https://m\\u00fcnchen.example"),
    ),
    (
        "property-in-value",
        |site| site.line(&format!("export {}", property("clock-skew", "1s"))),
        |site| site.line("export PATH=/bin"),
    ),
    ("unknown-property", |site| site.set("jwt.audience", "trino"), |site| site.set("node.id", "jwt")),
    ("keys-over-http", |site| site.ours("key-file", &http(&site.folder.path("jwks.json"))), |_| {}),
    (
        "host-name-not-verified",
        |site| site.set("jwk.http-client.https.hostname-verification", "false"),
        |site| site.set("jwk.http-client.https.hostname-verification", "true"),
    ),
    (
        "trusted-certificates-unreadable",
        |site| {
            site.unset("jwk.http-client.trust-store-path");
            site.environment.push(("JAVA_HOME", "/nowhere"));
        },
        |site| site.environment.push(("JAVA_HOME", "/nowhere")),
    ),
    (
        "client-property-without-effect",
        |site| site.set("jwk.http-client.max-content-length", "1MB"),
        |site| site.set("jwk.http-client.connect-timeout", "5s"),
    ),
    (
        "key-not-used",
        |site| {
            let set = site.folder.read("jwks.json");
            site.write(
                "jwks.json",
                set.replacen("\"keys\": [", "\"keys\": [{\"kty\":\"EC\",\"crv\":\"secp256k1\"},", 1),
            );
        },
        |_| {},
    ),
    ("key-weak", |site| rsa_with_exponent(site, "Aw"), |site| rsa_with_exponent(site, "AQAB")),
    (
        "key-published",
        |site| {
            site.jwk(r#"{"kty":"EC","crv":"P-256","x":"EVs_o5-uQbTjL3chynL4wXgUg2R9q9UU8I5mEovUf84","y":"kGe5DgSIycKp8w9aJmoHhB1sB3QTugfnRWm5nU_TzsY"}"#)
        },
        |_| {},
    ),
    (
        "key-file-unusable",
        |site| {
            template(site);
            site.write("broken.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
        },
        template,
    ),
    ("key-folder-unreadable", |site| site.ours("key-file", &site.folder.path("no/${KID}.pem")), template),
    ("no-default-key", |site| site.ours("key-file", &site.folder.path("${KID}.pem")), template),
    (
        "key-file-has-more-keys",
        |site| {
            let two =
                ["ES384", "ES512"].map(|algorithm| fs::read_to_string(site.folder.keygen(algorithm).public).unwrap());
            site.key_file("keys.pem", two.concat());
        },
        |site| {
            let one = fs::read_to_string(site.folder.keygen("ES384").public).unwrap();
            site.key_file("keys.pem", one);
        },
    ),
    (
        "certificate-of-ca",
        |site| drop(site.key_file("key.pem", certificate(true))),
        |site| drop(site.key_file("key.pem", certificate(false))),
    ),
    (
        "secret-doubtful",
        |site| set_mode(site.key_file("secret", "00112233445566778899aabbccddeeff".repeat(2)), 0o600),
        |site| site.secret(0o600),
    ),
    ("no-audience", |site| site.unset_ours("required-audience"), |_| {}),
    (
        "expiration-not-required",
        |site| site.unset_ours("require-expiration"),
        |site| {
            site.unset_ours("require-expiration");
            site.ours("max-token-lifetime", "1h");
        },
    ),
    (
        "clock-differs",
        |site| site.ours("key-file", &https(&site.folder.path("jwks.json"), Clock::Off(20))),
        |site| {
            site.ours("key-file", &https(&site.folder.path("jwks.json"), Clock::Off(20)));
            site.ours("clock-skew", "30s");
        },
    ),
    (
        "claim-rule-doubtful",
        |site| claim_rules(site, r#"{"allow": true}, {"conditions": [{"scope": "a"}], "allow": true}"#),
        |site| claim_rules(site, r#"{"conditions": [{"scope": "a"}], "allow": true}, {"allow": true}"#),
    ),
    (
        "users-shared-by-issuers",
        |site| site.two_issuers(r#"{"pattern":"(.+)","user":"$1"}"#),
        // Staff could have this prefix as well, which only a rule of theirs can exclude.
        |site| site.two_issuers(r#"{"pattern":"partner","user":"$0@partner"}"#),
    ),
    (
        "principals-merged",
        |site| site.ours("user-mapping.pattern", "(.)*"),
        |site| site.ours("user-mapping.pattern", "(.*)"),
    ),
    (
        "user-repeated",
        |site| site.rules(r#"{"pattern":"(.*)","user":"x_$1"}"#),
        |site| site.rules(r#"{"pattern":"(.+)","user":"x_$1"}"#),
    ),
    (
        "control-character-in-pattern",
        |site| site.rules(r#"{"pattern":"\b(.+)"},{"pattern":"(.+)"}"#),
        |site| site.rules(r#"{"pattern":"\\b(.+)"},{"pattern":"(.+)"}"#),
    ),
    (
        "mapping-maps-nothing",
        |site| site.rules(r#"{"pattern":".*","allow":false},{"pattern":"(.+)@corp[.]example"}"#),
        |site| site.rules(r#"{"pattern":".*@other[.]example","allow":false},{"pattern":"(.+)@corp[.]example"}"#),
    ),
    ("writable-by-others", |site| site.mode = 0o664, |site| site.mode = 0o644),
    ("secret-readable-by-others", |site| site.secret(0o644), |site| site.secret(0o600)),
    (
        "workers-over-http",
        |site| {
            site.passing_tokens("");
            site.unset("internal-communication.https.required");
        },
        |site| site.passing_tokens(""),
    ),
    (
        "insecure-http-allowed",
        |site| {
            site.passing_tokens("");
            site.set("http-server.authentication.allow-insecure-over-http", "true");
        },
        |site| site.passing_tokens(""),
    ),
    (
        "other-authenticators",
        |site| {
            site.passing_tokens("");
            site.set("http-server.authentication.type", "PASSWORD,JWT");
        },
        |site| site.set("http-server.authentication.type", "PASSWORD,JWT"),
    ),
    (
        "iceberg-credential-name",
        |site| {
            site.passing_tokens(ICEBERG);
            site.ours("pass-through.credential-name", "jwt");
        },
        |site| site.passing_tokens(ICEBERG),
    ),
    (
        "iceberg-session-shared",
        |site| site.passing_tokens(&ICEBERG.replace("timeout=0s", "timeout=1h")),
        |site| site.passing_tokens(ICEBERG),
    ),
    (
        "iceberg-token-refresh",
        |site| site.passing_tokens(&ICEBERG.replace("refresh-enabled=false", "refresh-enabled=true")),
        |site| site.passing_tokens(ICEBERG),
    ),
    (
        "catalog-account",
        |site| site.passing_tokens("password-credential-name=token\nconnection-user=shared\n"),
        |site| site.passing_tokens("password-credential-name=token\n"),
    ),
    (
        "storage-over-http",
        |site| {
            site.with_storage(str::to_owned);
            site.ours("storage.sts-endpoint", "http://sts.example");
        },
        |site| site.with_storage(str::to_owned),
    ),
    (
        "iceberg-metadata-cache",
        |site| site.with_storage(|safe| safe.replace("iceberg.metadata-cache.enabled=false", "")),
        |site| site.with_storage(|safe| safe.replace("metadata-cache.enabled=false", "metadata-cache.enabled=FALSE")),
    ),
    (
        "file-cache",
        |site| site.with_storage(|safe| safe.to_owned() + "fs.cache.enabled=true\n"),
        |site| site.with_storage(|safe| safe.to_owned() + "fs.cache.enabled=false\n"),
    ),
    (
        "listing-cache",
        |site| site.with_storage(|safe| safe.to_owned() + "hive.file-status-cache-tables=*\n"),
        |site| site.with_storage(|safe| safe.to_owned() + "hive.file-status-cache-tables=\n"),
    ),
    (
        "footer-cache",
        |site| site.with_storage(|safe| safe.to_owned() + "iceberg.parquet-footer-cache.type=MEMORY\n"),
        |site| site.with_storage(|safe| safe.to_owned() + "iceberg.parquet-footer-cache.type=NONE\n"),
    ),
    (
        "store-account",
        |site| site.with_storage(|safe| safe.replace("auth-type=ANONYMOUS", "aws-access-key=admin")),
        |site| site.with_storage(str::to_owned),
    ),
    (
        "security-mapping",
        |site| site.with_storage(|safe| safe.to_owned() + "s3.security-mapping.enabled=true\n"),
        |site| site.with_storage(|safe| safe.to_owned() + "s3.security-mapping.enabled=false\n"),
    ),
    (
        "vended-credentials",
        |site| site.with_storage(|safe| safe.to_owned() + "iceberg.rest-catalog.vended-credentials-enabled=true\n"),
        |site| site.with_storage(|safe| safe.to_owned() + "iceberg.rest-catalog.vended-credentials-enabled=false\n"),
    ),
    (
        "file-metastore",
        |site| site.with_storage(|safe| safe.to_owned() + "hive.metastore=file\n"),
        |site| site.with_storage(|safe| safe.to_owned() + "hive.metastore=thrift\n"),
    ),
    ("log-warning", |site| logouts(site, "sub alice 2026"), |site| logouts(site, "")),
];

const ICEBERG: &str = "connector.name=iceberg\niceberg.rest-catalog.session=USER\niceberg.rest-catalog.session-timeout=0s\n\
                       iceberg.rest-catalog.oauth2.token-refresh-enabled=false\n";

fn template(site: &mut Site) {
    let public = fs::read(site.folder.path("ES256/public.pem")).unwrap();
    site.write("default-key.pem", public);
    fs::remove_file(site.folder.path("trusted.pem")).unwrap();
    site.unset("jwk.http-client.trust-store-path");
    site.ours("key-file", &site.folder.path("${KID}.pem"));
}

fn rsa_with_exponent(site: &mut Site, exponent: &str) {
    let jwk = fs::read_to_string(site.folder.keygen("RS256").public_jwk).unwrap();
    site.jwk(&jwk.replace("AQAB", exponent));
}

fn claim_rules(site: &mut Site, rules: &str) {
    let file = site.write("claim-rules.json", format!("{{\"rules\":[{rules}],\"otherwise\":{{\"allow\":false}}}}"));
    site.ours("claim-rules.file", &file);
}

fn logouts(site: &mut Site, lines: &str) {
    let file = site.write("logouts", lines);
    set_mode(&file, 0o600);
    site.ours("backchannel-logout.client-id", "trino");
    site.ours("backchannel-logout.file", &file);
}

fn findings(answer: &Answer) -> Vec<Value> {
    answer.json()["findings"].as_array().unwrap().clone()
}

fn names(answer: &Answer) -> Vec<String> {
    findings(answer).iter().map(|finding| finding["name"].as_str().unwrap().to_owned()).collect()
}

/// The rows of docs/findings.md, which is generated from the library's table: name, severity, whether only `--online`
/// finds it, and what to do.
fn documented() -> Vec<(String, &'static str, bool, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings.md");
    let mut severity = "";
    let mut rows = Vec::new();
    for line in fs::read_to_string(page).unwrap().lines() {
        match line {
            "## Errors" => severity = "error",
            "## Warnings" => severity = "warning",
            _ => {}
        }
        if let Some((name, rest)) = line.strip_prefix("| `").and_then(|row| row.split_once('`')) {
            let fix = rest.trim_end_matches(". |").rsplit_once(" | ").unwrap().1;
            rows.push((name.to_owned(), severity, rest.starts_with(" (`--online`)"), fix.to_owned()));
        }
    }
    rows
}

#[test]
fn every_documented_finding_has_a_case() {
    let documented: BTreeSet<String> = documented().into_iter().map(|(name, ..)| name).collect();
    let cases: BTreeSet<String> = CASES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(cases, documented);
}

#[test]
fn a_safe_configuration_has_no_findings() {
    let answer = Site::new("findings_none").check(&["--online", "--strict"]).expect_code(0);
    assert!(answer.text().ends_with("config.properties: valid, 0 errors, 0 warnings\n"), "{}", answer.text());
}

#[test]
fn every_finding_is_reported_by_name_and_only_where_it_applies() {
    for (name, severity, is_online, fix) in documented() {
        let (_, broken, near) = CASES.iter().find(|(case, ..)| *case == name).unwrap();
        let mut site = Site::new(&format!("finding_{name}"));
        broken(&mut site);
        let code = if severity == "error" { 2 } else { 0 };
        let answer = site.check(&["--online", "--json"]);
        let found = findings(&answer);
        let of_name: Vec<&Value> = found.iter().filter(|finding| finding["name"] == name.as_str()).collect();
        assert!(!of_name.is_empty(), "{name}: {found:#?}");
        for finding in of_name {
            assert_eq!(finding["severity"], severity, "{name}");
            assert!(finding["file"].as_str().is_some_and(|file| Path::new(file).is_absolute()), "{finding}");
            let message = finding["message"].as_str().unwrap();
            assert!(!message.is_empty() && !message.ends_with(['.', ' ', ':']), "{finding}");
            assert!(!message.ends_with(&fix), "said twice: {finding}");
            if name != "invalid-configuration" {
                assert!(finding["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{finding}");
            }
        }
        if name != "trusted-certificates-unreadable" {
            assert_eq!(answer.code, code, "{name}: {}", answer.text());
        }
        let text = site.check(&["--online"]).text();
        assert!(text.contains(&format!("{severity}[{name}]: ")), "{name}: {text}");
        let without = names(&site.check(&["--json"]));
        assert_eq!(without.contains(&name), !is_online, "{name}: without --online {without:?}");
        let strict = site.check(&["--online", "--strict", "--json"]).expect_code(2);
        assert!(findings(&strict).iter().all(|finding| finding["severity"] == "error"), "{name}");
        assert_eq!(strict.json()["valid"], false);

        let mut site = Site::new(&format!("finding_not_{name}"));
        near(&mut site);
        let answer = site.check(&["--online", "--json"]);
        assert!(!names(&answer).contains(&name), "{name}: {}", answer.text());
        assert_eq!(answer.code, 0, "{name}: {}", answer.text());
    }
}

#[test]
fn the_shape_of_a_finding_is_stable() {
    let mut site = Site::new("findings_shape");
    site.unset_ours("required-audience");
    site.ours("key-file", &http(&site.folder.path("jwks.json")));
    let answer = site.check(&["--json"]).expect_code(0);
    let all = answer.json();
    assert_eq!(all.as_object().unwrap().keys().collect::<Vec<_>>(), ["findings", "in_force", "notes", "valid"]);
    assert_eq!(all["valid"], true);
    for finding in findings(&answer) {
        let members: Vec<&String> = finding.as_object().unwrap().keys().collect();
        assert_eq!(members, ["file", "fix", "line", "message", "name", "property", "severity"]);
    }
    let of = |name: &str| findings(&answer).into_iter().find(|finding| finding["name"] == name).unwrap();
    assert_eq!(of("no-audience")["property"], "http-server.authentication.jwt.required-audience");
    assert_eq!(of("no-audience")["line"], Value::Null);
    assert_eq!(of("keys-over-http")["property"], Value::Null);
    assert_eq!(of("keys-over-http")["fix"], "Use https");
}

#[test]
fn strict_makes_a_warning_an_error_and_says_that_a_coordinator_starts() {
    let mut site = Site::new("findings_strict");
    site.unset_ours("required-audience");
    let text = site.check(&["--strict"]).expect_code(2).text();
    assert!(text.contains("error[no-audience]: "), "{text}");
    assert!(
        text.ends_with("NOT VALID because of --strict: a coordinator starts with it, 1 error, 0 warnings\n"),
        "{text}"
    );
    site.ours("clock-skew", "soon");
    let text = site.check(&["--strict"]).expect_code(2).text();
    assert!(text.ends_with("NOT VALID: a coordinator fails to start with it, 2 errors, 0 warnings\n"), "{text}");
}

#[test]
fn the_clock_is_compared_in_both_directions_and_each_finding_says_which() {
    let mut site = Site::new("findings_clock");
    for (clock, expected) in
        [(Clock::Off(600), "this machine's clock is 9m 5"), (Clock::Off(-600), "ahead of it, so tokens expire")]
    {
        site.ours("key-file", &https(&site.folder.path("jwks.json"), clock));
        let text = site.check(&["--online"]).expect_code(0).text();
        assert!(text.contains(expected), "{text}");
        assert!(!site.check(&[]).text().contains("clock-differs"));
    }
    site.ours("key-file", &https(&site.folder.path("jwks.json"), Clock::Unknown));
    let answer = site.check(&["--online", "--json"]).expect_code(0);
    assert_eq!(names(&answer), Vec::<String>::new());
    assert!(answer.json()["notes"].to_string().contains("has no Date, so the clocks were not compared"));
}

#[test]
fn each_issuer_is_checked_with_its_own_keys_and_rules() {
    let mut site = Site::new("findings_issuers");
    let weak = fs::read_to_string(site.folder.keygen("RS256").public_jwk).unwrap().replace("AQAB", "Aw");
    let weak = site.write("weak.json", format!("{{\"keys\":[{weak}]}}"));
    site.two_issuers(r#"{"pattern":"partner","user":"$0@partner"}"#);
    let partners = site.folder.read("partners.properties");
    let partners =
        partners.replace("jwks.json", "weak.json").replace("require-expiration=true", "require-expiration=false");
    let partners = site.write("partners.properties", partners);
    let found = findings(&site.check(&["--online", "--json"]).expect_code(0));
    let of: Vec<_> =
        found.iter().map(|finding| (finding["name"].as_str().unwrap(), finding["file"].as_str().unwrap())).collect();
    assert_eq!(of, [("key-weak", &*partners), ("expiration-not-required", &*partners)], "{weak}");
    assert!(found.iter().all(|finding| finding["line"].is_number()), "{found:#?}");
}

#[test]
fn published_keys_and_secrets_are_recognized_in_key_files_as_well() {
    use base64::Engine as _;
    let mut site = Site::new("findings_published");
    let secret = base64::engine::general_purpose::STANDARD.encode("a-string-secret-at-least-256-bits-long");
    set_mode(site.key_file("secret", secret), 0o600);
    let text = site.check(&["--online"]).expect_code(0).text();
    assert!(text.contains("warning[key-published]: "), "{text}");
    assert!(text.contains("is printed in the example of jwt.io"), "{text}");
    assert!(!text.contains("a-string-secret"), "{text}");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/rfc/examples.json");
    let examples: Value = serde_json::from_str(&fs::read_to_string(examples).unwrap()).unwrap();
    let mut tried = 0;
    for example in examples.as_array().unwrap() {
        let (name, key) = (example["name"].as_str().unwrap(), &example["key"]);
        if !key.is_object() {
            continue;
        }
        let mut key = key.clone();
        for member in ["alg", "use", "key_ops"] {
            key.as_object_mut().unwrap().remove(member);
        }
        let file = site.key_file("published.json", serde_json::json!({"keys": [key]}).to_string());
        set_mode(&file, 0o600);
        let answer = site.check(&["--online", "--json"]);
        assert!(names(&answer).contains(&"key-published".to_owned()), "{name}: {}", answer.text());
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn the_page_of_the_command_shows_what_the_command_prints() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/command.md");
    let page = fs::read_to_string(page).unwrap();
    let folder = Folder::new("findings_page");
    let key = folder.keygen("ES256").public;
    fs::create_dir(folder.path("etc")).unwrap();
    set_mode(folder.path("etc"), 0o755);
    folder.write(
        "etc/native-jwt.properties",
        format!("header-authenticator.name=native-jwt\n{}\n", property("key-file", &key)),
    );
    for call in ["check-config", "check-config --json"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nativejwt"));
        command.args(call.split(' ')).arg("etc/native-jwt.properties").current_dir(folder.path(""));
        let mut text = finish(command, b"").expect_code(0).text();
        if let Ok(json) = serde_json::from_str::<Value>(&text) {
            // It depends on the path of the key.
            text = text.replace(json["in_force"]["configuration"].as_str().unwrap(), "5c1f0e9b77a2");
        }
        let block = format!("```\n$ nativejwt {call} etc/native-jwt.properties\n{text}```\n");
        assert!(page.contains(&block), "docs/command.md does not have:\n{block}");
    }
}
