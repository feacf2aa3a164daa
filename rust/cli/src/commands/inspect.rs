// SPDX-License-Identifier: Apache-2.0
//! `inspect`: shows the content of a token.

use std::ffi::OsString;
use std::io::Write;

use nativejwt_control::in_words;
use nativejwt_core::{Rejection, UnixMillis, UnverifiedToken};
use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome, with_reject};
use crate::hint::Case;
use crate::json::{JsonObject, compact, pretty};
use crate::token_argument::{MAX_TOKEN_BYTES, read_token};

/// Show header and claims of a token, without verifying it
///
/// Anyone can write such a token: only 'check-token' and 'verify-jws' verify the signature. Unprintable characters of
/// the token are shown as escapes.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt inspect eyJhbGciOi…
  nativejwt issue --key private.pem --claim sub=alice | nativejwt inspect -"
)]
pub(crate) struct Arguments {
    /// The token, or - for standard input
    #[arg(value_name = "TOKEN")]
    token: OsString,
}

/// The claims that hold times, and their labels in the output.
const TIMES: [(&str, &str); 4] =
    [("iat", "issued"), ("nbf", "not before"), ("exp", "expires"), ("auth_time", "logged in")];

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let bytes = read_token(&arguments.token)?;
    let now = UnixMillis::now();
    let case = Case::from_token(&bytes, now);
    let token = match UnverifiedToken::decode(&bytes, MAX_TOKEN_BYTES) {
        Ok(token) => token,
        Err(reject) => return show_rejection(&reject, &case, json, out),
    };
    let (Ok(header), Ok(claims)) = (compact(&token.header), compact(&token.payload)) else {
        let reject = token.check_form().err().unwrap_or_else(Rejection::internal_error);
        return show_rejection(&reject, &case, json, out);
    };
    let form = token.check_form();
    let remarks = case.remarks();
    if json {
        let object = JsonObject::new().boolean("verified", false).raw("header", &header).raw("claims", &claims);
        let object = match &form {
            Ok(()) => object,
            Err(reject) => {
                let object_of_reject =
                    with_reject(JsonObject::new(), "reason", reject).text("hint", &case.hint(reject));
                object.raw("unacceptable", &object_of_reject.finish())
            }
        };
        let object = if remarks.is_empty() { object } else { object.texts("remarks", &remarks) };
        writeln!(out, "{}", object.finish())?;
        return Ok(Outcome::Accepted);
    }
    writeln!(out, "NOT VERIFIED: anyone can write such a token.")?;
    let laid_out = |part: &[u8]| pretty(part, 2).map_err(Failure::Message);
    writeln!(out, "\nheader\n  {}\n\nclaims\n  {}", laid_out(&token.header)?, laid_out(&token.payload)?)?;
    write_times(&token.payload, now, out)?;
    writeln!(out, "\nsignature\n  {} bytes, not verified", token.signature.len())?;
    if let Err(reject) = form {
        writeln!(out, "\nrejected by every coordinator\n  {} ({}): {reject}", reject.code(), reject.code().number())?;
        writeln!(out, "  hint: {}", case.hint(&reject))?;
    }
    for remark in remarks {
        writeln!(out, "\nnote: {remark}")?;
    }
    Ok(Outcome::Accepted)
}

fn show_rejection(reject: &Rejection, case: &Case<'_>, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    if json {
        let object = with_reject(JsonObject::new().boolean("verified", false), "reason", reject);
        let object = object.text("hint", &case.hint(reject));
        writeln!(out, "{}", object.finish())?;
    } else {
        writeln!(out, "{} ({}): {reject}", reject.code(), reject.code().number())?;
        writeln!(out, "hint: {}", case.hint(reject))?;
    }
    Ok(Outcome::Rejected)
}

fn write_times(payload: &[u8], now: UnixMillis, out: &mut dyn Write) -> Result<(), Failure> {
    let Ok(claims) = serde_json::from_slice::<Map<String, Value>>(payload) else { return Ok(()) };
    let mut lines = Vec::new();
    for (claim, meaning) in TIMES {
        let seconds = claims.get(claim).and_then(|value| value.as_i64().or_else(|| whole_seconds(value)));
        if let Some(millis) = seconds.and_then(|seconds| seconds.checked_mul(1000)) {
            lines.push(format!("  {meaning:<10}  {}", in_words(UnixMillis(millis), now)));
        }
    }
    if !claims.contains_key("exp") {
        lines.push("  expires     never: the token has no exp".to_owned());
    }
    writeln!(out, "\ntimes\n{}", lines.join("\n"))?;
    Ok(())
}

/// The seconds of a time with a fraction, rounded down.
#[expect(clippy::cast_possible_truncation, reason = "as saturates, and a time so far away is shown as a year")]
fn whole_seconds(value: &Value) -> Option<i64> {
    value.as_f64().map(|seconds| seconds.floor() as i64)
}
