// SPDX-License-Identifier: Apache-2.0
//! The client of `StockOracle.java`: one JVM runs Trino's classes, and the native library behind JNI.

use std::collections::VecDeque;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// A request in bytes.
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

impl Request {
    /// Opens authenticators under a name.
    #[must_use]
    pub fn open(name: &str, config: &[(String, String)]) -> Self {
        let request = Self(vec![b'o']).text(name).text(&config.len().to_string());
        config.iter().fold(request, |request, (name, value)| request.text(name).text(value))
    }

    /// Authenticates an Authorization value.
    #[must_use]
    pub fn authenticate(name: &str, now: i64, authorization: &[u8]) -> Self {
        Self(vec![b'a']).text(name).text(&now.to_string()).bytes(authorization)
    }

    /// Maps principals with one pattern.
    #[must_use]
    pub fn map_by_pattern(pattern: &str, principals: &[String]) -> Self {
        principals.iter().fold(Self(vec![b'p']).text(pattern), |request, principal| request.text(principal))
    }

    /// Maps principals with a rule file.
    #[must_use]
    pub fn map_by_file(file: &Path, principals: &[String]) -> Self {
        let request = Self(vec![b'f']).text(&file.display().to_string());
        principals.iter().fold(request, |request, principal| request.text(principal))
    }

    fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend((bytes.len() as u32).to_be_bytes());
        self.0.extend(bytes);
        self
    }
}

/// A Java string, which may contain half of a surrogate pair.
pub type Utf16 = Vec<u16>;

/// The verdict of an engine about an Authorization value or a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Accepted.
    Accept {
        /// The mapped user.
        user: Utf16,
        /// The principal; empty if only a mapping was requested.
        principal: Utf16,
    },
    /// Rejected with status 401.
    Reject {
        /// The name of our reason; empty for Trino, which has none.
        code: String,
        /// The message for the client.
        message: String,
    },
    /// Status 500, with the exception.
    Fail(String),
    /// No result in time.
    Lost,
    /// The authenticator does not exist, because its configuration is invalid.
    Missing,
}

impl Verdict {
    /// True for an accepted token or principal.
    #[must_use]
    pub fn accepts(&self) -> bool {
        matches!(self, Self::Accept { .. })
    }
}

/// A response, which is read field by field.
#[derive(Clone, Debug)]
pub struct Answer {
    bytes: Vec<u8>,
    at: usize,
}

impl Answer {
    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.bytes[self.at - 1]
    }

    fn utf16(&mut self) -> Utf16 {
        let length = (0..4).fold(0, |length, _| length << 8 | usize::from(self.byte()));
        (0..length / 2).map(|_| u16::from(self.byte()) << 8 | u16::from(self.byte())).collect()
    }

    fn text(&mut self) -> String {
        String::from_utf16_lossy(&self.utf16())
    }

    /// Whether the configuration could be opened, or why not.
    pub fn opened(&mut self) -> Result<(), String> {
        let accepted = self.byte() == b'A';
        let text = self.text();
        if accepted { Ok(()) } else { Err(text) }
    }

    /// The verdict about an Authorization value.
    pub fn verdict(&mut self) -> Verdict {
        let kind = self.byte();
        let first = self.utf16();
        let second = self.utf16();
        let message = self.text();
        match kind {
            b'A' => Verdict::Accept { user: first, principal: second },
            b'R' => Verdict::Reject { code: String::from_utf16_lossy(&first), message },
            b'F' => Verdict::Fail(message),
            _ => Verdict::Missing,
        }
    }

    /// The verdict about a principal.
    pub fn mapped(&mut self) -> Verdict {
        let kind = self.byte();
        let text = self.utf16();
        match kind {
            b'A' => Verdict::Accept { user: text, principal: Utf16::new() },
            b'R' => Verdict::Reject { code: String::new(), message: String::from_utf16_lossy(&text) },
            b'F' => Verdict::Fail(String::from_utf16_lossy(&text)),
            _ => Verdict::Lost,
        }
    }
}

/// The running JVM.
pub struct Oracle {
    child: Child,
    requests: Option<BufWriter<std::process::ChildStdin>>,
    answers: Receiver<Vec<u8>>,
    waiting: VecDeque<Request>,
}

impl Oracle {
    /// Starts it with `tests/differential/oracle`, which knows the class path and the JDK.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
        let mut child = Command::new(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        let mut output = BufReader::with_capacity(1 << 20, child.stdout.take().expect("stdout is piped"));
        let (sender, answers) = channel();
        thread::spawn(move || {
            let mut length = [0; 4];
            while output.read_exact(&mut length).is_ok() {
                let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
                if output.read_exact(&mut bytes).is_err() || sender.send(bytes).is_err() {
                    break;
                }
            }
        });
        let requests = Some(BufWriter::with_capacity(1 << 20, child.stdin.take().expect("stdin is piped")));
        Self { child, requests, answers, waiting: VecDeque::new() }
    }

    /// Sends a request without waiting.
    pub fn send(&mut self, request: Request) {
        self.write(&request);
        self.waiting.push_back(request);
    }

    fn write(&mut self, request: &Request) {
        let requests = self.requests.as_mut().expect("it runs");
        // If the JVM has ended, its response is missing, which `receive` notices.
        let _ =
            requests.write_all(&(request.0.len() as u32).to_be_bytes()).and_then(|()| requests.write_all(&request.0));
    }

    /// Sends buffered requests to the JVM.
    pub fn flush(&mut self) {
        let _ = self.requests.as_mut().expect("it runs").flush();
    }

    /// The response to the oldest request; `None` if the JVM ended because of it. Then a new JVM gets the other requests.
    pub fn receive(&mut self) -> Option<Answer> {
        self.flush();
        let answer = self.answers.recv().ok().map(|bytes| Answer { bytes, at: 0 });
        let asked = self.waiting.pop_front().expect("a request was sent");
        if answer.is_none() {
            assert!(matches!(asked.0.first(), Some(b'p' | b'f')), "the JVM ended; its output is above");
            let waiting = std::mem::take(&mut self.waiting);
            *self = Self::start();
            for request in waiting {
                self.send(request);
            }
        }
        answer
    }

    /// Sends a request and waits for the response.
    pub fn ask(&mut self, request: Request) -> Option<Answer> {
        self.send(request);
        self.receive()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
