// SPDX-License-Identifier: Apache-2.0
//! `verify-jws`: verifies the signature only.

use std::ffi::OsString;
use std::io::Write;

use nativejwt_core::{Level, SignatureVerifier, UnixMillis};

use crate::failure::{Failure, Outcome, with_reject};
use crate::hint::Case;
use crate::json::JsonObject;
use crate::jwk::base64url;
use crate::token_argument::{MAX_TOKEN_BYTES, read_token};

/// Verify the signature of a JWS with a key, and print its payload
///
/// The key is a public key or certificate in PEM, an HMAC secret in base64, a JWK, or a JWK Set, from which the token's
/// kid selects one. Claims are not checked: the token may have expired. The payload is printed unchanged.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Example:
  nativejwt verify-jws --key public.pem - < token.txt | jq ."
)]
pub(crate) struct Arguments {
    /// File with the key or the keys
    #[arg(long, value_name = "FILE")]
    key: String,

    /// The token, or - for standard input
    #[arg(value_name = "TOKEN")]
    token: OsString,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let verifier = SignatureVerifier::open(&arguments.key).map_err(|error| Failure::at(&arguments.key, error))?;
    while let Some(event) = verifier.events().pop() {
        let kind = if event.level == Level::Info { "note" } else { "warning" };
        writeln!(std::io::stderr(), "{kind}: {}", event.text)?;
    }
    let token = read_token(&arguments.token)?;
    match verifier.verify(&token, MAX_TOKEN_BYTES) {
        Ok(verified) => {
            if json {
                let object = JsonObject::new()
                    .boolean("verified", true)
                    .text("alg", verified.algorithm.name())
                    .maybe_text("kid", verified.key_id.as_deref())
                    .maybe_text("payload", str::from_utf8(&verified.payload).ok())
                    .text("payload_base64url", &base64url(&verified.payload));
                writeln!(out, "{}", object.finish())?;
            } else {
                out.write_all(&verified.payload)?;
            }
            Ok(Outcome::Accepted)
        }
        Err(reject) => {
            let hint = Case::from_keys(&token, UnixMillis::now(), &arguments.key, &verifier).hint(&reject);
            if json {
                let object =
                    with_reject(JsonObject::new().boolean("verified", false), "reason", &reject).text("hint", &hint);
                writeln!(out, "{}", object.finish())?;
            } else {
                // Standard output is for the payload only.
                let code = reject.code();
                writeln!(std::io::stderr(), "rejected: {code} ({}): {reject}\nhint: {hint}", code.number())?;
            }
            Ok(Outcome::Rejected)
        }
    }
}
