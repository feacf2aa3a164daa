// SPDX-License-Identifier: Apache-2.0
//! How a server is contacted: timeouts, proxy, trust and client certificate, and the HTTP client with these settings.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Proxy, Url, redirect};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::sign::SingleCertAndKey;
use zeroize::Zeroizing;

use crate::config::http_client::{HttpClientSettings, ProxySetting, StoreSetting};
use crate::config::{ConfigurationErrors, Finding};
use crate::events::Events;
use crate::host::JvmTrust;
use crate::http::failure::{Failure, FailureKind};
use crate::http::server_trust::{DamagedCertificate, ServerTrust, TrustedCertificates};
use crate::http::stores::{CertificateStore, Contents, pem_certificates};

/// How a server is contacted. Cheap to clone: data from files is shared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Transport {
    pub(crate) roots: Roots,
    /// The client certificate for servers that request one.
    pub(crate) key_store: Option<Arc<CertificateStore>>,
    pub(crate) proxy: Option<ProxyAddress>,
    /// Whether a certificate must be valid for the requested host.
    pub(crate) verify_host_name: bool,
    pub(crate) connect_timeout: Duration,
    /// From resolving the host name to the last byte, redirects included.
    pub(crate) total_timeout: Duration,
}

/// The certificates that are trusted for servers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Roots {
    /// The system's certificates; the environment variables SSL_CERT_FILE and SSL_CERT_DIR override them.
    System,
    /// The JVM's and the system's.
    JvmAndSystem(Arc<Vec<CertificateDer<'static>>>),
    /// Only the JVM's, if the JVM has a configured trust store.
    Jvm(Arc<Vec<CertificateDer<'static>>>),
    /// Only those of a trust store.
    Store(Arc<CertificateStore>),
    /// Only these.
    #[cfg(test)]
    Given(Vec<CertificateDer<'static>>),
    /// Provokes a panic.
    #[cfg(test)]
    Panic,
}

/// The sources of certificates, in messages.
const SYSTEM: &str = "this machine's root certificates";
const JVM: &str = "the JVM's trust store";
const JVM_ALONE: &str = "the JVM's trust store only (javax.net.ssl.trustStore)";

/// The URL of a proxy without credentials, and the credentials.
#[derive(Clone, PartialEq)]
pub(crate) struct ProxyAddress {
    url: Url,
    credentials: Option<(String, Zeroizing<String>)>,
}

/// Without the credentials.
impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

/// Without the credentials.
impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Roots {
    /// The trusted certificates. Unreadable ones are logged, but do not prevent startup.
    fn from_jvm(trust: &JvmTrust, events: &Events) -> Self {
        let with_system = |certificates: Result<Vec<CertificateDer<'static>>, String>| match certificates {
            Ok(certificates) if certificates.is_empty() => Self::System,
            Ok(certificates) => Self::JvmAndSystem(Arc::new(certificates)),
            Err(what) => {
                let text =
                    format!("{what}; servers of JWK Sets are verified with this machine's root certificates only");
                events.warn(Finding::TrustedCertificatesUnreadable, text);
                Self::System
            }
        };
        let from_pem = |pem: &[u8]| {
            pem_certificates(pem).map_err(|what| format!("The list of the JVM's trusted certificates {what}"))
        };
        match trust {
            JvmTrust::None => Self::System,
            JvmTrust::Certificates(pem) => with_system(from_pem(pem)),
            JvmTrust::CertificatesAlone(pem) => Self::Jvm(Arc::new(from_pem(pem).unwrap_or_else(|what| {
                events
                    .warn(Finding::TrustedCertificatesUnreadable, format!("{what}; no server of a JWK Set is trusted"));
                Vec::new()
            }))),
            JvmTrust::JavaHome(home) => with_system(from_java_home(home)),
        }
    }
}

fn from_java_home(home: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let security = home.join("lib").join("security");
    let path = ["jssecacerts", "cacerts"].map(|name| security.join(name)).into_iter().find(|path| path.exists());
    let Some(path) = path else {
        return Err(format!("JAVA_HOME has no trust store: '{}' contains no cacerts", security.display()));
    };
    // The JDK's own store has no password or this one; so has Debian's.
    let contents = CertificateStore::new(&path, None)
        .contents()
        .or_else(|_| CertificateStore::new(&path, Some("changeit")).contents());
    match contents {
        Ok(contents) => Ok(contents.anchors().cloned().collect()),
        Err(what) => Err(format!("The trust store '{}' {what}", path.display())),
    }
}

impl Transport {
    pub(crate) const DEFAULT: Self = Self {
        roots: Roots::System,
        key_store: None,
        proxy: None,
        verify_host_name: true,
        connect_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(10),
    };

    /// Reads the files that the settings name, so that errors are found at startup. They go to `errors`.
    pub(crate) fn open(
        settings: &HttpClientSettings,
        jvm_trust: &JvmTrust,
        events: &Events,
        errors: &mut ConfigurationErrors,
    ) -> Self {
        let roots = match &settings.trust_store {
            Some(setting) => Roots::Store(open_store(setting, errors, |store| drop_ok(trust_anchors(store)))),
            None => Roots::from_jvm(jvm_trust, events),
        };
        let key_store = settings.key_store.as_ref().map(|setting| {
            open_store(setting, errors, |store| drop_ok(store.contents().and_then(|contents| contents.identity())))
        });
        if let Some(setting) = &settings.any_host_name {
            let text = format!(
                "{}: an attacker with a trusted certificate of any host can impersonate the server of the keys, substitute keys and authenticate as any user. Remove the line.",
                setting.problem("is false")
            );
            events.warn(Finding::HostNameNotVerified, text);
        }
        Self {
            roots,
            key_store,
            proxy: settings.proxy.as_ref().and_then(ProxyAddress::new),
            verify_host_name: settings.any_host_name.is_none(),
            connect_timeout: settings.connect_timeout.unwrap_or(Self::DEFAULT.connect_timeout),
            total_timeout: settings.request_timeout.unwrap_or(Self::DEFAULT.total_timeout),
        }
    }

    /// The trusted certificates for the log: their number in each source. `None` if they cannot be read, which is
    /// reported elsewhere.
    pub(crate) fn describe_trust(&self) -> Option<String> {
        let (trusted, sources) = self.trusted().ok()?;
        let sources: Vec<_> = sources
            .iter()
            .map(|(source, count)| format!("{count} certificate{} of {source}", if *count == 1 { "" } else { "s" }))
            .collect();
        let mut text = sources.join(" and ");
        let own = match trusted.len_without_cas() {
            0 => return Some(text),
            1 => "; 1 of them is not a CA certificate, so it is trusted for its own server only".to_owned(),
            more => format!("; {more} of them are not CA certificates, so each is trusted for its own server only"),
        };
        text.push_str(&own);
        Some(text)
    }

    /// The trusted certificates, and their number in each source. An unreadable certificate is an error in the trust
    /// store only: the operator cannot repair the other sources.
    fn trusted(&self) -> Result<(TrustedCertificates, Vec<(String, usize)>), Failure> {
        let mut trusted = TrustedCertificates::empty();
        let mut sources = Vec::new();
        let mut add = |source: &str, certificates: &mut dyn Iterator<Item = CertificateDer<'static>>| {
            let count = certificates.filter_map(|certificate| trusted.add(certificate).ok()).count();
            sources.push((source.to_owned(), count));
        };
        let system = || rustls_native_certs::load_native_certs().certs.into_iter();
        match &self.roots {
            Roots::System => add(SYSTEM, &mut system()),
            Roots::JvmAndSystem(jvm) => {
                add(JVM, &mut jvm.iter().cloned());
                add(SYSTEM, &mut system());
            }
            Roots::Jvm(jvm) => add(JVM_ALONE, &mut jvm.iter().cloned()),
            Roots::Store(store) => {
                let anchors = trust_anchors(store).map_err(|what| {
                    Failure::new(FailureKind::Untrusted, format!("the trust store {}", named(store, &what)))
                })?;
                add(&format!("the trust store '{}'", store.path().display()), &mut anchors.into_iter());
            }
            #[cfg(test)]
            Roots::Given(certificates) => add("the test", &mut certificates.iter().cloned()),
            #[cfg(test)]
            Roots::Panic => unreachable!("provoked by a test"),
        }
        // Trino uses the key store as the trust store if there is none.
        if let (Some(store), false) = (&self.key_store, matches!(self.roots, Roots::Store(_))) {
            let contents = key_store_contents(store)?;
            if !contents.trusted_beside_key().is_empty() {
                let source = format!("the key store '{}'", store.path().display());
                add(&source, &mut contents.trusted_beside_key().iter().cloned());
            }
        }
        Ok((trusted, sources))
    }

    /// A new client. It gets the cryptography provider explicitly, since the process has no default one.
    pub(crate) fn client(&self, is_encrypted: bool) -> Result<Client, Failure> {
        let defect = |error: &dyn fmt::Display| {
            Failure::new(FailureKind::Defect, format!("the HTTP client cannot be built: {error}"))
        };
        let (trusted, sources) = self.trusted()?;
        if trusted.is_empty() && is_encrypted {
            let what = match &self.roots {
                Roots::Jvm(_) => "the JVM trusts no certificate: check javax.net.ssl.trustStore in etc/jvm.config",
                _ => {
                    "this machine has no root certificates (install the package ca-certificates, or set SSL_CERT_FILE)"
                }
            };
            return Err(Failure::new(FailureKind::Untrusted, what));
        }
        let identity = self
            .key_store
            .as_ref()
            .map(|store| key_store_contents(store)?.identity().map_err(|what| key_store_failure(store, &what)));
        let identity = identity.transpose()?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let trust = ServerTrust {
            trusted,
            whose: sources.into_iter().map(|(source, _)| source).collect::<Vec<_>>().join(" or "),
            verify_host_name: self.verify_host_name,
            algorithms: provider.signature_verification_algorithms,
        };
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| defect(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(trust));
        let tls = match identity {
            None => tls.with_no_client_auth(),
            Some(identity) => tls.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity))),
        };
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .pool_max_idle_per_host(0)
            .connect_timeout(self.connect_timeout);
        let client = match &self.proxy {
            None => client,
            Some(address) => client.proxy(address.proxy().map_err(|error| defect(&error.without_url()))?),
        };
        client.build().map_err(|error| defect(&error.without_url()))
    }
}

impl ProxyAddress {
    fn new(setting: &ProxySetting) -> Option<Self> {
        let (scheme, address, credentials) = match setting {
            ProxySetting::Http { address, credentials, secure: false } => ("http", address, credentials.as_ref()),
            ProxySetting::Http { address, credentials, secure: true } => ("https", address, credentials.as_ref()),
            // As Trino does, where the proxy resolves names (Jetty's Socks4Proxy: 4a for names, 4 for IPv4 addresses).
            ProxySetting::Socks(address) => ("socks4a", address, None),
        };
        let url = Url::parse(&format!("{scheme}://{}:{}", address.host, address.port)).ok()?;
        let credentials =
            credentials.map(|(user, password)| (user.value.clone(), Zeroizing::new(password.value.clone())));
        Some(Self { url, credentials })
    }

    fn proxy(&self) -> reqwest::Result<Proxy> {
        let proxy = Proxy::all(self.url.clone())?;
        Ok(match &self.credentials {
            Some((user, password)) => proxy.basic_auth(user, password),
            None => proxy,
        })
    }
}

/// The content of a key store.
fn key_store_contents(store: &CertificateStore) -> Result<Arc<Contents>, Failure> {
    store.contents().map_err(|what| key_store_failure(store, &what))
}

fn key_store_failure(store: &CertificateStore, what: &str) -> Failure {
    Failure::new(FailureKind::Untrusted, format!("the key store {}", named(store, what)))
}

/// Opens a store and reports its errors.
fn open_store(
    setting: &StoreSetting,
    errors: &mut ConfigurationErrors,
    check: impl Fn(&CertificateStore) -> Result<(), String>,
) -> Arc<CertificateStore> {
    let password = setting.password.as_ref().map(|password| &*password.value);
    let store = CertificateStore::new(&setting.path.value, password);
    if let Err(what) = check(&store) {
        errors.push(setting.path.problem(format!("names {}", named(&store, &what))));
    }
    Arc::new(store)
}

fn named(store: &CertificateStore, what: &str) -> String {
    format!("'{}', which {what}", store.path().display())
}

fn drop_ok<T>(result: Result<T, String>) -> Result<(), String> {
    result.map(drop)
}

/// The certificates that the store trusts; at least one. An unreadable one is an error, as in Java, since the operator
/// added it on purpose.
fn trust_anchors(store: &CertificateStore) -> Result<Vec<CertificateDer<'static>>, String> {
    let contents = store.contents()?;
    let anchors: Vec<_> = contents.anchors().cloned().collect();
    if anchors.is_empty() {
        return Err(match contents.unmarked {
            0 => "contains no certificate".to_owned(),
            _ => "contains certificates, but marks none as trusted: create it with keytool -importcert, or use a PEM file"
                .to_owned(),
        });
    }
    let mut trusted = TrustedCertificates::empty();
    for (index, anchor) in anchors.iter().enumerate() {
        trusted
            .add(anchor.clone())
            .map_err(|DamagedCertificate| format!("contains a damaged certificate (number {})", index + 1))?;
    }
    Ok(anchors)
}
