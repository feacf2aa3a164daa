// SPDX-License-Identifier: Apache-2.0
//! Servers of JWK Sets, with a real certificate and without encryption, whose clock can be wrong.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};
use std::thread;

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The certificate that the server with TLS has.
pub(crate) static CERTIFICATE: LazyLock<String> = LazyLock::new(|| TLS.1.clone());

/// The ports end with the process of the tests.
static TLS: LazyLock<(u16, String)> = LazyLock::new(|| {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let config = Arc::new(config);
    let port =
        listen(move |stream| answer(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream)));
    (port, in_pem(&certificate))
});

static PLAIN: LazyLock<u16> = LazyLock::new(|| listen(answer));

/// What the server says about the time.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// A `Date` that is this many seconds off.
    Off(i64),
    /// No `Date`.
    Unknown,
}

/// The address of a file, with TLS.
pub(crate) fn https(file: &str, clock: Clock) -> String {
    format!("https://127.0.0.1:{}/{}{file}", TLS.0, named(clock))
}

/// The address of a file, without encryption.
pub(crate) fn http(file: &str) -> String {
    format!("http://127.0.0.1:{}/{}{file}", *PLAIN, named(Clock::Off(0)))
}

/// The certificate of a CA, or of a server, in PEM.
pub(crate) fn certificate(is_ca: bool) -> String {
    let mut parameters = CertificateParams::new(["idp.example".to_owned()]).unwrap();
    if is_ca {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    in_pem(&parameters.self_signed(&KeyPair::generate().unwrap()).unwrap())
}

fn in_pem(certificate: &Certificate) -> String {
    pem::encode(&pem::Pem::new("CERTIFICATE", certificate.der().to_vec()))
}

fn named(clock: Clock) -> String {
    match clock {
        Clock::Off(seconds) => seconds.to_string(),
        Clock::Unknown => "unknown".to_owned(),
    }
}

fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, serve) = (stream.unwrap(), Arc::clone(&serve));
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Answers one request. The path is that of a file, after what the clock says.
fn answer(mut stream: impl Read + Write) {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 1024];
        match stream.read(&mut piece) {
            Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
            // The client does not trust the certificate.
            _ => return,
        }
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let (clock, file) = path.split_once('/').unwrap_or_default();
    let date = clock.parse::<i64>().map_or_else(
        |_| String::new(),
        |seconds| {
            let time = Timestamp::now() + SignedDuration::from_secs(seconds);
            format!("Date: {}\r\n", DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap())
        },
    );
    let (status, body) = match fs::read_to_string(format!("/{file}")) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", String::new()),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\n{date}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
}
