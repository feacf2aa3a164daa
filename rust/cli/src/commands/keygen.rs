// SPDX-License-Identifier: Apache-2.0
//! `keygen`: generates a key.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nativejwt_core::{Algorithm, public_keys};
use pem::{EncodeConfig, LineEnding, Pem};
use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};
use crate::json::JsonObject;
use crate::jwk;
use crate::private_key::{NewKeyPair, hmac_algorithm};

/// Generate a key pair or a shared secret
///
/// Writes private.pem (PKCS#8), public.pem (SubjectPublicKeyInfo), private.jwk and public.jwk into DIR, or for an HMAC
/// algorithm secret.b64 and secret.jwk. Private files are created with mode 0600, the others with 0644 at most, and DIR
/// with 0755 at most. Files are never overwritten. RSA keys have 2048 bits.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt keygen --alg RS256 --out keys
  nativejwt keygen --alg ES256 --kid 2026-11 --out keys/2026-11"
)]
pub(crate) struct Arguments {
    /// JWS algorithm of the key: HS256, RS256, PS256, ES256, EdDSA, …
    #[arg(long, value_name = "A", value_parser = super::algorithm)]
    alg: Algorithm,

    /// Folder for the files; created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Key ID for the JWKs; by default the RFC 7638 thumbprint for a key pair, and none for a secret
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    kid: Option<String>,
}

/// A file to write.
struct NewFile {
    name: &'static str,
    is_private: bool,
    content: Zeroizing<String>,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let (key_id, files) = match hmac_algorithm(arguments.alg) {
        Some((_, bytes)) => (arguments.kid.clone(), secret_files(arguments, bytes)?),
        None => key_pair_files(arguments)?,
    };
    let paths = write_all(&arguments.out, &files)?;
    if json {
        let object = JsonObject::new()
            .text("alg", arguments.alg.name())
            .maybe_text("kid", key_id.as_deref())
            .texts("files", &paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>());
        writeln!(out, "{}", object.finish())?;
        return Ok(Outcome::Accepted);
    }
    for (file, path) in files.iter().zip(&paths) {
        let secrecy = if file.is_private { "  (mode 0600: with this file, anyone can log in as any user)" } else { "" };
        writeln!(out, "{}{secrecy}", path.display())?;
    }
    if let Some(key_id) = key_id {
        writeln!(out, "kid {}", nativejwt_core::quoted(&key_id))?;
    }
    Ok(Outcome::Accepted)
}

fn secret_files(arguments: &Arguments, bytes: usize) -> Result<Vec<NewFile>, Failure> {
    let mut secret = Zeroizing::new(vec![0; bytes]);
    rand::fill(&mut secret).map_err(|_| Failure::Message("the system returned no random numbers".to_owned()))?;
    let jwk = JsonObject::new().text("kty", "oct").text("k", &jwk::base64url(&secret));
    let jwk = with_purpose(jwk, arguments.kid.as_deref(), arguments.alg);
    let base64 = Zeroizing::new(STANDARD.encode(&*secret) + "\n");
    Ok(vec![
        NewFile { name: "secret.b64", is_private: true, content: base64 },
        NewFile { name: "secret.jwk", is_private: true, content: Zeroizing::new(jwk.finish() + "\n") },
    ])
}

fn key_pair_files(arguments: &Arguments) -> Result<(Option<String>, Vec<NewFile>), Failure> {
    let pair = NewKeyPair::generate(arguments.alg).map_err(Failure::Message)?;
    let private_pem = armoured("PRIVATE KEY", &pair.private_der);
    let public_pem = armoured("PUBLIC KEY", &pair.public_der);
    // Read the key back like a coordinator, so that a key which it would not load is an error here.
    let public = public_keys(&public_pem).map_err(|error| Failure::Message(error.to_string()))?;
    let [public] = public.keys.as_slice() else {
        return Err(Failure::Message("the new key cannot be read back".to_owned()));
    };
    let members =
        jwk::public_members(public.public_key_parameters().map_err(|error| Failure::Message(error.to_string()))?);
    let key_id = arguments.kid.clone().unwrap_or_else(|| jwk::thumbprint(&members));
    let public_jwk = with_purpose(jwk::object(&members), Some(&key_id), arguments.alg).finish() + "\n";
    let private_jwk =
        pair.private_members.iter().fold(jwk::object(&members), |json, (name, value)| json.text(name, value));
    let private_jwk = with_purpose(private_jwk, Some(&key_id), arguments.alg).finish() + "\n";
    let files = vec![
        NewFile { name: "private.pem", is_private: true, content: private_pem },
        NewFile { name: "public.pem", is_private: false, content: public_pem },
        NewFile { name: "private.jwk", is_private: true, content: Zeroizing::new(private_jwk) },
        NewFile { name: "public.jwk", is_private: false, content: Zeroizing::new(public_jwk) },
    ];
    Ok((Some(key_id), files))
}

fn with_purpose(jwk: JsonObject, key_id: Option<&str>, algorithm: Algorithm) -> JsonObject {
    let jwk = match key_id {
        Some(key_id) => jwk.text("kid", key_id),
        None => jwk,
    };
    jwk.text("use", "sig").text("alg", algorithm.name())
}

fn armoured(label: &str, der: &[u8]) -> Zeroizing<String> {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    Zeroizing::new(pem::encode_config(&Pem::new(label, der), config))
}

/// Creates all files or none: if one fails, those created before it are removed.
fn write_all(folder: &Path, files: &[NewFile]) -> Result<Vec<PathBuf>, Failure> {
    make_folder(folder).map_err(|error| Failure::at(folder.display(), format!("cannot be created: {error}")))?;
    let mut written: Vec<PathBuf> = Vec::new();
    for file in files {
        let path = folder.join(file.name);
        let result = create(&path, file.is_private).and_then(|mut created| {
            written.push(path.clone());
            created.write_all(file.content.as_bytes())
        });
        if let Err(error) = result {
            for path in &written {
                let _ = fs::remove_file(path);
            }
            let why = match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    "already exists, and keys are never overwritten: give another --out".to_owned()
                }
                _ => format!("cannot be written: {error}"),
            };
            return Err(Failure::at(path.display(), why));
        }
    }
    Ok(written)
}

/// Creates a folder and its missing parents. Other users may not write to them, whatever the umask allows.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o755);
    }
    builder.create(folder)
}

/// Creates a new file. From the start, other users may not write to it, nor read it if it is private.
fn create(path: &Path, is_private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if is_private { 0o600 } else { 0o644 });
    }
    options.open(path)
}
