// SPDX-License-Identifier: Apache-2.0
//! Tokens in the desktop's key ring (Secret Service), through `secret-tool` of libsecret. A library for the protocol would
//! be a quarter of the command, and no key ring is asked on a server.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{ErrorKind, LoginError};

/// A key ring that is locked, and cannot ask for its password, never answers.
const PATIENCE: Duration = Duration::from_secs(5);
const TOOL: &str = "secret-tool";

/// The entry of a profile.
pub(super) struct Entry<'e> {
    profile: &'e str,
    /// The folder of the profiles: another one with a profile of the same name has an entry of its own.
    folder: String,
}

/// What `secret-tool` did.
struct Ran {
    status: ExitStatus,
    output: Zeroizing<String>,
    /// Whether it complained. It does not where it only found nothing.
    complained: bool,
}

impl<'e> Entry<'e> {
    pub(super) fn of(profile: &'e str, folder: Option<&Path>) -> Self {
        Self { profile, folder: folder.map_or_else(String::new, |folder| folder.display().to_string()) }
    }

    pub(super) fn store(&self, text: &str) -> Result<(), String> {
        let label = format!("--label=nativejwt login '{}'", self.profile);
        match self.run(&["store", &label], Some(text))? {
            ran if ran.status.success() => Ok(()),
            _ => Err("no key ring is there, or none is unlocked".to_owned()),
        }
    }

    pub(super) fn load(&self) -> Result<Zeroizing<String>, LoginError> {
        let profile = self.profile;
        let ran = self.run(&["lookup"], None).map_err(|what| {
            LoginError::failed(format!("The tokens of the profile '{profile}' are in the key ring, but {what}"))
        })?;
        if ran.status.success() && !ran.output.is_empty() {
            return Ok(ran.output);
        }
        Err(LoginError::new(
            ErrorKind::NotLoggedIn,
            format!(
                "The key ring does not give the tokens of the profile '{profile}': unlock it, or log in again (with --storage file on a machine without a desktop)"
            ),
        ))
    }

    pub(super) fn remove(&self) -> Result<(), LoginError> {
        let failed = |what: &str| {
            LoginError::failed(format!(
                "The tokens of the profile '{}' are still in the key ring, which cannot be reached: {what}",
                self.profile
            ))
        };
        let cleared = self.run(&["clear"], None).map_err(|what| failed(&what))?;
        let left = self.run(&["lookup"], None).map_err(|what| failed(&what))?;
        let is_gone = left.output.is_empty() && !left.complained;
        if is_gone && (cleared.status.success() || !cleared.complained) {
            return Ok(());
        }
        Err(failed("secret-tool could not remove them"))
    }

    /// Runs `secret-tool` on the entry.
    fn run(&self, arguments: &[&str], input: Option<&str>) -> Result<Ran, String> {
        let child = Command::new(TOOL)
            .args(arguments)
            .args(["application", "nativejwt", "profile", self.profile, "folder", &self.folder])
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("{TOOL} is not installed"),
            _ => format!("{TOOL} cannot be started: {error}"),
        })?;
        let (done, waiting) = mpsc::channel();
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let input = input.map(|text| Zeroizing::new(text.to_owned()));
        thread::spawn(move || {
            if let (Some(mut stdin), Some(input)) = (stdin, input) {
                // It ends without reading if there is no key ring.
                let _ = stdin.write_all(input.as_bytes());
            }
            let mut output = Zeroizing::new(String::new());
            let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_string(&mut output));
            let mut first = [0];
            let complained = stderr.is_some_and(|mut stderr| stderr.read(&mut first).is_ok_and(|read| read > 0));
            // Nobody waits any longer.
            let _ = done.send(read.map(|_| (output, complained)));
        });
        let (output, complained) = match waiting.recv_timeout(PATIENCE) {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => return Err(stop(child, &format!("{TOOL} cannot be read: {error}"))),
            Err(_) => {
                let what = format!("the key ring did not answer within {} s (is it locked?)", PATIENCE.as_secs());
                return Err(stop(child, &what));
            }
        };
        let status = child.wait().map_err(|error| format!("{TOOL} cannot be waited for: {error}"))?;
        Ok(Ran { status, output, complained })
    }
}

fn stop(mut child: Child, what: &str) -> String {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    what.to_owned()
}
