//! Stops origins whose fixes do not help, and those whose proposals are denied again and again.

use super::Options;
use super::streaks::Streaks;
use crate::domain::GateEvent;

/// Before the key of an origin, for the breaker that counts its denials.
const DENIED: &str = "denied:";

/// What is counted of each origin, in a row.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    /// Fixes that did not help.
    failures: Streaks,
    /// Proposals that the gate denied.
    denials: Streaks,
}

/// One breaker, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// The origin, such as `rule:restart-pods`; with `denied:` before it where denials are counted.
    pub key: String,
    /// How many there were in a row.
    pub count: u32,
    /// So many open it; 0 for none.
    pub limit: u32,
    /// Whether it lets nothing of its origin through.
    pub open: bool,
}

impl Breaker {
    fn new(key: String, count: u32, limit: u32) -> Self {
        Self { key, count, limit, open: limit > 0 && count >= limit }
    }

    /// What was counted, as the beginning of a sentence.
    pub fn story(&self) -> String {
        let (origin, count) = (self.key.strip_prefix(DENIED), self.count);
        match origin {
            Some(origin) => format!("the last {count} proposals of {origin} were denied"),
            None => format!("the last {count} fixes of {} did not help", self.key),
        }
    }
}

impl Breakers {
    /// Learns what is counted; the breaker that this opens.
    pub fn learn(&mut self, gate_event: &GateEvent, options: &Options) -> Option<Breaker> {
        let opened = match gate_event {
            GateEvent::Ended { origin: Some(origin), helped, .. } => {
                self.failures.note(origin, !helped);
                self.failed(origin, options)
            }
            GateEvent::Ruled { origin, denied } => {
                self.denials.note(origin, *denied);
                self.denied(origin, options)
            }
            GateEvent::Reset { key } => {
                self.reset(key);
                return None;
            }
            GateEvent::Begun { .. } | GateEvent::NotBegun { .. } | GateEvent::Ended { .. } => return None,
        };
        (opened.open && opened.count == opened.limit).then_some(opened)
    }

    fn failed(&self, origin: &str, options: &Options) -> Breaker {
        Breaker::new(origin.to_string(), self.failures.count(origin), options.breaker_after)
    }

    fn denied(&self, origin: &str, options: &Options) -> Breaker {
        Breaker::new(format!("{DENIED}{origin}"), self.denials.count(origin), options.denied_after)
    }

    /// The open breakers of an origin.
    pub fn open(&self, origin: &str, options: &Options) -> impl Iterator<Item = Breaker> {
        [self.failed(origin, options), self.denied(origin, options)].into_iter().filter(|breaker| breaker.open)
    }

    /// Everything that has been counted.
    pub fn list(&self, options: &Options) -> Vec<Breaker> {
        let failures =
            self.failures.list().map(|(key, count)| Breaker::new(key.to_string(), count, options.breaker_after));
        let denials =
            self.denials.list().map(|(key, count)| Breaker::new(format!("{DENIED}{key}"), count, options.denied_after));
        failures.chain(denials).collect()
    }

    /// Forgets a count; false when there was none.
    pub fn reset(&mut self, key: &str) -> bool {
        match key.strip_prefix(DENIED) {
            Some(origin) => self.denials.reset(origin),
            None => self.failures.reset(key),
        }
    }
}
