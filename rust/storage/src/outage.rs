// SPDX-License-Identifier: Apache-2.0
//! While STS cannot be reached, only one request from time to time asks it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::rand;

/// The first pause; each next one is twice as long.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Whether STS can be reached, as far as the last exchange told.
#[derive(Debug, Default)]
pub(crate) struct Outage(Mutex<Option<Pause>>);

#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Instant,
    /// The next one's length without the random part.
    length: Duration,
}

impl Outage {
    /// True if STS may be asked. During an outage, this is true once for each pause.
    pub(crate) fn may_ask(&self, now: Instant) -> bool {
        let mut pause = self.lock();
        match &mut *pause {
            None => true,
            Some(pause) if now < pause.until => false,
            Some(pause) => {
                pause.until = now + pause.length;
                true
            }
        }
    }

    /// True while STS cannot be reached.
    pub(crate) fn goes_on(&self) -> bool {
        self.lock().is_some()
    }

    /// STS answered. Returns true if that ends an outage.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().take().is_some()
    }

    /// STS did not answer, or cannot say now. Returns true if that begins an outage.
    pub(crate) fn has_begun_or_goes_on(&self, now: Instant) -> bool {
        let mut pause = self.lock();
        let is_new = pause.is_none();
        let length = pause.map_or(FIRST, |pause| (pause.length * 2).min(LONGEST));
        // Between half of it and all of it, so that coordinators do not ask at the same time.
        let mut random = [0];
        let part = if rand::fill(&mut random).is_ok() { u32::from(random[0]) } else { 255 };
        *pause = Some(Pause { until: now + length / 2 + length * part / 510, length });
        is_new
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pause>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_asked_about_in_growing_pauses() {
        let outage = Outage::default();
        let mut now = Instant::now();
        assert!(outage.may_ask(now) && outage.may_ask(now));
        assert!(outage.has_begun_or_goes_on(now));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let begin = now;
            while !outage.may_ask(now) {
                now += Duration::from_millis(10);
            }
            assert!(!outage.may_ask(now), "one question for each pause");
            pauses.push(now - begin);
            assert!(!outage.has_begun_or_goes_on(now));
        }
        assert!((Duration::from_millis(500)..=Duration::from_millis(1010)).contains(&pauses[0]), "{pauses:?}");
        assert!(pauses[7] >= Duration::from_secs(15) && pauses[7] <= Duration::from_secs(31), "{pauses:?}");
        assert!(outage.is_over() && !outage.is_over());
        assert!(outage.may_ask(now) && outage.may_ask(now));
    }
}
