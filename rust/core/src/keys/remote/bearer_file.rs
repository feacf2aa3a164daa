//! The file with the token that a JWKS endpoint wants to see, such as that of a Kubernetes service account.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::http::failure::{Failure, FailureKind};

/// A longer token is not sent; those of Kubernetes have some 1 kB.
const MAX_BYTES: u64 = 16 * 1024;

/// Reads the token, without the white space around it. It is read for each fetch, since whoever writes it renews it.
///
/// # Errors
/// The text names the file and nothing of what it holds.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let shown = path.display();
    let refuse =
        |why: String| Err(Failure::new(FailureKind::BearerToken, format!("the bearer token file '{shown}' {why}")));
    // Before it is opened: to open a pipe would wait for whoever writes into it.
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return refuse("is no regular file".to_owned()),
        Ok(_) => {}
        Err(error) => return refuse(format!("cannot be read: {error}")),
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return refuse(format!("cannot be read: {error}"));
    }
    if bytes.len() as u64 > MAX_BYTES {
        return refuse(format!("is larger than {MAX_BYTES} bytes"));
    }
    let token = bytes.trim_ascii();
    if token.is_empty() {
        return refuse("is empty".to_owned());
    }
    match str::from_utf8(token) {
        Ok(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Zeroizing::new(token.to_owned())),
        _ => refuse(
            "holds no token: there are spaces, line breaks or other characters inside that no token has".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_trimmed_and_what_is_no_token_is_refused_without_being_shown() {
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
            (b"s3cret\ns3cret", "holds no token"),
            (b"s3cret\r\nX-Injected: 1", "holds no token"),
            (b"s3cret s3cret", "holds no token"),
            (b"s3cret\x00", "holds no token"),
            (b"s3cret\xff", "holds no token"),
            ("s3cret\u{e9}".as_bytes(), "holds no token"),
            (&[b'a'; 16 * 1024 + 1], "is larger than 16384 bytes"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(&format!("the bearer token file '{}' {why}", path.display())), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        fs::remove_file(&path).unwrap();
        assert!(super::read(&path).unwrap_err().text.contains("cannot be read: No such file"));
        assert!(super::read(&std::env::temp_dir()).unwrap_err().text.ends_with("is no regular file"));
    }
}
