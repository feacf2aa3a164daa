// SPDX-License-Identifier: Apache-2.0
//! The file with the bearer token for the server of the keys, such as the token of a Kubernetes service account.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::http::failure::{Failure, FailureKind};

/// The largest token that is sent; those of Kubernetes have some 1 kB.
const MAX_BYTES: u64 = 16 * 1024;

/// Reads the token, without surrounding white space. It is read for each fetch, since it may be renewed.
///
/// # Errors
/// The message names the file and contains nothing of its content.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let shown = path.display();
    let failure =
        |why: String| Err(Failure::new(FailureKind::BearerToken, format!("the bearer token file '{shown}' {why}")));
    // Checked before opening: opening a pipe would block until another process writes into it.
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return failure("is not a regular file".to_owned()),
        Ok(_) => {}
        Err(error) => return failure(format!("cannot be read: {error}")),
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return failure(format!("cannot be read: {error}"));
    }
    if bytes.len() as u64 > MAX_BYTES {
        return failure(format!("is larger than {MAX_BYTES} bytes"));
    }
    let token = bytes.trim_ascii();
    if token.is_empty() {
        return failure("is empty".to_owned());
    }
    match str::from_utf8(token) {
        Ok(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Zeroizing::new(token.to_owned())),
        _ => failure(
            "does not contain a valid token: it contains spaces, line breaks or other characters that no token has"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_trimmed_and_an_invalid_one_is_reported_without_being_shown() {
        let path = std::env::temp_dir().join(format!("nativejwt-bearer-{}", std::process::id()));
        let read = |text: &[u8]| {
            fs::write(&path, text).unwrap();
            read(&path).map(|token| token.to_string()).map_err(|failure| failure.text)
        };
        assert_eq!(read(b" \teyJ.a-_~+/=.b\r\n\n"), Ok("eyJ.a-_~+/=.b".to_owned()));
        assert_eq!(read(&[b'a'; 16 * 1024]).map(|token| token.len()), Ok(16 * 1024));
        for (text, why) in [
            (&b""[..], "is empty"),
            (b" \n\n", "is empty"),
            (b"s3cret\ns3cret", "does not contain a valid token"),
            (b"s3cret\r\nX-Injected: 1", "does not contain a valid token"),
            (b"s3cret s3cret", "does not contain a valid token"),
            (b"s3cret\x00", "does not contain a valid token"),
            (b"s3cret\xff", "does not contain a valid token"),
            ("s3cret\u{e9}".as_bytes(), "does not contain a valid token"),
            (&[b'a'; 16 * 1024 + 1], "is larger than 16384 bytes"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(&format!("the bearer token file '{}' {why}", path.display())), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        fs::remove_file(&path).unwrap();
        assert!(super::read(&path).unwrap_err().text.contains("cannot be read: No such file"));
        assert!(super::read(&std::env::temp_dir()).unwrap_err().text.ends_with("is not a regular file"));
    }
}
