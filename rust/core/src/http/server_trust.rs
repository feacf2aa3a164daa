// SPDX-License-Identifier: Apache-2.0
//! Verifies that a server is the requested one, and explains failures to the operator.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, DigitallySignedStruct, Error, InvalidMessage, OtherError, RootCertStore,
    SignatureScheme,
};
use x509_cert::certificate::Version;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::{Certificate, TbsCertificate};

use crate::clock::UnixMillis;
use crate::quoted::quoted;

/// The trusted certificates of all sources. Each is trusted for its own server; only CA certificates are trusted to
/// issue others.
#[derive(Debug)]
pub(super) struct TrustedCertificates {
    /// CA certificates.
    roots: RootCertStore,
    /// All certificates.
    all: Vec<CertificateDer<'static>>,
}

/// A certificate that cannot be parsed, and is therefore not trusted.
#[derive(Debug)]
pub(super) struct DamagedCertificate;

impl TrustedCertificates {
    pub(super) fn empty() -> Self {
        Self { roots: RootCertStore::empty(), all: Vec::new() }
    }

    /// Trusts the certificate. Only this function adds roots, so [`why_not_a_ca`] is checked for every source.
    pub(super) fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), DamagedCertificate> {
        let parsed = Certificate::from_der(&certificate).map_err(|_| DamagedCertificate)?;
        // webpki reads only subject, key and name constraints of a root, so it would accept every certificate as a CA.
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map_err(|_| DamagedCertificate)?;
        if why_not_a_ca(parsed.tbs_certificate()).is_none() {
            self.roots.extend(roots.roots);
        }
        self.all.push(certificate);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The number of certificates that are trusted for their own servers only.
    pub(super) fn len_without_cas(&self) -> usize {
        self.all.len() - self.roots.len()
    }
}

/// Why the certificate must not issue others; `None` for a CA certificate. The rules are those of the JDK for trust
/// anchors (`PKIXValidator.verifyTrustAnchor`), by RFC 5280, sections 4.2.1.9 and 4.2.1.3. Versions 1 and 2 have no
/// extensions and count as CA certificates.
fn why_not_a_ca(certificate: &TbsCertificate) -> Option<&'static str> {
    if certificate.version() != Version::V3 {
        return None;
    }
    let constraints = certificate.get_extension::<BasicConstraints>();
    if !matches!(constraints, Ok(Some((_, constraints))) if constraints.ca) {
        return Some("its basicConstraints do not say CA:TRUE");
    }
    match certificate.get_extension::<KeyUsage>() {
        Ok(None) => None,
        Ok(Some((_, usage))) if usage.key_cert_sign() => None,
        Ok(Some(_)) | Err(_) => Some("its keyUsage lacks keyCertSign"),
    }
}

/// As rustls's own verifier, and as Java's where operators would notice: a certificate in the trust store is trusted as
/// itself, even if it issues nothing or claims to be an issuer.
#[derive(Debug)]
pub(super) struct ServerTrust {
    pub(super) trusted: TrustedCertificates,
    /// The sources of the certificates, for messages.
    pub(super) whose: String,
    pub(super) verify_host_name: bool,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerTrust {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        if self.trusted.all.contains(end_entity) {
            verify_dates(end_entity, now)?;
        } else {
            let roots = &self.trusted.roots;
            // webpki does not check keyUsage; the JDK does.
            let intermediates = of_cas(intermediates);
            verify_server_cert_signed_by_trust_anchor(&parsed, roots, &intermediates, now, self.algorithms.all)?;
        }
        if self.verify_host_name { verify_server_name(&parsed, server_name) } else { Ok(()) }
    }
}

impl ServerCertVerifier for ServerTrust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.verify(end_entity, intermediates, server_name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(Error::InvalidCertificate(error)) => {
                let not_a_ca = match error {
                    CertificateError::UnknownIssuer => self.ends_without_ca(end_entity, intermediates, now),
                    _ => None,
                };
                let sentence = Sentence(not_a_ca.unwrap_or_else(|| self.sentence(&error, server_name)));
                Err(CertificateError::Other(OtherError(Arc::new(sentence))).into())
            }
            Err(other) => Err(other),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The CA certificates among them.
fn of_cas<'a>(certificates: &[CertificateDer<'a>]) -> Vec<CertificateDer<'a>> {
    let is_ca = |certificate: &&CertificateDer<'_>| {
        Certificate::from_der(certificate).is_ok_and(|parsed| why_not_a_ca(parsed.tbs_certificate()).is_none())
    };
    certificates.iter().filter(is_ca).cloned().collect()
}

fn verify_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let certificate = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = certificate.tbs_certificate().validity();
    let seconds = |time: x509_cert::time::Time| UnixTime::since_unix_epoch(time.to_unix_duration());
    let not_before = seconds(validity.not_before);
    let not_after = seconds(validity.not_after);
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before });
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after });
    }
    Ok(())
}

impl ServerTrust {
    /// The message for a valid chain that ends at a certificate that must not issue others: a trusted one, or one that
    /// the server sends.
    fn ends_without_ca(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Option<String> {
        let end_entity = ParsedCertificate::try_from(end_entity).ok()?;
        let of_cas = of_cas(intermediates);
        let why_it_cannot_issue = |certificate: &CertificateDer<'_>| {
            let parsed = Certificate::from_der(certificate).ok()?;
            let why = why_not_a_ca(parsed.tbs_certificate())?;
            let mut roots = RootCertStore::empty();
            roots.add(certificate.clone().into_owned()).ok()?;
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&end_entity, &roots, &of_cas, now, algorithms).ok()?;
            Some((quoted(&parsed.tbs_certificate().subject().to_string()).to_string(), why))
        };
        if let Some((name, why)) = self.trusted.all.iter().find_map(why_it_cannot_issue) {
            return Some(format!(
                "the server's certificate was issued by '{name}', whose certificate in {} is not a CA certificate, because {why}: it is trusted for its own server only. Add the certificate of the CA that issued the server's certificate",
                self.whose
            ));
        }
        let (name, why) = intermediates.iter().find_map(why_it_cannot_issue)?;
        Some(format!(
            "the server's certificate was issued by '{name}', and the server sends a certificate of that name that is not a CA certificate, because {why}"
        ))
    }

    fn sentence(&self, error: &CertificateError, asked: &ServerName<'_>) -> String {
        let at = |time: &UnixTime| {
            UnixMillis(i64::try_from(time.as_secs().saturating_mul(1000)).unwrap_or(i64::MAX)).to_string()
        };
        let asked = quoted(&asked.to_str());
        match error {
            CertificateError::ExpiredContext { not_after, .. } => {
                format!("a certificate of the server expired at {}", at(not_after))
            }
            CertificateError::NotValidYetContext { not_before, .. } => {
                format!(
                    "a certificate of the server is not valid before {}, or this machine's clock is wrong",
                    at(not_before)
                )
            }
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                format!("the server's certificate has no subjectAltName, so it is not valid for '{asked}'")
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                let hosts: Vec<_> = presented.iter().take(5).map(|host| format!("'{}'", quoted(bare(host)))).collect();
                format!("the server's certificate is valid for {}, not for '{asked}'", hosts.join(", "))
            }
            CertificateError::UnknownIssuer => format!(
                "the issuer of the server's certificate is not in {} (UnknownIssuer), or the server does not send its \
                 intermediate certificates",
                self.whose
            ),
            CertificateError::Other(OtherError(error)) if error.to_string().contains("CaUsedAsEndEntity") => format!(
                "the server's certificate is a CA certificate and is not itself in {} (CaUsedAsEndEntity)",
                self.whose
            ),
            other => format!("the server's certificate is rejected: {}", quoted(&format!("{other:?}"))),
        }
    }
}

/// The name in `DnsName("idp.example")` or `IpAddress(10.0.0.1)`.
fn bare(presented: &str) -> &str {
    let inside = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(presented).trim_matches('"')
}

/// Carries a message through rustls and the HTTP client.
#[derive(Debug)]
struct Sentence(String);

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Sentence {}

/// The message for the operator about a TLS error.
pub(super) fn tls_sentence(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(error))) if error.is::<Sentence>() => {
            error.to_string()
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server requires a client certificate: set jwk.http-client.key-store-path".to_owned()
        }
        Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => format!("the server rejects the client certificate ({alert:?})"),
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the server aborted the handshake (HandshakeFailure); it may require a client certificate, or it supports no common TLS version or cipher"
                .to_owned()
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server, or a proxy in front of it, answers without TLS: check the port, and whether the address must begin with http://"
                .to_owned()
        }
        other => quoted(&other.to_string()),
    }
}
