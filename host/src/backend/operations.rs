//! What a running host holds and does, as people look at it: policies and how they are used, what would be decided, tools.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::policies::Explanation;
use super::{Breaker, Cancellation, ControlError, PluginView};
use crate::domain::{Mode, Outcome, Risk, RulingKind};
use crate::model::costs::Costs;

/// How often something decided, of what the host remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UseCount {
    /// Incidents that were opened in the last 24 hours.
    pub day: u64,
    /// In the last 7 days.
    pub week: u64,
    /// How those of the week ended; what has not ended is not in it.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// When the newest of them was opened.
    pub last: Option<Timestamp>,
}

/// Incidents that were opened in one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// When it began, in hours since 1970.
    pub hour: i64,
    /// How they ended.
    pub ended: BTreeMap<&'static str, u64>,
    /// How many have not ended.
    pub open: u64,
}

/// What the last 7 days brought, counted at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WeeklyCounts {
    /// By the rule that decided; an empty text stands for the default.
    pub by_rule: BTreeMap<String, UseCount>,
    /// Every hour of the week, the oldest first.
    pub hours: Vec<Hour>,
}

impl WeeklyCounts {
    /// Takes in an incident of the past.
    pub fn take(&mut self, rule: &str, opened_at: Timestamp, outcome: Option<Outcome>, now: Timestamp) {
        let used = match self.by_rule.get_mut(rule) {
            Some(used) => used,
            None => self.by_rule.entry(rule.to_string()).or_default(),
        };
        let day = now.duration_since(opened_at) <= jiff::SignedDuration::from_hours(24);
        used.day += u64::from(day);
        used.week += 1;
        used.last = used.last.max(Some(opened_at));
        if let Some(outcome) = outcome {
            *used.outcomes.entry(outcome.as_str()).or_default() += 1;
        }
        let begins = self.hours.first().map_or(0, |hour| hour.hour);
        let place = usize::try_from(hour_of(opened_at) - begins).ok();
        if let Some(hour) = place.and_then(|place| self.hours.get_mut(place)) {
            match outcome {
                Some(outcome) => *hour.ended.entry(outcome.as_str()).or_default() += 1,
                None => hour.open += 1,
            }
        }
    }

    /// Nothing yet, for the hours up to a time.
    pub fn until(now: Timestamp) -> Self {
        let last = hour_of(now);
        let hours = (last - HOURS + 1..=last).map(|hour| Hour { hour, ..Hour::default() });
        Self { by_rule: BTreeMap::new(), hours: hours.collect() }
    }
}

/// Hours of which incidents are counted.
const HOURS: i64 = 7 * 24;

fn hour_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3_600)
}

/// Something that policies declare, and how often it decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclarationView {
    /// `rule`, `gate`, `route`, …
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// File and line.
    pub place: String,
    /// What it is for.
    pub description: String,
    /// Who looks after it.
    pub owner: String,
    /// Its own mode.
    pub mode: Mode,
    /// How often it decided; none for what decides nothing by itself.
    pub used: Option<UseCount>,
    /// Whom a route tells.
    pub to: Vec<String>,
}

/// The policies in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoliciesView {
    /// One line about them.
    pub describe: String,
    /// What is declared, kind by kind in the order in which it is asked.
    pub declared: Vec<DeclarationView>,
    /// Why the files as they are now are not in force, in English.
    pub problems: Vec<String>,
    /// What the lint says, in English.
    pub warnings: Vec<String>,
    /// What no rule decided.
    pub default: UseCount,
}

/// A tool server, and how its calls went since this host was started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerView {
    /// Its name.
    pub name: String,
    /// `starting`, `ready`, `down` or `stopped`.
    pub phase: &'static str,
    /// Since when it stands so.
    pub since: Option<Timestamp>,
    /// How many tools it offers.
    pub tools: usize,
    /// How often it was started again.
    pub restarts: u64,
    /// What is wrong, in English.
    pub problem: Option<String>,
    /// Why nothing is looked at there for the time being, in English.
    pub skipped: Option<String>,
    /// What of it could not be taken, in English.
    pub left_out: Vec<String>,
    /// Calls.
    pub calls: u64,
    /// Those that ended with an error.
    pub errors: u64,
    /// Half of the calls took at most so many milliseconds.
    pub p50_ms: Option<f64>,
    /// 99 of 100 took at most so many.
    pub p99_ms: Option<f64>,
}

/// Something that can be called.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolView {
    /// `server.tool` or `plugin.action`.
    pub name: String,
    /// The beginning of what it says of itself.
    pub description: String,
    /// What a wrong call could cost.
    pub risk: Risk,
    /// The tool that takes its calls back.
    pub undo: Option<String>,
    /// What gates say to a call without arguments.
    pub says: RulingKind,
    /// The gate that decides that.
    pub by: String,
    /// Why it is not offered, in English; none where it is.
    pub withheld: Option<String>,
}

impl Default for ToolView {
    fn default() -> Self {
        let (name, description, by) = (String::new(), String::new(), String::new());
        Self { name, description, risk: Risk::Irreversible, undo: None, says: RulingKind::Deny, by, withheld: None }
    }
}

/// What a budget of a gate has spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetView {
    /// Gate and scope.
    pub key: String,
    /// How much within its window.
    pub spent: usize,
    /// Of how much; none where that is not known since the start.
    pub max: Option<u32>,
    /// When the oldest of it is free again.
    pub frees: Option<Timestamp>,
}

/// What can be called, and what stands between the host and changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolsView {
    /// Servers.
    pub servers: Vec<ServerView>,
    /// Tools by name, and those that are withheld.
    pub tools: Vec<ToolView>,
    /// What is paused: empty for everything.
    pub paused: Vec<String>,
    /// Breakers that have counted something.
    pub breakers: Vec<Breaker>,
    /// Budgets of which something is spent, as far as they are told.
    pub budgets: Vec<BudgetView>,
    /// How many of these there are.
    pub budget_count: usize,
    /// Plugins.
    pub plugins: Vec<PluginView>,
}

/// What models have cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostsView {
    /// By day, rule and model.
    pub costs: Costs,
    /// How many incidents were not read: the oldest of those about which a model was asked.
    pub left_out: usize,
}

/// Seconds within which incidents came to their end: in one more place behind them stands what took longer.
pub const LASTED: [i64; 8] = [1, 10, 60, 300, 900, 3_600, 14_400, 86_400];

/// How long incidents of one outcome took until that was clear, since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationCounts {
    /// The outcome's word.
    pub outcome: &'static str,
    /// How many were clear within each of [`LASTED`] and not the one before; the last place is for those that took longer.
    pub counts: Vec<u64>,
}

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainRequest {
    /// An incident: its id, a unique beginning of it, or `latest`.
    Incident(String),
    /// What Alertmanager would send.
    Body(String),
}

/// What a running host holds and does. Calls may block on files and take a while.
pub trait Operations: Send + Sync {
    /// The policies in force.
    fn policies(&self) -> PoliciesView {
        PoliciesView::default()
    }
    /// Why something is, or would be, decided as it is. Changes and calls nothing.
    ///
    /// # Errors
    /// When there is no such incident, or nothing can be read from the body.
    fn explain(&self, _asked: &ExplainRequest, _cancellation: &Cancellation) -> Result<Vec<Explanation>, ControlError> {
        Err(ControlError::Unavailable("no host is running".into()))
    }
    /// Servers, tools and budgets; not what is paused, nor breakers and plugins.
    fn tools(&self) -> ToolsView {
        ToolsView::default()
    }
    /// What models have cost in the last days (UTC), today included, and what went without one.
    ///
    /// # Errors
    /// When the records cannot be read.
    fn costs(&self, _days: u32, _cancellation: &Cancellation) -> Result<CostsView, String> {
        Ok(CostsView::default())
    }
    /// How long incidents took since the start.
    fn lasted(&self) -> Vec<DurationCounts> {
        Vec::new()
    }
    /// What the last 7 days brought; counted anew now and then.
    fn tallies(&self) -> Arc<WeeklyCounts> {
        Arc::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_is_counted_by_rule_and_hour() {
        let at = |hours: i64| Timestamp::from_second(1_763_000_000 + hours * 3_600).unwrap();
        let mut tallies = WeeklyCounts::until(at(0));
        assert_eq!(tallies.hours.len(), 168);
        tallies.take("a", at(0), Some(Outcome::Fixed), at(0));
        tallies.take("a", at(-30), Some(Outcome::Error), at(0));
        tallies.take("", at(-1), None, at(0));
        tallies.take("a", at(-500), None, at(0));
        let a = &tallies.by_rule["a"];
        assert_eq!((a.day, a.week, a.last), (1, 3, Some(at(0))));
        assert_eq!(a.outcomes, [("fixed", 1), ("error", 1)].into());
        let last = tallies.hours.last().unwrap();
        assert_eq!((last.ended.clone(), last.open), ([("fixed", 1)].into(), 0));
        assert_eq!(tallies.hours[166].open, 1);
        assert_eq!(tallies.hours.iter().map(|hour| hour.open).sum::<u64>(), 1, "what is older has no hour");
    }
}
