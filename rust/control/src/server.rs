// SPDX-License-Identifier: Apache-2.0
//! The coordinator's side: one thread that answers one connection after the other.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nativejwt_core::{Authenticator, Level, Metric, Problem, Snapshot, TraceId, UnixMillis};
use rustix::fs::{Mode, fchmod};
use rustix::net::{AddressFamily, Shutdown, SocketAddrUnix, SocketType, bind, listen, shutdown, socket, sockopt};
use rustix::process::geteuid;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::protocol::{
    Answer, EarlierRejection, ExplainedRejection, ExplainedStep, Explanation, InForce, IssuerStatus, MAX_BYTES,
    Reloaded, Request, Revocation, Shadow, ShadowDifference, Status,
};
use crate::steps::describe_step;

/// A caller has so long to send all of its request, and to take all of the answer: others wait for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Connections that wait for the one that is answered.
const BACKLOG: i32 = 8;
/// The name of the thread. Linux shows 15 characters of it in a thread dump.
const THREAD_NAME: &str = "nativejwt-ctl";
const ROOT: u32 = 0;
/// The bit of a folder into which everybody can write.
pub(crate) const FOR_EVERYBODY: u32 = 0o002;

/// The control socket of an authenticator. Dropping it ends its thread and removes its file.
pub struct ControlSocket {
    listener: Arc<UnixListener>,
    path: PathBuf,
    /// Device and inode of the file: another one at the path is not ours.
    file: Option<(u64, u64)>,
    thread: Option<JoinHandle<()>>,
}

impl ControlSocket {
    /// Finds what is wrong with the place that `control-socket` names, without a socket there. A coordinator may be serving it.
    #[must_use]
    pub fn check(authenticator: &Authenticator) -> Option<Problem> {
        let why = check_place(authenticator.control_socket()?).err()?;
        authenticator.control_socket_problem(&why)
    }

    /// Opens the socket that `control-socket` names; `None` if it is not set.
    ///
    /// # Errors
    /// What is wrong with the property, with its file and line.
    pub fn open(authenticator: &Arc<Authenticator>) -> Result<Option<Self>, String> {
        let Some(path) = authenticator.control_socket().map(Path::to_owned) else { return Ok(None) };
        let problem =
            |why: String| authenticator.control_socket_problem(&why).map_or(why, |problem| problem.to_string());
        let listener = Arc::new(listen_at(&path).map_err(&problem)?);
        let file = fs::symlink_metadata(&path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
        let mut opened = Self { listener: Arc::clone(&listener), path, file, thread: None };
        let server = Server { authenticator: Arc::clone(authenticator), since: UnixMillis::now() };
        let thread = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || server.serve(&listener));
        opened.thread =
            Some(thread.map_err(|error| problem(format!("cannot be served: no thread can be started: {error}")))?);
        authenticator.events().push(Level::Info, format!("The control socket is '{}'", opened.path.display()));
        Ok(Some(opened))
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // Wakes the thread, whose accept fails from now on.
        let _ = shutdown(&*self.listener, Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let present = fs::symlink_metadata(&self.path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
        if present.is_some() && present == self.file {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Checks the path, its folder, and what is there. Returns the address.
fn check_place(path: &Path) -> Result<SocketAddrUnix, String> {
    let shown = path.display();
    let address = SocketAddrUnix::new(path.as_os_str().as_bytes())
        .map_err(|_| format!("names '{shown}', which is too long for a socket: choose a path below 108 bytes"))?;
    let folder = folder_of(path);
    let mode = fs::metadata(folder)
        .map_err(|error| format!("names '{shown}', whose folder '{}' cannot be read: {error}", folder.display()))?
        .mode();
    if mode & FOR_EVERYBODY != 0 {
        return Err(format!(
            "names '{shown}', but everybody can write into its folder '{}', so that another user could put a socket there to \
             which operators send tokens: choose a folder that only the coordinator's user can write",
            folder.display()
        ));
    }
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => {
            Err(format!("names '{shown}', which exists and is not a socket: it is left as it is; name another path"))
        }
        _ => Ok(address),
    }
}

/// Creates the socket, of mode 0600 from its first moment on.
fn listen_at(path: &Path) -> Result<UnixListener, String> {
    let shown = path.display();
    let address = check_place(path)?;
    remove_stale(path)?;
    let created = || -> io::Result<UnixListener> {
        let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        // Linux gives the file the mode of the unbound socket.
        fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        bind(&socket, &address)?;
        listen(&socket, BACKLOG)?;
        Ok(UnixListener::from(socket))
    };
    let listener = created().map_err(|error| format!("names '{shown}', where no socket can be created: {error}"))?;
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.mode() & 0o177 == 0 => Ok(listener),
        _ => {
            let _ = fs::remove_file(path);
            Err(format!(
                "names '{shown}', whose file system gives a socket other permissions than 0600: choose another folder"
            ))
        }
    }
}

/// Removes a socket of this user that a coordinator left behind.
fn remove_stale(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if metadata.uid() != geteuid().as_raw() {
        return Err(format!("names '{shown}', which is the socket of another user: remove it, or name another path"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(format!(
            "names '{shown}', where a process listens already, perhaps another coordinator or another authenticator of this one: \
             name another path"
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)
            .map_err(|error| format!("names '{shown}', a socket that is left over and cannot be removed: {error}")),
        Err(error) => Err(format!("names '{shown}', a socket that cannot be examined: {error}")),
    }
}

/// The folder of a socket.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

struct Server {
    authenticator: Arc<Authenticator>,
    since: UnixMillis,
}

impl Server {
    /// Answers until the socket is shut down.
    fn serve(&self, listener: &UnixListener) {
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    // After a panic, shared state is consistent: it consists of atomic snapshots.
                    if catch_unwind(AssertUnwindSafe(|| self.answer(stream))).is_err() {
                        self.authenticator.events().defect("internal error at the control socket");
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
                // No file descriptor is left, for instance.
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// A caller that is too slow, or another user, gets no answer.
    fn answer(&self, stream: UnixStream) {
        let is_allowed =
            sockopt::socket_peercred(&stream).is_ok_and(|peer| peer.uid == geteuid() || peer.uid.as_raw() == ROOT);
        if !is_allowed {
            self.authenticator
                .events()
                .push(Level::Warning, "Another user opened the control socket, and got no answer");
            return;
        }
        let mut line = Zeroizing::new(String::new());
        let mut reader = BufReader::new(Patient::with(&stream)).take(MAX_BYTES);
        if reader.read_line(&mut line).is_err() {
            return;
        }
        let mut answer = match serde_json::from_str(&line) {
            Ok(request) => self.act(request),
            Err(_) if line.len() as u64 == MAX_BYTES => failed(format!("the request is longer than {MAX_BYTES} bytes")),
            // Without the error of the parser, which can show text of the request.
            Err(_) => {
                failed("the request cannot be read: the command and the coordinator have different versions".to_owned())
            }
        };
        answer.push(b'\n');
        let _ = Patient::with(&stream).write_all(&answer);
    }

    fn act(&self, request: Request) -> Vec<u8> {
        let authenticator = &self.authenticator;
        let say = |text: String| authenticator.events().push(Level::Info, format!("Control socket: {text}"));
        match request {
            Request::Status => done(&self.status()),
            Request::Reload => {
                let (in_use, unusable) = authenticator.reload();
                say(format!("files were read; {in_use} changes are in use, {unusable} cannot be used"));
                done(&Reloaded { in_use, unusable, in_force: self.in_force() })
            }
            Request::RefreshKeys => {
                let sets = authenticator.refresh_keys();
                say("the keys are fetched".to_owned());
                done(&sets)
            }
            Request::FlushCache => {
                let tokens = authenticator.forget_tokens();
                say(format!("{tokens} accepted tokens were forgotten"));
                done(&tokens)
            }
            Request::Rejections => {
                // Text of serde_json, which can be read again.
                let list = authenticator.recent_rejections_json();
                format!("{{\"done\":{list}}}").into_bytes()
            }
            Request::Shadow => self.shadow().map_or_else(failed, |shadow| done(&shadow)),
            Request::Revoke { trace } => self.revocation(&trace).map_or_else(failed, |entry| done(&entry)),
            Request::Explain { token } => done(&self.explain(token.0.as_bytes())),
        }
    }

    fn in_force(&self) -> InForce {
        let in_force = self.authenticator.in_force();
        InForce {
            configuration: in_force.configuration.to_string(),
            rules: in_force.rules.to_string(),
            revocations: in_force.revocations.to_string(),
        }
    }

    fn status(&self) -> Status {
        let snapshot = self.authenticator.metrics();
        let number = |metric, label: &str| value(&snapshot, metric, label).unwrap_or(0.0) as u64;
        let mut issuers: Vec<IssuerStatus> = Vec::new();
        for sample in snapshot.samples() {
            let Some((_, name)) = sample.labels.first().filter(|_| sample.metric == Metric::Keys) else { continue };
            let seconds = |metric| value(&snapshot, metric, name).map(|seconds| seconds as u64);
            issuers.push(IssuerStatus {
                name: name.clone(),
                keys: sample.value as u64,
                keys_age: seconds(Metric::KeysAgeSeconds),
                keys_end: seconds(Metric::KeysEndSeconds),
            });
        }
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            since: seconds(self.since),
            in_force: self.in_force(),
            is_shadow: self.authenticator.is_shadow(),
            issuers,
            accepted: number(Metric::Requests, "accepted"),
            rejected: number(Metric::Requests, "rejected"),
            without_token: number(Metric::Requests, "without_token"),
            cached_tokens: number(Metric::CacheTokens, ""),
            revocations: value(&snapshot, Metric::Revocations, "file").map(|entries| entries as u64),
            defects: number(Metric::Defects, ""),
        }
    }

    fn shadow(&self) -> Result<Shadow, String> {
        let report = self.authenticator.shadow_report().ok_or_else(|| {
            "this coordinator is not in shadow mode: http-server.authentication.jwt.shadow is not true".to_owned()
        })?;
        let differences = report.differences.iter().map(|(disagreement, count)| ShadowDifference {
            builtin: disagreement.built_in.name().to_owned(),
            native: disagreement.native_name().to_owned(),
            row: disagreement.explanation.id().to_owned(),
            count: *count,
        });
        Ok(Shadow {
            report: report.to_string(),
            since: seconds(report.since),
            requests: report.requests,
            compared: report.compared,
            differing: report.differing(),
            unexplained: report.unexplained(),
            skipped: report.skipped,
            builtin_seconds: report.built_in_seconds,
            native_seconds: report.native_seconds,
            differences: differences.collect(),
        })
    }

    fn revocation(&self, trace: &str) -> Result<Revocation, String> {
        let trace: TraceId = trace.parse().map_err(|why| format!("'{}' {why}", nativejwt_core::quoted(trace)))?;
        let file = self.authenticator.revocation_file().ok_or_else(|| {
            "revocation-file is not set, so nothing can be revoked: set http-server.authentication.jwt.revocation-file, and \
             restart the coordinator"
                .to_owned()
        })?;
        let file =
            std::path::absolute(file).map_err(|error| format!("the folder of the coordinator is unknown: {error}"))?;
        let entry = self.authenticator.revocation_entry(trace).ok_or_else(|| {
            format!(
                "no token has the trace ID {trace} among the last rejections and the cached tokens. A trace ID ends with the \
                 coordinator's process. nativejwt revoke takes the token itself, its jti, or its sub"
            )
        })?;
        let is_shadow = self.authenticator.is_shadow();
        Ok(Revocation { file: file.display().to_string(), entry: entry.to_string(), is_shadow })
    }

    fn explain(&self, token: &[u8]) -> Explanation {
        let now = UnixMillis::now();
        let authorization = Zeroizing::new([b"Bearer ", token].concat());
        let mut steps = Vec::new();
        let verdict = self.authenticator.explain(&authorization, now, |step| {
            steps.push(ExplainedStep { step: step.name().name().to_owned(), found: describe_step(step, now) });
        });
        let trace = self.authenticator.trace_id(token);
        let before = self.authenticator.recent_rejections();
        let before = before.iter().filter(|rejection| rejection.trace() == Some(trace));
        let (user, rejection) = match verdict {
            Ok(identity) => (Some(identity.user), None),
            Err(failed) => {
                let reason = failed.reject.code();
                let rejection = ExplainedRejection {
                    step: failed.step.name().to_owned(),
                    reason: reason.name().to_owned(),
                    number: reason.number(),
                    message: failed.reject.message().to_owned(),
                    meaning: reason.meaning().to_owned(),
                };
                (None, Some(rejection))
            }
        };
        Explanation {
            trace: trace.to_string(),
            steps,
            user,
            rejection,
            before: before
                .map(|rejection| EarlierRejection {
                    reason: rejection.reason.name().to_owned(),
                    count: rejection.count,
                    first: seconds(rejection.first),
                    last: seconds(rejection.last),
                })
                .collect(),
            is_shadow: self.authenticator.is_shadow(),
        }
    }
}

/// A connection that fails after [`PATIENCE`], however often a byte comes or goes.
struct Patient<'s> {
    stream: &'s UnixStream,
    end: Instant,
}

impl<'s> Patient<'s> {
    fn with(stream: &'s UnixStream) -> Self {
        Self { stream, end: Instant::now() + PATIENCE }
    }

    fn rest(&self) -> io::Result<Option<Duration>> {
        let rest = self.end.saturating_duration_since(Instant::now());
        if rest.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(rest)) }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.rest()?)?;
        self.stream.read(buffer)
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.rest()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The value of a metric whose first label has this value, or that has no label.
fn value(snapshot: &Snapshot, metric: Metric, label: &str) -> Option<f64> {
    let of_label = |labels: &[(&str, String)]| labels.first().map_or("", |(_, value)| value.as_str()) == label;
    snapshot
        .samples()
        .iter()
        .find(|sample| sample.metric == metric && of_label(&sample.labels))
        .map(|sample| sample.value)
}

fn seconds(time: UnixMillis) -> i64 {
    time.0.div_euclid(1000)
}

fn done(result: &impl Serialize) -> Vec<u8> {
    written(&Answer::Done(result))
}

fn failed(why: String) -> Vec<u8> {
    written(&Answer::<()>::Failed(why))
}

/// Texts and numbers are always written.
fn written(answer: &Answer<impl Serialize>) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap_or_default()
}
