//! Whether a server is the one that was asked, and the operator's sentence if it is not.

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

/// The certificates that are trusted, whatever their source. Each is trusted as the certificate of its own server; only
/// those of CAs are trusted to issue others.
#[derive(Debug)]
pub(super) struct TrustedCertificates {
    /// The CAs.
    roots: RootCertStore,
    /// All certificates.
    all: Vec<CertificateDer<'static>>,
}

/// A certificate that cannot be parsed. It is not trusted.
#[derive(Debug)]
pub(super) struct DamagedCertificate;

impl TrustedCertificates {
    pub(super) fn empty() -> Self {
        Self { roots: RootCertStore::empty(), all: Vec::new() }
    }

    /// Trusts the certificate. It is the only way into the roots, so that no source of certificates can do without the look
    /// at [`why_not_a_ca`].
    pub(super) fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), DamagedCertificate> {
        let parsed = Certificate::from_der(&certificate).map_err(|_| DamagedCertificate)?;
        // webpki looks at subject, key and name constraints alone: to it, every certificate here would be a CA's.
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

    /// How many are trusted as the certificates of their own servers alone.
    pub(super) fn len_without_cas(&self) -> usize {
        self.all.len() - self.roots.len()
    }
}

/// Why the certificate must not have issued others: `None` for a CA's. As the JDK judges a trust anchor
/// (`PKIXValidator.verifyTrustAnchor`) by RFC 5280, sections 4.2.1.9 and 4.2.1.3; versions 1 and 2 cannot say it, and are
/// taken for CAs'.
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

/// As rustls's own verifier, and as Java's where an operator would notice: a certificate that stands in the trust store is
/// trusted as itself, though it issues nothing, or claims to be an issuer.
#[derive(Debug)]
pub(super) struct ServerTrust {
    pub(super) trusted: TrustedCertificates,
    /// Where the certificates come from, for messages.
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
            // webpki does not look at keyUsage, and the JDK does.
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
                    CertificateError::UnknownIssuer => self.ends_at_no_ca(end_entity, intermediates, now),
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

/// Those of CAs.
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
    let (not_before, not_after) = (seconds(validity.not_before), seconds(validity.not_after));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before });
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after });
    }
    Ok(())
}

impl ServerTrust {
    /// The sentence for a chain that is good down to a certificate that must not issue any: one that is trusted, or one
    /// that the server sends.
    fn ends_at_no_ca(
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
                "the server's certificate was issued by '{name}', whose certificate in {} is not a CA's, since {why}: it is \
                 trusted for its own server and cannot issue others. Add the certificate of the CA that issues for the \
                 server of the keys",
                self.whose
            ));
        }
        let (name, why) = intermediates.iter().find_map(why_it_cannot_issue)?;
        Some(format!(
            "the server's certificate was issued by '{name}', and the server sends a certificate of that name that is not a CA's, since {why}"
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
                    "a certificate of the server is valid from {} on, or this machine's clock is wrong",
                    at(not_before)
                )
            }
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                format!("the server's certificate is of no host, and '{asked}' was asked: it has no subjectAltName")
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                let hosts: Vec<_> = presented.iter().take(5).map(|host| format!("'{}'", quoted(bare(host)))).collect();
                format!("the server's certificate is of {}, and '{asked}' was asked", hosts.join(", "))
            }
            CertificateError::UnknownIssuer => format!(
                "the server's certificate is of no issuer in {} (UnknownIssuer), or the server does not send its \
                 intermediate certificates",
                self.whose
            ),
            CertificateError::Other(OtherError(error)) if error.to_string().contains("CaUsedAsEndEntity") => format!(
                "the server's certificate is an issuer's, and it is not itself in {} (CaUsedAsEndEntity)",
                self.whose
            ),
            other => format!("the server's certificate is refused: {}", quoted(&format!("{other:?}"))),
        }
    }
}

/// The name in `DnsName("idp.example")` or `IpAddress(10.0.0.1)`.
fn bare(presented: &str) -> &str {
    let inside = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(presented).trim_matches('"')
}

/// A sentence on its way through rustls and the HTTP client.
#[derive(Debug)]
struct Sentence(String);

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Sentence {}

/// What an error of TLS means to the operator.
pub(super) fn tls_sentence(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(error))) if error.is::<Sentence>() => {
            error.to_string()
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server wants a client certificate: set jwk.http-client.key-store-path".to_owned()
        }
        Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => format!("the server refuses the client certificate ({alert:?})"),
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the server breaks the handshake off (HandshakeFailure); it may want a client certificate, or have no version \
             or cipher in common"
                .to_owned()
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server, or a proxy in its place, answers without TLS: is the port right, or does the address begin with http://?"
                .to_owned()
        }
        other => quoted(&other.to_string()),
    }
}
