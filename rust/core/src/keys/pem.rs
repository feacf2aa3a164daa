// SPDX-License-Identifier: Apache-2.0
//! Reads a public key from PEM: SubjectPublicKeyInfo, PKCS#1 RSA public key, or the key of an X.509 certificate.

use ::pem::Pem;
use pkcs1::der::Decode as _;
use spki::ObjectIdentifier;
use spki::SubjectPublicKeyInfoRef;
use x509_cert::Certificate;
use x509_cert::der::Encode as _;
use x509_cert::ext::pkix::BasicConstraints;

use crate::config::Finding;
use crate::events::{Event, Level};
use crate::keys::curve::Curve;
use crate::keys::error::KeyError;
use crate::keys::forms::{self, Form};
use crate::keys::verifying_key::VerifyingKey;
use crate::quoted::quoted;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Names of key types that are not supported.
const OTHER_KEYS: [(&str, &str); 6] = [
    (
        "1.2.840.113549.1.1.10",
        "RSA for PSS only; it cannot be converted, so ask the issuer for a plain RSA key, which can also be used for PS256",
    ),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
    ("1.3.101.110", "X25519, which is for encryption only"),
    ("1.3.101.111", "X448, which is for encryption only"),
    ("1.3.101.113", "Ed448"),
];
const OTHER_CURVES: [(&str, &str); 5] = [
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.132.0.33", "P-224"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
];

/// An object identifier, with its name if it is known.
fn named(oid: ObjectIdentifier, names: &[(&str, &str)]) -> String {
    match names.iter().find(|(known, _)| oid.to_string() == *known) {
        Some((_, name)) => format!("{oid} ({name})"),
        None => oid.to_string(),
    }
}

fn unusable<T>(why: impl Into<String>) -> Result<T, KeyError> {
    Err(KeyError(why.into()))
}

/// True if the text is meant as PEM, whatever comes before. Such a text never becomes an HMAC secret.
pub(crate) fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN ")
}

/// The sections of a PEM text, in order; at least one. Text around them is ignored.
///
/// # Errors
/// What is damaged, with its line. The message contains nothing of the sections.
pub fn pem_sections(text: &str) -> Result<Vec<Pem>, KeyError> {
    if text.contains("-----BEGIN PGP ") {
        return unusable(format!("the file contains {}: {}", Form::OpenPgp.name(), Form::OpenPgp.way_out()));
    }
    for (at, _) in text.match_indices("-----BEGIN ") {
        let rest = text.get(at + "-----BEGIN ".len()..).unwrap_or_default();
        if let Some(label) = label(rest) {
            line_ends(label, rest.get(label.len() + "-----".len()..).unwrap_or_default())?;
        }
    }
    match ::pem::parse_many(text) {
        Ok(sections) if !sections.is_empty() => Ok(sections),
        Ok(_) | Err(_) => unusable(format!("the PEM text is damaged: {}", damage(text))),
    }
}

/// The label between `-----BEGIN ` and `-----`. A long one may be base64, which must not be shown.
fn label(rest: &str) -> Option<&str> {
    let (label, _) = rest.split_once("-----")?;
    (label.len() <= 40 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" #_".contains(&byte)))
        .then_some(label)
}

/// PEM consists of lines (RFC 7468, section 2): a line end must follow the label.
fn line_ends(label: &str, after: &str) -> Result<(), KeyError> {
    let first = forms::begin(label);
    let after = after.trim_start_matches([' ', '\t']);
    if after.is_empty() || after.starts_with(['\n', '\r']) {
        return Ok(());
    }
    if after.starts_with("\\n") || after.starts_with("\\r") {
        return unusable(format!(
            "the PEM text has \\n as two characters after {first} instead of a line break, as is common in JSON and environment variables: printf '%b' \"$(cat FILE)\" converts them"
        ));
    }
    if after.starts_with("%0") {
        return unusable(format!("the PEM text is percent-encoded after {first} (%0A): decode it"));
    }
    unusable(format!(
        "the PEM text has no line break right after {first}: the -----BEGIN …----- and -----END …----- must be lines of their own, with the base64 between them"
    ))
}

/// Why a PEM text cannot be read. Of its base64, the message shows at most one character, which is not base64.
fn damage(text: &str) -> String {
    let mut open: Option<&str> = None;
    let mut has_data = false;
    for (line, number) in text.lines().zip(1..) {
        if let Some((_, rest)) = line.split_once("-----BEGIN ") {
            if let Some(unfinished) = open {
                return format!("the line {} is missing before line {number}", forms::end(unfinished));
            }
            let Some(label) = label(rest) else {
                return format!(
                    "line {number} begins like the first line of PEM, but is incomplete; a complete one is -----BEGIN PUBLIC KEY-----"
                );
            };
            (open, has_data) = (Some(label), false);
            continue;
        }
        let Some(begun) = open else { continue };
        let end = line.split_once("-----END ");
        if let Some((_, rest)) = end
            && label(rest) != open
        {
            return format!("line {number} is not {}, which its first line requires", forms::end(begun));
        }
        let data = end.map_or(line, |(data, _)| data).trim();
        // Headers of keys in the legacy encryption, and the empty line after them.
        if !has_data && (data.is_empty() || data.contains(": ")) {
            open = open.filter(|_| end.is_none());
            continue;
        }
        match data.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=' | ' ' | '\t')) {
            Some('\\') => {
                return format!("line {number} contains a backslash; \\n as two characters is not a line break");
            }
            Some('\0') => return format!("line {number} contains a NUL character"),
            Some(other) => {
                return format!("line {number} contains '{}', which is not base64", quoted(&other.to_string()));
            }
            None if data.is_empty() && end.is_none() => {
                return format!("line {number} is empty, but belongs to the base64 of '{begun}'");
            }
            None => has_data = true,
        }
        open = open.filter(|_| end.is_none());
    }
    match open {
        Some(label) => format!("the line {} is missing: the file is cut off", forms::end(label)),
        None => "its base64 is cut off, or has '=' in the middle".to_owned(),
    }
}

/// Reads the first public key of the text or, if there is none, the key of the first certificate. Returns it with notes
/// about the choice, to follow the file's name.
pub(crate) fn public_key(text: &str) -> Result<(VerifyingKey, Vec<Event>), KeyError> {
    let sections = pem_sections(text)?;
    if let Some(section) = sections.iter().find(|section| section.tag().ends_with("PRIVATE KEY")) {
        let command = match section.tag() {
            "OPENSSH PRIVATE KEY" => "ssh-keygen -e -m PKCS8 -f FILE",
            _ => "openssl pkey -in FILE -pubout",
        };
        return unusable(format!(
            "the PEM text contains a private key; give the coordinator the public key only ('{command}' writes it)"
        ));
    }
    let all = |labels: [&str; 2]| sections.iter().filter(|section| labels.contains(&section.tag())).collect::<Vec<_>>();
    let keys = all(["PUBLIC KEY", "RSA PUBLIC KEY"]);
    let certificates = all(["CERTIFICATE", "X509 CERTIFICATE"]);
    if let Some(section) = keys.first() {
        let key = match section.tag() {
            "PUBLIC KEY" => subject_public_key_info(section.contents()),
            _ => pkcs1(section.contents()),
        };
        let key = key.map_err(|why| mislabelled(section).unwrap_or(why))?;
        return Ok((key, notes_on_keys(keys.len(), certificates.len())));
    }
    if let Some(section) = certificates.first() {
        return certificate(section.contents(), &certificates).map_err(|why| mislabelled(section).unwrap_or(why));
    }
    let tag = sections.first().map_or("", Pem::tag);
    let way_out = match tag {
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Form::CertificateRequest.way_out(),
        "PKCS7" | "CMS" => Form::CertificateBag.way_out(),
        "X509 CRL" => Form::RevocationList.way_out(),
        "TRUSTED CERTIFICATE" => "'openssl x509 -in FILE -out FILE.pem' converts it to a plain certificate".to_owned(),
        "EC PARAMETERS" | "DH PARAMETERS" | "DSA PARAMETERS" => "parameters are not a key".to_owned(),
        _ => "a section 'PUBLIC KEY', 'RSA PUBLIC KEY' or 'CERTIFICATE' is needed".to_owned(),
    };
    unusable(format!("a PEM section of type '{}' is not a public key: {way_out}", quoted(tag)))
}

/// The error for a section whose content does not match its label or is truncated.
fn mislabelled(section: &Pem) -> Option<KeyError> {
    let found = forms::recognise(section.contents())?;
    let is_right = match section.tag() {
        "PUBLIC KEY" => found.form == Form::SubjectPublicKeyInfo,
        "RSA PUBLIC KEY" => found.form == Form::RsaPublicKey,
        _ => found.form == Form::Certificate,
    };
    if is_right && !found.is_cut() {
        return None;
    }
    let label = section.tag();
    Some(KeyError(match (is_right, found.form.label()) {
        (true, _) => format!("the PEM section '{label}' is cut off: lines of its base64 are missing"),
        (false, Some(_)) if found.form.is_private() => format!(
            "the PEM section '{label}' contains {}; give the coordinator the public key only",
            found.form.name()
        ),
        (false, Some(right)) => format!(
            "the PEM section '{label}' contains {}, whose first and last line are {} and {}",
            found.form.name(),
            forms::begin(right),
            forms::end(right)
        ),
        (false, None) => format!("the PEM section '{label}' contains {}: {}", found.form.name(), found.form.way_out()),
    }))
}

fn notes_on_keys(keys: usize, certificates: usize) -> Vec<Event> {
    let mut notes = Vec::new();
    if keys > 1 {
        let text = format!(
            "the file contains {keys} public keys, but only the first one is used; for several keys, use a JWK Set ('nativejwt jwks' makes one), or a file for each with ${{KID}}"
        );
        notes.push(Event { level: Level::Warning, text, finding: Some(Finding::KeyFileHasMoreKeys) });
    }
    if certificates > 0 {
        notes.push(Event {
            level: Level::Info,
            text: "the public key of the file is used, not its certificate".to_owned(),
            finding: None,
        });
    }
    notes
}

/// RFC 5280, section 4.1.
fn subject_public_key_info(der: &[u8]) -> Result<VerifyingKey, KeyError> {
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(der) else {
        return unusable("the public key is not a SubjectPublicKeyInfo (RFC 5280)");
    };
    let Some(key) = info.subject_public_key.as_bytes() else {
        return unusable("the public key is not a whole number of bytes");
    };
    match info.algorithm.oid {
        RSA_ENCRYPTION => pkcs1(key),
        ED25519 => VerifyingKey::ed25519(key),
        EC_PUBLIC_KEY => {
            let curve = match info.algorithm.parameters_oid() {
                Ok(P256) => Curve::P256,
                Ok(P384) => Curve::P384,
                Ok(P521) => Curve::P521,
                Ok(other) => {
                    return unusable(format!("the curve {} is not P-256, P-384 or P-521", named(other, &OTHER_CURVES)));
                }
                Err(_) => {
                    return unusable(
                        "the elliptic-curve key does not name its curve; if it is P-256, P-384 or P-521, 'openssl ec -pubin -in FILE -param_enc named_curve' names it",
                    );
                }
            };
            VerifyingKey::ec(curve, key)
        }
        other => unusable(format!("a key of type {} is not RSA, EC or Ed25519", named(other, &OTHER_KEYS))),
    }
}

/// RFC 8017, appendix A.1.1.
fn pkcs1(der: &[u8]) -> Result<VerifyingKey, KeyError> {
    match pkcs1::RsaPublicKeyRef::from_der(der) {
        Ok(key) => VerifyingKey::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes()),
        Err(_) => unusable("the RSA key is not an RSAPublicKey (RFC 8017)"),
    }
}

/// The subject's key. Dates and issuer of the certificate are not checked: the operator trusts it by configuring it.
fn certificate(der: &[u8], all: &[&Pem]) -> Result<(VerifyingKey, Vec<Event>), KeyError> {
    let Ok(certificate) = Certificate::from_der(der) else {
        return unusable("the certificate is not X.509 (RFC 5280)");
    };
    let signed = certificate.tbs_certificate();
    let key = match signed.subject_public_key_info().to_der() {
        Ok(info) => subject_public_key_info(&info)?,
        Err(_) => return unusable("the certificate's key cannot be read"),
    };
    let mut notes = Vec::new();
    let subject = quoted(&signed.subject().to_string());
    if all.len() > 1 {
        let second = all.get(1).and_then(|section| Certificate::from_der(section.contents()).ok());
        let is_chain = second.is_some_and(|second| second.tbs_certificate().subject() == signed.issuer());
        let (level, advice) = match is_chain {
            true => (Level::Info, ""),
            false => (
                Level::Warning,
                "; for several keys, use a JWK Set ('nativejwt jwks' makes one), or a file for each with ${KID}",
            ),
        };
        let text = format!(
            "the file contains {} certificates, but only the first one is used, that of '{subject}'{advice}",
            all.len()
        );
        notes.push(Event { level, text, finding: Some(Finding::KeyFileHasMoreKeys) });
    }
    if let Ok(Some((_, BasicConstraints { ca: true, .. }))) = signed.get_extension::<BasicConstraints>() {
        let text = format!(
            "the certificate of '{subject}' is marked as that of a CA. Tokens are usually signed with another key, whose certificate a CA has issued. If the certificate is the issuer's own and self-signed, ignore this"
        );
        notes.push(Event { level: Level::Warning, text, finding: Some(Finding::CertificateOfCa) });
    }
    Ok((key, notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    fn file(name: &str) -> String {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/keys");
        std::fs::read_to_string(folder.join(name)).unwrap()
    }

    fn armoured(label: &str, body: &str) -> String {
        format!("{}\n{body}\n{}\n", forms::begin(label), forms::end(label))
    }

    fn notes(text: &str) -> Vec<(Level, String)> {
        public_key(text).unwrap().1.into_iter().map(|note| (note.level, note.text)).collect()
    }

    #[test]
    fn damage_is_reported_with_its_line_and_without_the_key() {
        let (front, back) = BODY.split_at(20);
        for (text, part) in [
            (
                format!("{}\\n{BODY}\\n", forms::begin("PUBLIC KEY")),
                "has \\n as two characters after -----BEGIN PUBLIC KEY-----",
            ),
            (format!("{}%0A{BODY}", forms::begin("PUBLIC KEY")), "percent-encoded"),
            (format!("{}{BODY}{}", forms::begin("PUBLIC KEY"), forms::end("PUBLIC KEY")), "no line break right after"),
            (
                format!("{} {BODY} {}", forms::begin("PUBLIC KEY"), forms::end("PUBLIC KEY")),
                "no line break right after",
            ),
            (
                format!("-----BEGIN PUBLIC KEY\n{BODY}\n-----END PUBLIC KEY-----"),
                "line 1 begins like the first line of PEM",
            ),
            (format!("-----BEGIN {BODY}"), "line 1 begins like the first line of PEM"),
            (format!("{}\n{BODY}\n", forms::begin("PUBLIC KEY")), "the line -----END PUBLIC KEY----- is missing"),
            (
                format!("{}\n{BODY}\n-----END CERTIFICATE-----\n", forms::begin("PUBLIC KEY")),
                "line 3 is not -----END PUBLIC KEY-----",
            ),
            (armoured("PUBLIC KEY", &format!("{front}\\n{back}")), "line 2 contains a backslash"),
            (armoured("PUBLIC KEY", &format!("{front}\n\"{back}")), "line 3 contains '\"', which is not base64"),
            (armoured("PUBLIC KEY", &format!("{front}\0{back}")), "line 2 contains a NUL"),
            (armoured("PUBLIC KEY", &format!("{front}\n\n{back}")), "line 3 is empty, but belongs to the base64"),
            (armoured("PRIVATE KEY", &format!("{front}\r\n\r\n{back}")), "line 3 is empty, but belongs to the base64"),
            (armoured("PUBLIC KEY", &format!("{BODY}{back}")), "cut off, or has '=' in the middle"),
            (
                format!(
                    "{}\nVersion: 1\n\n{BODY}\n=abcd\n{}",
                    forms::begin("PGP PUBLIC KEY BLOCK"),
                    forms::end("PGP PUBLIC KEY BLOCK")
                ),
                "OpenPGP",
            ),
        ] {
            let why = public_key(&text).unwrap_err().0;
            assert!(why.contains(part), "{text}: {why}");
            assert!(!why.contains(front) && !why.contains(back), "the key is shown: {why}");
        }
    }

    #[test]
    fn a_section_with_other_content_is_reported() {
        let body = |name: &str| file(name).lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n");
        for (label, name, part) in [
            (
                "PUBLIC KEY",
                "rsa-2048.pkcs1.public.pem",
                "contains an RSA public key (PKCS#1), whose first and last line are -----BEGIN RSA PUBLIC KEY-----",
            ),
            ("PUBLIC KEY", "rsa-2048.private.pem", "give the coordinator the public key only"),
            ("RSA PUBLIC KEY", "rsa-2048.public.pem", "-----BEGIN PUBLIC KEY-----"),
            ("CERTIFICATE", "rsa-2048.public.pem", "-----BEGIN PUBLIC KEY-----"),
            ("CERTIFICATE", "csr.pem", "contains a certificate request (PKCS#10)"),
            ("CERTIFICATE REQUEST", "csr.pem", "openssl req -in FILE -noout -pubkey"),
            ("PKCS7", "rsa-2048.public.pem", "openssl pkcs7"),
            ("TRUSTED CERTIFICATE", "rsa-2048.certificate.pem", "openssl x509 -in FILE"),
            ("OPENSSH PRIVATE KEY", "rsa-2048.private.pem", "ssh-keygen -e -m PKCS8 -f FILE"),
            ("EC PRIVATE KEY", "ec-p256.private.pem", "openssl pkey -in FILE -pubout"),
            ("EC PARAMETERS", "ec-p256.public.pem", "parameters are not a key"),
        ] {
            let why = public_key(&armoured(label, &body(name))).unwrap_err().0;
            assert!(why.contains(part), "{label} of {name}: {why}");
        }
        let cut: String = body("rsa-2048.certificate.pem").lines().take(5).collect();
        let why = public_key(&armoured("CERTIFICATE", &cut)).unwrap_err().0;
        assert!(why.contains("'CERTIFICATE' is cut off"), "{why}");
    }

    #[test]
    fn the_used_key_of_several_is_reported() {
        assert_eq!(notes(&file("rsa-2048.public.pem")), []);
        let two = notes(&file("two-public-keys.pem"));
        assert!(
            matches!(&two[..], [(Level::Warning, text)] if text.starts_with("the file contains 2 public keys, but only the first")),
            "{two:?}"
        );
        let both = notes(&(file("rsa-2048.certificate.pem") + &file("rsa-2048.public.pem")));
        assert!(matches!(&both[..], [(Level::Info, text)] if text.contains("not its certificate")), "{both:?}");
        let two = notes(&file("two-certificates.pem"));
        assert!(
            two[0].0 == Level::Warning
                && two[0].1.contains("that of 'CN=nativejwt test key rsa-2048'; for several keys"),
            "{two:?}"
        );
        // Self-signed, so it is also the next certificate of its chain.
        let chain = notes(&file("rsa-2048.certificate.pem").repeat(2));
        assert!(chain[0].0 == Level::Info && !chain[0].1.contains("several keys"), "{chain:?}");
    }

    #[test]
    fn a_ca_certificate_is_accepted_with_a_warning() {
        let doubts = notes(&file("rsa-2048.certificate.pem"));
        assert!(
            matches!(&doubts[..], [(Level::Warning, text)] if text.contains("'CN=nativejwt test key rsa-2048' is marked as that of a CA")),
            "{doubts:?}"
        );
    }
}
