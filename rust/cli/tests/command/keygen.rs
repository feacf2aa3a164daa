// SPDX-License-Identifier: Apache-2.0
use std::fs;

use serde_json::Value;

use crate::support::*;

#[cfg(unix)]
fn mode(path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[test]
fn private_files_are_for_their_owner_only() {
    let folder = Folder::new("modes");
    for (algorithm, private, public) in [
        ("ES256", &["private.pem", "private.jwk"][..], &["public.pem", "public.jwk"][..]),
        ("HS256", &["secret.b64", "secret.jwk"], &[]),
    ] {
        folder.keygen(algorithm);
        for name in private {
            assert_eq!(mode(&folder.path(&format!("{algorithm}/{name}"))), 0o600, "{name}");
        }
        for name in public {
            assert_ne!(mode(&folder.path(&format!("{algorithm}/{name}"))) & 0o044, 0, "{name}");
        }
        assert_eq!(fs::read_dir(folder.path(algorithm)).unwrap().count(), private.len() + public.len());
    }
}

/// Whatever the umask allows: a user who could replace a public key before it is installed could log in as any user.
#[cfg(unix)]
#[test]
fn other_users_cannot_write_to_the_files() {
    let folder = Folder::new("umask");
    for (umask, out, folders, public) in [("000", "open", 0o755, 0o644), ("077", "closed", 0o700, 0o600)] {
        let mut shell = std::process::Command::new("sh");
        let call = "umask $0; exec \"$1\" keygen --alg ES256 --out \"$2\"";
        let made = folder.path(&format!("{out}/keys"));
        shell.args(["-c", call, umask, env!("CARGO_BIN_EXE_nativejwt"), &made]);
        finish(shell, b"").expect_code(0);
        assert_eq!((mode(&folder.path(out)), mode(&made)), (folders, folders), "umask {umask}");
        for (name, expected) in
            [("public.pem", public), ("public.jwk", public), ("private.pem", 0o600), ("private.jwk", 0o600)]
        {
            assert_eq!(mode(&format!("{made}/{name}")), expected, "{name} under umask {umask}");
        }
    }
}

#[test]
fn files_are_not_overwritten_and_not_left_behind() {
    let folder = Folder::new("overwrite");
    let keys = folder.keygen("EdDSA");
    let before = fs::read(&keys.private).unwrap();
    let again = run(&["keygen", "--alg", "EdDSA", "--out", &folder.path("EdDSA")]);
    again.expect_error("private.pem: already exists");
    assert_eq!(fs::read(&keys.private).unwrap(), before);

    // The third file exists already: the first two are removed.
    fs::create_dir(folder.path("half")).unwrap();
    folder.write("half/private.jwk", "mine");
    run(&["keygen", "--alg", "EdDSA", "--out", &folder.path("half")]).expect_error("private.jwk: already exists");
    assert_eq!(fs::read_dir(folder.path("half")).unwrap().count(), 1);
    assert_eq!(folder.read("half/private.jwk"), "mine");
}

#[test]
fn jwks_name_the_key_its_use_and_its_algorithm() {
    let folder = Folder::new("jwk_members");
    let answer =
        run(&["keygen", "--alg", "ES384", "--kid", "k 1", "--out", &folder.path("k"), "--json"]).expect_code(0);
    let json = answer.json();
    assert_eq!((&json["alg"], &json["kid"]), (&"ES384".into(), &"k 1".into()));
    assert_eq!(json["files"].as_array().unwrap().len(), 4);
    let public: Value = serde_json::from_str(&folder.read("k/public.jwk")).unwrap();
    let private: Value = serde_json::from_str(&folder.read("k/private.jwk")).unwrap();
    for (name, value) in [("kty", "EC"), ("crv", "P-384"), ("kid", "k 1"), ("use", "sig"), ("alg", "ES384")] {
        assert_eq!(public[name], value);
        assert_eq!(private[name], value);
    }
    assert_eq!(public.get("d"), None);
    assert_eq!(decoded(private["d"].as_str().unwrap()).len(), 48);

    folder.keygen("RS256");
    let private: Value = serde_json::from_str(&folder.read("RS256/private.jwk")).unwrap();
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        assert!(!decoded(private[name].as_str().unwrap()).is_empty(), "{name}");
    }
    assert_eq!(private["e"], "AQAB");
    assert_eq!(decoded(private["n"].as_str().unwrap()).len(), 256);

    for (algorithm, bytes) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        folder.keygen(algorithm);
        let secret: Value = serde_json::from_str(&folder.read(&format!("{algorithm}/secret.jwk"))).unwrap();
        assert_eq!(secret["kty"], "oct");
        assert_eq!(secret.get("kid"), None, "a thumbprint would be a hash of the secret");
        assert_eq!(decoded(secret["k"].as_str().unwrap()).len(), bytes);
    }
}

#[test]
fn two_keys_differ() {
    let folder = Folder::new("differ");
    let (one, two) = (folder.path("one"), folder.path("two"));
    for out in [&one, &two] {
        run(&["keygen", "--alg", "HS256", "--out", out]).expect_code(0);
    }
    assert_ne!(fs::read(format!("{one}/secret.b64")).unwrap(), fs::read(format!("{two}/secret.b64")).unwrap());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new("no_folder");
    let file = folder.write("file", "");
    run(&["keygen", "--alg", "HS256", "--out", &format!("{file}/x")]).expect_error("file/x: cannot be created");
}
