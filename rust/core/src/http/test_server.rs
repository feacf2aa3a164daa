// SPDX-License-Identifier: Apache-2.0
//! A small server for tests, which can be slow, wrong or hostile.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(crate) const KEY: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
/// Longer than any step takes on a loaded machine.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < BOUND, "not within {BOUND:?}: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Atomically, so that a polling thread never sees a part of it.
pub(crate) fn replace_file(path: &Path, content: impl AsRef<[u8]>) {
    let next = path.with_extension("next");
    std::fs::write(&next, content).unwrap();
    std::fs::rename(next, path).unwrap();
}

/// What the server does after reading a request.
pub(crate) enum Reply {
    /// Sends this and closes the connection.
    Bytes(Vec<u8>),
    /// Sends this, then repeats the second part until the client disconnects.
    Endless(Vec<u8>, &'static [u8], Duration),
    /// Sends nothing until the client disconnects.
    Silence,
}

pub(crate) fn response(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into(),
    )
}

pub(crate) fn redirect(location: &str) -> Reply {
    response("302 Found", &format!("Location: {location}\r\n"), "")
}

pub(crate) fn document(key_ids: &[&str]) -> String {
    let keys: Vec<_> = key_ids.iter().map(|key_id| format!(r#"{{"kid":"{key_id}",{KEY}}}"#)).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

pub(crate) fn good(key_ids: &[&str]) -> Reply {
    response("200 OK", "Content-Type: application/json\r\n", &document(key_ids))
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) requests: Mutex<Vec<String>>,
    /// Open connections.
    pub(crate) open: AtomicUsize,
    stop: AtomicBool,
}

/// A server on 127.0.0.1 with a thread for each connection. It stops at the end of the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
}

impl Server {
    /// `answer` takes the number of the request, from 0, and its path.
    pub(crate) fn start(answer: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), None, answer)
    }

    pub(crate) fn start_tls(tls: ServerConfig, answer: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), Some(Arc::new(tls)), answer)
    }

    pub(crate) fn listen(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let answer = Arc::new(answer);
        let server = Self { address, seen: Arc::clone(&seen) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if seen.stop.load(Ordering::SeqCst) {
                    return;
                }
                let (stream, seen, answer, tls) =
                    (stream.unwrap(), Arc::clone(&seen), Arc::clone(&answer), tls.clone());
                seen.open.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    stream.set_read_timeout(Some(BOUND)).unwrap();
                    // The client may disconnect at any time.
                    let _ = match tls {
                        None => serve(stream, &seen, &*answer),
                        Some(tls) => {
                            serve(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream), &seen, &*answer)
                        }
                    };
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/jwks", self.address)
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.seen.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

fn serve(mut stream: impl Read + Write, seen: &Seen, answer: &dyn Fn(usize, &str) -> Reply) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let number = {
        let mut requests = seen.requests.lock().unwrap();
        requests.push(request);
        requests.len() - 1
    };
    match answer(number, &path) {
        Reply::Bytes(bytes) => stream.write_all(&bytes)?,
        Reply::Endless(begin, piece, pause) => {
            stream.write_all(&begin)?;
            loop {
                stream.write_all(piece)?;
                stream.flush()?;
                thread::sleep(pause);
            }
        }
        Reply::Silence => drop(stream.read(&mut [0])?),
    }
    stream.flush()
}

pub(crate) fn certificate(name: &str) -> (CertificateDer<'static>, ServerConfig) {
    certificate_of(rcgen::CertificateParams::new([name.to_owned()]).unwrap())
}

/// A self-signed certificate, and a server that uses it.
pub(crate) fn certificate_of(parameters: rcgen::CertificateParams) -> (CertificateDer<'static>, ServerConfig) {
    let signing_key = rcgen::KeyPair::generate().unwrap();
    let cert = parameters.self_signed(&signing_key).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (cert.der().clone(), config)
}
