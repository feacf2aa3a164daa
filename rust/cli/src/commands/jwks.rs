//! `jwks`: public keys to a JWK set.

use std::io::Write;
use std::path::{Path, PathBuf};

use nativejwt_core::{public_key_of_pem, quoted};
use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};
use crate::json::{compact, json_string, pretty};
use crate::jwk;
use crate::private_key::{is_json, read_key_file};

/// Make a JWK set of public keys
///
/// Takes public keys and X.509 certificates in PEM, JWKs, and JWK sets. A key's kid is its JWK's, else its RFC 7638
/// thumbprint. Private keys and shared secrets are refused: a JWK set is for everybody to read.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  nativejwt jwks old/public.pem new/public.jwk > jwks.json")]
pub(crate) struct Arguments {
    /// Public keys, certificates, JWKs or JWK sets
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
        let keys = if is_json(&text) { keys_of_json(&text) } else { key_of_pem(&text).map(|key| vec![key]) };
        for (key_id, json) in keys.map_err(|why| Failure::at(file.display(), why))? {
            if let Some(earlier) = entries.iter().find(|entry| entry.key_id == key_id) {
                let why = format!(
                    "its key ID '{}' is already that of a key in {}: stock Trino refuses a whole set for that; give each key its own kid, and each file once",
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

fn key_of_pem(text: &str) -> Result<(String, String), String> {
    if !text.contains("-----BEGIN") {
        return Err("is no PEM, JWK or JWK set. If it is an HMAC secret: that must never be published".to_owned());
    }
    let sections = pem::parse_many(text).map_err(|error| format!("the PEM text is damaged: {error}"))?;
    if let Some(section) = sections.iter().find(|section| section.tag().ends_with("PRIVATE KEY")) {
        return Err(format!(
            "holds a private key ('{}'), which must never be published: 'openssl pkey -in FILE -pubout' gives the public one",
            section.tag()
        ));
    }
    let key = public_key_of_pem(text).map_err(|error| error.to_string())?;
    let numbers = key.public_numbers().ok_or("holds no public key")?;
    let members = jwk::public_members(numbers);
    let key_id = jwk::thumbprint(&members);
    let json = jwk::object(&members).text("kid", &key_id).text("use", "sig").finish();
    Ok((key_id, json))
}

/// The keys of a JWK or a JWK set.
fn keys_of_json(text: &str) -> Result<Vec<(String, String)>, String> {
    Err(String::new())
}
