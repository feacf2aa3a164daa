// SPDX-License-Identifier: Apache-2.0
//! Tokens in the desktop's key ring (Secret Service), through `secret-tool` of libsecret. A library for the protocol would
//! be a quarter of the command, and no key ring is asked on a server.

use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{ErrorKind, LoginError};

/// A key ring that is locked, and cannot ask for its password, never answers.
const PATIENCE: Duration = Duration::from_secs(5);
const TOOL: &str = "secret-tool";

pub(super) fn store(profile: &str, text: &str) -> Result<(), String> {
    let label = format!("--label=nativejwt login '{profile}'");
    let (status, _) = run(&["store", &label], profile, Some(text))?;
    if status.success() { Ok(()) } else { Err(format!("{TOOL} found no key ring that is unlocked")) }
}

pub(super) fn load(profile: &str) -> Result<Zeroizing<String>, LoginError> {
    let (status, text) = run(&["lookup"], profile, None).map_err(|what| {
        LoginError::failed(format!("The tokens of the profile '{profile}' are in the key ring, but {what}"))
    })?;
    if status.success() && !text.is_empty() {
        return Ok(text);
    }
    Err(LoginError::new(
        ErrorKind::NotLoggedIn,
        format!(
            "The key ring does not give the tokens of the profile '{profile}': unlock it, or log in again (with --storage file on a machine without a desktop)"
        ),
    ))
}

pub(super) fn remove(profile: &str) -> Result<(), LoginError> {
    let failed = |what: &str| {
        LoginError::failed(format!("The tokens of the profile '{profile}' are still in the key ring: {what}"))
    };
    let (status, _) = run(&["clear"], profile, None).map_err(|what| failed(&what))?;
    let is_gone = || run(&["lookup"], profile, None).is_ok_and(|(_, text)| text.is_empty());
    if status.success() || is_gone() { Ok(()) } else { Err(failed("secret-tool could not remove them")) }
}

/// Runs `secret-tool` on the entry of the profile.
fn run(arguments: &[&str], profile: &str, input: Option<&str>) -> Result<(ExitStatus, Zeroizing<String>), String> {
    let child = Command::new(TOOL)
        .args(arguments)
        .args(["application", "nativejwt", "profile", profile])
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{TOOL} is not installed"),
        _ => format!("{TOOL} cannot be started: {error}"),
    })?;
    let (done, waiting) = mpsc::channel();
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let input = input.map(|text| Zeroizing::new(text.to_owned()));
    thread::spawn(move || {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // It ends without reading if there is no key ring.
            let _ = stdin.write_all(input.as_bytes());
        }
        let mut output = Zeroizing::new(String::new());
        let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_string(&mut output));
        // Nobody waits any longer.
        let _ = done.send(read.map(|_| output));
    });
    let output = match waiting.recv_timeout(PATIENCE) {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(stop(child, &format!("{TOOL} cannot be read: {error}"))),
        Err(_) => {
            let what = format!("the key ring did not answer within {} s (is it locked?)", PATIENCE.as_secs());
            return Err(stop(child, &what));
        }
    };
    let status = child.wait().map_err(|error| format!("{TOOL} cannot be waited for: {error}"))?;
    Ok((status, output))
}

fn stop(mut child: Child, what: &str) -> String {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    what.to_owned()
}
