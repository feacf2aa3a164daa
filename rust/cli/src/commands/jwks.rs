// SPDX-License-Identifier: Apache-2.0
//! `jwks`: makes a JWK Set from public keys.

use std::io::Write;
use std::path::{Path, PathBuf};

use nativejwt_core::{KeyError, PublicKey, PublicKeys, public_keys, quoted};

use crate::failure::{Failure, Outcome};
use crate::json::{compact, pretty};
use crate::jwk;
use crate::private_key::read_key_file;

/// Make a JWK Set from public keys
///
/// Reads public keys and X.509 certificates in PEM, JWKs, and JWK Sets. The kid of a key is that of its JWK, else its RFC
/// 7638 thumbprint. As in a coordinator, an unusable key of a set is left out, with the reason on standard error. Private
/// keys and shared secrets are never written, because a JWK Set is public.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Example:
  nativejwt jwks old/public.pem new/public.jwk > jwks.json"
)]
pub(crate) struct Arguments {
    /// Public keys, certificates, JWKs or JWK Sets
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// A key of the set, as JSON, and where it came from.
struct Entry<'a> {
    key_id: String,
    json: String,
    file: &'a Path,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for file in &arguments.files {
        let text = read_key_file(file)?;
        let PublicKeys { keys, notes } = public_keys(&text).map_err(|why| Failure::at(file.display(), why))?;
        for note in notes {
            writeln!(std::io::stderr(), "warning: {}: {note}", file.display())?;
        }
        for key in &keys {
            let (key_id, json) = entry_of(key).map_err(|why| Failure::at(file.display(), why))?;
            if let Some(earlier) = entries.iter().find(|entry| entry.key_id == key_id) {
                let why = format!(
                    "its key ID '{}' is also that of a key in {}. Trino's built-in authenticator does not load a set with a repeated kid: give each key its own kid, and each file once",
                    quoted(&key_id),
                    earlier.file.display()
                );
                return Err(Failure::at(file.display(), why));
            }
            entries.push(Entry { key_id, json, file });
        }
    }
    let keys: Vec<&str> = entries.iter().map(|entry| entry.json.as_str()).collect();
    let document = format!("{{\"keys\":[{}]}}", keys.join(","));
    let document = if json { compact(document.as_bytes()) } else { pretty(document.as_bytes(), 0) };
    writeln!(out, "{}", document.map_err(Failure::Message)?)?;
    Ok(Outcome::Accepted)
}

/// Key ID and JSON of a key.
fn entry_of(key: &PublicKey) -> Result<(String, String), KeyError> {
    let members = jwk::public_members(key.public_key_parameters()?);
    let key_id = key.key_id.clone().unwrap_or_else(|| jwk::thumbprint(&members));
    let json = jwk::object(&members).text("kid", &key_id).text("use", "sig");
    let json = match key.bound_to() {
        Some(algorithm) => json.text("alg", algorithm.name()),
        None => json,
    };
    Ok((key_id, json.finish()))
}
