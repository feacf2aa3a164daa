// SPDX-License-Identifier: Apache-2.0
//! Log lines for the operator. They wait in a queue until the caller drains it, because native threads never call into Java.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::config::Finding;
use crate::metrics::Happenings;

/// The severity of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Requests are rejected, or will be.
    Error,
    /// Something is dangerous or does not work as configured.
    Warning,
    /// A change that an operator may want to know.
    Info,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Error => "ERROR",
            Level::Warning => "WARN",
            Level::Info => "INFO",
        })
    }
}

/// One line for the log. It contains no token and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its severity.
    pub level: Level,
    /// One line of text.
    pub text: String,
    /// The name by which `check-config` reports it, if it has one.
    pub finding: Option<Finding>,
}

/// The queue of events, with counters of what happens besides requests. It is bounded: when it is full, the oldest events are dropped, and a warning states their number.
#[derive(Debug, Default)]
pub struct Events {
    queue: Mutex<Queue>,
    happenings: Happenings,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    dropped: usize,
}

impl Events {
    const CAPACITY: usize = 1000;

    /// Adds an event. Line breaks in `text` become spaces.
    pub fn push(&self, level: Level, text: impl Into<String>) {
        self.add(level, text, None);
    }

    /// Adds a warning that `check-config` reports by name.
    pub(crate) fn warn(&self, finding: Finding, text: impl Into<String>) {
        self.add(Level::Warning, text, Some(finding));
    }

    pub(crate) fn add(&self, level: Level, text: impl Into<String>, finding: Option<Finding>) {
        let text = text.into().replace(['\n', '\r'], " ");
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.events.len() == Self::CAPACITY {
            queue.events.pop_front();
            queue.dropped += 1;
            self.happenings.event_was_dropped();
        }
        queue.events.push_back(Event { level, text, finding });
    }

    /// Adds the event of a defect of this software, and counts it. `text` says what happened and what follows.
    pub fn defect(&self, text: &str) {
        self.happenings.defect();
        self.push(Level::Error, format!("{text}. Please report this."));
    }

    /// What happened besides requests.
    pub(crate) fn happenings(&self) -> &Happenings {
        &self.happenings
    }

    /// Removes the oldest event.
    pub fn pop(&self) -> Option<Event> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.dropped > 0 {
            let text = format!("{} older log messages were dropped because the queue was full", queue.dropped);
            queue.dropped = 0;
            return Some(Event { level: Level::Warning, text, finding: None });
        }
        queue.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_keep_their_order_and_a_full_queue_reports_what_it_dropped() {
        let events = Events::default();
        for number in 0..Events::CAPACITY + 2 {
            events.push(Level::Info, format!("event\n{number}"));
        }
        assert_eq!(events.pop().unwrap().text, "2 older log messages were dropped because the queue was full");
        assert_eq!(events.pop().unwrap().text, "event 2");
    }
}
