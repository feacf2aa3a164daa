use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::Value;

use crate::support::*;

/// Serves one document over http, for as many requests as come, until the test's process ends.
fn serve(document: String, status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{document}",
                document.len()
            );
        }
    });
    url
}

fn json_of(config: &str, code: i32) -> Value {
    run(&["check-config", "--json", config]).expect_code(code).json()
}

#[test]
fn a_good_configuration_is_valid_without_a_word() {
    let folder = Folder::new("config_good");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[key("key-file", &keys.public), key("required-audience", "trino")]);
    let answer = run(&["check-config", &config]).expect_code(0);
    assert_eq!(answer.text(), format!("{config}: valid, 0 errors, 0 warnings\n"));
    let json = json_of(&config, 0);
    assert_eq!(json["valid"], true);
    assert_eq!((&json["errors"], &json["warnings"]), (&Value::Array(vec![]), &Value::Array(vec![])));
}

#[test]
fn all_errors_come_at_once_with_their_lines() {
    let folder = Folder::new("config_errors");
    let rules =
        folder.write("rules.json", "{\"rules\":[\n  {\"pattern\":\"(\"},\n  {\"pattern\":\"a\",\"cas\":\"keep\"}\n]}");
    let config = folder.config(&[
        key("key-file", &folder.path("missing.pem")),
        key("user-mapping.file", &rules),
        key("required-issuers", "x"),
        key("required-audience", ""),
    ]);
    let answer = run(&["check-config", &config]).expect_code(2);
    let text = answer.text();
    assert_eq!(answer.err, "");
    for part in [
        format!("error: {config}:2: http-server.authentication.jwt.key-file names"),
        format!(
            "error: {config}:4: http-server.authentication.jwt.required-issuers is not a known property; did you mean http-server.authentication.jwt.required-issuer?"
        ),
        format!("error: {config}:5: http-server.authentication.jwt.required-audience is empty"),
        format!("error: {rules}:2: "),
        format!("error: {rules}:3: "),
        format!("{config}: NOT VALID"),
    ] {
        assert!(text.contains(&part), "{part}\n{text}");
    }
    let json = json_of(&config, 2);
    assert_eq!(json["valid"], false);
    assert_eq!(json["errors"].as_array().unwrap().len(), 6, "{json}");
    assert!(json["errors"].as_array().unwrap().iter().any(|error| error["file"] == rules && error["line"] == 3));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let folder = Folder::new("config_missing");
    let missing = folder.path("missing.properties");
    assert!(run(&["check-config", &missing]).expect_code(2).text().contains("missing.properties: cannot be read"));
    assert_eq!(json_of(&missing, 2)["errors"][0]["file"], missing);
    run(&["check-token", "--config", &missing, "a.b.c"]).expect_error("missing.properties: cannot be read");
}

#[test]
fn what_will_hurt_later_is_a_warning() {
    let folder = Folder::new("config_warnings");
    let (public, secret) = (folder.keygen("ES256").public, folder.keygen("HS256").public);
    let warnings = |config: &str| -> Vec<String> {
        let json = json_of(config, 0);
        json["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| warning["message"].as_str().unwrap().to_owned())
            .collect()
    };
    let audience = key("required-audience", "trino");
    assert_eq!(warnings(&folder.config(&[key("key-file", &secret), audience.clone()])), Vec::<String>::new());

    let told = warnings(&folder.config_of_key(&public));
    assert!(told[0].contains("any other service"), "{told:?}");

    let told = warnings(&folder.config(&[key("key-file", &folder.path("${KID}.pem")), audience.clone()]));
    assert!(told[0].contains("default-key.pem' is not there"), "{told:?}");
    folder.write("default-key.pem", fs::read(&public).unwrap());
    let broken = folder.write("broken.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    folder.write("other.txt", "no key, and no kid names it");
    let told = warnings(&folder.config(&[key("key-file", &folder.path("${KID}.pem")), audience.clone()]));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&broken) && told[0].contains("whose tokens are refused"), "{told:?}");
    folder.write("broken.pem", "00112233445566778899aabbccddeeff".repeat(2));
    let told = warnings(&folder.config(&[key("key-file", &folder.path("${KID}.pem")), audience.clone()]));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("consists of hexadecimal digits only") && told[1].contains("everybody else can read"));
    let digits = folder.write("digits", "00112233445566778899aabbccddeeff".repeat(2));
    let told = warnings(&folder.config(&[key("key-file", &digits), audience.clone()]));
    assert!(told.iter().any(|line| line.contains("consists of hexadecimal digits only")), "{told:?}");
    let told = warnings(&folder.config(&[key("key-file", &folder.path("none/$KEYID.pem")), audience.clone()]));
    assert!(told[0].contains("has no folder of keys"), "{told:?}");

    let told = warnings(&folder.write(
        "config.properties",
        format!("http-server.authentication.type=PASSWORD, JWT\n{}\n{audience}\n", key("key-file", &public)),
    ));
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn a_file_whose_keys_no_coordinator_would_read_is_an_error() {
    let folder = Folder::new("config_seam");
    let public = folder.keygen("ES256").public;
    let keys = format!("{}\n{}\n", key("key-file", &public), key("required-audience", "trino"));
    let error = |text: &str| {
        let json = json_of(&folder.write("config.properties", text), 2);
        assert_eq!(json["errors"].as_array().unwrap().len(), 1, "{json}");
        json["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let of_type = |name: &str| format!("http-server.authentication.type={name}\n");
    assert!(error(&format!("{}{keys}", of_type("HEADER"))).contains("or move the keys to the file that"));
    assert!(error(&format!("{}{keys}", of_type("JTW"))).starts_with("is 'JTW', so the coordinator does not start"));
    assert!(error(&keys).contains("Then header-authenticator.name=native-jwt is missing"));
    assert!(error(&of_type("PASSWORD,HEADER")).contains("check the file that header-authenticator.config-files names"));
    assert!(error(&of_type("PASSWORD")).contains("there is no key of JWT"));
    assert!(error("node.id=one\n").contains("The plugin's file begins with"));
}

/// The messages of the warnings, with the file and line of each.
fn warnings(config: &str) -> Vec<String> {
    let json: Value = run(&["check-config", "--json", config]).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = |told: &Value| {
        format!("{}:{} {} {}", text(&told["file"]), told["line"], text(&told["key"]), text(&told["message"]))
    };
    json["warnings"].as_array().unwrap().iter().map(told).collect()
}

#[cfg(unix)]
#[test]
fn every_file_that_others_can_write_to_or_replace_is_a_warning() {
    let folder = Folder::new("config_modes");
    let (public, secret) = (folder.keygen("ES256").public, folder.keygen("HS256").public);
    for file in ["keys", "rules", "cache", "bearer"] {
        fs::create_dir(folder.path(file)).unwrap();
        set_mode(folder.path(file), 0o755);
    }
    let one = folder.write("keys/one.pem", fs::read(&public).unwrap());
    folder.write("keys/default-key.pem", fs::read(&public).unwrap());
    let shared = folder.write("keys/shared.pem", fs::read(&secret).unwrap());
    set_mode(&shared, 0o600);
    let rules = folder.write("rules/rules.json", r#"{"rules":[{"pattern":"(.*)"}]}"#);
    let bearer = folder.write("bearer/token", "abc");
    set_mode(&bearer, 0o600);
    let trusted = folder.write("trusted.pem", include_str!("certificate.pem"));
    let named = folder.write(
        "issuer.properties",
        [
            key("key-file", &folder.path("keys/${KID}.pem")),
            key("required-audience", "trino"),
            key("user-mapping.file", &rules),
            format!("jwk.http-client.trust-store-path={trusted}"),
        ]
        .join("\n"),
    );
    let listing = folder
        .write("list.properties", format!("header-authenticator.name=native-jwt\n{}", key("config-files", &named)));
    let single = folder.config(&[key("key-file", &secret), key("required-audience", "trino")]);
    let fetching = folder.write(
        "fetching.properties",
        [
            "header-authenticator.name=native-jwt".to_owned(),
            key("key-file", "https://127.0.0.1:1/jwks"),
            key("required-audience", "trino"),
            key("jwks.cache-file", &folder.path("cache/keys.json")),
            key("jwks.bearer-token-file", &bearer),
        ]
        .join("\n"),
    );
    for config in [&listing, &single, &fetching] {
        assert_eq!(warnings(config), Vec::<String>::new());
    }
    let at = |name: &str| folder.path(name);
    for (config, changed, mode, line, expected) in [
        (
            &single,
            &secret,
            0o620,
            "2",
            "that its group can write to (mode 0620): they decide who can log in. chmod go-w",
        ),
        (&single, &secret, 0o602, "2", "that everybody can write to (mode 0602)"),
        (&single, &secret, 0o640, "2", "that its group can read: it is a shared secret"),
        (&single, &single, 0o666, "null", "is a file that its group and everybody else can write to (mode 0666)"),
        (&single, &at("HS256"), 0o777, "2", "can replace, since the folder"),
        (&listing, &listing, 0o646, "null", "is a file that everybody can write to"),
        (&listing, &named, 0o666, "2", "issuer.properties', a file that its group and everybody else can write to"),
        (&listing, &one, 0o666, "1", "one.pem', a file that its group and everybody else can write to"),
        (&listing, &shared, 0o604, "1", "shared.pem', a file that everybody can read: it is a shared secret"),
        (&listing, &at("keys"), 0o777, "1", "can replace, since the folder"),
        (&listing, &rules, 0o664, "3", "rules.json', a file that its group can write to"),
        (&listing, &at("rules"), 0o775, "3", "that its group can replace"),
        (&listing, &trusted, 0o666, "4", "trusted.pem', a file that"),
        (&fetching, &at("cache"), 0o777, "4", "keys.json', a file that its group and everybody else can replace"),
        (&fetching, &at("bearer"), 0o777, "5", "they choose what the server of the keys is asked with"),
        (&fetching, &bearer, 0o644, "5", "can read: it holds a token"),
    ] {
        use std::os::unix::fs::PermissionsExt as _;
        let before = fs::metadata(changed).unwrap().permissions().mode();
        set_mode(changed, mode);
        let told = warnings(config);
        set_mode(changed, before);
        assert_eq!(told.len(), 1, "{changed} {mode:o}: {told:#?}");
        assert!(told[0].contains(expected) && told[0].contains(&format!(":{line} ")), "{changed} {mode:o}: {told:#?}");
        if mode & 0o777 == 0o777 {
            // Only the owner of a file can replace it there.
            set_mode(changed, 0o1777);
            let told = warnings(config);
            set_mode(changed, before);
            assert_eq!(told, Vec::<String>::new());
        }
    }
    // A folder further up counts as well, and is told of once.
    set_mode(folder.path(""), 0o777);
    let told = warnings(&listing);
    assert!(told.len() == 1 && told[0].contains("can replace, since the folder"), "{told:#?}");
    set_mode(folder.path(""), 0o755);
    // A password in the file makes it a secret.
    let password = folder.write(
        "password.properties",
        format!("{}\njwk.http-client.http-proxy=p:1\njwk.http-client.http-proxy.user=u\njwk.http-client.http-proxy.password=hunter2\n", fs::read_to_string(&fetching).unwrap()),
    );
    let told = warnings(&password);
    assert!(
        told.len() == 1
            && told[0].contains("is a file that its group and everybody else can read: a password stands in it"),
        "{told:#?}"
    );
    set_mode(&password, 0o600);
    assert_eq!(warnings(&password), Vec::<String>::new());
}

/// java.util.Properties reads each of these otherwise than it looks, or not at all.
#[test]
fn what_a_property_file_says_otherwise_than_it_looks_is_told_with_its_line() {
    let folder = Folder::new("config_notation");
    let public = folder.keygen("ES256").public;
    let good = format!(
        "header-authenticator.name=native-jwt\n{}\n{}\n",
        key("key-file", &public),
        key("required-audience", "trino")
    );
    let with = |line: &str| format!("{good}{line}\n").into_bytes();
    let of = |bytes: &[u8]| folder.write("native-jwt.properties", bytes);
    for bytes in [
        good.replace('\n', "\r\n").into_bytes(),
        good.replace("=trino", "=trino \t ").into_bytes(),
        good.replace("=trino", "=\\\n    trino").into_bytes(),
        good.replace("jwt.required-audience=", "jwt.required-audience: ").into_bytes(),
        with(&key("user-mapping.pattern", r"(\\w+)@corp\\.example")),
        [good.as_bytes(), key("required-issuer", "https://m").as_bytes(), b"\xfcnchen.example\n"].concat(),
    ] {
        assert_eq!(warnings(&of(&bytes)), Vec::<String>::new(), "{}", String::from_utf8_lossy(&bytes));
        run(&["check-config", &of(&bytes)]).expect_code(0);
    }
    for (bytes, line, expected) in [
        (
            with(&key("user-mapping.pattern", r"(.*)@corp\.example")),
            4,
            r"reads '(.*)@corp.example'. Write (.*)@corp\\.example",
        ),
        (
            with(&key("required-issuer", "https://m\u{fc}nchen.example")),
            4,
            r"gets 'https://mÃ¼nchen.example'. Write \u00fc",
        ),
        (good.replace("=trino", "=\"trino\"").into_bytes(), 3, "has quotes around its value"),
        (good.replace("=trino", "=trino   # the client").into_bytes(), 3, "'# the client'"),
    ] {
        let told = warnings(&of(&bytes));
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].contains(&format!("native-jwt.properties:{line} ")) && told[0].contains(expected), "{told:#?}");
        run(&["check-config", &of(&bytes)]).expect_code(0);
    }
    for (bytes, expected) in [
        (
            [b"\xef\xbb\xbf", good.as_bytes()].concat(),
            "native-jwt.properties:1: begins with a byte order mark (EF BB BF)",
        ),
        (
            [b"\xef\xbb\xbf# made\n", good.as_bytes()].concat(),
            "native-jwt.properties:1: begins with a byte order mark (EF BB BF)",
        ),
        (
            good.replace(&public, r"C:\keys\trino\new.pem").into_bytes(),
            "key-file names 'C:keys<tab>rino<line end>ew.pem', which cannot",
        ),
        (
            good.replace(&public, r"C:\users\k.pem").into_bytes(),
            r"properties:2: http-server.authentication.jwt.key-file has a \u that",
        ),
        (
            with(&format!("export {}", key("clock-skew", "1s"))),
            "native-jwt.properties:4: export is not a known property",
        ),
        (
            with("jwt.issuer=x"),
            "jwt.issuer is not a known property; did you mean http-server.authentication.jwt.required-issuer?",
        ),
        (with(&key("require-expiration", "yes")), "is 'yes', but must be true or false"),
    ] {
        let answer = run(&["check-config", &of(&bytes)]).expect_code(2);
        assert!(answer.text().contains(expected), "{}", answer.text());
        assert!(run(&["check-token", "--config", &of(&bytes), "a.b.c"]).err.contains(expected));
    }
    // An issuer's file is read in the same way; what a config.properties has beside our keys is not ours to judge.
    let issuer =
        folder.write("issuer.properties", with(&key("user-mapping.pattern", r"(.*)@corp\.example")).split_off(37));
    let listing = folder.config(&[key("config-files", &issuer)]);
    let told = warnings(&listing);
    assert!(told.len() == 1 && told[0].starts_with(&format!("{issuer}:3 ")), "{told:#?}");
    let whole = folder.write(
        "config.properties",
        good.replace("header-authenticator.name=native-jwt", "http-server.authentication.type=JWT")
            + "node.data-dir=C:\\data # x\njwt.issuer=x\n",
    );
    let told = warnings(&whole);
    assert!(told.len() == 1 && told[0].contains(":5 jwt.issuer is not a known property; did you mean"), "{told:#?}");
}

#[test]
fn mappings_that_make_one_user_of_many_are_a_warning() {
    let folder = Folder::new("config_mappings");
    let public = folder.keygen("ES256").public;
    let with = |name: &str, value: &str| {
        folder.config(&[key("key-file", &public), key("required-audience", "trino"), key(name, value)])
    };
    let rules = folder.write(
        "rules.json",
        r#"{"rules":[{"pattern":"svc-.*","allow":false},{"pattern":".+@corp[.]example","user":"trino"}]}"#,
    );
    let told = warnings(&with("user-mapping.file", &rules));
    assert_eq!(told.len(), 1, "{told:#?}");
    let expected =
        format!("{rules}:null  rule 2 sends 'probe@corp.example' and 'prove@corp.example' to the same user, 'trino'");
    assert!(told[0].starts_with(&expected), "{told:#?}");
    let told = warnings(&with("user-mapping.pattern", "(.)*"));
    assert!(
        told.len() == 1 && told[0].contains(":4 http-server.authentication.jwt.user-mapping.pattern sends 'probe'"),
        "{told:#?}"
    );

    let dropped = with("user-mapping.pattern", "(.*)@.*");
    assert_eq!(warnings(&dropped), Vec::<String>::new());
    assert!(json_of(&dropped, 0)["notes"][0].as_str().unwrap().contains("since it drops what tells them apart"));

    let text = run(&["check-config", &with("user-mapping.pattern", ".*@corp[.]example")]).expect_code(2).text();
    assert!(
        text.contains(
            "native-jwt.properties:4: http-server.authentication.jwt.user-mapping.pattern has no capturing group"
        ),
        "{text}"
    );
    assert!(text.contains("as in (.*)@corp[.]example"), "{text}");
}

/// Each JSON document of the section "Several issuers" of docs/keys.md: the partners' rules, and the staff's.
fn example_of_keys_md() -> [String; 2] {
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keys.md")).unwrap();
    let (_, section) = document.split_once("\n## Several issuers\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks = section.split("```json\n").skip(1).map(|block| block.split_once("```").unwrap().0.to_owned());
    blocks.collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn issuers_that_can_give_the_same_user_are_a_warning_and_the_documented_way_keeps_them_apart() {
    let folder = Folder::new("config_shared_users");
    let (of_staff, of_partners) = (folder.keygen("ES256").public, folder.keygen("RS256").public);
    let config = |staff: &[String], partners: &[String]| {
        let issuer = |name: &str, more: &[String]| {
            let mut lines = vec![
                key("key-file", if name == "staff" { &of_staff } else { &of_partners }),
                key("required-issuer", &format!("https://{name}.example")),
                key("required-audience", "trino"),
            ];
            lines.extend_from_slice(more);
            folder.write(&format!("{name}.properties"), lines.join("\n"))
        };
        folder.config(&[key("config-files", &format!("{},{}", issuer("staff", staff), issuer("partners", partners)))])
    };
    let told = warnings(&config(&[], &[]));
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0].contains("partners.properties:null http-server.authentication.jwt.user-mapping.file is not set: the principal 'probe' of this issuer becomes the user 'probe', and so does 'probe' of"),
        "{told:#?}"
    );
    let told = warnings(&config(
        &[key("user-mapping.pattern", "(.*)@corp[.]example")],
        &[key("user-mapping.pattern", "(.*)@partner[.]example")],
    ));
    assert!(
        told.len() == 1
            && told[0].contains("partners.properties:4 ")
            && told[0].contains("'probe@partner.example' of this issuer"),
        "{told:#?}"
    );

    let [partners, staff] = example_of_keys_md();
    let (partners, staff) = (folder.write("partners.json", partners), folder.write("staff.json", staff));
    let apart = config(&[key("user-mapping.file", &staff)], &[key("user-mapping.file", &partners)]);
    assert_eq!(warnings(&apart), Vec::<String>::new());
    let user =
        |file: &str, principal: &str| run(&["map-user", "--json", "--file", file, principal]).json()["user"].clone();
    assert_eq!(user(&partners, "alice"), "partner_alice");
    assert_eq!((user(&staff, "alice"), user(&staff, "partner_alice")), (Value::from("alice"), Value::Null));
    let token = issue(
        &folder.path("RS256/private.pem"),
        &["--claim", "sub=admin", "--claim", "aud=trino", "--claim", "iss=https://partners.example"],
    );
    assert_eq!(verdict(&apart, &token)["user"], "partner_admin");
}

#[test]
fn a_jwk_set_is_fetched_and_used() {
    let folder = Folder::new("config_fetch");
    let keys = folder.keygen("ES256");
    let set = run(&["jwks", &keys.public_jwk]).expect_code(0).text();
    let url = serve(set, "200 OK");
    let config = folder.config(&[key("key-file", &url), key("required-audience", "trino")]);
    let json = json_of(&config, 0);
    let warnings = json["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{json}");
    assert!(warnings[0]["message"].as_str().unwrap().contains("without encryption"), "{json}");

    let token = issue(&keys.private_jwk, &["--claim", "sub=alice", "--claim", "aud=trino"]);
    assert_eq!(verdict(&config, &token)["accepted"], true);
}

#[test]
fn a_jwk_set_that_cannot_be_had_is_an_error_and_no_key() {
    let folder = Folder::new("config_fetch_fails");
    let config = folder.config(&[key("key-file", &serve("no".to_owned(), "500 Internal Server Error"))]);
    let json = json_of(&config, 2);
    assert_eq!(json["valid"], false);
    assert!(json["errors"].to_string().contains("500"), "{json}");
    assert_eq!(json["errors"].as_array().unwrap().len(), 1, "told once: {json}");
    let text = run(&["check-config", &config]).expect_code(2).text();
    assert_eq!(text.matches("status 500").count(), 1, "told once: {text}");
    assert!(text.contains("NO KEYS: a coordinator starts with it, and refuses logins"), "{text}");
    let token = issue(&folder.keygen("ES256").private_jwk, &["--claim", "sub=alice"]);
    assert_eq!(verdict(&config, &token)["reason"], "KEYS_UNAVAILABLE");
}

#[test]
fn every_issuer_whose_keys_cannot_be_had_is_told_of() {
    let folder = Folder::new("config_dead_issuers");
    let (one, two) = (serve("no".to_owned(), "500 One"), serve("no".to_owned(), "500 Two"));
    let file = |name: &str, url: &str| {
        let issuer = key("required-issuer", &format!("https://{name}.example"));
        folder.write(&format!("{name}.properties"), format!("{}\n{issuer}\n", key("key-file", url)))
    };
    let files = format!("{},{}", file("one", &one), file("two", &two));
    let text = run(&["check-config", &folder.config(&[key("config-files", &files)])]).expect_code(2).text();
    for url in [one, two] {
        assert_eq!(text.matches(&format!("from {url} failed")).count(), 1, "{text}");
    }
}

#[test]
fn each_file_of_several_issuers_is_checked() {
    let folder = Folder::new("config_issuers");
    let (alpha, beta) = (folder.keygen("ES256"), folder.keygen("RS256"));
    let alpha_file = folder.write(
        "alpha.properties",
        format!("{}\n{}\n", key("key-file", &alpha.public), key("required-issuer", "https://alpha.example")),
    );
    let beta_file = folder.write(
        "beta.properties",
        format!(
            "{}\n{}\n{}\n",
            key("key-file", &beta.public),
            key("required-issuer", "https://beta.example"),
            key("required-audience", "trino")
        ),
    );
    let config = folder.config(&[key("config-files", &format!("{alpha_file},{beta_file}"))]);
    let json = json_of(&config, 0);
    let warnings = json["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 2, "{json}");
    assert_eq!(warnings[0]["file"], alpha_file.as_str(), "{json}");
    assert!(warnings[0]["key"].as_str().unwrap().ends_with("required-audience"), "{json}");
    assert!(warnings[1]["key"].as_str().unwrap().ends_with("user-mapping.file"), "{json}");

    let token = issue(&alpha.private, &["--claim", "sub=alice", "--claim", "iss=https://alpha.example"]);
    assert_eq!(verdict(&config, &token)["issuer"], "https://alpha.example");
    let steps = run(&["check-token", "--config", &config, &token]).expect_code(0).text();
    assert!(steps.contains("issuer        ok        the rules for https://alpha.example"), "{steps}");
    let foreign = issue(&beta.private, &["--claim", "sub=alice", "--claim", "iss=https://alpha.example"]);
    assert_eq!(verdict(&config, &foreign)["accepted"], false);
    let unknown = issue(&beta.private, &["--claim", "sub=alice", "--claim", "iss=https://gamma.example"]);
    assert_eq!(verdict(&config, &unknown)["reason"], "UNKNOWN_ISSUER");

    folder.write("beta.properties", "http-server.authentication.jwt.key-file=/nowhere\n");
    let json = json_of(&config, 2);
    assert_eq!(json["errors"][0]["file"], beta_file.as_str(), "{json}");
    assert_eq!(json["errors"][0]["line"], 1, "{json}");
}

/// File, line and key of each warning.
fn warned(config: &str) -> Vec<String> {
    let json = json_of(config, 0);
    let warnings = json["warnings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    warnings.map(|told| format!("{}:{} {}", text(&told["file"]), told["line"], text(&told["key"]))).collect()
}

/// A folder like a coordinator's etc, and our keys in it.
fn etc(name: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    fs::create_dir(folder.path("catalog")).unwrap();
    let public = folder.keygen("ES256").public;
    let keys = format!("{}\n{}\n", key("key-file", &public), key("required-audience", "trino"));
    (folder, keys)
}

/// Each of them with its file and line: config.properties and the catalogs lie beside the file with our keys.
#[test]
fn what_endangers_tokens_that_are_passed_through_is_a_warning() {
    let (folder, keys) = etc("config_pass_through");
    let lake = folder.write(
        "catalog/lake.properties",
        "connector.name=iceberg\niceberg.rest-catalog.session=USER\niceberg.rest-catalog.session-timeout=1h\n",
    );
    let accounts = folder.write(
        "catalog/accounts.properties",
        "connection-user=a\npassword-credential-name=token\nconnection-user=shared\nconnection-password=x\n\
         credential-provider.type=FILE\nconnection-url=jdbc:postgresql://h/d?USER=x\n",
    );
    folder.write("catalog/other.properties", "connector.name=tpch\n");
    let whole = folder.write(
        "config.properties",
        format!(
            "http-server.authentication.type=PASSWORD,,DELEGATED-JWT\n{keys}\
             http-server.authentication.allow-insecure-over-http=true\nquery.max-memory=1GB\nquery.max-memory=2GB\n"
        ),
    );
    let expected = [
        format!("{whole}:null internal-communication.https.required"),
        format!("{whole}:4 http-server.authentication.allow-insecure-over-http"),
        format!("{whole}:1 http-server.authentication.type"),
        format!("{accounts}:3 connection-user"),
        format!("{accounts}:4 connection-password"),
        format!("{accounts}:5 credential-provider.type"),
        format!("{accounts}:6 connection-url"),
        format!("{lake}:3 iceberg.rest-catalog.session-timeout"),
        format!("{lake}:null iceberg.rest-catalog.oauth2.token-refresh-enabled"),
    ];
    assert_eq!(warned(&whole), expected);

    // The plugin's file, with the credential under a name that Iceberg does not know, beside stock's JWT and another plugin.
    let config = folder.write(
        "config.properties",
        "http-server.authentication.type=JWT,HEADER\ninternal-communication.https.required=true\n\
         header-authenticator.config-files=a,b\ncatalog.disabled-catalogs=accounts, other\n",
    );
    let name = key("pass-through.credential-name", "jwt");
    let plugin = folder.write("native-jwt.properties", format!("header-authenticator.name=native-jwt\n{keys}{name}\n"));
    let expected = [
        format!("{config}:1 http-server.authentication.type"),
        format!("{config}:3 header-authenticator.config-files"),
        format!("{lake}:2 iceberg.rest-catalog.session"),
        format!("{lake}:3 iceberg.rest-catalog.session-timeout"),
        format!("{lake}:null iceberg.rest-catalog.oauth2.token-refresh-enabled"),
    ];
    assert_eq!(warned(&plugin), expected);

    folder.write(
        "config.properties",
        "http-server.authentication.type=HEADER\ninternal-communication.https.required=true\n",
    );
    folder.write(
        "catalog/lake.properties",
        "iceberg.rest-catalog.session=user\niceberg.rest-catalog.session-timeout=0s\niceberg.rest-catalog.oauth2.token-refresh-enabled=false\n",
    );
    folder.write("catalog/accounts.properties", "password-credential-name=token\n");
    let name = key("pass-through.credential-name", "token");
    folder.write("native-jwt.properties", format!("header-authenticator.name=native-jwt\n{keys}{name}\n"));
    assert_eq!(warned(&plugin), Vec::<String>::new());
    assert_eq!(json_of(&plugin, 0)["notes"].to_string().matches("not checked").count(), 0);

    let both = folder.write("config.properties", format!("http-server.authentication.type=JWT, delegated-jwt\n{keys}"));
    assert!(run(&["check-config", &both]).expect_code(2).text().contains("names both JWT and DELEGATED-JWT"));
}

#[test]
fn references_are_followed_where_they_can_be_and_told_of_where_not() {
    let (folder, keys) = etc("config_references");
    let config = folder.write(
        "config.properties",
        format!(
            "http-server.authentication.type=${{ENV:NATIVEJWT_T_TYPE}}\n{keys}internal-communication.https.required=${{VAULT:h}}\n"
        ),
    );
    let lake = folder.write(
        "catalog/lake.properties",
        "iceberg.rest-catalog.session=${ENV:NATIVEJWT_T_SESSION}\niceberg.rest-catalog.session-timeout=${VAULT:t}\n\
         iceberg.rest-catalog.oauth2.token-refresh-enabled=${ENV:NATIVEJWT_T_REFRESH}\n",
    );
    let environment =
        [("NATIVEJWT_T_TYPE", "Delegated-JWT"), ("NATIVEJWT_T_SESSION", "USER"), ("NATIVEJWT_T_REFRESH", "true")];
    let json = run_with(&["check-config", "--json", &config], b"", &environment).expect_code(0).json();
    let warnings = json["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{json}");
    assert_eq!((&warnings[0]["file"], &warnings[0]["line"]), (&Value::from(lake.as_str()), &Value::from(3)));
    let notes = json["notes"].to_string();
    assert!(notes.contains(&format!("{config}:4: internal-communication.https.required is a reference")), "{notes}");
    assert!(notes.contains(&format!("{lake}:2: iceberg.rest-catalog.session-timeout is a reference")), "{notes}");
}

/// That nothing was found wrong says nothing where nothing was found.
#[test]
fn what_could_not_be_looked_at_is_a_note() {
    let folder = Folder::new("config_unseen");
    let public = folder.keygen("ES256").public;
    let name = key("pass-through.credential-name", "token");
    let keys = format!("{}\n{}\n{name}\n", key("key-file", &public), key("required-audience", "trino"));
    let plugin = folder.write("native-jwt.properties", format!("header-authenticator.name=native-jwt\n{keys}"));
    let notes = |config: &str| json_of(config, 0)["notes"].to_string();
    let told = notes(&plugin);
    assert!(told.contains("config.properties: cannot be read"), "{told}");
    assert!(told.contains("no catalog was checked"), "{told}");
    folder.write(
        "config.properties",
        format!(
            "http-server.authentication.type=HEADER\ncatalog.management=dynamic\nplugin.config-dir={}\n",
            folder.path("none")
        ),
    );
    let told = notes(&plugin);
    assert!(told.contains("config.properties:2: catalog.management is 'dynamic'"), "{told}");
    assert!(told.contains("none: No such file"), "{told}");
}
