//! PEM text → a public key: SubjectPublicKeyInfo, PKCS#1 RSA public key, or the key of an X.509 certificate.

use pkcs1::der::Decode as _;
use spki::ObjectIdentifier;
use spki::SubjectPublicKeyInfoRef;
use x509_cert::Certificate;
use x509_cert::der::Encode as _;

use crate::signature::{Curve, KeyError, VerifyingKey};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

fn refused<T>(why: impl Into<String>) -> Result<T, KeyError> {
    Err(KeyError(why.into()))
}

/// True if the text is meant as PEM. Such a text never becomes an HMAC secret, whatever stands before it.
pub(crate) fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN")
}

/// Reads the first public key of the text; without one, the key of the first certificate.
pub(crate) fn public_key(text: &str) -> Result<VerifyingKey, KeyError> {
    let sections = ::pem::parse_many(text).map_err(|error| KeyError(format!("the PEM text is damaged: {error}")))?;
    if sections.iter().any(|section| section.tag().ends_with("PRIVATE KEY")) {
        return refused(
            "the PEM text holds a private key; give the public key to the coordinator, and keep the private one from it",
        );
    }
    let find = |label: &str| sections.iter().find(|section| section.tag() == label);
    if let Some(section) = sections.iter().find(|section| matches!(section.tag(), "PUBLIC KEY" | "RSA PUBLIC KEY")) {
        return match section.tag() {
            "PUBLIC KEY" => subject_public_key_info(section.contents()),
            _ => pkcs1(section.contents()),
        };
    }
    if let Some(section) = find("CERTIFICATE").or_else(|| find("X509 CERTIFICATE")) {
        return certificate(section.contents());
    }
    match sections.first() {
        Some(section) => refused(format!("a PEM section of type '{}' is no public key", section.tag())),
        None => refused("the PEM text has no complete section"),
    }
}

/// RFC 5280, section 4.1.
fn subject_public_key_info(der: &[u8]) -> Result<VerifyingKey, KeyError> {
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(der) else {
        return refused("the public key is not a SubjectPublicKeyInfo (RFC 5280)");
    };
    let Some(key) = info.subject_public_key.as_bytes() else {
        return refused("the public key is not a whole number of bytes");
    };
    match info.algorithm.oid {
        RSA_ENCRYPTION => pkcs1(key),
        ED25519 => VerifyingKey::ed25519(key),
        EC_PUBLIC_KEY => {
            let curve = match info.algorithm.parameters_oid() {
                Ok(P256) => Curve::P256,
                Ok(P384) => Curve::P384,
                Ok(P521) => Curve::P521,
                Ok(other) => return refused(format!("the curve {other} is not P-256, P-384 or P-521")),
                Err(_) => return refused("the elliptic-curve key does not name its curve"),
            };
            VerifyingKey::ec(curve, key)
        }
        other => refused(format!("a key of type {other} is not RSA, EC or Ed25519")),
    }
}

/// RFC 8017, appendix A.1.1.
fn pkcs1(der: &[u8]) -> Result<VerifyingKey, KeyError> {
    match pkcs1::RsaPublicKeyRef::from_der(der) {
        Ok(key) => VerifyingKey::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes()),
        Err(_) => refused("the RSA key is not an RSAPublicKey (RFC 8017)"),
    }
}

/// The subject's key. Dates and issuer of the certificate are not looked at: it is trusted because it was configured.
fn certificate(der: &[u8]) -> Result<VerifyingKey, KeyError> {
    let Ok(certificate) = Certificate::from_der(der) else {
        return refused("the certificate is not X.509 (RFC 5280)");
    };
    match certificate.tbs_certificate().subject_public_key_info().to_der() {
        Ok(info) => subject_public_key_info(&info),
        Err(_) => refused("the certificate's key cannot be read"),
    }
}
