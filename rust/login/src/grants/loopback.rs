// SPDX-License-Identifier: Apache-2.0
//! The address on this machine at which a browser's redirect arrives (RFC 8252, section 7.3). It takes one request, and
//! never a token.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use oauth2::url::form_urlencoded;

use crate::error::LoginError;
use crate::profile::RedirectAddress;

/// A longer request is not from a provider that a person uses.
const MAX_REQUEST_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 100;
/// Browsers open connections ahead of need, and send nothing on them.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Each has a thread.
const MAX_CONNECTIONS: usize = 128;
/// `EAFNOSUPPORT` of Linux.
const NO_SUCH_FAMILY: i32 = 97;

/// A bound address.
pub(super) struct Loopback {
    listeners: Vec<TcpListener>,
    redirect_uri: String,
}

/// What a redirect must have.
pub(super) struct Expected<'e> {
    pub(super) state: &'e str,
    pub(super) issuer: &'e str,
    /// The provider names itself in each redirect (RFC 9207).
    pub(super) issuer_is_required: bool,
}

/// What a redirect brings.
#[derive(Debug, PartialEq)]
pub(super) enum Redirect {
    Code(String),
    Refused { error: String, description: Option<String> },
}

/// A redirect's query, and the connection that waits for a page.
struct Arrived {
    query: String,
    connection: TcpStream,
}

impl Loopback {
    pub(super) fn bind(address: &RedirectAddress) -> Result<Self, LoginError> {
        let RedirectAddress { host, port } = address;
        let addresses: &[IpAddr] = match host.as_str() {
            "127.0.0.1" => &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
            "::1" | "[::1]" => &[IpAddr::V6(Ipv6Addr::LOCALHOST)],
            // A browser may take either.
            "localhost" => &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
            _ => {
                return Err(LoginError::failed(format!(
                    "--redirect-host: '{}' is not an address of this machine for redirects: it is 127.0.0.1, ::1 or localhost",
                    nativejwt_core::quoted(host)
                )));
            }
        };
        let mut listeners: Vec<TcpListener> = Vec::new();
        let mut bound = *port;
        for address in addresses {
            match TcpListener::bind(SocketAddr::new(*address, bound)) {
                Ok(listener) => {
                    bound = listener.local_addr().map_or(bound, |local| local.port());
                    listeners.push(listener);
                }
                // A machine without IPv6.
                Err(error)
                    if !listeners.is_empty()
                        && (error.kind() == io::ErrorKind::AddrNotAvailable
                            || error.raw_os_error() == Some(NO_SUCH_FAMILY)) => {}
                Err(error) => {
                    let way_out = match port {
                        0 => "",
                        _ => ". Give another port with --redirect-port, and register it at the provider",
                    };
                    return Err(LoginError::failed(format!(
                        "The address {} for the redirect cannot be used: {error}{way_out}",
                        SocketAddr::new(*address, bound)
                    )));
                }
            }
        }
        let host = if host == "::1" { "[::1]" } else { host };
        Ok(Self { listeners, redirect_uri: format!("http://{host}:{bound}/") })
    }

    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the redirect. Anything else, also one with another state, gets a page and is ignored. `None` if the time is
    /// over.
    pub(super) fn wait(&self, expected: &Expected<'_>, patience: Duration) -> Result<Option<Redirect>, LoginError> {
        let (arrives, arrived) = mpsc::channel();
        let connections = Arc::new(AtomicUsize::new(0));
        for listener in &self.listeners {
            let listener = listener
                .try_clone()
                .map_err(|error| LoginError::failed(format!("The redirect cannot be waited for: {error}")))?;
            let (arrives, connections) = (arrives.clone(), Arc::clone(&connections));
            // Ends with the process.
            thread::spawn(move || accept(&listener, &arrives, &connections));
        }
        let begin = Instant::now();
        while let Some(left) = patience.checked_sub(begin.elapsed()) {
            let Ok(Arrived { query, connection }) = arrived.recv_timeout(left) else { break };
            match read_redirect(&query, expected) {
                Ok(redirect) => {
                    let text = match redirect {
                        Redirect::Code(_) => {
                            "The sign-in has arrived. Go back to the terminal; this page can be closed."
                        }
                        Redirect::Refused { .. } => {
                            "The provider refused the sign-in. The terminal says why; this page can be closed."
                        }
                    };
                    answer(&connection, "200 OK", text);
                    return Ok(Some(redirect));
                }
                Err(what) => answer(&connection, "400 Bad Request", what),
            }
        }
        Ok(None)
    }
}

/// The code or the error of a query, if it belongs to this login.
fn read_redirect(query: &str, expected: &Expected<'_>) -> Result<Redirect, &'static str> {
    let fields: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into(), value.into())).collect();
    let only = |name: &str| {
        let mut values = fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    };
    if only("state") != Some(expected.state) {
        return Err("This page does not belong to the login that is waiting. Use the address in the terminal.");
    }
    match only("iss") {
        Some(issuer) if issuer != expected.issuer => {
            return Err("The redirect comes from another provider than the one that was asked (RFC 9207).");
        }
        None if expected.issuer_is_required => {
            return Err("The redirect does not name its provider, as this one does in each redirect (RFC 9207).");
        }
        _ => {}
    }
    match (only("error"), only("code")) {
        (Some(error), _) => {
            Ok(Redirect::Refused { error: error.to_owned(), description: only("error_description").map(str::to_owned) })
        }
        (None, Some(code)) if !code.is_empty() => Ok(Redirect::Code(code.to_owned())),
        _ => Err("The redirect has neither a code nor an error."),
    }
}

fn accept(listener: &TcpListener, arrives: &Sender<Arrived>, connections: &Arc<AtomicUsize>) {
    for connection in listener.incoming() {
        let Ok(connection) = connection else {
            // No more files can be opened just now.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        if connections.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            connections.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (arrives, connections) = (arrives.clone(), Arc::clone(connections));
        thread::spawn(move || {
            if let Some(arrived) = read_request(connection) {
                // Nobody waits any longer.
                let _ = arrives.send(arrived);
            }
            connections.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Reads a request; answers all but a redirect to `/` itself.
fn read_request(mut connection: TcpStream) -> Option<Arrived> {
    let deadline = Instant::now() + READ_TIMEOUT;
    let mut bytes = Vec::new();
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(_)) => {
                let (path, query) = request.path?.split_once('?').unwrap_or((request.path?, ""));
                if (request.method, path) == (Some("GET"), "/") && !query.is_empty() {
                    return Some(Arrived { query: query.to_owned(), connection });
                }
                answer(&connection, "404 Not Found", "There is nothing here. Use the address in the terminal.");
                return None;
            }
            Ok(httparse::Status::Partial) if bytes.len() < MAX_REQUEST_BYTES => {}
            _ => {
                answer(&connection, "400 Bad Request", "This is not a request of a browser.");
                return None;
            }
        }
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        connection.set_read_timeout(Some(left)).ok()?;
        let mut piece = [0; 4096];
        match connection.read(&mut piece) {
            Ok(0) => return None,
            Ok(read) => bytes.extend_from_slice(piece.get(..read)?),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// A page without anything of the request in it. Its address, which has the code, goes to no other server.
fn answer(mut connection: &TcpStream, status: &str, text: &str) {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"><title>nativejwt login</title><main><h1>nativejwt login</h1><p>{text}</p></main></html>\n"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // The browser may be gone; the login does not depend on the page.
    let _ = connection.set_write_timeout(Some(READ_TIMEOUT));
    let _ = connection.write_all(format!("{head}{page}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: Expected<'_> = Expected { state: "s", issuer: "https://idp.example", issuer_is_required: false };

    fn get(uri: &str, target: &str) -> String {
        let address = uri.trim_start_matches("http://").trim_end_matches('/');
        let mut connection = TcpStream::connect(address).unwrap();
        write!(connection, "GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut page = String::new();
        connection.read_to_string(&mut page).unwrap();
        page
    }

    #[test]
    fn a_redirect_must_belong_to_the_login() {
        let read = |query| read_redirect(query, &EXPECTED);
        assert_eq!(read("code=c&state=s"), Ok(Redirect::Code("c".to_owned())));
        assert_eq!(read("code=a%2Bb&state=s&iss=https%3A%2F%2Fidp.example"), Ok(Redirect::Code("a+b".to_owned())));
        let refused = |description: Option<&str>| Redirect::Refused {
            error: "access_denied".to_owned(),
            description: description.map(str::to_owned),
        };
        assert_eq!(read("error=access_denied&state=s"), Ok(refused(None)));
        assert_eq!(read("error=access_denied&error_description=no+way&state=s"), Ok(refused(Some("no way"))));
        for foreign in [
            "code=c",
            "code=c&state=",
            "code=c&state=t",
            "code=c&state=s&state=s",
            "code=c&state=s&iss=https%3A%2F%2Fevil.example",
            "code=c&code=d&state=s",
            "code=&state=s",
            "state=s",
        ] {
            assert!(read(foreign).is_err(), "{foreign}");
        }
        let strict = Expected { issuer_is_required: true, ..EXPECTED };
        assert!(read_redirect("code=c&state=s", &strict).is_err());
        assert!(read_redirect("code=c&state=s&iss=https%3A%2F%2Fidp.example", &strict).is_ok());
    }

    #[test]
    fn everything_but_the_redirect_is_answered_and_ignored() {
        let loopback = Loopback::bind(&RedirectAddress::default()).unwrap();
        let uri = loopback.redirect_uri().to_owned();
        let browser = thread::spawn(move || {
            // Opened ahead of need, and left alone.
            let idle = TcpStream::connect(uri.trim_start_matches("http://").trim_end_matches('/')).unwrap();
            let pages = ["/favicon.ico", "/", "/?code=c&state=wrong", "/other?code=c&state=s", "/?code=c&state=s"]
                .map(|target| get(&uri, target));
            drop(idle);
            pages
        });
        let redirect = loopback.wait(&EXPECTED, Duration::from_secs(60)).unwrap();
        assert_eq!(redirect, Some(Redirect::Code("c".to_owned())));
        let pages = browser.join().unwrap();
        let status = |page: &str| page.split(' ').nth(1).unwrap_or_default().to_owned();
        assert_eq!(pages.each_ref().map(|page| status(page)), ["404", "404", "400", "404", "200"]);
        for page in pages {
            assert!(page.contains("Referrer-Policy: no-referrer") && !page.contains("code=c"), "{page}");
        }
    }

    #[test]
    fn garbage_and_time_end_the_wait_without_a_panic() {
        let loopback = Loopback::bind(&RedirectAddress { host: "localhost".to_owned(), port: 0 }).unwrap();
        let address = loopback.redirect_uri().replace("http://localhost", "127.0.0.1");
        let address = address.trim_end_matches('/').to_owned();
        let sender = thread::spawn(move || {
            let mut connection = TcpStream::connect(address).unwrap();
            connection.write_all(&[0xff; 64]).unwrap();
            let mut page = String::new();
            connection.read_to_string(&mut page).unwrap();
            page
        });
        assert_eq!(loopback.wait(&EXPECTED, Duration::from_millis(500)).unwrap(), None);
        assert!(sender.join().unwrap().starts_with("HTTP/1.1 400"));
        assert!(Loopback::bind(&RedirectAddress { host: "0.0.0.0".to_owned(), port: 0 }).is_err());
    }
}
