// SPDX-License-Identifier: Apache-2.0
//! Java's own key store format, JKS. The parser is our own: the container is four fields and a list, and existing
//! crates bring a second RSA implementation. The format is that of `sun.security.provider.JavaKeyStore`, with the
//! private key protection of `sun.security.provider.KeyProtector`.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use spki::{AlgorithmIdentifierRef, ObjectIdentifier};
use x509_cert::der::asn1::OctetStringRef;
use x509_cert::der::{self, Decode as _, Reader as _, SliceReader};
use zeroize::Zeroizing;

use crate::http::stores::{Contents, PrivateEntry};

/// Constant of the format: it is between the password and the bytes in the integrity digest.
const WHITENER: &[u8] = b"Mighty Aphrodite";
/// `sun.security.provider.KeyProtector.KEY_PROTECTOR_OID`.
const KEY_PROTECTOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.17.1.1");
const PRIVATE_KEY: u32 = 1;
const TRUSTED_CERTIFICATE: u32 = 2;

/// Reads a store. With a password, its digest is verified, as in Java; without one, private keys are not decrypted.
pub(crate) fn parse(bytes: &[u8], password: Option<&str>) -> Result<Contents, String> {
    let damaged = || "is a damaged JKS store".to_owned();
    let password = password
        .map(|password| Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()));
    let (body, digest) = bytes.split_last_chunk::<SHA1_OUTPUT_LEN>().ok_or_else(damaged)?;
    if let Some(password) = &password
        && verify_slices_are_equal(sha1(&[password, WHITENER, body]).as_ref(), digest).is_err()
    {
        return Err("is a JKS store with another password, or it is damaged".to_owned());
    }
    let mut contents = Contents::default();
    let mut reader = Reader(body);
    read(&mut reader, password.as_deref().map(Vec::as_slice), &mut contents)?.ok_or_else(damaged)?;
    if reader.0.is_empty() { Ok(contents) } else { Err(damaged()) }
}

/// `None` if the bytes are truncated.
fn read(reader: &mut Reader<'_>, password: Option<&[u8]>, contents: &mut Contents) -> Result<Option<()>, String> {
    let (Some(_magic), Some(version), Some(count)) = (reader.number(), reader.number(), reader.number()) else {
        return Ok(None);
    };
    if !matches!(version, 1 | 2) {
        return Err(format!("is a JKS store of version {version}, which is not supported"));
    }
    for _ in 0..count {
        let (Some(tag), Some(_alias), Some(_date)) = (reader.number(), reader.text(), reader.take(8)) else {
            return Ok(None);
        };
        match tag {
            TRUSTED_CERTIFICATE => {
                let Some(certificate) = reader.certificate(version) else { return Ok(None) };
                contents.trusted.push(certificate);
            }
            PRIVATE_KEY => {
                let (Some(protected), Some(length)) = (reader.bytes(), reader.number()) else { return Ok(None) };
                let mut chain = Vec::new();
                for _ in 0..length {
                    let Some(certificate) = reader.certificate(version) else { return Ok(None) };
                    chain.push(certificate);
                }
                let key = match password {
                    Some(password) => private_key(protected, password).map(Into::into),
                    None => Err("is a JKS store with a private key: set its password".to_owned()),
                };
                contents.keys.push(PrivateEntry { key, chain });
            }
            other => return Err(format!("is a JKS store with an entry of type {other}, which is not supported")),
        }
    }
    Ok(Some(()))
}

/// Removes Sun's protection: salt, key XOR a stream of SHA-1 digests, digest of password and key.
fn private_key(protected: &[u8], password: &[u8]) -> Result<PrivatePkcs8KeyDer<'static>, String> {
    let unsupported = || "is a JKS store with a private key in a format that is not supported".to_owned();
    let (algorithm, protected) = encrypted_private_key_info(protected).map_err(|_| unsupported())?;
    if algorithm != KEY_PROTECTOR {
        return Err(unsupported());
    }
    let parts = protected.split_first_chunk::<SHA1_OUTPUT_LEN>();
    let parts = parts.and_then(|(salt, rest)| Some((salt, rest.split_last_chunk::<SHA1_OUTPUT_LEN>()?)));
    let (salt, (encrypted, check)) = parts.ok_or_else(unsupported)?;
    let mut key = Zeroizing::new(encrypted.to_vec());
    let mut stream = sha1(&[password, salt]);
    for block in key.chunks_mut(SHA1_OUTPUT_LEN) {
        block.iter_mut().zip(stream.as_ref()).for_each(|(byte, stream)| *byte ^= stream);
        stream = sha1(&[password, stream.as_ref()]);
    }
    match verify_slices_are_equal(sha1(&[password, &key]).as_ref(), check) {
        Ok(()) => Ok(std::mem::take(&mut *key).into()),
        Err(_) => Err("is a JKS store with a private key whose password differs from that of the store: set the same password for both (keytool -keypasswd)"
            .to_owned()),
    }
}

/// RFC 5958, section 3.
fn encrypted_private_key_info(der: &[u8]) -> der::Result<(ObjectIdentifier, &[u8])> {
    let mut reader = SliceReader::new(der)?;
    reader.sequence(|reader| {
        let algorithm = AlgorithmIdentifierRef::decode(reader)?;
        let encrypted = <&OctetStringRef>::decode(reader)?;
        Ok((algorithm.oid, encrypted.as_bytes()))
    })
}

fn sha1(parts: &[&[u8]]) -> Digest {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    context.finish()
}

/// Big-endian fields, as `java.io.DataInputStream` reads them.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Modified UTF-8; its content is not needed.
    fn text(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        self.take(u16::from_be_bytes(*length).into())
    }

    /// From version 2 on, the type comes first; it is always X.509.
    fn certificate(&mut self, version: u32) -> Option<CertificateDer<'static>> {
        if version > 1 {
            self.text()?;
        }
        self.bytes().map(|der| der.to_vec().into())
    }
}
