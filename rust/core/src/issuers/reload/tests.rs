// SPDX-License-Identifier: Apache-2.0
//! Files that change while an authenticator is in use: key files, rule files and per-issuer files.

use std::fs;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::authenticator::Authenticator;
use crate::clock::UnixMillis;
use crate::config::Properties;
use crate::events::Level;
use crate::host::HostProcess;
use crate::rejection::Reason;

pub(crate) struct Key(Ed25519KeyPair);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(crate) fn jwk(&self, more: &str) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"{more}}}"#)
    }

    pub(crate) fn token(&self, header: &str, payload: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let input = format!("{}.{}", encode(&format!(r#"{{"alg":"EdDSA"{header}}}"#)), encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

/// A folder with an authenticator's files, and the authenticator.
pub(crate) struct Setting {
    folder: std::path::PathBuf,
    authenticator: Option<Authenticator>,
}

impl Setting {
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("nativejwt-{}-reload-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let setting = Self { folder, authenticator: None };
        for (name, text) in files {
            setting.write(name, text);
        }
        setting
    }

    /// `config` has the properties without their prefix; `@` is the folder.
    pub(crate) fn open(self, config: &str) -> Self {
        self.open_in(config, &HostProcess::default())
    }

    /// As [`Setting::open`], in this process.
    pub(crate) fn open_in(mut self, config: &str, host: &HostProcess) -> Self {
        // As at a restart, there are never two at a time.
        self.authenticator = None;
        let properties = Properties::parse(&self.prefixed(config), "").unwrap();
        self.authenticator = Some(Authenticator::open_with(&properties, host).unwrap());
        self
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn prefixed(&self, config: &str) -> String {
        let config = config.replace('@', self.folder.to_str().unwrap());
        config.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect()
    }

    /// Replaces a file as a whole.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join("new"), text).unwrap();
        fs::rename(self.folder.join("new"), self.folder.join(name)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.folder.join(name)).unwrap();
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        self.authenticator.as_ref().unwrap()
    }

    /// Polls twice, as a change needs, and returns the log lines. The folder is `@` in them.
    pub(crate) fn poll(&self) -> Vec<(Level, String)> {
        self.authenticator().poll();
        self.authenticator().poll();
        let events = std::iter::from_fn(|| self.authenticator().events().pop());
        events.map(|event| (event.level, event.text.replace(self.folder.to_str().unwrap(), "@"))).collect()
    }

    /// The user of the token.
    pub(crate) fn authenticate(&self, token: &str) -> Result<String, Reason> {
        let verdict = self.authenticator().authenticate_token(token.as_bytes(), UnixMillis(0));
        verdict.map(|identity| identity.user).map_err(|reject| reject.code())
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        self.authenticator = None;
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn alice() -> Result<String, Reason> {
    Ok("alice".to_owned())
}

pub(crate) const ALICE: &str = r#"{"sub":"alice"}"#;

#[test]
fn key_sources_are_described_without_secrets() {
    let set = format!("inline:{}", Key::new(1).jwk(""));
    let one = Setting::new("source", &[]).open(&format!("key-file={set}"));
    assert_eq!(one.authenticator().key_sources(), ["The keys come from the configuration itself (inline:)"]);
    let name = "http-server.authentication.jwt.";
    let remote = format!("{name}key-file=https://svc:s3cret@127.0.0.1:1/jwks?s3cret\n{name}required-issuer=https://a");
    let inline = format!("{name}key-file={set}");
    let several = Setting::new("sources", &[("a.properties", &remote), ("b.properties", &inline)]);
    let several = several.open("config-files=@/a.properties,@/b.properties");
    let wrong =
        format!("{name}key-file=oidc:https://svc:s3cret@idp.example\n{name}required-issuer=https://idp.example");
    let errors = Authenticator::open(&Properties::parse(&wrong, "").unwrap()).err().unwrap().to_string();
    assert!(errors.contains("the issuer must not contain a user") && !errors.contains("s3cret"), "{errors}");
    let mut lines = several.authenticator().key_sources();
    lines.sort();
    assert_eq!(
        lines,
        [
            "The keys for tokens of all other issuers come from the configuration itself (inline:)",
            "The keys of the issuer 'https://a' come from https://127.0.0.1:1/jwks",
        ]
    );
}

#[test]
fn a_replaced_key_file_takes_effect_and_an_invalid_one_does_not() {
    let (old, new) = (Key::new(1), Key::new(2));
    let setting = Setting::new("key-file", &[("key.json", &old.jwk(""))]).open("key-file=@/key.json");
    let (of_old, of_new) = (old.token("", ALICE), new.token("", ALICE));
    assert_eq!(
        (setting.authenticate(&of_old), setting.authenticate(&of_new)),
        (alice(), Err(Reason::SignatureMismatch))
    );

    setting.write("key.json", r#"{"kty":"OKP"}"#);
    let lines =
        "The key file '@/key.json' has changed but cannot be used, so its previous content stays in use: it has no crv";
    assert_eq!(setting.poll(), [(Level::Error, lines.to_owned())]);
    assert_eq!(setting.authenticate(&of_old), alice());

    setting.remove("key.json");
    let lines = setting.poll();
    assert!(
        lines.len() == 1 && lines[0].1.contains("its previous content stays in use: it cannot be read: No such file"),
        "{lines:?}"
    );
    assert_eq!(setting.authenticate(&of_old), alice());

    setting.write("key.json", &new.jwk(""));
    assert_eq!(setting.poll(), [(Level::Info, "The key file '@/key.json' has changed and is in use".to_owned())]);
    assert_eq!(
        (setting.authenticate(&of_old), setting.authenticate(&of_new)),
        (Err(Reason::SignatureMismatch), alice())
    );

    let set = format!(r#"{{"keys":[{},{}]}}"#, old.jwk(r#","kid":"a""#), new.jwk(r#","kid":"b","use":"enc""#));
    setting.write("key.json", &set);
    let lines = setting.poll();
    assert_eq!(lines[0].1, "@/key.json: the key 'b' is not used: its use is 'enc', not 'sig'");
    assert_eq!(setting.authenticate(&old.token(r#","kid":"a""#, ALICE)), alice());
    assert_eq!(setting.authenticate(&new.token(r#","kid":"b""#, ALICE)), Err(Reason::UnknownKeyId));
}

#[test]
fn a_key_file_of_a_kid_is_added_changed_and_removed() {
    let (old, new) = (Key::new(1), Key::new(2));
    let setting = Setting::new("template", &[]).open("key-file=@/${KID}.json");
    let (of_old, of_new) = (old.token(r#","kid":"a""#, ALICE), new.token(r#","kid":"a""#, ALICE));
    assert_eq!(setting.authenticate(&of_old), Err(Reason::UnknownKeyId));

    setting.write("a.json", &old.jwk(""));
    assert_eq!(setting.authenticate(&of_old), alice(), "a new file takes effect at once");
    assert_eq!(setting.poll(), []);

    setting.write("a.json", &new.jwk(""));
    assert_eq!(setting.poll(), [(Level::Info, "The key file '@/a.json' has changed and is in use".to_owned())]);
    assert_eq!(
        (setting.authenticate(&of_old), setting.authenticate(&of_new)),
        (Err(Reason::SignatureMismatch), alice())
    );

    setting.write("a.json", "{");
    let lines = setting.poll();
    assert!(
        lines[0].1.contains("its previous content stays in use: the document is JSON that is cut off"),
        "{lines:?}"
    );
    assert_eq!(setting.authenticate(&of_new), alice());

    setting.remove("a.json");
    let lines = "The key file '@/a.json' was removed, so tokens with this key ID are rejected";
    assert_eq!(setting.poll(), [(Level::Warning, lines.to_owned())]);
    assert_eq!(setting.authenticate(&of_new), Err(Reason::UnknownKeyId));

    setting.write("a.json", &old.jwk(""));
    assert_eq!(setting.authenticate(&of_old), alice());
}

#[test]
fn a_replaced_rule_file_takes_effect_and_an_invalid_one_does_not() {
    let key = Key::new(1);
    let rules = |user: &str| format!("{{\"rules\":[\n{{\"pattern\":\"(.+)\",\"user\":\"{user}\"}}]}}");
    let setting = Setting::new("rules", &[("key.json", &key.jwk("")), ("rules.json", &rules("$1-a"))])
        .open("key-file=@/key.json\nuser-mapping.file=@/rules.json");
    let user = || setting.authenticate(&key.token("", ALICE)).unwrap();
    assert_eq!(user(), "alice-a");
    setting.write("rules.json", &rules("$2"));
    let lines = setting.poll();
    let expected = "The rule file '@/rules.json' has changed but cannot be used, so its previous content stays in use: line 2: rule 1 has";
    assert!(lines[0].0 == Level::Error && lines[0].1.starts_with(expected), "{lines:?}");
    assert_eq!(user(), "alice-a");
    setting.write("rules.json", &rules("$1-b"));
    assert_eq!(setting.poll(), [(Level::Info, "The rule file '@/rules.json' has changed and is in use".to_owned())]);
    assert_eq!(user(), "alice-b");
}

#[test]
fn a_change_of_a_per_issuer_file_takes_effect_completely_or_not_at_all() {
    let (alpha, beta) = (Key::new(1), Key::new(2));
    let setting = Setting::new("issuers", &[]);
    let file = |key: &Key, more: &str| setting.prefixed(&format!("key-file=inline:{}\n{more}", key.jwk("")));
    setting.write("alpha.properties", &file(&alpha, "required-issuer=alpha"));
    setting.write("beta.properties", &file(&beta, "required-issuer=beta"));
    let (alpha_file, gamma, twice) = (
        file(&alpha, "required-issuer=alpha\nrequired-audience=trino"),
        file(&beta, "required-issuer=gamma"),
        file(&alpha, "required-issuer=beta"),
    );
    let setting = setting.open("config-files=@/alpha.properties,@/beta.properties");
    let of_alpha = alpha.token("", r#"{"sub":"alice","iss":"alpha"}"#);
    let of_beta = beta.token("", r#"{"sub":"alice","iss":"beta"}"#);
    let of_gamma = beta.token("", r#"{"sub":"alice","iss":"gamma"}"#);
    let verdicts = || [&of_alpha, &of_beta, &of_gamma].map(|token| setting.authenticate(token));
    let unknown = || Err(Reason::UnknownIssuer);
    assert_eq!(verdicts(), [alice(), alice(), unknown()]);

    setting.write("alpha.properties", "\nhttp-server.authentication.jwt.key-fil=x");
    let lines = setting.poll();
    let expected = "The per-issuer file '@/alpha.properties' has changed but cannot be used, so its previous content stays in use: \
                    @/alpha.properties:2: http-server.authentication.jwt.key-fil is not a known property";
    assert!(lines[0].0 == Level::Error && lines[0].1.starts_with(expected), "{lines:?}");
    assert_eq!(verdicts(), [alice(), alice(), unknown()]);

    setting.write("alpha.properties", &twice);
    let lines = setting.poll();
    assert!(lines[0].0 == Level::Error && lines[0].1.contains("have the same required-issuer, 'beta'"), "{lines:?}");
    assert_eq!(verdicts(), [alice(), alice(), unknown()]);

    setting.write("alpha.properties", &alpha_file);
    let lines = "The per-issuer file '@/alpha.properties' has changed and is in use";
    assert_eq!(setting.poll(), [(Level::Info, lines.to_owned())]);
    assert_eq!(verdicts(), [Err(Reason::MissingAudience), alice(), unknown()]);

    setting.write("beta.properties", &gamma);
    assert_eq!(setting.poll().len(), 1);
    assert_eq!(verdicts(), [Err(Reason::MissingAudience), unknown(), alice()]);
}

#[test]
fn a_change_takes_effect_within_ten_seconds() {
    let (old, new) = (Key::new(1), Key::new(2));
    let setting = Setting::new("thread", &[("key.json", &old.jwk(""))]).open("key-file=@/key.json");
    setting.write("key.json", &new.jwk(""));
    let (begin, token) = (Instant::now(), new.token("", ALICE));
    while setting.authenticate(&token).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(30), "the change has no effect");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Two polls take 4 s; the rest is for a loaded machine.
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn two_files_that_swap_their_issuers_take_effect_together() {
    let (alpha, beta) = (Key::new(1), Key::new(2));
    let setting = Setting::new("swap", &[]);
    let file = |key: &Key, issuer: &str| {
        setting.prefixed(&format!("key-file=inline:{}\nrequired-issuer={issuer}", key.jwk("")))
    };
    let [alpha_alpha, alpha_beta] = ["alpha", "beta"].map(|issuer| file(&alpha, issuer));
    let [beta_alpha, beta_beta] = ["alpha", "beta"].map(|issuer| file(&beta, issuer));
    setting.write("1.properties", &alpha_alpha);
    setting.write("2.properties", &beta_beta);
    let setting = setting.open("config-files=@/1.properties,@/2.properties");
    let straight = || {
        let tokens = [(&alpha, "alpha"), (&beta, "beta"), (&alpha, "beta"), (&beta, "alpha")];
        tokens.map(|(key, issuer)| {
            setting.authenticate(&key.token("", &format!(r#"{{"sub":"alice","iss":"{issuer}"}}"#)))
        })
    };
    let no = || Err(Reason::SignatureMismatch);
    let in_use = |file: &str| (Level::Info, format!("The per-issuer file '@/{file}' has changed and is in use"));
    assert_eq!(straight(), [alice(), alice(), no(), no()]);

    setting.write("1.properties", &alpha_beta);
    setting.write("2.properties", &beta_alpha);
    assert_eq!(setting.poll(), ["1.properties", "2.properties"].map(in_use));
    assert_eq!(straight(), [no(), no(), alice(), alice()]);

    // One after the other: the first change waits for the second, and is logged once.
    setting.write("1.properties", &alpha_alpha);
    let lines = setting.poll();
    assert!(lines.len() == 1 && lines[0].1.contains("have the same required-issuer, 'alpha'"), "{lines:?}");
    assert_eq!(setting.poll(), []);
    assert_eq!(straight(), [no(), no(), alice(), alice()]);
    setting.write("2.properties", &beta_beta);
    assert_eq!(setting.poll(), ["1.properties", "2.properties"].map(in_use));
    assert_eq!(straight(), [alice(), alice(), no(), no()]);
}

#[test]
fn two_issuers_with_one_cache_file_are_an_error_before_anything_is_fetched_or_written() {
    let key = Key::new(1);
    let setting = Setting::new("cache", &[]);
    let remote = |issuer: &str, cache: &str| {
        let text = format!("key-file=http://127.0.0.1:1/{issuer}\nrequired-issuer={issuer}\njwks.cache-file=@/{cache}");
        setting.prefixed(&text)
    };
    let (own, others) = (remote("beta", "b"), remote("beta", "a"));
    setting.write("1.properties", &remote("alpha", "a"));
    setting.write("2.properties", &others);
    let config = "config-files=@/1.properties,@/2.properties";
    let properties = Properties::parse(&setting.prefixed(config), "").unwrap();
    // Also in a command, which uses no cache file.
    let errors = Authenticator::open(&properties).err().unwrap().to_string();
    assert!(errors.contains("have the same jwks.cache-file"), "{errors}");

    setting.write("2.properties", &setting.prefixed(&format!("key-file=inline:{}\nrequired-issuer=beta", key.jwk(""))));
    let setting = setting.open(config);
    let change = |text: &str| {
        setting.write("2.properties", text);
        let mut lines = setting.poll();
        lines.retain(|(_, text)| text.contains("2.properties"));
        lines
    };
    let conflict = change(&others);
    assert!(conflict.len() == 1 && conflict[0].1.contains("have the same jwks.cache-file"), "{conflict:?}");
    let waits = "The per-issuer file '@/2.properties' has changed; its previous content stays in use until its new keys are fetched";
    assert_eq!(change(&own), [(Level::Warning, waits.to_owned())]);
}

#[test]
fn the_names_of_issuers_in_metrics_are_unique_in_any_case() {
    let mut taken = std::collections::HashSet::new();
    let mut name = |file: &str| super::name_in_metrics(std::path::Path::new(file), &mut taken);
    assert_eq!(name("etc/corp-eu.properties"), "corp_eu");
    assert_eq!(name("etc/corp.eu.properties"), "corp_eu_2");
    assert_eq!(name("other/Corp_EU.properties"), "Corp_EU_3");
}
