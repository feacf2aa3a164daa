// SPDX-License-Identifier: Apache-2.0
//! Runs the binary.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A new folder for one test. Other users cannot write to the folders above it, which check-config would warn about.
pub(crate) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    /// `name` is unique to the test.
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nativejwt-command-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        set_mode(&path, 0o755);
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        set_mode(&path, 0o644);
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Generates a key with the command, in a subfolder.
    pub(crate) fn keygen(&self, algorithm: &str) -> Keys {
        let folder = self.path(algorithm);
        run(&["keygen", "--alg", algorithm, "--out", &folder]).expect_code(0);
        let is_secret = algorithm.starts_with("HS");
        let file = |name: &str| format!("{folder}/{name}");
        Keys {
            private: file(if is_secret { "secret.b64" } else { "private.pem" }),
            private_jwk: file(if is_secret { "secret.jwk" } else { "private.jwk" }),
            public: file(if is_secret { "secret.b64" } else { "public.pem" }),
            public_jwk: file(if is_secret { "secret.jwk" } else { "public.jwk" }),
        }
    }

    /// A plugin file with these lines after the name of the plugin.
    pub(crate) fn config(&self, lines: &[String]) -> String {
        self.write("native-jwt.properties", format!("header-authenticator.name=native-jwt\n{}\n", lines.join("\n")))
    }

    /// A plugin file with this key file.
    pub(crate) fn config_of_key(&self, key_file: &str) -> String {
        self.config(&[property("key-file", key_file)])
    }
}

/// Sets the mode, whatever the umask is.
pub(crate) fn set_mode(path: impl AsRef<Path>, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
}

/// The line of a property.
pub(crate) fn property(name: &str, value: &str) -> String {
    format!("http-server.authentication.jwt.{name}={value}")
}

/// The files of a key. For a secret, the public files are the private files.
pub(crate) struct Keys {
    pub(crate) private: String,
    pub(crate) private_jwk: String,
    pub(crate) public: String,
    pub(crate) public_jwk: String,
}

/// The result of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.text(), self.err);
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }

    /// The only line of standard output, without its line end.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        let text = self.text();
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "{text}");
        line.to_owned()
    }

    /// The only line of standard output, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Checks that the call failed, and its message on standard error.
    #[track_caller]
    pub(crate) fn expect_error(&self, part: &str) {
        assert_eq!(self.code, 2, "stdout: {}\nstderr: {}", self.text(), self.err);
        assert!(self.err.starts_with("error: ") && self.err.contains(part), "{}", self.err);
    }
}

pub(crate) fn run(arguments: &[&str]) -> Answer {
    run_with(arguments, b"", &[])
}

pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Answer {
    run_with(arguments, input, &[])
}

pub(crate) fn run_with(arguments: &[&str], input: &[u8], environment: &[(&str, &str)]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nativejwt"));
    command.args(arguments).envs(environment.iter().copied());
    finish(command, input)
}

pub(crate) fn finish(mut command: Command, input: &[u8]) -> Answer {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A call that does not read a token closes the pipe early.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Answer { code: output.status.code().unwrap(), out: output.stdout, err: String::from_utf8(output.stderr).unwrap() }
}

/// Returns a signed token.
#[track_caller]
pub(crate) fn issue(key_file: &str, arguments: &[&str]) -> String {
    run(&[&["issue", "--key", key_file], arguments].concat()).expect_code(0).line()
}

/// The verdict of `check-token --json`. Checks that the exit code fits it.
#[track_caller]
pub(crate) fn verdict(config: &str, token: &str) -> Value {
    let answer = run(&["check-token", "--json", "--config", config, "--", token]);
    let verdict = answer.json();
    assert_eq!(answer.code, if verdict["accepted"] == true { 0 } else { 1 }, "{verdict}");
    verdict
}

/// The decoded JSON of a part of a token.
pub(crate) fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&decoded(token.split('.').nth(index).unwrap())).unwrap()
}

pub(crate) fn decoded(base64url: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(base64url).unwrap()
}

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A token without a real signature.
pub(crate) fn unsigned(header: &str, payload: &str) -> String {
    format!("{}.{}.{}", encoded(header), encoded(payload), encoded("signature"))
}
