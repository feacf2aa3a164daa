//! Principal → Trino user, as `io.trino.server.security.UserMapping` does it.

use crate::reject::{Reject, RejectCode};

/// The rules of an authenticator.
pub(crate) struct UserMapping;

impl UserMapping {
    /// The rule that stands where nothing is configured: `(.*)` to `$1`, trimmed.
    pub(crate) fn identity() -> Self {
        Self
    }

    pub(crate) fn map_user(&self, principal: &str) -> Result<String, Reject> {
        // `.` of java.util.regex stops at every line terminator.
        if principal.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
            return Err(Reject::new(RejectCode::NoMappingMatches, "No user mapping patterns match the principal"));
        }
        let user = principal.trim_matches(|c| c <= ' ');
        if user.is_empty() {
            return Err(Reject::new(RejectCode::MappedUserEmpty, "Principal matched, but mapped user is empty"));
        }
        Ok(user.to_owned())
    }
}
