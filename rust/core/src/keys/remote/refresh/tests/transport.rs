// SPDX-License-Identifier: Apache-2.0
//! Trust, client certificates, proxies and timeouts, with real sockets and stores made by keytool.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::*;
use crate::host::HostProcess;
use crate::host::JvmTrust;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/stores").join(name)
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(data(name)).unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The server of the test data, which may require a client certificate.
fn server_config(
    require_client_certificate: bool,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions).unwrap();
    let builder = if require_client_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(certificate("ca.pem")).unwrap();
        builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap(),
        )
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::from_pem_file(data("server-key.pem")).unwrap();
    builder.with_single_cert(vec![certificate("server-certificate.pem")], key).unwrap()
}

/// A server with a certificate for one test.
fn server_of(parameters: CertificateParams) -> (Server, CertificateDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap().der().clone();
    (server_with(vec![certificate.clone()], &key), certificate)
}

fn server_with(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Server {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    Server::start_tls(config, |_, _| good(&["a"]))
}

fn https(server: &Server) -> String {
    server.url().replace("http:", "https:")
}

/// Opens an authenticator with these properties of the HTTP client, and waits for its keys.
fn open(url: &str, lines: &[String], jvm_trust: &JvmTrust) -> (Result<(), String>, Vec<Event>) {
    let mut text = format!("http-server.authentication.jwt.key-file={url}\n");
    for line in lines {
        text.push_str(&format!("jwk.http-client.{line}\n"));
    }
    let host = HostProcess { jvm_trust: jvm_trust.clone(), ..HostProcess::default() };
    match Authenticator::open_with(&Properties::parse(&text, "test").unwrap(), &host) {
        Ok(authenticator) => {
            let fetched = authenticator.wait_until_fetched(BOUND);
            (fetched, std::iter::from_fn(|| authenticator.events().pop()).collect())
        }
        Err(errors) => (Err(errors.to_string()), Vec::new()),
    }
}

fn fetch(url: &str, lines: &[String]) -> Result<(), String> {
    open(url, lines, &JvmTrust::None).0
}

fn store(kind: &str, name: &str, password: Option<&str>) -> Vec<String> {
    let path = format!("{kind}-path={}", data(name).display());
    std::iter::once(path).chain(password.map(|password| format!("{kind}-password={password}"))).collect()
}

const PASSWORD: Option<&str> = Some("changeit");

#[test]
fn only_a_trust_store_of_each_format_is_trusted() {
    let server = Server::start_tls(server_config(false, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    for (name, password) in [
        ("ca.pem", None),
        ("trust.jks", PASSWORD),
        ("trust.p12", PASSWORD),
        ("trust-old.p12", PASSWORD),
        ("trust-no-password.p12", None),
        // The server's own certificate: that of a private key, as in Java.
        ("two.jks", PASSWORD),
        ("server-certificate.pem", None),
    ] {
        assert_eq!(fetch(&https(&server), &store("trust-store", name, password)), Ok(()), "{name}");
    }
    let failure = fetch(&https(&server), &store("trust-store", "client.jks", PASSWORD)).unwrap_err();
    assert!(
        failure.contains("TLS failed: the issuer of the server's certificate is not in the trust store '/"),
        "{failure}"
    );
    assert!(failure.contains("client.jks' (UnknownIssuer), or the server does not send its intermediate certificates"));
    let failure = fetch(&https(&server), &[]).unwrap_err();
    assert!(
        failure.contains(
            "the issuer of the server's certificate is not in this machine's root certificates (UnknownIssuer)"
        ),
        "{failure}"
    );
}

#[test]
fn an_unusable_store_prevents_startup_with_file_property_and_line() {
    for (kind, name, password, expected) in [
        ("trust-store", "nowhere.pem", None, "which cannot be read: No such file"),
        (
            "trust-store",
            "trust.p12",
            Some("hunter2"),
            "which is a PKCS#12 store with another password, or it is damaged",
        ),
        ("trust-store", "trust.jks", Some("hunter2"), "which is a JKS store with another password, or it is damaged"),
        ("trust-store", "server-key.pem", None, "which contains no certificate"),
        ("trust-store", "trust-unmarked.p12", PASSWORD, "which contains certificates, but marks none as trusted"),
        ("key-store", "ca.pem", None, "which contains no private key"),
        ("key-store", "server-key.pem", None, "which contains a private key without its certificate"),
        ("key-store", "client.p12", Some("hunter2"), "which is a PKCS#12 store with another password"),
    ] {
        let error = fetch("https://127.0.0.1:1/", &store(kind, name, password)).unwrap_err();
        let begin = format!("test:2: jwk.http-client.{kind}-path names '{}', {expected}", data(name).display());
        assert!(error.starts_with(&begin), "{error}");
        assert!(!error.contains("hunter2") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn each_rejected_certificate_has_its_message() {
    let parameters = |host: &str| CertificateParams::new([host.to_owned()]).unwrap();
    let mut expired = parameters("127.0.0.1");
    expired.not_after = rcgen::date_time_ymd(2001, 2, 3);
    let mut early = parameters("127.0.0.1");
    early.not_before = rcgen::date_time_ymd(3001, 2, 3);
    let mut issuer = parameters("127.0.0.1");
    issuer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for (parameters, extra, expected) in [
        (expired, None, Err("TLS failed: a certificate of the server expired at 2001-02-03T00:00:00.000Z")),
        (
            early,
            None,
            Err(
                "TLS failed: a certificate of the server is not valid before 3001-02-03T00:00:00.000Z, or this machine's clock is wrong",
            ),
        ),
        (
            parameters("idp.example"),
            None,
            Err("TLS failed: the server's certificate is valid for 'idp.example', not for '127.0.0.1'"),
        ),
        (
            CertificateParams::new([]).unwrap(),
            None,
            Err("TLS failed: the server's certificate has no subjectAltName, so it is not valid for '127.0.0.1'"),
        ),
        (parameters("idp.example"), Some("https.hostname-verification=false"), Ok(())),
        // As `openssl req -x509` creates them.
        (issuer, None, Ok(())),
    ] {
        let (server, certificate) = server_of(parameters);
        let file = temporary("rejected.pem", ::pem::encode(&::pem::Pem::new("CERTIFICATE", &certificate[..])));
        let lines: Vec<_> =
            [format!("trust-store-path={}", file.0.display())].into_iter().chain(extra.map(str::to_owned)).collect();
        let fetched = fetch(&https(&server), &lines);
        match expected {
            Ok(()) => assert_eq!(fetched, Ok(())),
            Err(sentence) => {
                let failure = fetched.unwrap_err();
                assert!(failure.ends_with(sentence), "{failure}");
                assert_eq!(server.requests(), 0, "nothing is asked of a server that is not trusted");
            }
        }
    }
}

/// A certificate, by itself and as the issuer of another one.
struct Chain {
    /// A server with this certificate.
    own: Server,
    /// A server with a certificate that this one issued.
    issued: Server,
    /// PEM.
    issuer: String,
}

impl Chain {
    fn of(is_ca: IsCa, key_usages: &[KeyUsagePurpose]) -> Self {
        let mut parameters = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "wiki.corp.example");
        (parameters.is_ca, parameters.key_usages) = (is_ca, key_usages.to_vec());
        let (key, other_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let certificate = parameters.self_signed(&key).unwrap().der().clone();
        let issued = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let issued = issued.signed_by(&other_key, &Issuer::from_params(&parameters, &key)).unwrap().der().clone();
        Self {
            issuer: ::pem::encode(&::pem::Pem::new("CERTIFICATE", &certificate[..])),
            own: server_with(vec![certificate.clone()], &key),
            issued: server_with(vec![issued, certificate], &other_key),
        }
    }

    /// Certificates that are not CA certificates, and why.
    fn without_ca() -> [(Self, &'static str); 4] {
        let ca = IsCa::Ca(BasicConstraints::Unconstrained);
        [
            (Self::of(IsCa::NoCa, &[]), "its basicConstraints do not say CA:TRUE"),
            (Self::of(IsCa::ExplicitNoCa, &[]), "its basicConstraints do not say CA:TRUE"),
            (Self::of(IsCa::NoCa, &[KeyUsagePurpose::KeyCertSign]), "its basicConstraints do not say CA:TRUE"),
            (Self::of(ca, &[KeyUsagePurpose::DigitalSignature]), "its keyUsage lacks keyCertSign"),
        ]
    }

    /// Fetches from both servers, where `source` makes the certificate trusted.
    fn verify(&self, is_ca: Result<(), &str>, source: &str, open: impl Fn(&str) -> (Result<(), String>, Vec<Event>)) {
        let (own, events) = open(&https(&self.own));
        assert_eq!(own, Ok(()), "{source}: the certificate is trusted as itself");
        let logged = events.iter().any(|event| {
            event.level == Level::Info
                && event.text.contains("is not a CA certificate, so it is trusted for its own server only")
        });
        // Debian's bundle may contain a server's own certificate (ssl-cert-snakeoil).
        assert!(logged == is_ca.is_err() || source.contains("or this machine's"), "{source}: {events:?}");
        let issued = open(&https(&self.issued)).0;
        match is_ca {
            Ok(()) => assert_eq!(issued, Ok(()), "{source}"),
            Err(why) => {
                let failure = issued.expect_err(source);
                let expected = format!(
                    "TLS failed: the server's certificate was issued by 'CN=wiki.corp.example', whose certificate in {source} \
                     is not a CA certificate, because {why}: it is trusted for its own server only."
                );
                assert!(failure.contains(&expected), "{failure}");
                assert_eq!(self.issued.requests(), 0);
            }
        }
    }
}

#[test]
fn a_certificate_without_ca_is_trusted_as_itself_only_from_any_source() {
    let ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let control = [&[KeyUsagePurpose::KeyCertSign][..], &[]].map(|usages| (Chain::of(ca, usages), None));
    let chains = control.into_iter().chain(Chain::without_ca().map(|(chain, why)| (chain, Some(why))));
    let java_home = std::env::temp_dir().join(format!("nativejwt-{}-leaf-java-home", std::process::id()));
    std::fs::create_dir_all(java_home.join("lib/security")).unwrap();
    for (chain, why) in chains {
        let is_ca = why.map_or(Ok(()), Err);
        let file = temporary("anchor.pem", &chain.issuer);
        let lines = [format!("trust-store-path={}", file.0.display())];
        let source = format!("the trust store '{}'", file.0.display());
        chain.verify(is_ca, &source, |url| open(url, &lines, &JvmTrust::None));
        let pem = chain.issuer.clone().into_bytes();
        let jvm = "the JVM's trust store or this machine's root certificates";
        chain.verify(is_ca, jvm, |url| open(url, &[], &JvmTrust::Certificates(pem.clone())));
        std::fs::write(java_home.join("lib/security/cacerts"), &pem).unwrap();
        chain.verify(is_ca, jvm, |url| open(url, &[], &JvmTrust::JavaHome(java_home.clone())));
        let alone = "the JVM's trust store only (javax.net.ssl.trustStore)";
        chain.verify(is_ca, alone, |url| open(url, &[], &JvmTrust::CertificatesAlone(pem.clone())));
    }
    std::fs::remove_dir_all(java_home).unwrap();
}

#[test]
fn a_certificate_without_ca_in_the_systems_bundle_is_trusted_as_itself_only() {
    let bundle = std::env::temp_dir().join(format!("nativejwt-{}-bundle.pem", std::process::id()));
    let host = [("SSL_CERT_FILE", bundle.to_str().unwrap()), ("SSL_CERT_DIR", "")];
    alone(module_path!(), "alone_trust_a_leaf_of_the_systems_bundle", &host);
    std::fs::remove_file(bundle).unwrap();
}

#[test]
#[ignore = "run by a_certificate_without_ca_in_the_systems_bundle_is_trusted_as_itself_only"]
fn alone_trust_a_leaf_of_the_systems_bundle() {
    let bundle = std::env::var("SSL_CERT_FILE").unwrap();
    for (chain, why) in Chain::without_ca() {
        std::fs::write(&bundle, &chain.issuer).unwrap();
        chain.verify(Err(why), "this machine's root certificates", |url| open(url, &[], &JvmTrust::None));
    }
}

/// `javax.net.ssl.trustStore` often contains only a company's CA, so the system's public CAs must not be added.
#[test]
fn the_systems_certificates_are_not_added_to_a_configured_jvm_trust_store() {
    let bundle = std::env::temp_dir().join(format!("nativejwt-{}-wider.pem", std::process::id()));
    std::fs::copy(data("ca.pem"), &bundle).unwrap();
    let host = [("SSL_CERT_FILE", bundle.to_str().unwrap()), ("SSL_CERT_DIR", "")];
    alone(module_path!(), "alone_trust_the_jvms_certificates", &host);
    std::fs::remove_file(bundle).unwrap();
}

#[test]
#[ignore = "run by the_systems_certificates_are_not_added_to_a_configured_jvm_trust_store"]
fn alone_trust_the_jvms_certificates() {
    let server = Server::start_tls(server_config(false, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    let ca = std::fs::read(data("ca.pem")).unwrap();
    let other = std::fs::read(data("client-certificate.pem")).unwrap();
    let url = https(&server);
    let trusted = |events: &[Event]| {
        let line = events.iter().find(|event| event.text.starts_with("Trusted for ")).unwrap().clone();
        assert_eq!(line.level, Level::Info);
        line.text.strip_prefix(&format!("Trusted for {url}: ")).unwrap().to_owned()
    };
    let (fetched, events) = open(&url, &[], &JvmTrust::Certificates(other.clone()));
    assert_eq!(fetched, Ok(()), "the system's certificates are trusted, too");
    assert_eq!(
        trusted(&events),
        "1 certificate of the JVM's trust store and 1 certificate of this machine's root certificates; 1 of them is not a CA certificate, so it is trusted for its own server only"
    );
    let (fetched, events) = open(&url, &[], &JvmTrust::CertificatesAlone(other));
    let failure = fetched.unwrap_err();
    assert!(
        failure.contains(
            "the issuer of the server's certificate is not in the JVM's trust store only (javax.net.ssl.trustStore)"
        ),
        "{failure}"
    );
    assert!(trusted(&events).starts_with("1 certificate of the JVM's trust store only (javax.net.ssl.trustStore);"));
    let (fetched, events) = open(&url, &[], &JvmTrust::CertificatesAlone([&ca[..], &ca].concat()));
    assert_eq!(fetched, Ok(()));
    assert_eq!(trusted(&events), "2 certificates of the JVM's trust store only (javax.net.ssl.trustStore)");
    for nothing in [&b""[..], b"-----BEGIN CERTIFICATE-----\n"] {
        let failure = open(&url, &[], &JvmTrust::CertificatesAlone(nothing.to_vec())).0.unwrap_err();
        assert!(failure.contains("the JVM trusts no certificate: check javax.net.ssl.trustStore"), "{failure}");
    }
    let (_, events) = open("http://127.0.0.1:1/", &[], &JvmTrust::Certificates(ca));
    assert!(events.iter().all(|event| !event.text.starts_with("Trusted for ")), "no certificates are needed for http");
}

#[test]
fn unverified_host_names_are_a_warning() {
    let (_, events) = open("https://127.0.0.1:1/", &["https.hostname-verification=false".to_owned()], &JvmTrust::None);
    let warning = &events[0];
    assert_eq!(warning.level, Level::Warning);
    assert!(warning.text.starts_with("test:2: jwk.http-client.https.hostname-verification is false: an attacker with"));
}

/// A file that is removed after the test.
struct Temporary(PathBuf);

fn temporary(name: &str, content: impl AsRef<[u8]>) -> Temporary {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let path = std::env::temp_dir().join(format!("nativejwt-{}-{number}-{name}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    Temporary(path)
}

impl Drop for Temporary {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn a_changed_store_takes_effect_and_a_broken_one_is_a_failed_fetch() {
    let file = temporary("store", std::fs::read(data("client.jks")).unwrap());
    let server = Server::start_tls(server_config(false, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    let store = crate::http::stores::CertificateStore::new(&file.0, PASSWORD);
    let transport = Transport { roots: Roots::Store(Arc::new(store)), ..Transport::DEFAULT };
    let mut fetched = FetchedSet::over(&https(&server), QUICK, transport);
    assert!(fetched.key_set.wait_until_fetched(BOUND).unwrap_err().contains("UnknownIssuer"));
    replace_file(&file.0, std::fs::read(data("trust.p12")).unwrap());
    until("the renewed store counts", || fetched.try_key("a") == Ok(()));
    replace_file(&file.0, "garbage");
    until("the broken one is logged", || {
        fetched.count_logged(Level::Warning, "failed: the trust store '") == 1
            && fetched.count_logged(Level::Warning, "', which is neither PEM nor PKCS#12 nor JKS. It will be retried")
                == 1
    });
    assert_eq!(fetched.try_key("a"), Ok(()), "the keys stay");
}

#[test]
fn the_jvms_certificates_are_trusted_unless_a_trust_store_is_set() {
    let server = Server::start_tls(server_config(false, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    let jvm = |pem: &[u8]| JvmTrust::Certificates(pem.to_vec());
    let ca = std::fs::read(data("ca.pem")).unwrap();
    assert_eq!(open(&https(&server), &[], &jvm(&ca)).0, Ok(()));
    let failure = open(&https(&server), &store("trust-store", "client.jks", PASSWORD), &jvm(&ca)).0.unwrap_err();
    assert!(failure.contains("UnknownIssuer"), "{failure}");
    let other = std::fs::read(data("client-certificate.pem")).unwrap();
    let failure = open(&https(&server), &[], &jvm(&other)).0.unwrap_err();
    assert!(
        failure.contains(
            "the issuer of the server's certificate is not in the JVM's trust store or this machine's root certificates"
        ),
        "{failure}"
    );
    let (_, events) = open(&https(&server), &[], &jvm(b"-----BEGIN CERTIFICATE-----\n"));
    assert!(events[0].text.contains("verified with this machine's root certificates only"), "{events:?}");
}

#[test]
fn a_jdks_certificates_are_trusted_as_its_jvm_would_trust_them() {
    let server = Server::start_tls(server_config(false, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    let home = std::env::temp_dir().join(format!("nativejwt-{}-java-home", std::process::id()));
    let jdk = JvmTrust::JavaHome(home.clone());
    let (_, events) = open(&https(&server), &[], &jdk);
    assert!(events[0].text.starts_with("JAVA_HOME has no trust store: '/"), "{events:?}");
    let security = home.join("lib/security");
    std::fs::create_dir_all(&security).unwrap();
    for name in ["trust.jks", "trust-no-password.p12", "trust.p12"] {
        std::fs::copy(data(name), security.join("cacerts")).unwrap();
        assert_eq!(open(&https(&server), &[], &jdk).0, Ok(()), "{name}");
    }
    std::fs::copy(data("client.jks"), security.join("jssecacerts")).unwrap();
    assert!(open(&https(&server), &[], &jdk).0.unwrap_err().contains("UnknownIssuer"), "it goes before cacerts");
    std::fs::write(security.join("jssecacerts"), "garbage").unwrap();
    let (_, events) = open(&https(&server), &[], &jdk);
    assert!(
        events[0].text.contains("jssecacerts' is neither PEM nor PKCS#12 nor JKS; servers of JWK Sets"),
        "{events:?}"
    );
    std::fs::remove_dir_all(home).unwrap();
}

#[test]
fn a_client_certificate_is_sent_to_a_server_that_requires_one() {
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let server = Server::start_tls(server_config(true, versions), |_, _| good(&["a"]));
        let with = |key_store: &[String]| {
            fetch(&https(&server), &[&store("trust-store", "ca.pem", None)[..], key_store].concat())
        };
        for (name, password) in [
            ("client.p12", PASSWORD),
            ("client-old.p12", PASSWORD),
            ("client.jks", PASSWORD),
            ("client.pem", None),
            ("client-encrypted.pem", PASSWORD),
            ("client-sec1.pem", None),
            ("client-pkcs1.pem", None),
        ] {
            assert_eq!(with(&store("key-store", name, password)), Ok(()), "{name}");
        }
        let failure = with(&[]).unwrap_err();
        let expected = "TLS failed: the server requires a client certificate: set jwk.http-client.key-store-path";
        // TLS 1.2 has no alert for this.
        let former =
            "TLS failed: the server aborted the handshake (HandshakeFailure); it may require a client certificate";
        assert!(failure.contains(expected) || failure.contains(former), "{failure}");

        let stranger = rcgen::generate_simple_self_signed(["stranger".to_owned()]).unwrap();
        let section = |tag: &str, der: &[u8]| ::pem::encode(&::pem::Pem::new(tag, der));
        let pem = section("CERTIFICATE", stranger.cert.der())
            + &section("PRIVATE KEY", &stranger.signing_key.serialize_der());
        let file = temporary("stranger.pem", pem);
        let failure = with(&[format!("key-store-path={}", file.0.display())]).unwrap_err();
        assert!(failure.contains("TLS failed: the server rejects the client certificate ("), "{failure}");
    }
}

#[test]
fn a_key_store_that_contains_the_issuer_needs_no_trust_store() {
    let server = Server::start_tls(server_config(true, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    let both = store("key-store", "client-and-trust.jks", PASSWORD);
    assert_eq!(fetch(&https(&server), &both), Ok(()));
    for (name, password) in [("client.jks", PASSWORD), ("client.pem", None)] {
        let failure = fetch(&https(&server), &store("key-store", name, password)).unwrap_err();
        assert!(failure.contains("UnknownIssuer"), "the issuer in the client's chain is not trusted: {failure}");
    }
    let lines =
        [store("trust-store", "two.jks", PASSWORD), store("key-store", "client-and-trust.jks", PASSWORD)].concat();
    assert_eq!(fetch(&https(&server), &lines), Ok(()));
    let lines = [store("trust-store", "client.jks", PASSWORD), both].concat();
    assert!(fetch(&https(&server), &lines).unwrap_err().contains("UnknownIssuer"), "the trust store alone counts");
}

fn request_head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    Ok(request)
}

/// A proxy that forwards bytes, and the requests of its clients.
struct InBetween {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl InBetween {
    /// `handshake` reads the client's request, answers it, and returns the target address and the first bytes to
    /// forward.
    fn start(
        handshake: impl Fn(&mut TcpStream) -> io::Result<(Vec<u8>, Option<(SocketAddr, Vec<u8>)>)> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<_>>>::default());
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                client.set_read_timeout(Some(BOUND)).unwrap();
                let Ok((request, target)) = handshake(&mut client) else { continue };
                seen.lock().unwrap().push(request);
                let Some((target, first)) = target else { continue };
                let mut server = TcpStream::connect(target).unwrap();
                server.write_all(&first).unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || io::copy(&mut from, &mut to));
                thread::spawn(move || {
                    io::copy(&mut server, &mut client).map(|_| client.shutdown(std::net::Shutdown::Both))
                });
            }
        });
        Self { address, asked }
    }

    /// An HTTP proxy that requires these credentials.
    fn http(target: SocketAddr, authorization: &'static str) -> Self {
        Self::start(move |client| {
            let request = request_head(client)?;
            let text = String::from_utf8(request.clone()).unwrap();
            if !text.to_lowercase().contains(&format!("proxy-authorization: {authorization}\r\n").to_lowercase()) {
                client.write_all(
                    b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                )?;
                return Ok((request, None));
            }
            if text.starts_with("CONNECT ") {
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
                return Ok((request, Some((target, Vec::new()))));
            }
            Ok((request.clone(), Some((target, request))))
        })
    }

    /// An HTTP proxy that gives this answer to each request and connects to no server.
    fn answering(answer: String) -> Self {
        Self::start(move |client| {
            let request = request_head(client)?;
            client.write_all(answer.as_bytes())?;
            Ok((request, None))
        })
    }

    /// A SOCKS 4 proxy that answers with this code; 0x5a means granted.
    fn socks4(target: SocketAddr, code: u8) -> Self {
        Self::start(move |client| {
            let mut request = vec![0; 8];
            client.read_exact(&mut request)?;
            let is_name = request[4..7] == [0, 0, 0];
            for _ in 0..=usize::from(is_name) {
                let mut byte = [1];
                while byte[0] != 0 {
                    client.read_exact(&mut byte)?;
                    request.push(byte[0]);
                }
            }
            client.write_all(&[0, code, 0, 0, 0, 0, 0, 0])?;
            Ok((request, (code == 0x5a).then(|| (target, Vec::new()))))
        })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}

/// `me:s3cret`.
const CREDENTIALS: &str = "Basic bWU6czNjcmV0";

#[test]
fn an_http_proxy_is_asked_with_its_credentials() {
    let tls = Server::start_tls(server_config(false, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    let plain = Server::start(|_, _| good(&["a"]));
    let with = |proxy: &InBetween, more: &[&str]| -> Vec<String> {
        let mut lines = store("trust-store", "ca.pem", None);
        lines.push(format!("http-proxy={}", proxy.address));
        lines.extend(more.iter().map(|line| (*line).to_owned()));
        lines
    };
    let right = ["http-proxy.user=me", "http-proxy.password=s3cret"];
    for (server, url, request) in [
        // The proxy resolves the name.
        (&tls, format!("https://localhost:{}/jwks", tls.address.port()), "CONNECT localhost:"),
        (&plain, "http://idp.example/jwks".to_owned(), "GET http://idp.example/jwks HTTP/1.1"),
    ] {
        let proxy = InBetween::http(server.address, CREDENTIALS);
        assert_eq!(fetch(&url, &with(&proxy, &right)), Ok(()));
        assert!(proxy.asked()[0].starts_with(request), "{:?}", proxy.asked());
        for wrong in [&[][..], &["http-proxy.user=me", "http-proxy.password=hunter2"]] {
            let failure = fetch(&url, &with(&proxy, wrong)).unwrap_err();
            let expected = format!(
                "the proxy http://{} answered with status 407: it requires other credentials (jwk.http-client.http-proxy.user and jwk.http-client.http-proxy.password)",
                proxy.address
            );
            assert!(failure.ends_with(&expected), "{failure}");
            assert!(!failure.contains("hunter2"));
        }
    }
    assert!(
        !tls.seen.requests.lock().unwrap()[0].to_lowercase().contains("proxy-authorization"),
        "the server sees none"
    );
}

#[test]
fn the_connection_to_a_proxy_may_use_tls() {
    // The proxy is a server that answers requests in absolute form itself.
    let proxy = Server::start_tls(server_config(false, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    let mut lines = store("trust-store", "ca.pem", None);
    lines.extend([format!("http-proxy={}", proxy.address), "http-proxy.secure=true".to_owned()]);
    assert_eq!(fetch("http://idp.example/jwks", &lines), Ok(()));
    assert!(proxy.seen.requests.lock().unwrap()[0].starts_with("GET http://idp.example/jwks HTTP/1.1\r\n"));
}

#[test]
fn a_socks_proxy_is_used_as_by_trino() {
    let tls = Server::start_tls(server_config(false, rustls::ALL_VERSIONS), |_, _| good(&["a"]));
    let port = tls.address.port();
    let lines = |proxy: &InBetween| {
        [store("trust-store", "ca.pem", None), vec![format!("socks-proxy={}", proxy.address)]].concat()
    };
    let proxy = InBetween::socks4(tls.address, 0x5a);
    assert_eq!(fetch(&format!("https://localhost:{port}/jwks"), &lines(&proxy)), Ok(()));
    assert_eq!(fetch(&format!("https://127.0.0.1:{port}/jwks"), &lines(&proxy)), Ok(()));
    let [high, low] = port.to_be_bytes();
    let asked = proxy.asked.lock().unwrap().clone();
    assert_eq!(
        (&asked[0][..7], asked[0][7] != 0),
        (&[4, 1, high, low, 0, 0, 0][..], true),
        "4a: the proxy resolves the name"
    );
    assert_eq!(&asked[0][8..], b"\0localhost\0");
    assert_eq!(asked[1], [4, 1, high, low, 127, 0, 0, 1, 0], "4");
    let rejecting = InBetween::socks4(tls.address, 0x5b);
    let failure = fetch(&https(&tls), &lines(&rejecting)).unwrap_err();
    let expected = format!(
        "the proxy socks4a://{} was reached but does not connect to the server; see the log of the proxy (SOCKS error: ",
        rejecting.address
    );
    assert!(failure.contains(&expected), "{failure}");
    let failure = fetch("https://[::1]/jwks", &lines(&proxy)).unwrap_err();
    assert!(failure.contains("(SOCKS error: IPV6 is not supported"), "{failure}");
}

#[test]
fn an_unreachable_proxy_is_a_failed_fetch_that_names_the_proxy() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (key, scheme) in [("http-proxy", "http"), ("socks-proxy", "socks4a")] {
        for url in ["http://127.0.0.1:1/jwks", "https://127.0.0.1:1/jwks"] {
            let failure = fetch(url, &[format!("{key}={free}")]).unwrap_err();
            assert!(failure.contains(&format!("cannot connect to the proxy {scheme}://{free}: ")), "{url}: {failure}");
        }
    }
}

#[test]
fn a_proxy_that_answers_itself_is_named_without_its_credentials() {
    let page = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    let html = "\n<!DOCTYPE html><title>Sign in to the network</title>";
    for (url, answer, expected) in [
        (
            "https://idp.example/jwks",
            page("502 Bad Gateway", html),
            "the proxy PROXY was reached but does not connect to the server; see the log of the proxy (tunnel error: unsuccessful)",
        ),
        (
            "https://idp.example/jwks",
            String::new(),
            "the proxy PROXY was reached but does not connect to the server; see the log of the proxy (tunnel error: unexpected end of file)",
        ),
        ("https://idp.example/jwks", page("407 No", ""), "the proxy PROXY answered with status 407: it requires other"),
        (
            "http://idp.example/jwks",
            page("503 No", html),
            "the proxy PROXY, or the server behind it, answered with status 503",
        ),
        (
            "http://idp.example/jwks",
            page("200 OK", html),
            "the proxy PROXY, or the server behind it, answered with a web page instead of JSON",
        ),
        (
            "http://idp.example/jwks",
            page("407 No", html),
            "the proxy PROXY answered with status 407: it requires other",
        ),
        ("http://idp.example/jwks", String::new(), " (through the proxy PROXY)"),
    ] {
        let proxy = InBetween::answering(answer.clone());
        let address = format!("={}", proxy.address);
        let lines = [&*address, ".user=me", ".password=hunter2"].map(|line| format!("http-proxy{line}"));
        let failure = fetch(url, &lines).unwrap_err();
        let expected = expected.replace("PROXY", &format!("http://{}", proxy.address));
        assert!(failure.contains(&expected) && !failure.contains("hunter2"), "{url} {answer}: {failure}");
    }
}

#[test]
fn the_request_timeout_is_the_configured_one() {
    let server = Server::start(|_, _| Reply::Silence);
    let failure = fetch(&server.url(), &["request-timeout=0.3s".to_owned()]).unwrap_err();
    assert!(failure.ends_with("no complete answer within 0.3 s"), "{failure}");
}

#[test]
fn a_bearer_token_for_this_machine_is_not_sent_to_a_proxy() {
    let server = Server::start(|_, _| good(&["a"]));
    let token = temporary("bearer", "s3cret");
    let key_file =
        format!("{}\nhttp-server.authentication.jwt.jwks.bearer-token-file={}", server.url(), token.0.display());
    assert_eq!(fetch(&key_file, &[]), Ok(()));
    let proxy = InBetween::socks4(server.address, 0x5a);
    let failure = fetch(&key_file, &[format!("socks-proxy={}", proxy.address)]).unwrap_err();
    assert!(failure.ends_with("the bearer token is not sent to a proxy without encryption; use https"), "{failure}");
    assert!(proxy.asked.lock().unwrap().is_empty());
}
