//! What the model may cost. Spent budgets end in a sentence, never in a call.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::price::amount;
use crate::domain::Incident;
use crate::domain::entry::{ReusedAnswer, Share, Usage};

/// What one incident may cost, whoever answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls of one incident, so that the last one can be told to be it; the pipeline stops there.
    pub incident_calls: u64,
    /// Tokens of one incident.
    pub incident_tokens: u64,
    /// Time of one incident's calls.
    pub incident_time: Duration,
    /// Money of one incident, in millionths; none for any amount.
    pub incident_micros: Option<u64>,
    /// What sources and rules may cost a day (UTC).
    pub scopes: Vec<Scope>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            incident_calls: 6,
            incident_tokens: 100_000,
            incident_time: Duration::from_secs(600),
            incident_micros: None,
            scopes: Vec::new(),
        }
    }
}

/// Whose incidents a budget is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// Of a source.
    Source(ScopeName),
    /// Of what a rule decided; an empty name stands for the default.
    Rule(ScopeName),
}

/// Which sources or rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeName {
    /// Each of them by itself.
    Each,
    /// This one.
    Named(String),
}

/// A budget of some incidents for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whose.
    pub whose: ScopeKind,
    /// How much.
    pub day: DayLimits,
}

/// What may be spent in a day (UTC); none for any amount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayLimits {
    /// Requests.
    pub calls: Option<u64>,
    /// Tokens.
    pub tokens: Option<u64>,
    /// Money, in millionths.
    pub micros: Option<u64>,
    /// Time of the questions.
    pub time: Option<Duration>,
}

/// What one endpoint may cost a day (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayBudget {
    /// Requests.
    pub calls: u64,
    /// Tokens.
    pub tokens: u64,
    /// Money, in millionths; none for any amount.
    pub micros: Option<u64>,
}

impl Default for DayBudget {
    fn default() -> Self {
        Self { calls: 1_000, tokens: 5_000_000, micros: None }
    }
}

impl DayBudget {
    fn limits(&self) -> DayLimits {
        DayLimits { calls: Some(self.calls), tokens: Some(self.tokens), micros: self.micros, time: None }
    }
}

impl Budget {
    /// Time that the incident has left.
    pub(super) fn time_left(&self, incident: &Incident) -> Duration {
        self.incident_time.saturating_sub(Duration::from_millis(incident.model.took_ms))
    }

    /// Whether the incident, which is called `what`, may make one more request, after the tokens and the time that this
    /// question has spent already.
    pub(super) fn allows(&self, incident: &Incident, what: &str, spent: &Usage, took: Duration) -> Result<(), String> {
        let log = &incident.model;
        let tokens = log.tokens().saturating_add(spent.tokens());
        if tokens >= self.incident_tokens {
            return Err(format!(
                "the model's budget for {what} is used up: {tokens} of {} tokens",
                self.incident_tokens
            ));
        }
        let micros = log.cost_micros.saturating_add(spent.cost_micros);
        if let Some(most) = self.incident_micros.filter(|most| micros >= *most) {
            let (micros, most) = (amount(micros), amount(most));
            return Err(format!("the model's budget for {what} is used up: {micros} of {most}"));
        }
        if self.time_left(incident) <= took {
            let seconds = self.incident_time.as_secs();
            return Err(format!("the model's time for {what} is used up: {seconds} s"));
        }
        Ok(())
    }

    /// Whether this is the last question that the incident may ask.
    pub(super) fn is_last(&self, incident: &Incident) -> bool {
        incident.model.calls.saturating_add(1) >= self.incident_calls
    }
}

/// What has been spent in a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spent {
    share: Share,
    took: Duration,
}

impl Spent {
    /// The limit that it has come to, in words.
    fn reached(&self, limits: &DayLimits) -> Option<String> {
        let beyond = |spent: u64, most: Option<u64>| most.filter(|most| spent >= *most);
        if let Some(most) = beyond(self.share.tokens(), limits.tokens) {
            return Some(format!("{most} tokens a day"));
        }
        if let Some(most) = beyond(self.share.calls, limits.calls) {
            return Some(format!("{most} requests a day"));
        }
        if let Some(most) = beyond(self.share.cost_micros, limits.micros) {
            return Some(format!("{} a day", amount(most)));
        }
        limits.time.filter(|most| self.took >= *most).map(|most| format!("{} s a day", most.as_secs()))
    }
}

/// What a day has cost, forgotten when the next one begins.
struct DailySpend<T> {
    day: Date,
    spent: T,
}

/// Takes in what was spent at a moment, unless a later day has begun.
fn spend<T: Default>(today: &Mutex<Option<DailySpend<T>>>, at: Timestamp, take: impl FnOnce(&mut T)) {
    let mut today = today.lock().unwrap_or_else(PoisonError::into_inner);
    let day = date(at);
    let mut known = today.take().filter(|known| known.day >= day).unwrap_or(DailySpend { day, spent: T::default() });
    if known.day == day {
        take(&mut known.spent);
    }
    *today = Some(known);
}

/// What today has cost at one endpoint.
#[derive(Default)]
pub(super) struct Day(Mutex<Option<DailySpend<Share>>>);

impl Day {
    /// Counts requests.
    pub(super) fn spend(&self, at: Timestamp, share: &Share) {
        spend(&self.0, at, |spent| spent.add(share));
    }

    /// What was spent today.
    pub(super) fn today(&self, now: Timestamp) -> Share {
        let today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let today = today.as_ref().filter(|today| today.day == date(now));
        today.map(|today| today.spent.clone()).unwrap_or_default()
    }

    /// Whether the day has room for one more request.
    pub(super) fn allows(&self, now: Timestamp, budget: &DayBudget) -> Result<(), String> {
        let spent = Spent { share: self.today(now), took: Duration::ZERO };
        match spent.reached(&budget.limits()) {
            Some(limit) => Err(format!("the model's budget of {limit} is used up")),
            None => Ok(()),
        }
    }
}

/// What answers that were used again have saved today, and how many they were.
#[derive(Default)]
pub(super) struct Savings(Mutex<Option<DailySpend<(u64, Share)>>>);

impl Savings {
    /// Counts one.
    pub(super) fn count(&self, at: Timestamp, reused: &ReusedAnswer) {
        let ReusedAnswer { calls, tokens, cost_micros, .. } = *reused;
        spend(&self.0, at, |(count, saved)| {
            *count += 1;
            saved.add(&Share { calls, prompt_tokens: tokens, cost_micros, ..Share::default() });
        });
    }

    /// How many they were today, and what they saved.
    pub(super) fn today(&self, now: Timestamp) -> (u64, Share) {
        let today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        today.as_ref().filter(|today| today.day == date(now)).map(|today| today.spent.clone()).unwrap_or_default()
    }
}

/// What today has cost for each source and each rule.
#[derive(Default)]
pub(super) struct Scopes(Mutex<Option<DailySpend<SpentByScope>>>);

/// By whether it is a rule, and its name or the source's.
type SpentByScope = HashMap<(bool, String), Spent>;

impl Scopes {
    /// Counts a question about an incident of this source that this rule decided.
    pub(super) fn spend(&self, at: Timestamp, (source, rule): (&str, &str), usage: &Usage) {
        spend(&self.0, at, |all| {
            for key in [(false, source.to_string()), (true, rule.to_string())] {
                let spent = all.entry(key).or_default();
                spent.share.add(&usage.whole());
                spent.took = spent.took.saturating_add(Duration::from_millis(usage.took_ms));
            }
        });
    }

    /// Whether one more question about such an incident may be asked.
    pub(super) fn allows(&self, now: Timestamp, scopes: &[Scope], (source, rule): (&str, &str)) -> Result<(), String> {
        let today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(DailySpend { spent: all, .. }) = today.as_ref().filter(|today| today.day == date(now)) else {
            return Ok(());
        };
        for scope in scopes {
            let (what, which, name) = match &scope.whose {
                ScopeKind::Source(which) => ("source", which, source),
                ScopeKind::Rule(which) => ("rule", which, rule),
            };
            if matches!(which, ScopeName::Named(named) if named != name) {
                continue;
            }
            let spent = all.get(&(what == "rule", name.to_string()));
            if let Some(limit) = spent.and_then(|spent| spent.reached(&scope.day)) {
                let whose = if name.is_empty() { "what no rule decides".into() } else { format!("the {what} {name}") };
                return Err(format!("the model's budget of {limit} for {whose} is used up"));
            }
        }
        Ok(())
    }
}

/// Of which source an incident is, and which rule decided it; an empty text for the default.
pub(super) fn scope_of(incident: &Incident) -> (&str, &str) {
    let rule = incident.decision.as_ref().and_then(|decision| decision.rule.as_deref());
    (&incident.source, rule.unwrap_or_default())
}

/// When the day of a budget began: at midnight in UTC.
pub fn today(now: Timestamp) -> Timestamp {
    date(now).to_zoned(TimeZone::UTC).map_or(now, |midnight| midnight.timestamp())
}

pub(super) fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_ends_at_midnight_and_the_past_does_not_count() {
        let budget = DayBudget { tokens: 100, calls: 3, micros: Some(5_000_000) };
        let share = Share { calls: 1, prompt_tokens: 60, ..Share::default() };
        let day = Day::default();
        day.spend(at("2026-01-01T23:59:00Z"), &share);
        assert_eq!(day.allows(at("2026-01-01T23:59:30Z"), &budget), Ok(()));
        day.spend(at("2026-01-01T23:59:30Z"), &share);
        assert!(day.allows(at("2026-01-01T23:59:40Z"), &budget).unwrap_err().contains("100 tokens a day"));
        assert_eq!(day.allows(at("2026-01-02T00:00:00Z"), &budget), Ok(()));
        day.spend(at("2026-01-02T00:00:00Z"), &Share { calls: 1, cost_micros: 5_000_000, ..Share::default() });
        assert!(day.allows(at("2026-01-02T00:00:00Z"), &budget).unwrap_err().contains("5.00 a day"));
        for _ in 0..2 {
            day.spend(at("2026-01-02T00:00:00Z"), &Share { calls: 1, ..Share::default() });
        }
        day.spend(at("2026-01-01T00:00:00Z"), &share);
        assert!(day.allows(at("2026-01-02T01:00:00Z"), &budget).unwrap_err().contains("3 requests a day"));
        assert_eq!(today(at("2026-01-02T23:59:59Z")), at("2026-01-02T00:00:00Z"));
    }

    #[test]
    fn sources_and_rules_have_budgets_of_their_own() {
        let scope = |whose: ScopeKind, calls: Option<u64>, time: Option<u64>| Scope {
            whose,
            day: DayLimits { calls, time: time.map(Duration::from_secs), ..DayLimits::default() },
        };
        let scopes = [
            scope(ScopeKind::Source(ScopeName::Named("zabbix".into())), Some(2), None),
            scope(ScopeKind::Rule(ScopeName::Each), None, Some(60)),
        ];
        let (spent, now) = (Scopes::default(), at("2026-01-01T12:00:00Z"));
        let usage = Usage { calls: 1, took_ms: 31_000, ..Usage::default() };
        spent.spend(now, ("zabbix", "a"), &usage);
        spent.spend(now, ("other", "b"), &usage);
        assert_eq!(spent.allows(now, &scopes, ("zabbix", "a")), Ok(()));
        spent.spend(now, ("zabbix", ""), &usage);
        let why = spent.allows(now, &scopes, ("zabbix", "new")).unwrap_err();
        assert_eq!(why, "the model's budget of 2 requests a day for the source zabbix is used up");
        spent.spend(now, ("other", ""), &usage);
        let why = spent.allows(now, &scopes, ("other", "")).unwrap_err();
        assert_eq!(why, "the model's budget of 60 s a day for what no rule decides is used up");
        assert_eq!(spent.allows(now, &scopes, ("other", "b")), Ok(()), "each rule by itself");
        assert_eq!(spent.allows(at("2026-01-02T00:00:00Z"), &scopes, ("zabbix", "")), Ok(()));
    }
}
