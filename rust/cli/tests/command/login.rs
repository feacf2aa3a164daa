// SPDX-License-Identifier: Apache-2.0
//! `login`, `token` and `logout` with providers that are wrong, strict or elsewhere in time. What a real provider does is
//! tested with Keycloak (tests/coordinator).

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::*;

/// The answer of a provider: its status and body. `None` is the discovery document.
type Answer = (u16, String);

/// A provider whose endpoints answer what a test wants.
struct Provider {
    issuer: String,
    /// Path and form of each request.
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Provider {
    /// `answer` gets the path and the form of each request but that for the discovery document.
    fn start(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::with_clock(0, |issuer| document(issuer).to_string(), answer)
    }

    /// `ahead` is how many seconds the provider's clock is ahead of this machine's.
    fn with_clock(
        ahead: i64,
        document: impl Fn(&str) -> String + Send + Sync + 'static,
        answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let provider = Self { issuer: issuer.clone(), seen: Arc::clone(&seen) };
        let answer = Arc::new(answer);
        let document = Arc::new(document);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (issuer, seen) = (issuer.clone(), Arc::clone(&seen));
                let (document, answer) = (Arc::clone(&document), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut connection = connection.unwrap();
                    let (path, form) = read_request(&mut connection);
                    let (status, body) = if path == "/.well-known/openid-configuration" {
                        (200, document(&issuer))
                    } else {
                        seen.lock().unwrap().push((path.clone(), form.clone()));
                        answer(&path, &form)
                    };
                    let date = Timestamp::from_second(now() + ahead).unwrap();
                    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
                    write!(
                        connection,
                        "HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    )
                    .unwrap();
                });
            }
        });
        provider
    }

    fn forms(&self, path: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|(other, _)| other == path).map(|(_, form)| form.clone()).collect()
    }
}

fn document(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "device_authorization_endpoint": format!("{issuer}/device"),
        "revocation_endpoint": format!("{issuer}/revoke"),
    })
}

fn read_request(connection: &mut TcpStream) -> (String, String) {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).unwrap();
    (path, String::from_utf8(form).unwrap())
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A JWT that ends at this time.
fn jwt(name: &str, exp: i64) -> String {
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2ln", part(json!({"alg": "RS256"})), part(json!({"sub": "alice", "jti": name, "exp": exp})))
}

fn token_answer(token: &str, expires_in: i64) -> Answer {
    let answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": expires_in});
    (200, answer.to_string())
}

fn error_answer(error: &str, description: &str) -> Answer {
    (400, json!({"error": error, "error_description": description}).to_string())
}

/// A person's home. Without PATH, no key ring is found.
struct Home(Folder);

impl Home {
    fn new(name: &str) -> Self {
        Self(Folder::new(&format!("login-{name}")))
    }

    fn run(&self, arguments: &[&str]) -> crate::support::Answer {
        self.run_with_path(arguments, "")
    }

    fn run_with_path(&self, arguments: &[&str], path: &str) -> crate::support::Answer {
        let state = self.0.path("state");
        let variables = [
            ("XDG_STATE_HOME", state.as_str()),
            ("PATH", path),
            ("DISPLAY", ""),
            ("WAYLAND_DISPLAY", ""),
            ("JOB_SECRET", "secret-for-tests"),
        ];
        run_with(arguments, b"", &variables)
    }

    /// A login of a job, which needs no person.
    fn job(&self, provider: &Provider) -> crate::support::Answer {
        self.run(&[
            "login",
            "--issuer",
            &provider.issuer,
            "--client-id",
            "job",
            "--client-credentials",
            "--client-secret-env",
            "JOB_SECRET",
        ])
    }

    /// A login with the device flow.
    fn device(&self, provider: &Provider) -> crate::support::Answer {
        self.run(&["login", "--issuer", &provider.issuer, "--client-id", "cli", "--device", "--wait", "20"])
    }

    fn file(&self, name: &str) -> String {
        self.0.path(&format!("state/nativejwt/login/{name}"))
    }
}

/// The answer of a device authorization endpoint.
fn device_answer(issuer_code: &str) -> Answer {
    let answer = json!({
        "device_code": "device-code-for-tests",
        "user_code": issuer_code,
        "verification_uri": "https://idp.example/device",
        "expires_in": 60,
        "interval": 1,
    });
    (200, answer.to_string())
}

#[test]
fn a_token_is_kept_for_its_owner_only_and_used_until_a_minute_before_its_end() {
    let home = Home::new("kept");
    let token = jwt("kept", now() + 300);
    let provider = Provider::start({
        let token = token.clone();
        move |_, _| token_answer(&token, 300)
    });
    let answer = home.job(&provider).expect_code(0);
    assert!(answer.text().contains(" as 'alice'. The token is good for "), "{}", answer.text());
    assert!(answer.err.contains("secret-tool is not installed"), "{}", answer.err);
    assert!(!format!("{}{}", answer.text(), answer.err).contains(&token));
    assert_eq!(home.run(&["token"]).expect_code(0).line(), token);
    assert_eq!(provider.forms("/token").len(), 1);
    for (name, mode) in [("default.json", 0o600), ("default.tokens.json", 0o600), ("", 0o700)] {
        assert_eq!(fs::metadata(home.file(name)).unwrap().mode() & 0o777, mode, "{name}");
    }
    let profile = fs::read_to_string(home.file("default.json")).unwrap();
    assert!(!profile.contains("secret-for-tests") && !profile.contains(&token), "{profile}");

    let json = home.run(&["token", "--json"]).expect_code(0).json();
    assert_eq!((json["token"].as_str(), json["kind"].as_str()), (Some(token.as_str()), Some("access_token")));
    let left = json["expires_in"].as_i64().unwrap();
    assert!((270..=300).contains(&left), "{left}");
    let credential = home.run(&["token", "--exec-credential"]).expect_code(0).json();
    assert_eq!(credential["kind"], "ExecCredential");
    assert_eq!(credential["status"]["token"], token);
    let renewal: Timestamp = credential["status"]["expirationTimestamp"].as_str().unwrap().parse().unwrap();
    assert!((200..=240).contains(&(renewal.as_second() - now())), "{renewal}");
}

#[test]
fn a_job_gets_its_next_token_a_minute_before_the_end() {
    let home = Home::new("next");
    let provider = Provider::start({
        let count = Mutex::new(0);
        move |_, _| {
            let mut count = count.lock().unwrap();
            *count += 1;
            token_answer(&jwt(&count.to_string(), now() + 59), 59)
        }
    });
    home.job(&provider).expect_code(0);
    let first = home.run(&["token"]).expect_code(0);
    assert!(first.err.contains("The provider's tokens live for"), "{}", first.err);
    assert_ne!(first.line(), home.run(&["token"]).expect_code(0).line());
    assert_eq!(provider.forms("/token").len(), 3);
}

#[test]
fn a_token_for_a_longer_time_is_fetched_if_the_kept_one_ends_earlier() {
    let home = Home::new("for");
    let provider = Provider::start({
        let count = Mutex::new(0);
        move |_, _| {
            let mut count = count.lock().unwrap();
            *count += 1;
            // The first token lives for five minutes, the others for half an hour.
            let life = if *count == 1 { 300 } else { 1800 };
            token_answer(&jwt(&count.to_string(), now() + life), life)
        }
    });
    home.job(&provider).expect_code(0);
    let first = home.run(&["token"]).expect_code(0).line();
    assert_eq!(home.run(&["token", "--for", "4m"]).expect_code(0).line(), first);
    let second = home.run(&["token", "--for", "20m"]).expect_code(0);
    assert_ne!(second.line(), first);
    assert_eq!(second.err, "");
    assert_eq!(home.run(&["token", "--for", "20m"]).expect_code(0).line(), second.line());
    assert_eq!(provider.forms("/token").len(), 2);
    let credential = home.run(&["token", "--for", "20m", "--exec-credential"]).expect_code(0).json();
    let renewal: Timestamp = credential["status"]["expirationTimestamp"].as_str().unwrap().parse().unwrap();
    assert!((500..=600).contains(&(renewal.as_second() - now())), "{renewal}");

    // None lives for an hour: nothing is printed, but the new token is kept.
    let answer = home.run(&["token", "--for", "1h"]).expect_code(2);
    assert_eq!(answer.text(), "");
    assert!(answer.err.contains("which is less than 3600 s. Ask for a shorter time"), "{}", answer.err);
    assert_ne!(home.run(&["token"]).expect_code(0).line(), second.line());
    for wrong in ["soon", "0s", "-5m", "none"] {
        assert_eq!(home.run(&["token", &format!("--for={wrong}")]).code, 2, "{wrong}");
    }
}

#[test]
fn a_token_for_a_longer_time_needs_a_refresh_token() {
    let home = Home::new("for-device");
    let provider = Provider::start(|path, _| match path {
        "/device" => device_answer("ABCD-EFGH"),
        _ => token_answer(&jwt("only", now() + 300), 300),
    });
    home.device(&provider).expect_code(0);
    let answer = home.run(&["token", "--for", "20m"]).expect_code(1);
    assert_eq!(answer.text(), "");
    assert!(answer.err.contains("The token ends in ") && answer.err.contains("no refresh token"), "{}", answer.err);
    home.run(&["token", "--for", "1m"]).expect_code(0);
}

#[test]
fn two_calls_at_once_never_spend_one_refresh_token_twice() {
    let home = Home::new("rotation");
    let provider = Provider::start({
        // The only refresh token that is not spent. Each new token ends at once, so that each call refreshes.
        let current = Mutex::new(0);
        move |path, form| {
            let mut current = current.lock().unwrap();
            if path == "/device" {
                return device_answer("ABCD-EFGH");
            }
            if form.contains("grant_type=refresh_token") && !form.contains(&format!("refresh_token=r{}x", *current)) {
                // As providers do that detect a replay: the whole login ends.
                *current = -1_000_000;
                return error_answer("invalid_grant", "Maximum allowed refresh token reuse exceeded");
            }
            *current += 1;
            let answer = json!({
                "access_token": jwt(&current.to_string(), now() + 10),
                "token_type": "Bearer",
                "expires_in": 10,
                "refresh_token": format!("r{}x", *current),
            });
            (200, answer.to_string())
        }
    });
    home.device(&provider).expect_code(0);
    let mut tokens: Vec<String> = thread::scope(|scope| {
        let calls: Vec<_> = (0..6).map(|_| scope.spawn(|| home.run(&["token"]).expect_code(0).line())).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 6, "each call needed a refresh of its own");
    home.run(&["token"]).expect_code(0);
}

#[test]
fn the_device_flow_sends_pkce_and_shows_what_the_person_needs() {
    let home = Home::new("device");
    let provider = Provider::start({
        let polls = Mutex::new(0);
        move |path, _| {
            if path == "/device" {
                return device_answer("AB\u{1b}[31mCD");
            }
            let mut polls = polls.lock().unwrap();
            *polls += 1;
            match *polls {
                1 => error_answer("authorization_pending", ""),
                _ => token_answer(&jwt("device", now() + 300), 300),
            }
        }
    });
    let answer = home.device(&provider).expect_code(0);
    assert!(answer.err.contains("\n  https://idp.example/device\n"), "{}", answer.err);
    assert!(answer.err.contains("and enter the code AB\\u{1b}[31mCD"), "{}", answer.err);
    let device = provider.forms("/device").remove(0);
    assert!(device.contains("code_challenge=") && device.contains("code_challenge_method=S256"), "{device}");
    assert!(provider.forms("/token").iter().all(|form| form.contains("code_verifier=")));
    assert!(answer.text().contains("the provider gave no refresh token"), "{}", answer.text());
}

#[test]
fn refusals_are_explained_and_nothing_is_kept() {
    for (name, token_endpoint, device_endpoint, expected) in [
        ("denied", error_answer("access_denied", ""), device_answer("A"), "refused the sign-in"),
        ("expired", error_answer("expired_token", ""), device_answer("A"), "Log in again"),
        (
            "secret",
            error_answer("unused", ""),
            error_answer("unauthorized_client", "Invalid client or Invalid client credentials"),
            "--client-secret-file",
        ),
        (
            "grant",
            error_answer("unused", ""),
            error_answer("unauthorized_client", "not allowed"),
            "log in with --browser",
        ),
        ("opaque", token_answer("ya29.opaque", 300), device_answer("A"), "is opaque"),
        ("encrypted", token_answer("eyJhbGciOiJkaXIifQ..a.b.c", 300), device_answer("A"), "is encrypted"),
    ] {
        let home = Home::new(&format!("refused-{name}"));
        let provider = Provider::start(move |path, _| match path {
            "/device" => device_endpoint.clone(),
            _ => token_endpoint.clone(),
        });
        let answer = home.device(&provider).expect_code(1);
        assert!(answer.err.contains("error: ") && answer.err.contains(expected), "{name}: {}", answer.err);
        assert!(home.run(&["token"]).expect_code(1).err.contains("There is no login"), "{name}");
    }
}

#[test]
fn answers_that_are_not_oauth_are_errors_without_their_content() {
    for (name, status, body, expected) in [
        ("html", 200, "<html>secret-in-a-page</html>", "not with JSON"),
        ("status", 502, "secret-in-a-page", "status 502"),
        ("member", 200, r#"{"token_type":"Bearer","id_token":"secret-in-a-page"}"#, "not one of OAuth 2.0"),
        (
            "form",
            200,
            r#"{"access_token":"secret-in-a-page","token_type":"Bearer","expires_in":"secret-in-a-page"}"#,
            "'expires_in'",
        ),
    ] {
        let home = Home::new(&format!("answer-{name}"));
        let provider = Provider::start(move |_, _| (status, body.to_owned()));
        let answer = home.job(&provider);
        answer.expect_error(expected);
        assert!(!answer.err.contains("secret-in-a-page"), "{}", answer.err);
    }
}

#[test]
fn only_the_discovery_document_of_the_issuer_is_used() {
    for (name, text, expected) in [
        ("page", "<html>".to_owned(), "is no discovery document"),
        ("other", document("https://other.example").to_string(), "its issuer is 'https://other.example'"),
    ] {
        let home = Home::new(&format!("discovery-{name}"));
        let provider = Provider::with_clock(0, move |_| text.clone(), |_, _| error_answer("unused", ""));
        home.job(&provider).expect_error(expected);
        assert!(provider.forms("/token").is_empty());
    }
    let home = Home::new("discovery-plain");
    let plain = |issuer: &str| {
        let mut document = document(issuer);
        document["token_endpoint"] = "http://idp.example/token".into();
        document.to_string()
    };
    let provider = Provider::with_clock(0, plain, |_, _| error_answer("unused", ""));
    home.job(&provider).expect_error("its token_endpoint is not https");
    home.run(&["login", "--issuer", "http://idp.example", "--client-id", "a"]).expect_error("is not https");
}

#[test]
fn a_provider_without_device_flow_leads_to_the_browser_flow() {
    let home = Home::new("no-device");
    let without = |issuer: &str| {
        let mut document = document(issuer);
        document.as_object_mut().unwrap().remove("device_authorization_endpoint");
        document.to_string()
    };
    let provider = Provider::with_clock(0, without, |_, _| error_answer("unused", ""));
    home.device(&provider).expect_error("Log in with --browser");
    let answer = home.run(&["login", "--issuer", &provider.issuer, "--client-id", "cli", "--no-open", "--wait", "1"]);
    let answer = answer.expect_code(1);
    assert!(answer.err.contains(&format!("\n  {}/authorize?", provider.issuer)), "{}", answer.err);
    assert!(answer.err.contains("No sign-in arrived within 1 s") && answer.err.contains("--device"), "{}", answer.err);
}

#[test]
fn a_wrong_clock_is_named_and_does_not_end_tokens() {
    let home = Home::new("clock");
    let provider = Provider::with_clock(
        -7200,
        |issuer| document(issuer).to_string(),
        |_, _| token_answer(&jwt("past", now() - 7200 + 300), 300),
    );
    let answer = home.job(&provider).expect_code(0);
    assert!(answer.err.contains("This machine's clock is 2 hours ahead of the provider's"), "{}", answer.err);
    home.run(&["token"]).expect_code(0);
    assert_eq!(provider.forms("/token").len(), 1);
}

#[test]
fn login_again_needs_no_options_and_another_issuer_starts_afresh() {
    let home = Home::new("again");
    let answers = |_: &str, _: &str| token_answer(&jwt("again", now() + 300), 300);
    let provider = Provider::start(answers);
    home.job(&provider).expect_code(0);
    home.run(&["login"]).expect_code(0);
    assert_eq!(provider.forms("/token").len(), 2);
    let other = Provider::start(answers);
    home.run(&["login", "--issuer", &other.issuer]).expect_error("--client-id");
    home.run(&["login", "--issuer", &other.issuer, "--client-id", "b", "--client-credentials"])
        .expect_error("A job needs credentials");
}

#[test]
fn logout_revokes_and_forgets() {
    let home = Home::new("logout");
    let provider = Provider::start(|path, _| match path {
        "/revoke" => (200, String::new()),
        _ => token_answer(&jwt("logout", now() + 300), 300),
    });
    home.job(&provider).expect_code(0);
    home.run(&["logout"]).expect_code(0);
    let form = provider.forms("/revoke").remove(0);
    assert!(form.contains("token_type_hint=access_token"), "{form}");
    home.run(&["token"]).expect_code(1);
    assert!(!fs::exists(home.file("default.tokens.json")).unwrap());
    home.run(&["logout"]).expect_code(1);

    let provider = Provider::start(|path, _| match path {
        "/revoke" => (503, String::new()),
        _ => token_answer(&jwt("logout", now() + 300), 300),
    });
    home.job(&provider).expect_code(0);
    home.run(&["logout"]).expect_error("status 503");
    home.run(&["token"]).expect_code(0);
    let answer = home.run(&["logout", "--forget"]).expect_code(1);
    assert!(answer.err.contains("status 503"), "{}", answer.err);
    assert!(!fs::exists(home.file("default.tokens.json")).unwrap());
}

#[test]
fn a_secret_goes_to_its_own_issuer_only() {
    let home = Home::new("secret");
    let answers = |_: &str, _: &str| token_answer(&jwt("secret", now() + 300), 300);
    let (own, other) = (Provider::start(answers), Provider::start(answers));
    home.job(&own).expect_code(0);
    let key = home.0.keygen("ES256").public;
    let config = home.0.config(&[
        property("key-file", &key),
        property("required-issuer", &other.issuer),
        property("required-audience", "trino"),
    ]);
    home.run(&["login", "--config", &config]).expect_error("--client-id");
    home.run(&["login", "--config", &config, "--client-id", "job", "--client-credentials"])
        .expect_error("A job needs credentials");
    assert!(other.forms("/token").is_empty());
    // A crash between the two files of a login.
    let profile = fs::read_to_string(home.file("default.json")).unwrap();
    fs::write(home.file("default.json"), profile.replace(&own.issuer, &other.issuer)).unwrap();
    assert!(home.run(&["token"]).expect_code(1).err.contains("belong to another login"));
}

/// Providers such as Keycloak and Google would end the session or the grant, and with it the new login.
#[test]
fn a_new_login_does_not_revoke_the_one_that_it_replaces() {
    let home = Home::new("replaced");
    let provider = Provider::start({
        let count = Mutex::new(0);
        move |path, _| match path {
            "/revoke" => (200, String::new()),
            _ => {
                let mut count = count.lock().unwrap();
                *count += 1;
                token_answer(&jwt(&count.to_string(), now() + 300), 300)
            }
        }
    });
    home.job(&provider).expect_code(0);
    let first = home.run(&["token"]).expect_code(0).line();
    home.job(&provider).expect_code(0);
    assert!(provider.forms("/revoke").is_empty());
    assert_ne!(home.run(&["token"]).expect_code(0).line(), first);
}

#[test]
fn a_key_ring_that_cannot_be_reached_keeps_its_login() {
    let home = Home::new("ring");
    let tool = home.0.write("secret-tool", "#!/bin/sh\n[ -e \"${0%/*}/locked\" ] && { echo no bus >&2; exit 1; }\ncase $1 in store) read -r text; echo \"$text\" > \"${0%/*}/ring\";; lookup) [ -e \"${0%/*}/ring\" ] || exit 1; while read -r line; do echo \"$line\"; done < \"${0%/*}/ring\";; clear) /bin/rm -f \"${0%/*}/ring\";; esac\n");
    set_mode(&tool, 0o755);
    let provider = Provider::start(|path, _| match path {
        "/revoke" => (200, String::new()),
        _ => token_answer(&jwt("ring", now() + 300), 300),
    });
    let folder = home.0.path("");
    let run = |arguments: &[&str]| home.run_with_path(arguments, &folder);
    let login = [
        "login",
        "--issuer",
        &provider.issuer,
        "--client-id",
        "job",
        "--client-credentials",
        "--client-secret-env",
        "JOB_SECRET",
    ];
    let answer = run(&login).expect_code(0);
    assert!(answer.err.contains("are in your key ring"), "{}", answer.err);
    assert!(!fs::exists(home.file("default.tokens.json")).unwrap());
    run(&["token"]).expect_code(0);
    home.0.write("locked", "");
    assert!(run(&["token"]).expect_code(1).err.contains("unlock it"));
    assert!(run(&["logout"]).expect_code(2).err.contains("are still in the key ring"));
    fs::remove_file(home.0.path("locked")).unwrap();
    run(&["token"]).expect_code(0);
    // A file takes the place of the ring, which must not keep the earlier tokens.
    run(&[&login[..], &["--storage", "file"]].concat()).expect_code(0);
    assert!(!fs::exists(home.0.path("ring")).unwrap());
    run(&["token"]).expect_code(0);
}

#[test]
fn a_wait_ends_in_time_whatever_the_provider_says() {
    let home = Home::new("wait");
    let provider = Provider::start(|path, _| match path {
        "/device" => (200, device_answer("A").1.replace(r#""interval":1"#, r#""interval":100000000"#)),
        _ => error_answer("authorization_pending", ""),
    });
    let begin = SystemTime::now();
    let login = ["login", "--issuer", &provider.issuer, "--client-id", "cli", "--device", "--wait", "2"];
    let answer = home.run(&login).expect_code(1);
    assert!(answer.err.contains("Nobody signed in within 2 s"), "{}", answer.err);
    assert!(begin.elapsed().unwrap().as_secs() < 60);
}

#[test]
fn nothing_of_a_provider_can_change_a_terminal_or_a_header() {
    let home = Home::new("escapes");
    let provider =
        Provider::start(|_, _| token_answer(&format!("a\u{1b}]0;x\r\nX-Evil: 1.{}", jwt("x", now() + 300)), 300));
    assert!(home.job(&provider).expect_code(1).err.contains("characters that no bearer token has"));
    for page in ["http://evil.example/", "javascript:alert(1)"] {
        let answer = device_answer("A").1.replace("https://idp.example/device", page);
        let provider = Provider::start(move |_, _| (200, answer.clone()));
        home.device(&provider).expect_error("is not https");
    }
}

#[test]
fn files_that_others_can_read_and_damaged_ones_are_not_used() {
    let home = Home::new("files");
    let provider = Provider::start(|_, _| token_answer(&jwt("files", now() + 300), 300));
    home.job(&provider).expect_code(0);
    set_mode(home.file(""), 0o777);
    home.run(&["token"]).expect_error("others could replace your logins");
    set_mode(home.file(""), 0o700);
    set_mode(home.file("default.tokens.json"), 0o644);
    home.run(&["token"]).expect_error("has mode 644");
    set_mode(home.file("default.tokens.json"), 0o600);
    fs::write(home.file("default.tokens.json"), "{").unwrap();
    assert!(home.run(&["token"]).expect_code(1).err.contains("are damaged"));
    fs::write(home.file("default.json"), r#"{"issuer":"x"}"#).unwrap();
    home.run(&["token"]).expect_error("is not a profile that this version wrote");
}
