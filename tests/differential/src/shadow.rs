// SPDX-License-Identifier: Apache-2.0
//! Shadow mode: with the verdict and the message of Trino's own class, each difference must have an explanation.

use std::time::Duration;

use nativejwt_core::{Authenticator, BuiltIn, Explanation, HostProcess, ShadowHeader, UnixMillis};

use crate::differences;
use crate::engines::open_core_in;
use crate::oracle::Verdict;
use test_support::PREFIX;

/// The row for properties that Trino does not have; shadow mode says `configured`.
const OWN_PROPERTIES: &str = "own-properties";

/// Opens the core in shadow mode; `None` for a configuration that shadow mode rejects.
#[must_use]
pub fn open(properties: &[(String, String)]) -> Option<Authenticator> {
    let shadow = (format!("{PREFIX}shadow"), "true".to_owned());
    let host = HostProcess { beside_built_in: true, ..HostProcess::default() };
    open_core_in(&[properties, &[shadow]].concat(), &host).ok()
}

/// Compares the explanation with the listed difference.
///
/// # Errors
/// There is no explanation, or that of another row than the slug's.
pub fn check(
    shadow: &Authenticator,
    authorization: &[u8],
    now: i64,
    stock: &Verdict,
    slug: Option<&str>,
) -> Result<(), String> {
    let (user, principal);
    let built_in = match stock {
        Verdict::Accept { user: accepted, principal: named } => {
            (user, principal) = (utf8(accepted), utf8(named));
            BuiltIn::Accepted { user: &user, principal: &principal }
        }
        Verdict::Reject { message, .. } => BuiltIn::Rejected { message },
        Verdict::Fail(exception) => BuiltIn::Failed { overflow: exception.contains("StackOverflow") },
        Verdict::Lost | Verdict::Missing => return Ok(()),
    };
    let header = ShadowHeader::Value(authorization);
    let Some(found) = shadow.judge_shadow(header, UnixMillis(now), &built_in, Duration::ZERO) else { return Ok(()) };
    let explanation = found.disagreement.explanation;
    let verdicts = found.disagreement;
    let row = slug.and_then(row_of);
    match row.as_deref() {
        _ if explanation == Explanation::Unexplained => {
            Err(format!("shadow mode does not explain: {verdicts}: {} (row {row:?})", found.text))
        }
        Some(OWN_PROPERTIES) if explanation == Explanation::Configured => Ok(()),
        Some(row) if row != explanation.id() => {
            Err(format!("shadow mode says {}, not {row}: {verdicts}", explanation.id()))
        }
        _ => Ok(()),
    }
}

/// As Java writes it in UTF-8, with a question mark for half of a surrogate pair.
fn utf8(text: &[u16]) -> String {
    char::decode_utf16(text.iter().copied()).map(|unit| unit.unwrap_or('?')).collect()
}

/// The id of the slug's row in DIFFERENCES.md.
fn row_of(slug: &str) -> Option<String> {
    let line = differences::lines().remove(slug)?;
    let document = differences::document();
    let row = document.lines().find(|row| row.contains(&line))?;
    row.split('`').nth(1).map(str::to_owned)
}
