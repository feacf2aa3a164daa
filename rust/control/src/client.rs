// SPDX-License-Identifier: Apache-2.0
//! The command's side.

use std::fmt;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::protocol::{Answer, MAX_BYTES, Request};
use crate::server::{FOR_EVERYBODY, folder_of};

/// Longer than anything that the coordinator does for a request.
const TIMEOUT: Duration = Duration::from_secs(30);

const CLOSED: &str = "the coordinator closed the connection: it answers only its own user and root, so run this command as one of \
                      them";

/// Why there is no answer.
#[derive(Debug)]
pub enum AskError {
    /// Nobody can be reached at the socket, or it answers something else. The sentence says what to do.
    Unreachable(String),
    /// The coordinator says why it did not do what was asked.
    Failed(String),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) | Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for AskError {}

/// Asks the coordinator at the socket.
///
/// # Errors
/// It cannot be reached, or did not do what was asked.
pub fn ask<T: DeserializeOwned>(socket: &Path, request: &Request) -> Result<T, AskError> {
    // The request may have a token.
    if fs::metadata(folder_of(socket)).is_ok_and(|folder| folder.mode() & FOR_EVERYBODY != 0) {
        return Err(AskError::Unreachable(
            "everybody can write into its folder, so another user may have put this socket there; nothing was sent. No \
             coordinator has its socket in such a folder"
                .to_owned(),
        ));
    }
    let line = exchange(socket, request).map_err(|error| AskError::Unreachable(advice(&error)))?;
    match serde_json::from_str(&line) {
        Ok(Answer::Done(result)) => Ok(result),
        Ok(Answer::Failed(why)) => Err(AskError::Failed(why)),
        Err(_) if line.is_empty() => Err(AskError::Unreachable(CLOSED.to_owned())),
        Err(_) => Err(AskError::Unreachable(
            "the answer is not one of nativejwt: does the socket belong to another program, or to another version?"
                .to_owned(),
        )),
    }
}

fn exchange(socket: &Path, request: &Request) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut text = Zeroizing::new(serde_json::to_vec(request)?);
    text.push(b'\n');
    stream.write_all(&text)?;
    let mut line = String::new();
    BufReader::new(stream).take(MAX_BYTES).read_line(&mut line)?;
    Ok(line)
}

fn advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such socket: http-server.authentication.jwt.control-socket names it, and the coordinator creates it \
             when it starts"
                .to_owned()
        }
        io::ErrorKind::ConnectionRefused => "no coordinator listens at it: is the coordinator running?".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not open it: run this command as the coordinator's user or root".to_owned(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("the coordinator did not answer within {} s", TIMEOUT.as_secs())
        }
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => CLOSED.to_owned(),
        _ => error.to_string(),
    }
}
