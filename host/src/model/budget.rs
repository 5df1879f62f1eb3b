//! What the model may cost. Spent budgets end in a sentence, never in a call.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::Incident;
use crate::domain::entry::Usage;

/// What one incident may cost, whoever answers. How many calls it may make is the pipeline's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Tokens of one incident.
    pub incident_tokens: u64,
    /// Time of one incident's calls.
    pub incident_time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { incident_tokens: 100_000, incident_time: Duration::from_secs(600) }
    }
}

/// What one endpoint may cost a day (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayBudget {
    /// Requests.
    pub calls: u64,
    /// Tokens.
    pub tokens: u64,
}

impl Default for DayBudget {
    fn default() -> Self {
        Self { calls: 1_000, tokens: 5_000_000 }
    }
}

impl Budget {
    /// Time that the incident has left.
    pub(super) fn time_left(&self, incident: &Incident) -> Duration {
        self.incident_time.saturating_sub(Duration::from_millis(incident.model.took_ms))
    }

    /// Whether the incident may make one more request, after the tokens and the time that this question has
    /// spent already.
    pub(super) fn allows(&self, incident: &Incident, spent: &Usage, took: Duration) -> Result<(), String> {
        let log = &incident.model;
        let tokens = [log.prompt_tokens, log.completion_tokens, spent.prompt_tokens, spent.completion_tokens];
        let tokens = tokens.into_iter().fold(0_u64, u64::saturating_add);
        if tokens >= self.incident_tokens {
            return Err(format!(
                "the model's budget for one incident is used up: {tokens} of {} tokens",
                self.incident_tokens
            ));
        }
        if self.time_left(incident) <= took {
            let seconds = self.incident_time.as_secs();
            return Err(format!("the model's time for one incident is used up: {seconds} s"));
        }
        Ok(())
    }
}

/// What today has cost.
#[derive(Default)]
pub(super) struct Day(Mutex<Option<Spent>>);

struct Spent {
    day: Date,
    calls: u64,
    tokens: u64,
}

impl Day {
    /// Counts requests.
    pub(super) fn spend(&self, at: Timestamp, usage: &Usage) {
        let mut today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let day = date(at);
        let spent = today.take().filter(|spent| spent.day >= day);
        let mut spent = spent.unwrap_or(Spent { day, calls: 0, tokens: 0 });
        if spent.day == day {
            spent.calls = spent.calls.saturating_add(usage.calls);
            spent.tokens = spent.tokens.saturating_add(usage.prompt_tokens).saturating_add(usage.completion_tokens);
        }
        *today = Some(spent);
    }

    /// Whether the day has room for one more request.
    pub(super) fn allows(&self, now: Timestamp, budget: &DayBudget) -> Result<(), String> {
        let today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(spent) = today.as_ref().filter(|spent| spent.day == date(now)) else {
            return Ok(());
        };
        if spent.tokens >= budget.tokens {
            return Err(format!("the model's budget of {} tokens a day is used up", budget.tokens));
        }
        if spent.calls >= budget.calls {
            return Err(format!("the model's budget of {} requests a day is used up", budget.calls));
        }
        Ok(())
    }
}

/// When the day of a budget began: at midnight in UTC.
pub fn today(now: Timestamp) -> Timestamp {
    date(now).to_zoned(TimeZone::UTC).map_or(now, |midnight| midnight.timestamp())
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_and_the_past_does_not_count() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let budget = DayBudget { tokens: 100, calls: 3 };
        let usage = Usage { calls: 1, prompt_tokens: 60, completion_tokens: 0, took_ms: 0 };
        let day = Day::default();
        day.spend(at("2026-01-01T23:59:00Z"), &usage);
        assert_eq!(day.allows(at("2026-01-01T23:59:30Z"), &budget), Ok(()));
        day.spend(at("2026-01-01T23:59:30Z"), &usage);
        assert!(day.allows(at("2026-01-01T23:59:40Z"), &budget).unwrap_err().contains("100 tokens a day"));
        assert_eq!(day.allows(at("2026-01-02T00:00:00Z"), &budget), Ok(()));
        for _ in 0..3 {
            day.spend(at("2026-01-02T00:00:00Z"), &Usage { calls: 1, ..Usage::default() });
        }
        day.spend(at("2026-01-01T00:00:00Z"), &usage);
        assert!(day.allows(at("2026-01-02T01:00:00Z"), &budget).unwrap_err().contains("3 requests a day"));
        assert_eq!(today(at("2026-01-02T23:59:59Z")), at("2026-01-02T00:00:00Z"));
    }
}
