//! What the library has to say to an operator outside of a verdict: it is kept until somebody fetches it, since native
//! threads never call into Java.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Logins fail or will fail.
    Error,
    /// Something is dangerous or does not work as configured.
    Warning,
    /// News that an operator wants to find in the log.
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

/// One line for the log. It holds no token and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// How much it matters.
    pub level: Level,
    /// One line of text.
    pub text: String,
}

/// The events that nobody has fetched yet. Bounded: when it is full, the oldest give way, and their number is told.
#[derive(Debug, Default)]
pub struct Events {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    dropped: usize,
}

impl Events {
    const MAX_KEPT: usize = 1000;

    /// Adds an event. Line breaks in `text` become spaces.
    pub fn push(&self, level: Level, text: impl Into<String>) {
        let text = text.into().replace(['\n', '\r'], " ");
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.events.len() == Self::MAX_KEPT {
            kept.events.pop_front();
            kept.dropped += 1;
        }
        kept.events.push_back(Event { level, text });
    }

    /// Takes the oldest event.
    pub fn pop(&self) -> Option<Event> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.dropped > 0 {
            let text = format!("{} older messages were dropped because nobody fetched them", kept.dropped);
            kept.dropped = 0;
            return Some(Event { level: Level::Warning, text });
        }
        kept.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_in_order_and_a_full_store_says_what_it_dropped() {
        let events = Events::default();
        for number in 0..Events::MAX_KEPT + 2 {
            events.push(Level::Info, format!("event\n{number}"));
        }
        assert_eq!(events.pop().unwrap().text, "2 older messages were dropped because nobody fetched them");
        assert_eq!(events.pop().unwrap().text, "event 2");
    }
}
