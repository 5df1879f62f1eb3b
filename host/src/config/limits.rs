//! `[limits]`: how long and how often the host tries.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Report;
use super::unit::Period;
use crate::domain::call::LONGEST_VERIFICATION_MS;

/// Alerts of one incident that policies see.
const SHOWN: usize = 1_000;

/// The longest that an action may wait until it can be begun.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Limits of handling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a handled incident waits for its alerts to resolve.
    pub watch: Duration,
    /// How long an action without a verification of its own may take to help.
    pub settle: Duration,
    /// How often one action may be begun whose answers get lost.
    pub attempts: u32,
    /// Model calls an incident may cost.
    pub model_calls: u64,
    /// Read-only calls that one answer of the model may ask for.
    pub looks_per_answer: usize,
    /// The longest that a verification may take.
    pub verification: Duration,
    /// Looks that one verification may cost.
    pub verification_looks: u32,
    /// How long a step waits for a tool server that cannot be called.
    pub begin_within: Duration,
    /// Live incidents of one source.
    pub incidents: usize,
    /// Alerts of one incident that are kept in full.
    pub alerts_per_incident: usize,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    watch: Option<Period>,
    settle: Option<Period>,
    attempts: Option<u32>,
    model_calls: Option<u64>,
    looks_per_answer: Option<usize>,
    verification: Option<Period>,
    verification_looks: Option<u32>,
    begin_within: Option<Period>,
    incidents: Option<usize>,
    alerts_per_incident: Option<usize>,
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Limits {
        if self.looks_per_answer == Some(0) {
            report(&["limits", "looks_per_answer"], "at least 1, or the model could never look".into());
        }
        if self.attempts == Some(0) {
            report(&["limits", "attempts"], "at least 1, or nothing could ever be executed".into());
        }
        if self.verification_looks == Some(0) {
            report(&["limits", "verification_looks"], "at least 1, or nothing could ever be verified".into());
        }
        if self.incidents == Some(0) {
            report(&["limits", "incidents"], "at least 1, or no alert would get an incident of its own".into());
        }
        if self.alerts_per_incident.is_some_and(|alerts| !(1..=SHOWN).contains(&alerts)) {
            report(&["limits", "alerts_per_incident"], format!("1 to {SHOWN}: policies see no more of one incident"));
        }
        let longest = Duration::from_millis(LONGEST_VERIFICATION_MS);
        if self.verification.is_some_and(|period| period.0 > longest) {
            report(&["limits", "verification"], "at most 24h: what has not helped by then has not helped".into());
        }
        if self.begin_within.is_some_and(|period| period.0 > LONGEST_WAIT) {
            report(&["limits", "begin_within"], "at most 24h: a repair that waited for longer fits no more".into());
        }
        let minutes = |period: Option<Period>, default: u64| period.map_or(Duration::from_secs(default * 60), |p| p.0);
        Limits {
            watch: minutes(self.watch, 60),
            settle: minutes(self.settle, 15),
            attempts: self.attempts.unwrap_or(3),
            model_calls: self.model_calls.unwrap_or(6),
            looks_per_answer: self.looks_per_answer.unwrap_or(5),
            verification: minutes(self.verification, 60).min(longest),
            verification_looks: self.verification_looks.unwrap_or(200),
            begin_within: minutes(self.begin_within, 15),
            incidents: self.incidents.unwrap_or(100_000),
            alerts_per_incident: self.alerts_per_incident.unwrap_or(SHOWN),
        }
    }
}
