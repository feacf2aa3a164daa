// SPDX-License-Identifier: Apache-2.0
//! What bounds the work of an endpoint that everybody can reach.

use std::collections::HashMap;
use std::time::Instant;

use crate::clock::UnixMillis;
use crate::logout::token::{LogoutToken, MAX_AGE};

/// The signatures that are verified in one second, which takes a tenth of one processor at most. An administrator can log
/// out thousands of users at once.
const VERIFICATIONS_PER_SECOND: u32 = 1000;

/// Admits as many verifications in each second.
#[derive(Default)]
pub(super) struct VerificationLimit {
    /// The second that is counted, and its verifications.
    window: Option<(Instant, u32)>,
}

impl VerificationLimit {
    pub(super) fn admits(&mut self) -> bool {
        self.admits_at(Instant::now())
    }

    fn admits_at(&mut self, now: Instant) -> bool {
        match &mut self.window {
            Some((begin, verifications)) if now.saturating_duration_since(*begin).as_secs() == 0 => {
                *verifications += 1;
                *verifications <= VERIFICATIONS_PER_SECOND
            }
            window => {
                *window = Some((now, 1));
                true
            }
        }
    }
}

/// The logout tokens that were used and are not too old yet. [`VerificationLimit`] bounds their number.
#[derive(Default)]
pub(super) struct UsedTokens {
    /// Issuer and `jti`, with the time at which the token is too old.
    until: HashMap<(String, String), UnixMillis>,
    /// The number at which those that are too old are removed.
    prune_at: usize,
}

impl UsedTokens {
    pub(super) fn contains(&self, token: &LogoutToken, now: UnixMillis) -> bool {
        self.until.get(&token.name()).is_some_and(|until| now <= *until)
    }

    pub(super) fn insert(&mut self, token: LogoutToken, now: UnixMillis) {
        if self.until.len() >= self.prune_at {
            self.until.retain(|_, until| now <= *until);
            self.prune_at = 2 * self.until.len() + 1024;
        }
        let until = UnixMillis(token.issued_at.0.saturating_add(MAX_AGE).saturating_add(token.skew));
        self.until.insert(token.name(), until);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_verifications_of_each_second_are_bounded() {
        let mut limit = VerificationLimit::default();
        let begin = Instant::now();
        for second in 0..3 {
            let at = begin + Duration::from_secs(second);
            let admitted = (0..5000).filter(|_| limit.admits_at(at)).count();
            assert_eq!(admitted, VERIFICATIONS_PER_SECOND as usize);
            assert!(!limit.admits_at(at + Duration::from_millis(999)));
        }
    }
}
