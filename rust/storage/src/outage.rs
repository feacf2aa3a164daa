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
pub(crate) struct Outage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pause: Option<Pause>,
    /// When STS answered last.
    answered_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Instant,
    /// The next one's length without the random part.
    length: Duration,
}

/// The leave to ask STS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leave {
    begin: Instant,
    /// It is the one question at the end of a pause.
    ends_pause: bool,
}

impl Outage {
    /// The leave to ask STS. During an outage, there is one for each pause.
    pub(crate) fn may_ask(&self, now: Instant) -> Option<Leave> {
        let mut state = self.lock();
        match &mut state.pause {
            None => Some(Leave { begin: now, ends_pause: false }),
            Some(pause) if now < pause.until => None,
            Some(pause) => {
                pause.until = now + pause.length;
                Some(Leave { begin: now, ends_pause: true })
            }
        }
    }

    /// True while STS cannot be reached.
    pub(crate) fn goes_on(&self) -> bool {
        self.lock().pause.is_some()
    }

    /// STS answered. Returns true if that ends an outage.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        let mut state = self.lock();
        state.answered_at = Some(now);
        state.pause.take().is_some()
    }

    /// STS did not answer, or cannot say now. Returns true if that begins an outage. Requests that failed together make one
    /// pause, and a request that began before the last answer makes none.
    pub(crate) fn has_failed(&self, leave: Leave, now: Instant) -> bool {
        let mut state = self.lock();
        if state.answered_at.is_some_and(|at| leave.begin < at) {
            return false;
        }
        let length = match state.pause {
            None => FIRST,
            Some(pause) if leave.ends_pause => (pause.length * 2).min(LONGEST),
            Some(_) => return false,
        };
        let is_new = state.pause.is_none();
        // Between half of it and all of it, so that coordinators do not ask at the same time.
        let mut random = [0];
        let part = if rand::fill(&mut random).is_ok() { u32::from(random[0]) } else { 255 };
        state.pause = Some(Pause { until: now + length / 2 + length * part / 510, length });
        is_new
    }

    fn lock(&self) -> MutexGuard<'_, State> {
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
        let first = outage.may_ask(now).unwrap();
        assert!(outage.may_ask(now).is_some());
        assert!(outage.has_failed(first, now));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let begin = now;
            let leave = loop {
                if let Some(leave) = outage.may_ask(now) {
                    break leave;
                }
                now += Duration::from_millis(10);
            };
            assert!(outage.may_ask(now).is_none(), "one question for each pause");
            pauses.push(now - begin);
            assert!(!outage.has_failed(leave, now));
        }
        assert!((Duration::from_millis(500)..=Duration::from_millis(1010)).contains(&pauses[0]), "{pauses:?}");
        assert!(pauses[7] >= Duration::from_secs(15) && pauses[7] <= Duration::from_secs(31), "{pauses:?}");
        assert!(outage.is_over(now) && !outage.is_over(now));
        assert!(outage.may_ask(now).is_some());
    }

    #[test]
    fn requests_that_fail_together_make_one_pause_of_a_second() {
        let outage = Outage::default();
        let now = Instant::now();
        let leaves: Vec<_> = (0..12).map(|_| outage.may_ask(now).unwrap()).collect();
        let begun = leaves.iter().filter(|leave| outage.has_failed(**leave, now)).count();
        assert_eq!(begun, 1);
        assert!(outage.may_ask(now + Duration::from_millis(1010)).is_some());
    }

    #[test]
    fn a_request_from_before_the_last_answer_begins_no_outage() {
        let outage = Outage::default();
        let now = Instant::now();
        let slow = outage.may_ask(now).unwrap();
        assert!(!outage.is_over(now + Duration::from_secs(1)));
        assert!(!outage.has_failed(slow, now + Duration::from_secs(5)));
        assert!(!outage.goes_on());
    }
}
