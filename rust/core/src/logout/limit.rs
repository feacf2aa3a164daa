// SPDX-License-Identifier: Apache-2.0
//! What bounds the work of an endpoint that everybody can reach.

use std::collections::HashMap;
use std::time::Instant;

use crate::clock::UnixMillis;
use crate::logout::token::{LogoutToken, MAX_AGE};

/// The requests of one second.
const REQUESTS_PER_SECOND: u32 = 20;

/// Admits as many requests in each second.
#[derive(Default)]
pub(super) struct RequestLimit {
    /// The second that is counted, and its requests.
    window: Option<(Instant, u32)>,
}

impl RequestLimit {
    pub(super) fn admits(&mut self) -> bool {
        self.admits_at(Instant::now())
    }

    fn admits_at(&mut self, now: Instant) -> bool {
        match &mut self.window {
            Some((begin, requests)) if now.saturating_duration_since(*begin).as_secs() == 0 => {
                *requests += 1;
                *requests <= REQUESTS_PER_SECOND
            }
            window => {
                *window = Some((now, 1));
                true
            }
        }
    }
}

/// The logout tokens that were used and are not too old yet. [`RequestLimit`] bounds their number.
#[derive(Default)]
pub(super) struct UsedTokens {
    /// Issuer and `jti`, with the time at which the token is too old.
    until: HashMap<(String, String), UnixMillis>,
}

impl UsedTokens {
    pub(super) fn contains(&self, token: &LogoutToken, now: UnixMillis) -> bool {
        self.until.get(&token.name()).is_some_and(|until| now <= *until)
    }

    pub(super) fn insert(&mut self, token: LogoutToken, now: UnixMillis) {
        self.until.retain(|_, until| now <= *until);
        let until = UnixMillis(token.issued_at.0.saturating_add(MAX_AGE).saturating_add(token.skew));
        self.until.insert(token.name(), until);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_requests_of_each_second_are_bounded() {
        let mut limit = RequestLimit::default();
        let begin = Instant::now();
        for second in 0..3 {
            let at = begin + Duration::from_secs(second);
            let admitted = (0..100).filter(|_| limit.admits_at(at)).count();
            assert_eq!(admitted, REQUESTS_PER_SECOND as usize);
            assert!(!limit.admits_at(at + Duration::from_millis(999)));
        }
    }
}
