// SPDX-License-Identifier: Apache-2.0
//! Trust stores and key stores in the formats that Trino supports: PEM, PKCS#12 and JKS. The first bytes identify the
//! format, not the file's name.

mod jks;

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ::aws_lc_rs::digest::{self, SHA256};
use p12_keystore::Pkcs12Archive;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

/// The largest store that is read; the JDK's has 200 KB.
const MAX_STORE_BYTES: u64 = 16 << 20;

const PEM_BEGIN: &[u8] = b"-----BEGIN";

/// A store file. It is read again after a change, so a renewed store takes effect without a restart.
pub(crate) struct CertificateStore {
    path: PathBuf,
    password: Option<Zeroizing<String>>,
    /// The digest of the last read bytes, and their content: decrypting a PKCS#12 file takes milliseconds.
    cached: Mutex<Option<(Vec<u8>, Arc<Contents>)>>,
}

/// Equal if path and password are.
impl PartialEq for CertificateStore {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.password == other.password
    }
}

/// The content of a store, in order.
#[derive(Default)]
pub(crate) struct Contents {
    /// Certificates that the store marks as trusted.
    pub(crate) trusted: Vec<CertificateDer<'static>>,
    pub(crate) keys: Vec<PrivateEntry>,
    /// PEM has no mark for trusted certificates: as a trust store, all of them are trusted; as a key store, none.
    is_pem: bool,
    /// Certificates of a PKCS#12 file that are neither trusted nor belong to a key.
    pub(crate) unmarked: usize,
}

/// A private key with its certificates. In a PEM file they may be in any order.
pub(crate) struct PrivateEntry {
    /// The key, or why it cannot be read; trust stores do not need it.
    pub(crate) key: Result<PrivateKeyDer<'static>, String>,
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

impl Contents {
    /// As in Java's `TrustManagerFactory`: the trusted certificates, and the first one of each key's chain.
    pub(crate) fn anchors(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.trusted.iter().chain(self.keys.iter().filter_map(|entry| entry.chain.first()))
    }

    /// The certificates that a key store trusts, besides its own chain.
    pub(crate) fn trusted_beside_key(&self) -> &[CertificateDer<'static>] {
        if self.is_pem { &[] } else { &self.trusted }
    }

    /// The only private key with its certificates, its own first.
    ///
    /// # Errors
    /// Why it cannot be used, to follow the name of the file.
    pub(crate) fn identity(&self) -> Result<CertifiedKey, String> {
        let [entry] = &*self.keys else {
            return Err(match self.keys.len() {
                0 => "contains no private key".to_owned(),
                count => format!("contains {count} private keys: keep only one"),
            });
        };
        let key = entry.key.as_ref().map_err(Clone::clone)?;
        let key = aws_lc_rs::sign::any_supported_type(key).map_err(|_| {
            "contains a private key that is neither RSA, EC (P-256, P-384, P-521) nor Ed25519".to_owned()
        })?;
        if entry.chain.is_empty() {
            return Err("contains a private key without its certificate".to_owned());
        }
        let mut certified = CertifiedKey::new(entry.chain.clone(), key);
        // As in Trino: the key's own certificate is swapped with the first one.
        for index in 0..certified.cert.len() {
            certified.cert.swap(0, index);
            if certified.keys_match().is_ok() {
                return Ok(certified);
            }
            certified.cert.swap(0, index);
        }
        Err("contains a private key, but no certificate for it".to_owned())
    }
}

impl CertificateStore {
    pub(crate) fn new(path: impl Into<PathBuf>, password: Option<&str>) -> Self {
        let password = password.map(|password| Zeroizing::new(password.to_owned()));
        Self { path: path.into(), password, cached: Mutex::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the content; reads the file again if it has changed.
    ///
    /// # Errors
    /// What is wrong with the file, to follow its name. The message never contains the password.
    pub(crate) fn contents(&self) -> Result<Arc<Contents>, String> {
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(&self.path)
            .and_then(|file| file.take(MAX_STORE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| format!("cannot be read: {error}"))?;
        if bytes.len() as u64 > MAX_STORE_BYTES {
            return Err(format!("is larger than {MAX_STORE_BYTES} bytes"));
        }
        let digest = digest::digest(&SHA256, &bytes);
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, contents)) = &*cached
            && of == digest.as_ref()
        {
            return Ok(Arc::clone(contents));
        }
        let contents = Arc::new(parse(&bytes, self.password.as_ref().map(|password| password.as_str()))?);
        *cached = Some((digest.as_ref().to_vec(), Arc::clone(&contents)));
        Ok(contents)
    }
}

/// Without the password.
impl fmt::Debug for CertificateStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateStore").field("path", &self.path).finish_non_exhaustive()
    }
}

fn parse(bytes: &[u8], password: Option<&str>) -> Result<Contents, String> {
    if bytes.windows(PEM_BEGIN.len()).any(|window| window == PEM_BEGIN) {
        return pem(bytes, password);
    }
    match bytes {
        [] => Err("is empty".to_owned()),
        [0xfe, 0xed, 0xfe, 0xed, ..] => jks::parse(bytes, password),
        [0xce, 0xce, 0xce, 0xce, ..] => Err(
            "is a JCEKS store, which is not supported: convert it with keytool -importkeystore -deststoretype PKCS12"
                .to_owned(),
        ),
        [0x30, ..] => pkcs12(bytes, password),
        _ => Err("is neither PEM nor PKCS#12 nor JKS".to_owned()),
    }
}

/// The certificates of a PEM text. Sections of other kinds are ignored.
pub(crate) fn pem_certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    Ok(pem_sections(text)?.into_iter().filter(is_certificate).map(|section| section.into_contents().into()).collect())
}

/// A truncated section is an error, since the operator added it on purpose.
fn pem_sections(text: &[u8]) -> Result<Vec<::pem::Pem>, String> {
    let sections = ::pem::parse_many(text).map_err(|error| format!("is damaged PEM: {error}"))?;
    let begun = text.windows(PEM_BEGIN.len()).filter(|window| *window == PEM_BEGIN).count();
    if begun == sections.len() { Ok(sections) } else { Err("is damaged PEM: a section does not end".to_owned()) }
}

fn is_certificate(section: &::pem::Pem) -> bool {
    matches!(section.tag(), "CERTIFICATE" | "X509 CERTIFICATE")
}

fn pem(bytes: &[u8], password: Option<&str>) -> Result<Contents, String> {
    let mut contents = Contents { is_pem: true, ..Contents::default() };
    let mut keys = Vec::new();
    for section in pem_sections(bytes)? {
        if is_certificate(&section) {
            contents.trusted.push(section.into_contents().into());
            continue;
        }
        // OpenSSL's legacy encryption of PEM texts, before PKCS#8.
        let is_encrypted = section.headers().get("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"));
        match section.tag() {
            tag if is_encrypted && tag.ends_with("PRIVATE KEY") => {
                keys.push(Err(
                    "contains a private key in OpenSSL's legacy encryption: convert it with openssl pkcs8 -topk8"
                        .to_owned(),
                ));
            }
            "PRIVATE KEY" => keys.push(Ok(PrivatePkcs8KeyDer::from(section.into_contents()).into())),
            "RSA PRIVATE KEY" => keys.push(Ok(PrivatePkcs1KeyDer::from(section.into_contents()).into())),
            "EC PRIVATE KEY" => keys.push(Ok(PrivateSec1KeyDer::from(section.into_contents()).into())),
            "ENCRYPTED PRIVATE KEY" => keys.push(decrypted(section.contents(), password)),
            _ => {}
        }
    }
    // As in Trino: certificates next to a key are its chain, and a trust store trusts them as well.
    contents.keys = keys.into_iter().map(|key| PrivateEntry { key, chain: contents.trusted.clone() }).collect();
    Ok(contents)
}

/// RFC 5958, section 3, with the encryption of RFC 8018, section 6.2.
fn decrypted(der: &[u8], password: Option<&str>) -> Result<PrivateKeyDer<'static>, String> {
    let Some(password) = password else {
        return Err("contains an encrypted private key: set its password".to_owned());
    };
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(der).map_err(
        |_| "contains a private key in an encryption that is not supported: use PBES2 (openssl pkcs8 -topk8)",
    )?;
    let key = info.decrypt(password).map_err(|_| "contains a private key that this password does not decrypt")?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

/// RFC 7292. Trusted certificates have an attribute that only Java knows; others belong to a key or are unused.
fn pkcs12(bytes: &[u8], password: Option<&str>) -> Result<Contents, String> {
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.unwrap_or_default()).map_err(|error| {
        use p12_keystore::error::Error;
        match (error, password) {
            (Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_), None) => {
                "is a PKCS#12 store that cannot be opened without its password".to_owned()
            }
            (Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_), Some(_)) => {
                "is a PKCS#12 store with another password, or it is damaged".to_owned()
            }
            (Error::UnsupportedEncryptionScheme | Error::UnsupportedMacAlgorithm, _) => {
                "is a PKCS#12 store with an encryption that is not supported: convert it with keytool -importkeystore"
                    .to_owned()
            }
            // The other messages are about the format only.
            (error, _) => format!("is neither PEM nor JKS, and as PKCS#12 it is damaged: {error}"),
        }
    })?;
    let mut contents = Contents::default();
    let certificates: Vec<_> =
        archive.certs.iter().map(|bag| (bag, CertificateDer::from(bag.cert.as_der().to_vec()))).collect();
    for key in &archive.keys {
        let of_key =
            |id: &Option<Vec<u8>>| matches!((id, &key.local_key_id), (Some(id), Some(of)) if id == of.as_ref());
        let mut chain: Vec<CertificateDer<'static>> = Vec::new();
        let mut next = certificates.iter().find(|(bag, _)| of_key(&bag.local_key_id));
        while let Some((bag, certificate)) = next {
            chain.push(certificate.clone());
            let issuer = bag.cert.issuer();
            next = certificates.iter().find(|(other, der)| other.cert.subject() == issuer && !chain.contains(der));
        }
        let key = Ok(PrivatePkcs8KeyDer::from(key.key.as_der().to_vec()).into());
        contents.keys.push(PrivateEntry { key, chain });
    }
    for (bag, certificate) in &certificates {
        if bag.trusted {
            contents.trusted.push(certificate.clone());
        } else if !contents.keys.iter().any(|entry| entry.chain.contains(certificate)) {
            contents.unmarked += 1;
        }
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(name: &str, password: Option<&str>) -> Result<Arc<Contents>, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/stores").join(name);
        CertificateStore::new(path, password).contents()
    }

    fn certificate(name: &str) -> CertificateDer<'static> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/stores").join(name);
        pem_certificates(&std::fs::read(path).unwrap()).unwrap().remove(0)
    }

    #[test]
    fn a_trust_store_trusts_what_java_trusts() {
        let (ca, client, server) =
            (certificate("ca.pem"), certificate("client-certificate.pem"), certificate("server-certificate.pem"));
        let right = Some("changeit");
        for (name, password, expected) in [
            ("ca.pem", None, vec![&ca]),
            ("trust.jks", right, vec![&ca]),
            ("trust.jks", None, vec![&ca]),
            ("trust.p12", right, vec![&ca]),
            ("trust-old.p12", right, vec![&ca]),
            ("trust-no-password.p12", right, vec![&ca]),
            ("trust-no-password.p12", None, vec![&ca]),
            ("trust-unmarked.p12", right, vec![]),
            // Only the first certificate of a key's chain.
            ("client.jks", right, vec![&client]),
            ("two.jks", right, vec![&client, &server]),
            ("client.p12", right, vec![&client]),
            ("client-old.p12", right, vec![&client]),
        ] {
            let contents = store(name, password).map_err(|error| format!("{name} {error}")).unwrap();
            assert_eq!(contents.anchors().collect::<Vec<_>>(), expected, "{name} {password:?}");
        }
        assert_eq!(store("trust-unmarked.p12", right).map(|contents| contents.unmarked), Ok(1));
    }

    #[test]
    fn errors_of_a_store_do_not_contain_its_password() {
        let right = Some("changeit");
        for (name, password, expected) in [
            ("nowhere.p12", right, "cannot be read: No such file"),
            ("trust.jks", Some("hunter2"), "is a JKS store with another password, or it is damaged"),
            ("trust.p12", Some("hunter2"), "is a PKCS#12 store with another password"),
            ("trust-old.p12", Some("hunter2"), "is a PKCS#12 store with another password"),
            ("trust.p12", None, "is a PKCS#12 store that cannot be opened without its password"),
            ("client.jks", None, "is a JKS store with a private key: set its password"),
            ("other-password.jks", right, "private key whose password differs from that of the store"),
            ("two.jks", right, "contains 2 private keys: keep only one"),
            ("ca.pem", right, "contains no private key"),
            ("client-mismatch.pem", None, "contains a private key, but no certificate for it"),
            ("client.jceks", right, "is a JCEKS store, which is not supported"),
            ("client-encrypted.pem", None, "contains an encrypted private key: set its password"),
            ("client-encrypted.pem", Some("hunter2"), "this password does not decrypt"),
            ("make", None, "is neither PEM nor PKCS#12 nor JKS"),
        ] {
            // A trust store needs no private key.
            let error = store(name, password).and_then(|contents| match name.starts_with("trust") {
                true => Ok(()),
                false => contents.identity().map(drop),
            });
            let error = error.expect_err(name);
            assert!(error.contains(expected), "{name}: {error}");
            assert!(!error.contains("hunter2"), "{name}: {error}");
        }
    }

    #[test]
    fn a_key_store_gives_the_key_with_its_own_certificate_first() {
        let (ca, client) = (certificate("ca.pem"), certificate("client-certificate.pem"));
        let right = Some("changeit");
        for (name, password, chain) in [
            ("client.p12", right, vec![&client, &ca]),
            ("client-old.p12", right, vec![&client, &ca]),
            ("client.jks", right, vec![&client, &ca]),
            ("client.pem", None, vec![&client, &ca]),
            ("client.pem", Some("not needed"), vec![&client, &ca]),
            // After its issuer's certificate.
            ("client-encrypted.pem", right, vec![&client, &ca]),
            ("client-sec1.pem", None, vec![&client]),
            ("client-pkcs1.pem", None, vec![&certificate("client-pkcs1.pem")]),
        ] {
            let identity = store(name, password).and_then(|contents| contents.identity());
            let identity = identity.map_err(|error| format!("{name} {error}")).unwrap();
            assert_eq!(identity.cert.iter().collect::<Vec<_>>(), chain, "{name}");
        }
    }

    #[test]
    fn a_pem_bundle_that_is_cut_off_is_damaged() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/stores/ca.pem");
        let ca = std::fs::read_to_string(path).unwrap();
        assert_eq!(pem_certificates(format!("# A comment\n{ca}\n{ca}").as_bytes()).map(|list| list.len()), Ok(2));
        assert!(
            pem_certificates(format!("{ca}{}", &ca[..ca.len() / 2]).as_bytes()).unwrap_err().contains("does not end")
        );
    }

    #[test]
    fn damage_is_an_error_wherever_it_is() {
        for name in ["trust.jks", "client.jks", "trust.p12", "client-old.p12"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/stores").join(name);
            let good = std::fs::read(path).unwrap();
            for length in 0..good.len() {
                assert!(parse(&good[..length], Some("changeit")).is_err(), "{name} cut to {length}");
            }
        }
    }
}
