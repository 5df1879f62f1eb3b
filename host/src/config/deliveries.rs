//! `[deliveries]`: how long and how often a message is tried.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Report;
use super::unit::Period;

/// A pause of more would outlast most outages.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// How long and how often a message is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliveries {
    /// How old a message may become that no target takes.
    pub give_up_after: Duration,
    /// Attempts at one message.
    pub attempts: u32,
    /// The longest pause between two attempts, also where a target asks for more.
    pub longest_pause: Duration,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    give_up_after: Option<Period>,
    attempts: Option<u32>,
    longest_pause: Option<Period>,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Deliveries {
        if self.attempts == Some(0) {
            report(&["deliveries", "attempts"], "at least 1, or nobody would ever be told anything".into());
        }
        let pause = |period: &Period| (Duration::from_secs(1)..=LONGEST_PAUSE).contains(&period.0);
        if self.longest_pause.as_ref().is_some_and(|period| !pause(period)) {
            report(&["deliveries", "longest_pause"], "from 1s to 24h".into());
        }
        Deliveries {
            give_up_after: self.give_up_after.map_or(Duration::from_secs(24 * 3600), |period| period.0),
            attempts: self.attempts.unwrap_or(200),
            longest_pause: self.longest_pause.map_or(Duration::from_secs(1800), |period| period.0),
        }
    }
}
