//! `[gate]`: bounds that hold whatever the policies say.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Report;
use super::unit::Period;

/// Bounds of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// After a change to a target, no other incident changes it for this long.
    pub cooldown: Duration,
    /// Different targets that one incident may change.
    pub targets_per_incident: usize,
    /// Fixes in a row that did not help, after which their origin is stopped.
    pub breaker_after: u32,
    /// Denied proposals in a row, after which their origin is stopped.
    pub denied_after: u32,
    /// Looks that policies, a plugin or the model may make in one incident, each.
    pub looks_per_origin: usize,
    /// Looks of one incident, but for those that verify.
    pub looks_per_incident: usize,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    cooldown: Option<Period>,
    targets_per_incident: Option<usize>,
    breaker_after: Option<u32>,
    denied_after: Option<u32>,
    looks_per_origin: Option<usize>,
    looks_per_incident: Option<usize>,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Gate {
        for (key, given) in [("breaker_after", self.breaker_after), ("denied_after", self.denied_after)] {
            if given == Some(0) {
                report(&["gate", key], "at least 1; a breaker cannot be switched off".into());
            }
        }
        for (key, given) in
            [("looks_per_origin", self.looks_per_origin), ("looks_per_incident", self.looks_per_incident)]
        {
            if given == Some(0) {
                report(&["gate", key], "at least 1, or nothing could ever be looked at".into());
            }
        }
        Gate {
            cooldown: self.cooldown.map_or(Duration::from_secs(600), |period| period.0),
            targets_per_incident: self.targets_per_incident.unwrap_or(5),
            breaker_after: self.breaker_after.unwrap_or(3),
            denied_after: self.denied_after.unwrap_or(5),
            looks_per_origin: self.looks_per_origin.unwrap_or(200),
            looks_per_incident: self.looks_per_incident.unwrap_or(500),
        }
    }
}
