//! How an address is asked: timeouts, proxy, trust and client certificate, and the HTTP client made of them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Proxy, Url, redirect};
use rustls::pki_types::CertificateDer;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use super::certificate_store::{CertificateStore, pem_certificates};
use super::fetch::{Failure, FailureKind};
use super::trust::ServerTrust;
use crate::config::ConfigurationErrors;
use crate::config::http_client::{HttpClientSettings, ProxySetting, StoreSetting};
use crate::events::{Events, Level};

/// How an address is asked. Cheap to clone: what is read from files is shared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Transport {
    pub(crate) roots: Roots,
    /// What is shown to a server that asks for a certificate.
    pub(crate) key_store: Option<Arc<CertificateStore>>,
    pub(crate) proxy: Option<ProxyAddress>,
    /// Whether a certificate must be of the host that was asked.
    pub(crate) verify_host_name: bool,
    pub(crate) connect_timeout: Duration,
    /// From the look-up of the host's name to the last byte, redirects included.
    pub(crate) total_timeout: Duration,
}

/// Whom a server's certificate must come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Roots {
    /// The system's certificates; the environment's SSL_CERT_FILE and SSL_CERT_DIR go before them.
    System,
    /// The JVM's, and the system's.
    JvmAndSystem(Arc<Vec<CertificateDer<'static>>>),
    /// Those of a store and no others.
    Store(Arc<CertificateStore>),
    /// These and no others.
    #[cfg(test)]
    Given(Vec<CertificateDer<'static>>),
    /// A defect of ours.
    #[cfg(test)]
    Panic,
}

/// A proxy's URL without credentials, and the credentials.
#[derive(Clone, PartialEq)]
pub(crate) struct ProxyAddress {
    url: Url,
    credentials: Option<(String, Zeroizing<String>)>,
}

/// Without the credentials.
impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

/// Where the JVM's trusted certificates come from. It is looked at only if keys are fetched and no trust store is set.
#[derive(Clone, Debug, Default)]
pub enum JvmTrust {
    /// There is no JVM: the system's certificates are all there is.
    #[default]
    None,
    /// The PEM text of the certificates that the JVM around us trusts.
    Certificates(Vec<u8>),
    /// The folder of a JDK: its `lib/security/jssecacerts`, else its `cacerts`, as a JVM of it would take them.
    JavaHome(PathBuf),
}

impl JvmTrust {
    /// The certificates. What cannot be read is told, and no reason to stop: the system's are there.
    fn certificates(&self, events: &Events) -> Vec<CertificateDer<'static>> {
        let warn = |what: String| {
            let text = format!("{what}; servers of JWK sets are verified with this machine's root certificates alone");
            events.push(Level::Warning, text);
        };
        match self {
            Self::None => Vec::new(),
            Self::Certificates(pem) if pem.is_empty() => Vec::new(),
            Self::Certificates(pem) => pem_certificates(pem).unwrap_or_else(|what| {
                warn(format!("The list of the JVM's trusted certificates {what}"));
                Vec::new()
            }),
            Self::JavaHome(home) => {
                let security = home.join("lib").join("security");
                let path =
                    ["jssecacerts", "cacerts"].map(|name| security.join(name)).into_iter().find(|path| path.exists());
                let Some(path) = path else {
                    warn(format!("JAVA_HOME has no trust store: '{}' holds no cacerts", security.display()));
                    return Vec::new();
                };
                // A JDK's own has no password or this one; so has Debian's.
                let contents = CertificateStore::new(&path, None)
                    .contents()
                    .or_else(|_| CertificateStore::new(&path, Some("changeit")).contents());
                match contents {
                    Ok(contents) => contents.anchors().cloned().collect(),
                    Err(what) => {
                        warn(format!("The trust store '{}' {what}", path.display()));
                        Vec::new()
                    }
                }
            }
        }
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

    /// Reads what the settings name, so that mistakes are found at the start. What is wrong goes to `errors`.
    pub(crate) fn open(
        settings: &HttpClientSettings,
        jvm_trust: &JvmTrust,
        events: &Events,
        errors: &mut ConfigurationErrors,
    ) -> Self {
        let roots = match &settings.trust_store {
            Some(setting) => Roots::Store(open_store(setting, errors, |store| drop_ok(trust_anchors(store)))),
            None => match jvm_trust.certificates(events) {
                certificates if certificates.is_empty() => Roots::System,
                certificates => Roots::JvmAndSystem(Arc::new(certificates)),
            },
        };
        let key_store = settings.key_store.as_ref().map(|setting| {
            open_store(setting, errors, |store| drop_ok(store.contents().and_then(|contents| contents.identity())))
        });
        if let Some(setting) = &settings.any_host_name {
            let text = format!(
                "{}: whoever has a certificate of any host that is trusted can pretend to be the server of the keys, put \
                 in a key of their own and log in as any user. Remove the line.",
                setting.problem("is false")
            );
            events.push(Level::Warning, text);
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

    /// A new client, with the provider of the cryptography handed over: there is no default one in the process.
    pub(crate) fn client(&self, is_encrypted: bool) -> Result<Client, Failure> {
        let defect = |error: &dyn fmt::Display| {
            Failure::new(FailureKind::Defect, format!("the HTTP client cannot be built: {error}"))
        };
        let untrusted = |what: String| Failure::new(FailureKind::Untrusted, what);
        let (mut roots, mut known) = (RootCertStore::empty(), Vec::new());
        let system = || rustls_native_certs::load_native_certs().certs;
        match &self.roots {
            Roots::System => _ = roots.add_parsable_certificates(system()),
            Roots::JvmAndSystem(jvm) => {
                roots.add_parsable_certificates(jvm.iter().cloned().chain(system()));
                known.extend(jvm.iter().cloned());
            }
            Roots::Store(store) => {
                known = trust_anchors(store)
                    .map_err(|what| untrusted(format!("the trust store {}", named(store, &what))))?;
                roots.add_parsable_certificates(known.clone());
            }
            #[cfg(test)]
            Roots::Given(certificates) => _ = roots.add_parsable_certificates(certificates.clone()),
            #[cfg(test)]
            Roots::Panic => unreachable!("provoked by a test"),
        }
        if roots.is_empty() && is_encrypted {
            return Err(untrusted(
                "this machine has no root certificates (install the package ca-certificates, or set SSL_CERT_FILE)"
                    .to_owned(),
            ));
        }
        let identity = match &self.key_store {
            None => None,
            Some(store) => {
                let failed = |what: String| untrusted(format!("the key store {}", named(store, &what)));
                let contents = store.contents().map_err(failed)?;
                // Stock takes the key store for the trust store where there is none.
                if !matches!(self.roots, Roots::Store(_)) {
                    known.extend_from_slice(contents.trusted_beside_key());
                    roots.add_parsable_certificates(contents.trusted_beside_key().iter().cloned());
                }
                Some(contents.identity().map_err(failed)?)
            }
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let trust = ServerTrust {
            roots,
            known,
            whose: self.roots.to_string(),
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

/// Whose certificates they are, for messages.
impl fmt::Display for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JvmAndSystem(_) => f.write_str("the JVM's trust store or this machine's root certificates"),
            Self::Store(store) => write!(f, "the trust store '{}'", store.path().display()),
            _ => f.write_str("this machine's root certificates"),
        }
    }
}

impl ProxyAddress {
    fn new(setting: &ProxySetting) -> Option<Self> {
        let (scheme, address, credentials) = match setting {
            ProxySetting::Http { address, credentials, secure: false } => ("http", address, credentials.as_ref()),
            ProxySetting::Http { address, credentials, secure: true } => ("https", address, credentials.as_ref()),
            // As stock, whose proxy looks up the names (Jetty's Socks4Proxy: 4a for names, 4 for IPv4 addresses).
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

/// Opens a store, and tells what is wrong with it.
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

/// The certificates that the store trusts, at least one. One that cannot be read is an error, as in Java, since whoever
/// put it there wants it to count.
fn trust_anchors(store: &CertificateStore) -> Result<Vec<CertificateDer<'static>>, String> {
    let contents = store.contents()?;
    let anchors: Vec<_> = contents.anchors().cloned().collect();
    if anchors.is_empty() {
        return Err(match contents.unmarked {
            0 => "holds no certificate".to_owned(),
            _ => "holds certificates, but marks none as trusted: make it with keytool -importcert, or name a PEM file"
                .to_owned(),
        });
    }
    for (index, anchor) in anchors.iter().enumerate() {
        RootCertStore::empty()
            .add(anchor.clone())
            .map_err(|_| format!("holds a damaged certificate (number {})", index + 1))?;
    }
    Ok(anchors)
}
