// SPDX-License-Identifier: Apache-2.0
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;
use crate::keys::hmac_secret;
use crate::keys::verifying_key::VerifyingKey;

/// The DER in a PEM file of the test keys.
fn der(file: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/keys").join(file);
    ::pem::parse(std::fs::read(path).unwrap()).unwrap().into_contents()
}

fn base64_file(file: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/keys").join(file);
    STANDARD.decode(std::fs::read_to_string(path).unwrap().replace('\n', "")).unwrap()
}

/// Every structure in which keys are stored.
fn structures() -> Vec<(Form, Vec<u8>)> {
    let mut structures: Vec<(Form, Vec<u8>)> = Vec::new();
    for (form, files) in [
        (
            Form::SubjectPublicKeyInfo,
            &[
                "rsa-2048.public.pem",
                "rsa-1024.public.pem",
                "rsa-8192.public.pem",
                "rsa-pss.public.pem",
                "dsa.public.pem",
                "ec-p256.public.pem",
                "ec-p384.public.pem",
                "ec-p521.public.pem",
                "ec-compressed-point.public.pem",
                "ec-explicit-parameters.public.pem",
                "ec-off-curve.public.pem",
                "secp256k1.public.pem",
                "ed25519.public.pem",
                "ed448.public.pem",
                "x25519.public.pem",
            ][..],
        ),
        (Form::RsaPublicKey, &["rsa-2048.pkcs1.public.pem"]),
        (Form::Certificate, &["rsa-2048.certificate.pem", "ec-p256.certificate.pem", "ed25519.certificate.pem"]),
        (Form::CertificateRequest, &["csr.pem"]),
        (
            Form::PrivateKey,
            &["rsa-2048.private.pem", "ec-p256.private.pem", "ec-p521.private.pem", "ed25519.private.pem"],
        ),
        (Form::RsaPrivateKey, &["rsa-2048.pkcs1.private.pem"]),
    ] {
        structures.extend(files.iter().map(|file| (form, der(file))));
    }
    structures.push((Form::EncryptedPrivateKey, base64_file("ec-encrypted-body-only.base64")));
    structures.push((Form::EcPrivateKey, base64_file("ec-sec1-body-only.base64")));
    structures
}

/// The bytes as text, as in files, variables and consoles.
fn texts(der: &[u8]) -> Vec<(&'static str, String)> {
    let base64 = STANDARD.encode(der);
    let digits: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    let colons: Vec<String> = der.iter().map(|byte| format!("{byte:02X}")).collect();
    vec![
        ("base64", base64.clone()),
        ("lines", lines.join("\n")),
        ("CRLF", lines.join("\r\n") + "\r\n"),
        ("indented", format!("\t  {}\n", lines.join("\n\t  "))),
        ("literal \\n", lines.join("\\n") + "\\n"),
        ("quotes", format!("\"{base64}\"\n")),
        ("a byte order mark", format!("\u{feff}{base64}")),
        ("no padding", base64.trim_end_matches('=').to_owned()),
        ("base64url", URL_SAFE_NO_PAD.encode(der)),
        ("hexadecimal digits", digits.clone()),
        ("digits in capitals, with colons", colons.join(":")),
        ("base64 twice", STANDARD.encode(&base64)),
        ("base64 of lines, in lines", STANDARD.encode(lines.join("\n")) + "\n"),
        ("base64 of digits", STANDARD.encode(&digits)),
        ("digits of base64", base64.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("base64 thrice", STANDARD.encode(STANDARD.encode(&base64))),
        ("base64 of UTF-16", STANDARD.encode(base64.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())),
        ("base64 of bytes and a line end", STANDARD.encode([der, b"\n"].concat())),
        ("base64 of a space and bytes", STANDARD.encode([b" ", der].concat())),
    ]
}

#[test]
fn a_key_is_recognised_in_every_encoding_and_never_becomes_a_secret() {
    for (form, der) in structures() {
        assert_eq!(recognise(&der).map(|found| found.form), Some(form));
        for (wrapping, text) in texts(&der) {
            let found = recognise(text.as_bytes());
            assert_eq!(found.map(|found| found.form), Some(form), "{wrapping}");
            assert!(hmac_secret(&text).is_err(), "{form:?} in {wrapping}");
        }
        // The bytes are checked as the secret itself, too.
        assert!(VerifyingKey::hmac(&Zeroizing::new(der)).is_err(), "{form:?}");
    }
}

#[test]
fn a_truncated_key_is_recognised() {
    for (form, der) in structures() {
        for kept in [der.len() - 1, der.len() * 3 / 4, der.len() / 2] {
            let (form_of_cut, is_cut) = binary(&der[..kept]).unwrap_or_else(|| panic!("{form:?}: {kept}"));
            assert_eq!((form_of_cut, is_cut), (form, true), "{kept} bytes");
        }
        let base64 = STANDARD.encode(&der);
        let lost_line = &base64[..base64.len() / 64 * 64];
        if lost_line.len() > 64 {
            assert!(hmac_secret(lost_line).is_err(), "{form:?} without its last line");
        }
    }
}

#[test]
fn several_in_a_row_are_recognised_by_the_first() {
    let certificates = [der("rsa-2048.certificate.pem"), der("ec-p256.certificate.pem")].concat();
    assert_eq!(recognise(&certificates).unwrap().form, Form::Certificate);
}

/// The first bytes of stores made with openssl 3.0 and keytool of JDK 25.
#[test]
fn stores_are_recognised() {
    for (form, digits) in [
        (Form::Pkcs12, "3082040a020103308203c006092a864886f70d010701a08203b1"),
        (Form::Pkcs12, "3080020103308006092a864886f70d010701a080"),
        (Form::CertificateBag, "308203a206092a864886f70d010702a0820393"),
        (Form::Jks, "feedfeed0000000200000001000000010003"),
    ] {
        for bytes in [hexadecimal(digits).unwrap().1.to_vec(), digits.as_bytes().to_vec()] {
            assert_eq!(recognise(&bytes).map(|found| found.form), Some(form), "{digits}");
        }
    }
}

#[test]
fn points_of_curves_are_public_keys() {
    for (file, length) in [("ec-p256.public.pem", 65), ("ec-p384.public.pem", 97), ("ec-p521.public.pem", 133)] {
        let der = der(file);
        let point = &der[der.len() - length..];
        assert_eq!(recognise(point).unwrap().form, Form::EcPoint);
        assert!(hmac_secret(&STANDARD.encode(point)).is_err());
        let mut other = point.to_vec();
        *other.last_mut().unwrap() ^= 1;
        assert_eq!(recognise(&other), None, "a point off the curve is not a key");
    }
}

/// The lines are those of `ssh-keygen`, for an Ed25519 key of zeros and similar ones.
#[test]
fn texts_of_other_tools_are_recognised() {
    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@host";
    for (form, text, part) in [
        (Form::SshPublicKey, "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== me", "'ssh-keygen -e -m PKCS8 -f FILE' writes"),
        (Form::SshPublicKey, "no-pty,command=\"x\" ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=", "ssh-keygen"),
        (Form::SshPublicKey, "AAAAB3NzaC1yc2EAAAADAQABAAABAQ==", "put its type before it"),
        (
            Form::SshPublicKey,
            ED25519,
            "-----BEGIN PUBLIC KEY-----, MCowBQYDK2VwAyEAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= and -----END PUBLIC KEY-----",
        ),
        (Form::Ssh2PublicKey, "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----", "RFC4716"),
        (Form::PuttyKey, "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n", "puttygen"),
        (Form::XmlKey, "<RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue>", "Modulus as n"),
        (Form::Token, "eyJhbGciOiJIUzI1NiJ9.e30.AAAA\n", "not the token"),
        (Form::Jwk, "\"{\\\"kty\\\":\\\"RSA\\\"}\"", "none of its own quotes escaped"),
        (
            Form::NoFirstLine("PUBLIC KEY"),
            "MIIB\n-----END PUBLIC KEY-----",
            "the line -----BEGIN PUBLIC KEY----- is missing",
        ),
        (Form::DamagedArmour("CERTIFICATE"), "----BEGIN CERTIFICATE----\nMIIB", "exactly -----BEGIN CERTIFICATE-----"),
        (Form::DamagedArmour("PUBLIC KEY"), "\u{2014}\u{2014}begin public key\u{2014}", "five '-' on each side"),
        (Form::DamagedArmour("RSA PUBLIC KEY"), "-----BEGINRSA PUBLIC KEY-----", "in capitals"),
    ] {
        let found = recognise(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
        assert!(found.form == form && found.to_string().contains(part), "{text}: {found:?} {found}");
        assert!(hmac_secret(text).is_err(), "{text}");
        let wrapped = STANDARD.encode(text.to_owned() + &"\n".repeat(40));
        assert!(hmac_secret(&wrapped).is_err(), "the base64 of {text}");
    }
    for text in ["-----BEGIN PUBLIC KEY-----\nAAAA", "{\"kty\":\"oct\",\"k\":\"AAAA\"}"] {
        let wrapped = STANDARD.encode(text);
        let found = recognise(wrapped.as_bytes()).unwrap().to_string();
        assert!(found.contains("in base64, and is not itself a shared secret: 'base64 -d FILE'"), "{found}");
    }
}

#[test]
fn the_message_names_the_armour_and_what_to_do() {
    let sentence = |text: &str| recognise(text.as_bytes()).unwrap().to_string();
    let public = der("ed25519.public.pem");
    assert_eq!(
        sentence(&STANDARD.encode(&public)),
        "is a public key (SubjectPublicKeyInfo) without its PEM armour, and must not be used as a shared secret: add the line -----BEGIN PUBLIC KEY----- before its base64 and the line -----END PUBLIC KEY----- after it"
    );
    assert_eq!(
        recognise(&public).unwrap().to_string(),
        "is a public key (SubjectPublicKeyInfo) in DER, and must not be used as a shared secret: 'openssl pkey -pubin -inform DER -in FILE -out FILE.pem' converts it to PEM"
    );
    let private = sentence(&URL_SAFE_NO_PAD.encode(der("ec-p256.private.pem")));
    assert!(
        private.contains("in base64url, and must not") && private.contains("The coordinator needs only the public key"),
        "{private}"
    );
}

/// Secrets of all lengths, as bytes and as text. Some begin like DER.
#[test]
fn a_random_secret_has_no_form() {
    let mut seed = *b"a seed that gives the same bytes";
    for number in 0..1_000_usize {
        let mut secret = Vec::new();
        while secret.len() < 32 + number % 300 {
            seed = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &seed).as_ref().try_into().unwrap();
            secret.extend_from_slice(&seed);
        }
        secret.truncate(32 + number % 300);
        match number % 8 {
            0 => secret[0] = 0x30,
            1 => {
                let length = u8::try_from((secret.len() - 2).min(127)).unwrap();
                secret[..2].copy_from_slice(&[0x30, length]);
            }
            2 => secret[..2].copy_from_slice(&[0xff, 0xfe]),
            3 => secret[0] = 4,
            _ => {}
        }
        assert_eq!(recognise(&secret), None, "{number}");
        let base64 = STANDARD.encode(&secret);
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        for text in [&base64, &STANDARD.encode(&base64), &digits] {
            assert!(hmac_secret(text).is_ok(), "{number}: {text}");
        }
    }
    assert!(hmac_secret(&STANDARD.encode("a passphrase of many words, in <UTF-8>: {\u{e4}\u{f6}}")).is_ok());
}

#[test]
fn any_bytes_give_an_answer() {
    for (_, der) in structures() {
        for at in 0..der.len().min(60) {
            for value in [0, 0x02, 0x30, 0x7f, 0x80, 0x81, 0x84, 0xff] {
                let mut bytes = der.clone();
                bytes[at] = value;
                let _ = recognise(&bytes);
                let _ = recognise(&bytes[..at]);
            }
        }
    }
    for bytes in [&b""[..], b"0", b"00", b"=", b"\xff", b"\xff\xfe", b"\xff\xfe\x00", b"0x", b"\\", b"\\n", b"\x04"] {
        assert_eq!(recognise(bytes), None, "{bytes:?}");
    }
}

/// Attempts of a second attack to evade the forms: these bytes are public, however they were changed.
#[test]
fn truncated_shifted_or_embedded_keys_are_not_secrets() {
    for file in ["rsa-2048.public.pem", "ec-p256.public.pem", "ed25519.public.pem", "rsa-2048.certificate.pem"] {
        let der = der(file);
        let base64 = STANDARD.encode(&der);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
        let latin1 = [b"Schl\xfcssel\n", pem.as_bytes()].concat();
        let utf16: Vec<u8> =
            format!("\u{feff}{pem}").encode_utf16().flat_map(u16::to_le_bytes).chain([b'\n']).collect();
        for text in [
            format!("Certificate\n{base64}"),
            format!("key\n{base64}"),
            format!("x5c {base64}"),
            format!("PUBLIC KEY\n{base64}\nPUBLIC KEY"),
            pem.replace(['\n', ' ', '-'], ""),
            STANDARD.encode([&[7], &*der].concat()),
            STANDARD.encode([&b"\xef\xbb\xbf"[..], &der].concat()),
            STANDARD.encode([&[0, 1, 38], &*der].concat()),
            STANDARD.encode(&latin1),
            STANDARD.encode(&utf16),
            STANDARD.encode(format!(r#"{{"realm":"staff","public_key":"{base64}"}}"#)),
            STANDARD.encode(format!("publicKey: {base64}\n")),
            STANDARD.encode(format!("JWT_PUBLIC_KEY={base64}")),
            STANDARD.encode(format!("[\"{base64}\"]")),
        ] {
            assert!(hmac_secret(&text).is_err(), "{file}: {text}");
        }
    }
    let rsa = STANDARD.encode(der("rsa-2048.public.pem"));
    for lost in [1, 2, 4, 64, 128] {
        assert!(hmac_secret(&rsa[lost..]).is_err(), "without its first {lost} characters");
    }
    let point = &der("ec-p256.public.pem")[27..];
    assert_eq!(point.len(), 64);
    assert!(hmac_secret(&STANDARD.encode(point)).is_err(), "x and y");
    for document in [
        r#"{"n":"AQAB","e":"AQAB","other":"so that it is long enough"}"#,
        "https://idp.example/realms/staff/protocol/certs",
    ] {
        assert!(hmac_secret(&STANDARD.encode(document)).is_err(), "{document}");
    }
}
