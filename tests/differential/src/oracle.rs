//! The other side of `StockOracle.java`: one JVM that answers for stock and for the native library behind JNI.

use std::collections::VecDeque;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// A question, already in bytes.
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

impl Request {
    /// Opens authenticators under a name.
    #[must_use]
    pub fn open(name: &str, config: &[(String, String)]) -> Self {
        let request = Self(vec![b'o']).text(name).text(&config.len().to_string());
        config.iter().fold(request, |request, (key, value)| request.text(key).text(value))
    }

    /// Judges an Authorization value.
    #[must_use]
    pub fn authenticate(name: &str, now: i64, authorization: &[u8]) -> Self {
        Self(vec![b'a']).text(name).text(&now.to_string()).bytes(authorization)
    }

    /// Maps principals by one pattern.
    #[must_use]
    pub fn map_by_pattern(pattern: &str, principals: &[String]) -> Self {
        principals.iter().fold(Self(vec![b'p']).text(pattern), |request, principal| request.text(principal))
    }

    /// Maps principals by a rule file.
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

/// A text of Java's, which may hold half of a surrogate pair.
pub type Utf16 = Vec<u16>;

/// What an engine says of an Authorization value or of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Accepted.
    Accept {
        /// The mapped user.
        user: Utf16,
        /// The principal; empty where only a mapping was asked.
        principal: Utf16,
    },
    /// Refused with status 401. `code` is empty for stock, which has none.
    Reject {
        /// The name of our reject code.
        code: String,
        /// What the client reads.
        message: String,
    },
    /// Status 500, with what was thrown.
    Fail(String),
    /// No answer in time.
    Lost,
    /// There is no such authenticator: the configuration was refused.
    Missing,
}

impl Verdict {
    /// True if somebody gets in.
    #[must_use]
    pub fn accepts(&self) -> bool {
        matches!(self, Self::Accept { .. })
    }
}

/// An answer, read field by field.
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

    /// Whether something could be opened, or why not.
    pub fn opened(&mut self) -> Result<(), String> {
        let accepted = self.byte() == b'A';
        let text = self.text();
        if accepted { Ok(()) } else { Err(text) }
    }

    /// The verdict about an Authorization value.
    pub fn verdict(&mut self) -> Verdict {
        let kind = self.byte();
        let (first, second, message) = (self.utf16(), self.utf16(), self.text());
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
    /// Starts it by `tests/differential/oracle`, which knows class path and JDK.
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

    /// Asks without waiting.
    pub fn send(&mut self, request: Request) {
        self.write(&request);
        self.waiting.push_back(request);
    }

    fn write(&mut self, request: &Request) {
        let requests = self.requests.as_mut().expect("it runs");
        // A JVM that gave up shows when its answer is missing.
        let _ =
            requests.write_all(&(request.0.len() as u32).to_be_bytes()).and_then(|()| requests.write_all(&request.0));
    }

    /// Hands what was asked to the JVM.
    pub fn flush(&mut self) {
        let _ = self.requests.as_mut().expect("it runs").flush();
    }

    /// The answer to the oldest question; `None` if the JVM gave it up. Then a new JVM is asked the rest.
    pub fn receive(&mut self) -> Option<Answer> {
        self.flush();
        let answer = self.answers.recv().ok().map(|bytes| Answer { bytes, at: 0 });
        let asked = self.waiting.pop_front().expect("something was asked");
        if answer.is_none() {
            assert!(matches!(asked.0.first(), Some(b'p' | b'f')), "the JVM ended; its last words are above");
            let waiting = std::mem::take(&mut self.waiting);
            *self = Self::start();
            for request in waiting {
                self.send(request);
            }
        }
        answer
    }

    /// Asks and waits.
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
