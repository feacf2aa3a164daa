// SPDX-License-Identifier: Apache-2.0
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::Value;

use crate::support::*;

/// Serves one document over HTTP, for any number of requests, until the process of the test ends.
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

/// The findings that are errors.
fn errors_of(json: &Value) -> Vec<&Value> {
    of_severity(json, "error")
}

/// The findings that are warnings.
fn warnings_of(json: &Value) -> Vec<&Value> {
    of_severity(json, "warning")
}

fn of_severity<'j>(json: &'j Value, severity: &str) -> Vec<&'j Value> {
    json["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == severity).collect()
}

/// The message with what to do, as the command prints it without --json.
fn message_of(finding: &Value) -> String {
    let fix = finding["fix"].as_str().map_or_else(String::new, |fix| format!(". {fix}"));
    finding["message"].as_str().unwrap().to_owned() + &fix
}

#[test]
fn a_plugin_has_no_address_for_logout_tokens() {
    let folder = Folder::new("config_logout");
    let keys = folder.keygen("ES256");
    let lines = [
        property("key-file", &keys.public),
        property("required-audience", "trino"),
        property("backchannel-logout.client-id", "trino"),
        property("backchannel-logout.file", &folder.path("logouts")),
    ];
    let text = run(&["check-config", &folder.config(&lines)]).expect_code(2).text();
    assert!(text.contains("backchannel-logout.client-id requires the server launcher"), "{text}");
    let whole = format!("http-server.authentication.type=JWT\n{}\n", lines.join("\n"));
    let text = run(&["check-config", &folder.write("config.properties", whole)]).expect_code(0).text();
    assert!(text.ends_with("config.properties: valid, 0 errors, 0 warnings\n"), "{text}");
    assert!(!std::path::Path::new(&folder.path("logouts")).exists(), "the command writes nothing");
}

#[test]
fn shadow_mode_needs_what_the_built_in_authenticator_can_read_unless_the_plugin_has_a_file_of_its_own() {
    let folder = Folder::new("config_shadow");
    let keys = folder.keygen("EdDSA");
    let lines =
        [property("key-file", &keys.public), property("required-audience", "trino"), property("shadow", "true")];
    let whole = format!("http-server.authentication.type=JWT\n{}\n", lines.join("\n"));
    let text = run(&["check-config", &folder.write("config.properties", whole)]).expect_code(2).text();
    assert!(text.contains("shadow cannot be true while key-file names an Ed25519 key"), "{text}");
    run(&["check-config", &folder.config(&lines)]).expect_code(0);
}

#[test]
fn a_good_configuration_is_valid_without_warnings() {
    let folder = Folder::new("config_good");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[property("key-file", &keys.public), property("required-audience", "trino")]);
    let answer = run(&["check-config", &config]).expect_code(0);
    assert_eq!(answer.text(), format!("{config}: valid, 0 errors, 0 warnings\n"));
    let json = json_of(&config, 0);
    assert_eq!(json["valid"], true);
    assert_eq!(json["findings"], Value::Array(vec![]));
}

#[test]
fn all_errors_are_reported_together_with_their_lines() {
    let folder = Folder::new("config_errors");
    let rules =
        folder.write("rules.json", "{\"rules\":[\n  {\"pattern\":\"(\"},\n  {\"pattern\":\"a\",\"cas\":\"keep\"}\n]}");
    let config = folder.config(&[
        property("key-file", &folder.path("missing.pem")),
        property("user-mapping.file", &rules),
        property("required-issuers", "x"),
        property("required-audience", ""),
    ]);
    let answer = run(&["check-config", &config]).expect_code(2);
    let text = answer.text();
    assert_eq!(answer.err, "");
    for part in [
        format!("error[invalid-configuration]: {config}:2: http-server.authentication.jwt.key-file names"),
        format!(
            "error[invalid-configuration]: {config}:4: http-server.authentication.jwt.required-issuers is not a known property; did you mean http-server.authentication.jwt.required-issuer?"
        ),
        format!("error[invalid-configuration]: {config}:5: http-server.authentication.jwt.required-audience is empty"),
        format!("error[invalid-configuration]: {rules}:2: "),
        format!("error[invalid-configuration]: {rules}:3: "),
        format!("{config}: NOT VALID"),
    ] {
        assert!(text.contains(&part), "{part}\n{text}");
    }
    let json = json_of(&config, 2);
    assert_eq!(json["valid"], false);
    assert_eq!(errors_of(&json).len(), 6, "{json}");
    assert!(errors_of(&json).iter().any(|error| error["file"] == rules && error["line"] == 3));
}

#[test]
fn a_missing_file_is_an_error() {
    let folder = Folder::new("config_missing");
    let missing = folder.path("missing.properties");
    assert!(run(&["check-config", &missing]).expect_code(2).text().contains("missing.properties: cannot be read"));
    assert_eq!(json_of(&missing, 2)["findings"][0]["file"], missing);
    run(&["check-token", "--config", &missing, "a.b.c"]).expect_error("missing.properties: cannot be read");
}

#[test]
fn future_problems_are_warnings() {
    let folder = Folder::new("config_warnings");
    let (public, secret) = (folder.keygen("ES256").public, folder.keygen("HS256").public);
    let warnings = |config: &str| -> Vec<String> {
        let json = json_of(config, 0);
        warnings_of(&json).into_iter().map(message_of).collect()
    };
    let audience = property("required-audience", "trino");
    assert_eq!(warnings(&folder.config(&[property("key-file", &secret), audience.clone()])), Vec::<String>::new());

    let found = warnings(&folder.config_of_key(&public));
    assert!(found[0].contains("other services"), "{found:?}");

    let found = warnings(&folder.config(&[property("key-file", &folder.path("${KID}.pem")), audience.clone()]));
    assert!(found[0].contains("default-key.pem' does not exist"), "{found:?}");
    folder.write("default-key.pem", fs::read(&public).unwrap());
    let broken = folder.write("broken.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    folder.write("other.txt", "no key, and no kid names it");
    let found = warnings(&folder.config(&[property("key-file", &folder.path("${KID}.pem")), audience.clone()]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains(&broken) && found[0].contains("whose tokens are rejected"), "{found:?}");
    folder.write("broken.pem", "00112233445566778899aabbccddeeff".repeat(2));
    let found = warnings(&folder.config(&[property("key-file", &folder.path("${KID}.pem")), audience.clone()]));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("consists of hexadecimal digits only") && found[1].contains("all other users can read"));
    let digits = folder.write("digits", "00112233445566778899aabbccddeeff".repeat(2));
    let found = warnings(&folder.config(&[property("key-file", &digits), audience.clone()]));
    assert!(found.iter().any(|line| line.contains("consists of hexadecimal digits only")), "{found:?}");
    let found = warnings(&folder.config(&[property("key-file", &folder.path("none/$KEYID.pem")), audience.clone()]));
    assert!(found[0].contains("names a folder that cannot be read"), "{found:?}");

    let found = warnings(&folder.write(
        "config.properties",
        format!("http-server.authentication.type=PASSWORD, JWT\n{}\n{audience}\n", property("key-file", &public)),
    ));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_file_whose_properties_the_coordinator_would_not_read_is_an_error() {
    let folder = Folder::new("config_seam");
    let public = folder.keygen("ES256").public;
    let keys = format!("{}\n{}\n", property("key-file", &public), property("required-audience", "trino"));
    let error = |text: &str| {
        let json = json_of(&folder.write("config.properties", text), 2);
        let errors = errors_of(&json);
        assert_eq!(errors.len(), 1, "{json}");
        assert_eq!(errors[0]["name"], "authentication-type");
        message_of(errors[0])
    };
    let of_type = |name: &str| format!("http-server.authentication.type={name}\n");
    assert!(
        error(&format!("{}{keys}", of_type("HEADER")))
            .contains("List JWT there, or move the properties to the file that")
    );
    assert!(error(&format!("{}{keys}", of_type("JTW"))).starts_with("is 'JTW', so the coordinator fails to start"));
    assert!(error(&keys).contains("add header-authenticator.name=native-jwt"));
    assert!(error(&of_type("PASSWORD,HEADER")).contains("Check the file that header-authenticator.config-files names"));
    assert!(error(&of_type("PASSWORD")).contains("the file has no JWT property"));
    assert!(error("node.id=one\n").contains("If it is the plugin's property file, add the line"));
}

/// The messages of the warnings, with the file and line of each.
fn warnings(config: &str) -> Vec<String> {
    let json: Value = run(&["check-config", "--json", config]).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |warning: &Value| {
        format!("{}:{} {} {}", text(&warning["file"]), warning["line"], text(&warning["property"]), message_of(warning))
    };
    warnings_of(&json).into_iter().map(line).collect()
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
            property("key-file", &folder.path("keys/${KID}.pem")),
            property("required-audience", "trino"),
            property("user-mapping.file", &rules),
            format!("jwk.http-client.trust-store-path={trusted}"),
        ]
        .join("\n"),
    );
    let listing = folder.write(
        "list.properties",
        format!("header-authenticator.name=native-jwt\n{}", property("config-files", &named)),
    );
    let single = folder.config(&[property("key-file", &secret), property("required-audience", "trino")]);
    let fetching = folder.write(
        "fetching.properties",
        [
            "header-authenticator.name=native-jwt".to_owned(),
            property("key-file", "https://127.0.0.1:1/jwks"),
            property("required-audience", "trino"),
            property("jwks.cache-file", &folder.path("cache/keys.json")),
            property("jwks.bearer-token-file", &bearer),
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
            "that its group can write to (mode 0620): they decide who can log in. Run chmod go-w",
        ),
        (&single, &secret, 0o602, "2", "that all other users can write to (mode 0602)"),
        (&single, &secret, 0o640, "2", "that its group can read: it is a shared secret"),
        (&single, &single, 0o666, "null", "is a file that its group and all other users can write to (mode 0666)"),
        (&single, &at("HS256"), 0o777, "2", "can replace, because they can write to the folder"),
        (&listing, &listing, 0o646, "null", "is a file that all other users can write to"),
        (&listing, &named, 0o666, "2", "issuer.properties', a file that its group and all other users can write to"),
        (&listing, &one, 0o666, "1", "one.pem', a file that its group and all other users can write to"),
        (&listing, &shared, 0o604, "1", "shared.pem', a file that all other users can read: it is a shared secret"),
        (&listing, &at("keys"), 0o777, "1", "can replace, because they can write to the folder"),
        (&listing, &rules, 0o664, "3", "rules.json', a file that its group can write to"),
        (&listing, &at("rules"), 0o775, "3", "that its group can replace"),
        (&listing, &trusted, 0o666, "4", "trusted.pem', a file that"),
        (&fetching, &at("cache"), 0o777, "4", "keys.json', a file that its group and all other users can replace"),
        (&fetching, &at("bearer"), 0o777, "5", "they choose the token that is sent to the key server"),
        (&fetching, &bearer, 0o644, "5", "can read: it holds a token"),
    ] {
        use std::os::unix::fs::PermissionsExt as _;
        let before = fs::metadata(changed).unwrap().permissions().mode();
        set_mode(changed, mode);
        let found = warnings(config);
        set_mode(changed, before);
        assert_eq!(found.len(), 1, "{changed} {mode:o}: {found:#?}");
        assert!(
            found[0].contains(expected) && found[0].contains(&format!(":{line} ")),
            "{changed} {mode:o}: {found:#?}"
        );
        if mode & 0o777 == 0o777 {
            // Only the owner of a file can replace it there.
            set_mode(changed, 0o1777);
            let found = warnings(config);
            set_mode(changed, before);
            assert_eq!(found, Vec::<String>::new());
        }
    }
    // A folder further up counts as well, and has one warning.
    set_mode(folder.path(""), 0o777);
    let found = warnings(&listing);
    assert!(found.len() == 1 && found[0].contains("can replace, because they can write to the folder"), "{found:#?}");
    set_mode(folder.path(""), 0o755);
    // A password in the file makes it a secret.
    let password = folder.write(
        "password.properties",
        format!("{}\njwk.http-client.http-proxy=p:1\njwk.http-client.http-proxy.user=u\njwk.http-client.http-proxy.password=hunter2\n", fs::read_to_string(&fetching).unwrap()),
    );
    let found = warnings(&password);
    assert!(
        found.len() == 1
            && found[0].contains("is a file that its group and all other users can read: it holds a password"),
        "{found:#?}"
    );
    set_mode(&password, 0o600);
    assert_eq!(warnings(&password), Vec::<String>::new());
    // So does a secret of Trino's own, or a key in the configuration; a reference does not.
    let inline = r#"inline:{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"}"#;
    for (lines, is_secret) in [
        ("internal-communication.shared-secret=abc".to_owned(), true),
        ("http-server.https.keystore.key=abc".to_owned(), true),
        ("internal-communication.shared-secret=${ENV:SECRET}".to_owned(), false),
        (property("key-file", inline), true),
    ] {
        let key = if lines.contains("key-file") { String::new() } else { property("key-file", &public) };
        let audience = property("required-audience", "trino");
        let whole = format!("http-server.authentication.type=JWT\n{key}\n{audience}\n{lines}\n");
        let found = warnings(&folder.write("config.properties", whole));
        assert_eq!(found.len(), usize::from(is_secret), "{lines}: {found:#?}");
        assert!(found.iter().all(|line| line.contains("can read: it holds a password or a secret")), "{found:#?}");
    }
    // The files of storage credentials.
    let roles = folder.write("roles.json", r#"{"roles":[{"group":"a","role":"arn:aws:iam::111122223333:role/a"}]}"#);
    let secret = folder.write("exchange-secret", "abc");
    set_mode(&secret, 0o600);
    let storage = folder.write(
        "storage.properties",
        [
            "http-server.authentication.type=JWT".to_owned(),
            "internal-communication.https.required=true".to_owned(),
            property("key-file", &public),
            property("required-audience", "trino"),
            property("storage.sts-endpoint", "https://sts.example"),
            property("storage.role-file", &roles),
            property("groups-field", "groups"),
            property("storage.token-exchange.endpoint", "https://idp.example/token"),
            property("storage.token-exchange.client-id", "trino"),
            property("storage.token-exchange.client-secret-file", &secret),
        ]
        .join("\n"),
    );
    run(&["check-config", &storage]).expect_code(0);
    assert_eq!(warnings(&storage), Vec::<String>::new());
    set_mode(&roles, 0o666);
    set_mode(&secret, 0o640);
    let found = warnings(&storage);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains(":6 ") && found[0].contains("they decide which role of the object store"), "{found:#?}");
    assert!(found[1].contains(":10 ") && found[1].contains("can read: it holds a client secret"), "{found:#?}");
}

/// java.util.Properties reads each of these lines differently from what it looks like, or not at all.
#[test]
fn a_property_that_java_reads_differently_is_a_warning_with_its_line() {
    let folder = Folder::new("config_notation");
    let public = folder.keygen("ES256").public;
    let good = format!(
        "header-authenticator.name=native-jwt\n{}\n{}\n",
        property("key-file", &public),
        property("required-audience", "trino")
    );
    let with = |line: &str| format!("{good}{line}\n").into_bytes();
    let of = |bytes: &[u8]| folder.write("native-jwt.properties", bytes);
    for bytes in [
        good.replace('\n', "\r\n").into_bytes(),
        good.replace("=trino", "=trino \t ").into_bytes(),
        good.replace("=trino", "=\\\n    trino").into_bytes(),
        good.replace("jwt.required-audience=", "jwt.required-audience: ").into_bytes(),
        with(&property("user-mapping.pattern", r"(\\w+)@corp\\.example")),
        [good.as_bytes(), property("required-issuer", "https://m").as_bytes(), b"\xfcnchen.example\n"].concat(),
    ] {
        assert_eq!(warnings(&of(&bytes)), Vec::<String>::new(), "{}", String::from_utf8_lossy(&bytes));
        run(&["check-config", &of(&bytes)]).expect_code(0);
    }
    for (bytes, line, expected) in [
        (
            with(&property("user-mapping.pattern", r"(.*)@corp\.example")),
            4,
            r"reads '(.*)@corp.example'. Write (.*)@corp\\.example",
        ),
        (
            with(&property("required-issuer", "https://m\u{fc}nchen.example")),
            4,
            r"gets 'https://mÃ¼nchen.example'. Write \u00fc",
        ),
        (good.replace("=trino", "=\"trino\"").into_bytes(), 3, "has quotes around its value"),
        (good.replace("=trino", "=trino   # the client").into_bytes(), 3, "'# the client'"),
    ] {
        let found = warnings(&of(&bytes));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(
            found[0].contains(&format!("native-jwt.properties:{line} ")) && found[0].contains(expected),
            "{found:#?}"
        );
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
            with(&format!("export {}", property("clock-skew", "1s"))),
            "native-jwt.properties:4: export is not a known property",
        ),
        (
            with("jwt.issuer=x"),
            "jwt.issuer is not a known property; did you mean http-server.authentication.jwt.required-issuer?",
        ),
        (with(&property("require-expiration", "yes")), "is 'yes', but must be true or false"),
    ] {
        let answer = run(&["check-config", &of(&bytes)]).expect_code(2);
        assert!(answer.text().contains(expected), "{}", answer.text());
        assert!(run(&["check-token", "--config", &of(&bytes), "a.b.c"]).err.contains(expected));
    }
    // The file of an issuer is checked in the same way. The other properties of a config.properties are not checked.
    let issuer =
        folder.write("issuer.properties", with(&property("user-mapping.pattern", r"(.*)@corp\.example")).split_off(37));
    let listing = folder.config(&[property("config-files", &issuer)]);
    let found = warnings(&listing);
    assert!(found.len() == 1 && found[0].starts_with(&format!("{issuer}:3 ")), "{found:#?}");
    let whole = folder.write(
        "config.properties",
        good.replace("header-authenticator.name=native-jwt", "http-server.authentication.type=JWT")
            + "node.data-dir=C:\\data # x\njwt.issuer=x\n",
    );
    let found = warnings(&whole);
    assert!(found.len() == 1 && found[0].contains(":5 jwt.issuer is not a known property; did you mean"), "{found:#?}");
}

#[test]
fn mappings_of_many_principals_to_one_user_are_a_warning() {
    let folder = Folder::new("config_mappings");
    let public = folder.keygen("ES256").public;
    let with = |name: &str, value: &str| {
        folder.config(&[property("key-file", &public), property("required-audience", "trino"), property(name, value)])
    };
    let rules = folder.write(
        "rules.json",
        r#"{"rules":[{"pattern":"svc-.*","allow":false},{"pattern":".+@corp[.]example","user":"trino"}]}"#,
    );
    let found = warnings(&with("user-mapping.file", &rules));
    assert_eq!(found.len(), 1, "{found:#?}");
    let expected =
        format!("{rules}:null  rule 2 maps 'probe@corp.example' and 'prove@corp.example' to the same user, 'trino'");
    assert!(found[0].starts_with(&expected), "{found:#?}");
    let found = warnings(&with("user-mapping.pattern", "(.)*"));
    assert!(
        found.len() == 1 && found[0].contains(":4 http-server.authentication.jwt.user-mapping.pattern maps 'probe'"),
        "{found:#?}"
    );

    let dropped = with("user-mapping.pattern", "(.*)@.*");
    assert_eq!(warnings(&dropped), Vec::<String>::new());
    assert!(
        json_of(&dropped, 0)["notes"][0].as_str().unwrap().contains("because it drops the part in which they differ")
    );

    let text = run(&["check-config", &with("user-mapping.pattern", ".*@corp[.]example")]).expect_code(2).text();
    assert!(
        text.contains(
            "native-jwt.properties:4: http-server.authentication.jwt.user-mapping.pattern has no capturing group"
        ),
        "{text}"
    );
    assert!(text.contains("as in (.*)@corp[.]example"), "{text}");
}

/// The JSON documents of the section "Several issuers" of docs/keys.md: the rules for partners, and those for staff.
fn example_of_keys_md() -> [String; 2] {
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keys.md")).unwrap();
    let (_, section) = document.split_once("\n## Several issuers\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let blocks = section.split("```json\n").skip(1).map(|block| block.split_once("```").unwrap().0.to_owned());
    blocks.collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn issuers_with_a_shared_user_are_a_warning_and_the_documented_rules_keep_them_apart() {
    let folder = Folder::new("config_shared_users");
    let (of_staff, of_partners) = (folder.keygen("ES256").public, folder.keygen("RS256").public);
    let config = |staff: &[String], partners: &[String]| {
        let issuer = |name: &str, more: &[String]| {
            let mut lines = vec![
                property("key-file", if name == "staff" { &of_staff } else { &of_partners }),
                property("required-issuer", &format!("https://{name}.example")),
                property("required-audience", "trino"),
            ];
            lines.extend_from_slice(more);
            folder.write(&format!("{name}.properties"), lines.join("\n"))
        };
        folder.config(&[property(
            "config-files",
            &format!("{},{}", issuer("staff", staff), issuer("partners", partners)),
        )])
    };
    let found = warnings(&config(&[], &[]));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].contains("partners.properties:null http-server.authentication.jwt.user-mapping.file is not set: the principal 'probe' of this issuer becomes the user 'probe', and so does 'probe' of"),
        "{found:#?}"
    );
    let found = warnings(&config(
        &[property("user-mapping.pattern", "(.*)@corp[.]example")],
        &[property("user-mapping.pattern", "(.*)@partner[.]example")],
    ));
    assert!(
        found.len() == 1
            && found[0].contains("partners.properties:4 ")
            && found[0].contains("'probe@partner.example' of this issuer"),
        "{found:#?}"
    );

    let [partners, staff] = example_of_keys_md();
    let (partners, staff) = (folder.write("partners.json", partners), folder.write("staff.json", staff));
    let apart = config(&[property("user-mapping.file", &staff)], &[property("user-mapping.file", &partners)]);
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
    let config = folder.config(&[property("key-file", &url), property("required-audience", "trino")]);
    let json = json_of(&config, 0);
    let warnings = warnings_of(&json);
    assert_eq!(warnings.len(), 1, "{json}");
    assert!(warnings[0]["message"].as_str().unwrap().contains("without encryption"), "{json}");
    assert_eq!((&warnings[0]["name"], &warnings[0]["fix"]), (&"keys-over-http".into(), &"Use https".into()));

    let token = issue(&keys.private_jwk, &["--claim", "sub=alice", "--claim", "aud=trino"]);
    assert_eq!(verdict(&config, &token)["accepted"], true);
}

#[test]
fn a_jwk_set_that_cannot_be_fetched_is_an_error() {
    let folder = Folder::new("config_fetch_fails");
    let config = folder.config(&[property("key-file", &serve("no".to_owned(), "500 Internal Server Error"))]);
    let json = json_of(&config, 2);
    assert_eq!(json["valid"], false);
    let errors = errors_of(&json);
    assert_eq!(errors.len(), 1, "found once: {json}");
    assert_eq!(errors[0]["name"], "keys-not-fetched");
    assert!(errors[0]["message"].as_str().unwrap().contains("500"), "{json}");
    let text = run(&["check-config", &config]).expect_code(2).text();
    assert_eq!(text.matches("status 500").count(), 1, "found once: {text}");
    assert!(text.contains("NO KEYS: a coordinator would start, but reject every token"), "{text}");
    let token = issue(&folder.keygen("ES256").private_jwk, &["--claim", "sub=alice"]);
    assert_eq!(verdict(&config, &token)["reason"], "KEYS_UNAVAILABLE");
}

#[test]
fn every_issuer_without_keys_is_reported() {
    let folder = Folder::new("config_dead_issuers");
    let (one, two) = (serve("no".to_owned(), "500 One"), serve("no".to_owned(), "500 Two"));
    let file = |name: &str, url: &str| {
        let issuer = property("required-issuer", &format!("https://{name}.example"));
        folder.write(&format!("{name}.properties"), format!("{}\n{issuer}\n", property("key-file", url)))
    };
    let files = format!("{},{}", file("one", &one), file("two", &two));
    let text = run(&["check-config", &folder.config(&[property("config-files", &files)])]).expect_code(2).text();
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
        format!("{}\n{}\n", property("key-file", &alpha.public), property("required-issuer", "https://alpha.example")),
    );
    let beta_file = folder.write(
        "beta.properties",
        format!(
            "{}\n{}\n{}\n",
            property("key-file", &beta.public),
            property("required-issuer", "https://beta.example"),
            property("required-audience", "trino")
        ),
    );
    let config = folder.config(&[property("config-files", &format!("{alpha_file},{beta_file}"))]);
    let json = json_of(&config, 0);
    let warnings = warnings_of(&json);
    assert_eq!(warnings.len(), 2, "{json}");
    assert_eq!(warnings[0]["file"], alpha_file.as_str(), "{json}");
    assert!(warnings[0]["property"].as_str().unwrap().ends_with("required-audience"), "{json}");
    assert!(warnings[1]["property"].as_str().unwrap().ends_with("user-mapping.file"), "{json}");

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
    assert_eq!(json["findings"][0]["file"], beta_file.as_str(), "{json}");
    assert_eq!(json["findings"][0]["line"], 1, "{json}");
}

/// File, line and property of each warning.
fn warned(config: &str) -> Vec<String> {
    let json = json_of(config, 0);
    let warnings = warnings_of(&json).into_iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    warnings.map(|found| format!("{}:{} {}", text(&found["file"]), found["line"], text(&found["property"]))).collect()
}

/// A folder like a coordinator's etc, with our properties in it.
fn etc(name: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    fs::create_dir(folder.path("catalog")).unwrap();
    let public = folder.keygen("ES256").public;
    let keys = format!("{}\n{}\n", property("key-file", &public), property("required-audience", "trino"));
    (folder, keys)
}

/// Each warning has its file and line. config.properties and the catalogs are in the folder of the file with our properties.
#[test]
fn settings_that_endanger_passed_through_tokens_are_warnings() {
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

    // The plugin's file, with a credential name that Iceberg does not know, together with Trino's JWT type and another plugin.
    let config = folder.write(
        "config.properties",
        "http-server.authentication.type=JWT,HEADER\ninternal-communication.https.required=true\n\
         header-authenticator.config-files=a,b\ncatalog.disabled-catalogs=accounts, other\n",
    );
    let name = property("pass-through.credential-name", "jwt");
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
    let name = property("pass-through.credential-name", "token");
    folder.write("native-jwt.properties", format!("header-authenticator.name=native-jwt\n{keys}{name}\n"));
    assert_eq!(warned(&plugin), Vec::<String>::new());
    assert_eq!(json_of(&plugin, 0)["notes"].to_string().matches("not checked").count(), 0);

    let both = folder.write("config.properties", format!("http-server.authentication.type=JWT, delegated-jwt\n{keys}"));
    assert!(run(&["check-config", &both]).expect_code(2).text().contains("lists both JWT and DELEGATED-JWT"));
}

#[test]
fn web_ui_alone_can_be_delegated() {
    let (folder, keys) = etc("config_web_ui");
    let config = folder.write(
        "config.properties",
        format!("http-server.authentication.type=PASSWORD\nweb-ui.authentication.type=Delegated-JWT\n{keys}"),
    );
    // Valid, and without the warnings of pass-through.
    assert_eq!(warned(&config), Vec::<String>::new());
    let config = folder.write(
        "config.properties",
        format!("http-server.authentication.type=PASSWORD\nweb-ui.authentication.type=form\n{keys}"),
    );
    assert!(run(&["check-config", &config]).expect_code(2).text().contains("List JWT there"));
}

#[test]
fn references_are_resolved_or_noted() {
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
    let warnings = warnings_of(&json);
    assert_eq!(warnings.len(), 1, "{json}");
    assert_eq!((&warnings[0]["file"], &warnings[0]["line"]), (&Value::from(lake.as_str()), &Value::from(3)));
    let notes = json["notes"].to_string();
    assert!(notes.contains(&format!("{config}:4: internal-communication.https.required is a reference")), "{notes}");
    assert!(notes.contains(&format!("{lake}:2: iceberg.rest-catalog.session-timeout is a reference")), "{notes}");
}

/// Without these notes, the absence of warnings would be misleading.
#[test]
fn files_that_could_not_be_checked_are_notes() {
    let folder = Folder::new("config_unseen");
    let public = folder.keygen("ES256").public;
    let name = property("pass-through.credential-name", "token");
    let keys = format!("{}\n{}\n{name}\n", property("key-file", &public), property("required-audience", "trino"));
    let plugin = folder.write("native-jwt.properties", format!("header-authenticator.name=native-jwt\n{keys}"));
    let notes = |config: &str| json_of(config, 0)["notes"].to_string();
    let found = notes(&plugin);
    assert!(found.contains("config.properties: cannot be read"), "{found}");
    assert!(found.contains("catalogs were not checked"), "{found}");
    folder.write(
        "config.properties",
        format!(
            "http-server.authentication.type=HEADER\ncatalog.management=dynamic\nplugin.config-dir={}\n",
            folder.path("none")
        ),
    );
    let found = notes(&plugin);
    assert!(found.contains("config.properties:2: catalog.management is 'dynamic'"), "{found}");
    assert!(found.contains("none: No such file"), "{found}");
}

/// A coordinator with storage credentials, and one catalog.
fn with_storage(name: &str, catalog: &str) -> Answer {
    with_storage_and(name, catalog, &[("http-server.authentication.type", "JWT")])
}

/// The same with properties of the coordinator.
fn with_storage_and(name: &str, catalog: &str, more: &[(&str, &str)]) -> Answer {
    let folder = Folder::new(name);
    let key = folder.keygen("ES256").public;
    fs::create_dir(folder.path("catalog")).unwrap();
    set_mode(folder.path("catalog"), 0o755);
    folder.write("catalog/lake.properties", catalog);
    let mut config: Vec<String> = more.iter().map(|(name, value)| format!("{name}={value}")).collect();
    config.extend([
        "internal-communication.https.required=true".to_owned(),
        property("key-file", &key),
        property("required-audience", "trino"),
        property("storage.sts-endpoint", "https://sts.example"),
        // It is replaced by the user, so there is no warning of it.
        property("storage.role", "arn:aws:iam::111122223333:role/home-${USER}"),
    ]);
    let config = folder.write("config.properties", config.join("\n"));
    run(&["check-config", &config])
}

#[test]
fn each_trap_of_storage_credentials_is_named_with_its_line() {
    let safe = "connector.name=iceberg\nfs.native-s3.enabled=true\niceberg.metadata-cache.enabled=false\ns3.auth-type=ANONYMOUS\n\
                s3.endpoint=https://s3.example";
    let answer = with_storage("storage-safe", safe);
    assert!(answer.text().ends_with("valid, 0 errors, 0 warnings\n"), "{}", answer.text());
    let elsewhere = "connector.name=iceberg\niceberg.metadata-cache.enabled=true";
    let answer = with_storage("storage-elsewhere", elsewhere);
    assert!(answer.text().ends_with("valid, 0 errors, 0 warnings\n"), "a catalog without S3: {}", answer.text());
    for (index, (from, to, expected)) in [
        (
            "metadata-cache.enabled=false",
            "metadata-cache.enabled=true",
            ":3: iceberg.metadata-cache.enabled is not false",
        ),
        ("\niceberg.metadata-cache.enabled=false", "", "Add iceberg.metadata-cache.enabled=false"),
        (
            "s3.auth-type=ANONYMOUS",
            "s3.aws-access-key=admin",
            "s3.aws-access-key is set: what Trino does without a user",
        ),
        ("s3.auth-type=ANONYMOUS\n", "", "the account of the machine"),
        ("https://s3", "http://s3", "s3.endpoint is not https"),
        ("s3.endpoint", "fs.cache.enabled=true\ns3.endpoint", "Set fs.cache.enabled=false"),
        ("s3.endpoint", "hive.file-status-cache-tables=*\ns3.endpoint", "share the cached listings"),
        ("s3.endpoint", "iceberg.parquet-footer-cache.type=MEMORY\ns3.endpoint", "cached footers"),
        ("s3.endpoint", "s3.security-mapping.enabled=true\ns3.endpoint", "Choose one of the two"),
        ("s3.endpoint", "hive.metastore=file\ns3.endpoint", "hive.metastore is file"),
        (
            "connector.name=iceberg\nfs.native-s3.enabled=true\niceberg.metadata-cache.enabled=false",
            "connector.name=lakehouse\nfs.native-s3.enabled=true",
            "iceberg.metadata-cache.enabled is not false",
        ),
        (
            "s3.endpoint",
            "iceberg.rest-catalog.vended-credentials-enabled=true\ns3.endpoint",
            "vended-credentials-enabled is true beside storage credentials",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = with_storage(&format!("storage-{index}"), &safe.replace(from, to));
        assert!(answer.text().contains(expected), "{to}: {}", answer.text());
        assert!(answer.text().ends_with("valid, 0 errors, 1 warning\n"), "{to}: {}", answer.text());
    }
}

#[test]
fn other_ways_in_get_no_storage_credentials_and_are_named() {
    let safe = "connector.name=iceberg\nfs.native-s3.enabled=true\niceberg.metadata-cache.enabled=false\ns3.auth-type=ANONYMOUS";
    let more = [
        ("http-server.authentication.type", "JWT,PASSWORD"),
        ("http-server.authentication.allow-insecure-over-http", "true"),
    ];
    let text = with_storage_and("storage-other-ways", safe, &more).text();
    for part in [
        ":1: http-server.authentication.type also lists PASSWORD: users who authenticate that way get no storage credentials, and read and write files with the account of each catalog",
        ":2: http-server.authentication.allow-insecure-over-http is true: over plain HTTP, Trino authenticates nothing, so a client can use any user name and read and write files",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.ends_with("valid, 0 errors, 2 warnings\n"), "{text}");
}

/// With each of these, the coordinator fails to start.
#[test]
fn a_control_socket_that_cannot_be_opened_is_an_error() {
    let folder = Folder::new("config_control_socket");
    let keys = folder.keygen("ES256");
    let check = |socket: &str, code: i32| {
        let lines = [
            property("key-file", &keys.public),
            property("required-audience", "trino"),
            property("control-socket", socket),
        ];
        let json = json_of(&folder.config(&lines), code);
        errors_of(&json).into_iter().map(message_of).collect::<Vec<_>>()
    };
    assert!(check(&folder.path("socket"), 0).is_empty());
    // The one of a coordinator that runs.
    let _listener = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
    assert!(check(&folder.path("socket"), 0).is_empty());
    for (socket, expected) in [
        ("/tmp/native-jwt-of-a-test", "everybody can write into its folder '/tmp'"),
        ("/nowhere/socket", "whose folder '/nowhere' cannot be read"),
        (&keys.public, "which exists and is not a socket"),
        (&format!("/{}", "a".repeat(120)), "too long for a socket"),
    ] {
        let errors = check(socket, 2);
        assert!(errors.len() == 1 && errors[0].contains(expected), "{errors:?}");
    }
}
