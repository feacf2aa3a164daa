// SPDX-License-Identifier: Apache-2.0
//! Tokens that the revocation file names.

use super::Case;

/// Which entry names the token, and what would let the token in again.
pub(super) fn advice(case: &Case<'_>) -> Option<String> {
    let (line, entry) = case.revoked_by.as_ref()?;
    let way_out = match (entry.issued_before, entry.until) {
        (Some(_), _) => "a token that is issued later is accepted",
        (None, Some(_)) => "the entry ends by itself",
        (None, None) => "the entry stays in force until the line is removed",
    };
    Some(format!("line {line} of revocation-file has the entry {entry}: {way_out}"))
}
