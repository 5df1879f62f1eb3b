//! What models have cost and what was decided without them, read off the journal's entries.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::budget::date;
use crate::domain::entry::{ReusedAnswer, Usage};
use crate::domain::listing::OpenedCount;
use crate::domain::{Entry, Fact, Incident, IncidentId, Sealed, conversation};

/// A question about an incident, or the earlier answer in its place.
#[derive(Clone, Debug)]
pub struct ModelQuestion {
    /// The incident as it stood before.
    pub incident: Incident,
    /// When it was answered.
    pub at: Timestamp,
    /// What it cost.
    pub usage: Usage,
    /// The earlier answer.
    pub reused: Option<ReusedAnswer>,
}

/// What questions were asked about an incident, and the incident as it stands now.
///
/// # Errors
/// When an entry cannot be read, as a sentence.
pub fn asked(id: IncidentId, stream: &[Sealed]) -> Result<(Vec<ModelQuestion>, Option<Incident>), String> {
    let mut all = Vec::new();
    let incident = walk(id, stream, &mut |incident, at, usage, reused| {
        let (incident, usage, reused) = (incident.clone(), usage.clone(), reused.cloned());
        all.push(ModelQuestion { incident, at, usage, reused });
    })?;
    Ok((all, incident))
}

/// When questions of a conversation were answered, or not, and what each cost.
///
/// # Errors
/// When an entry cannot be read, as a sentence.
pub fn conversation_costs(stream: &[Sealed]) -> Result<Vec<(Timestamp, Usage)>, String> {
    let mut all = Vec::new();
    for sealed in stream {
        let entry = conversation::opened(sealed)?;
        all.extend(entry.fact.usage().map(|usage| (entry.at, usage.clone())));
    }
    Ok(all)
}

type Spent = BTreeMap<(Date, Option<String>, String), Row>;

fn spend(spent: &mut Spent, at: Timestamp, rule: Option<String>, usage: &Usage) {
    let day = date(at);
    // Of some it is known as a whole alone.
    let whole = usage.whole();
    let only_whole = usage.shares.is_empty() && usage.calls > 0;
    let shares = if only_whole { std::slice::from_ref(&whole) } else { usage.shares.as_slice() };
    for share in shares {
        let row = spent.entry((day, rule.clone(), share.model.clone())).or_default();
        (row.day, row.rule, row.model) = (day, rule.clone(), share.model.clone());
        row.calls += share.calls;
        row.prompt_tokens += share.prompt_tokens;
        row.completion_tokens += share.completion_tokens;
        row.cost_micros += share.cost_micros;
    }
}

type Visit<'a> = dyn FnMut(&Incident, Timestamp, &Usage, Option<&ReusedAnswer>) + 'a;

fn walk(id: IncidentId, stream: &[Sealed], visit: &mut Visit<'_>) -> Result<Option<Incident>, String> {
    let mut incident: Option<Incident> = None;
    for sealed in stream {
        let entry: Entry = sealed.open().map_err(|error| format!("entry {} of {id}: {error}", sealed.n))?;
        let Some(known) = &mut incident else {
            incident = Incident::open(id.clone(), &entry);
            continue;
        };
        match &entry.fact {
            Fact::Answered { usage, original, .. } => {
                let reused = original.as_ref().and_then(|original| original.reused.as_ref());
                visit(known, entry.at, usage, reused);
            }
            Fact::ModelFailed { usage, .. } => visit(known, entry.at, usage, None),
            _ => {}
        }
        known.apply(&entry);
    }
    Ok(incident)
}

/// What models cost, and what was decided without them, by day and rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// What was spent, by day, rule and model.
    pub spent: Vec<Row>,
    /// How many incidents there were, by day and rule.
    pub decided: Vec<DecidedCount>,
}

/// What one model cost for what one rule decided, in one day (UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The day.
    pub day: Date,
    /// The rule; none for the default.
    pub rule: Option<String>,
    /// The model; empty where only the whole is known.
    pub model: String,
    /// Requests.
    pub calls: u64,
    /// Tokens of the requests.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// Money in millionths.
    pub cost_micros: u64,
}

/// Incidents of one day (UTC) that one rule decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DecidedCount {
    /// The day on which they were opened.
    pub day: Date,
    /// The rule; none for the default.
    pub rule: Option<String>,
    /// How many.
    pub incidents: u64,
    /// For how many of them no model was asked.
    pub without_model: u64,
    /// For how many an earlier answer was used again.
    pub reused: u64,
    /// Requests that this saved.
    pub saved_calls: u64,
    /// Tokens that this saved.
    pub saved_tokens: u64,
    /// Money in millionths that this saved.
    pub saved_micros: u64,
}

impl DecidedCount {
    /// Of a hundred incidents, how many no model was asked about.
    pub fn share(&self) -> u64 {
        (self.without_model * 100).checked_div(self.incidents).unwrap_or(100)
    }
}

/// Puts the costs together, one incident after the other.
#[derive(Default)]
pub struct CostAggregation {
    spent: Spent,
    decided: BTreeMap<(Date, Option<String>), DecidedCount>,
    since: Timestamp,
}

impl CostAggregation {
    /// Counts what happened at or after `since`; `opened` says how many incidents were opened.
    pub fn new(since: Timestamp, opened: impl IntoIterator<Item = OpenedCount>) -> Self {
        let decided = opened.into_iter().map(|OpenedCount { day, rule, incidents, asked }| {
            let without_model = incidents.saturating_sub(asked);
            let row = DecidedCount { day, rule: rule.clone(), incidents, without_model, ..DecidedCount::default() };
            ((day, rule), row)
        });
        Self { spent: BTreeMap::new(), decided: decided.collect(), since }
    }

    /// Counts an incident for which a model was asked, or an earlier answer used.
    ///
    /// # Errors
    /// When an entry cannot be read, as a sentence.
    pub fn take(&mut self, id: IncidentId, stream: &[Sealed]) -> Result<(), String> {
        let since = self.since;
        let mut reused: Option<ReusedAnswer> = None;
        let spent = &mut self.spent;
        let incident = walk(id, stream, &mut |incident, at, usage, again| {
            reused = again.cloned().or(reused.take());
            if at < since {
                return;
            }
            spend(spent, at, rule(incident), usage);
        })?;
        let Some(incident) = incident.filter(|incident| incident.opened_at >= since) else { return Ok(()) };
        let row = self.decided.get_mut(&(date(incident.opened_at), rule(&incident)));
        if let (Some(row), Some(reused)) = (row, reused) {
            row.reused += 1;
            row.saved_calls += reused.calls;
            row.saved_tokens += reused.tokens;
            row.saved_micros += reused.cost_micros;
        }
        Ok(())
    }

    /// Counts a conversation.
    ///
    /// # Errors
    /// When an entry cannot be read, as a sentence.
    pub fn take_conversation(&mut self, stream: &[Sealed]) -> Result<(), String> {
        for (at, usage) in conversation_costs(stream)? {
            if at >= self.since {
                spend(&mut self.spent, at, Some(super::chat::SCOPE.1.to_string()), &usage);
            }
        }
        Ok(())
    }

    /// All of it, in the order of days, rules and models.
    pub fn done(self) -> Costs {
        Costs { spent: self.spent.into_values().collect(), decided: self.decided.into_values().collect() }
    }
}

fn rule(incident: &Incident) -> Option<String> {
    incident.decision.as_ref().and_then(|decision| decision.rule.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::{Diagnosis, ModelAnswer, RawAnswer, Share};

    fn sealed(id: &str, at: &str, facts: Vec<Fact>) -> Vec<Sealed> {
        let at: Timestamp = at.parse().unwrap();
        let entries = facts.into_iter().enumerate();
        entries.map(|(n, fact)| Sealed::new(id, n as u64 + 1, &Entry { at, fact }).unwrap()).collect()
    }

    fn opened() -> Fact {
        Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() }
    }

    fn answered(usage: Usage, reused: Option<ReusedAnswer>) -> Fact {
        let original = Some(Box::new(RawAnswer { by: "m".into(), message: None, reused }));
        Fact::Answered {
            answer: ModelAnswer::Person { diagnosis: Diagnosis::default() },
            text: String::new(),
            usage,
            original,
        }
    }

    #[test]
    fn each_model_is_counted_by_day_and_rule_and_what_was_saved_beside_it() {
        let day: Date = "2026-01-02".parse().unwrap();
        let opened_by =
            |rule: Option<&str>, incidents, asked| OpenedCount { day, rule: rule.map(Into::into), incidents, asked };
        let since = "2026-01-02T00:00:00Z".parse().unwrap();
        let mut counting = CostAggregation::new(since, [opened_by(None, 4, 2), opened_by(Some("r"), 6, 0)]);
        let mut usage = Usage::default();
        for (model, cost_micros) in [("a", 5), ("b", 7), ("a", 1)] {
            let model = model.to_string();
            usage.spend(Share { model, calls: 1, prompt_tokens: 10, completion_tokens: 2, cost_micros });
        }
        let facts = vec![opened(), answered(usage.clone(), None)];
        counting.take(IncidentId("i1".into()), &sealed("i1", "2026-01-02T03:00:00Z", facts)).unwrap();
        let failed = Fact::ModelFailed { reason: "down".into(), usage: Usage { calls: 1, ..Usage::default() } };
        counting.take(IncidentId("i2".into()), &sealed("i2", "2026-01-02T04:00:00Z", vec![opened(), failed])).unwrap();
        let reused = ReusedAnswer { incident: IncidentId("i1".into()), calls: 3, tokens: 36, cost_micros: 13 };
        let facts = vec![opened(), answered(Usage::default(), Some(reused))];
        counting.take(IncidentId("i3".into()), &sealed("i3", "2026-01-02T05:00:00Z", facts)).unwrap();
        let old = vec![opened(), answered(usage, None)];
        counting.take(IncidentId("i0".into()), &sealed("i0", "2026-01-01T05:00:00Z", old)).unwrap();
        let costs = counting.done();
        let rows: Vec<(&str, u64, u64, u64)> =
            costs.spent.iter().map(|row| (row.model.as_str(), row.calls, row.prompt_tokens, row.cost_micros)).collect();
        assert_eq!(rows, [("", 1, 0, 0), ("a", 2, 20, 6), ("b", 1, 10, 7)]);
        let default = &costs.decided[0];
        assert_eq!((default.incidents, default.without_model, default.share()), (4, 2, 50));
        assert_eq!((default.reused, default.saved_calls, default.saved_tokens, default.saved_micros), (1, 3, 36, 13));
        assert_eq!((costs.decided[1].without_model, costs.decided[1].share()), (6, 100));
    }
}
