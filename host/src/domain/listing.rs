//! What incidents are listed and counted by, and which of them a listing shows.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::alert::Severity;
use super::incident::{Incident, IncidentId, State};
use super::outcome::Outcome;

/// What an incident is listed by. Many incidents share one value, so that whoever keeps them by it
/// answers any combination of filters without looking at each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Facets {
    /// Something may still happen to it, deliveries included.
    pub unsettled: bool,
    /// Where it stands.
    pub state: State,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// The worst severity of its alerts.
    pub severity: Severity,
    /// The source of its first alert.
    pub source: Arc<str>,
    /// The rule that decided it; none for the default.
    pub rule: Option<String>,
}

impl Facets {
    /// Those of an incident.
    pub fn of(incident: &Incident) -> Self {
        Self {
            unsettled: !incident.settled(),
            state: incident.state(),
            outcome: incident.outcome(),
            severity: incident.severity(),
            source: Arc::clone(&incident.source),
            rule: rule(incident).map(str::to_string),
        }
    }

    /// Whether an incident still has these.
    pub fn are_of(&self, incident: &Incident) -> bool {
        self.state == incident.state()
            && self.unsettled != incident.settled()
            && self.outcome == incident.outcome()
            && self.severity == incident.severity()
            && self.source == incident.source
            && self.rule.as_deref() == rule(incident)
    }
}

fn rule(incident: &Incident) -> Option<&str> {
    incident.decision.as_ref().and_then(|decision| decision.rule.as_deref())
}

/// Which facets a listing wants; none of them means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FacetFilter {
    /// Only those that are not closed.
    pub live: bool,
    /// Only those that stand here.
    pub state: Option<State>,
    /// Only those that ended so.
    pub outcome: Option<Outcome>,
    /// Only those whose worst alert is this bad.
    pub severity: Option<Severity>,
    /// Only those whose first alert came from this source.
    pub source: Option<String>,
    /// Only those that this rule decided.
    pub rule: Option<String>,
}

impl FacetFilter {
    /// Whether these facets are wanted.
    pub fn takes(&self, facets: &Facets) -> bool {
        !(self.live && facets.state == State::Closed)
            && self.state.is_none_or(|state| facets.state == state)
            && self.outcome.is_none_or(|outcome| facets.outcome == Some(outcome))
            && self.severity.is_none_or(|severity| facets.severity == severity)
            && self.source.as_ref().is_none_or(|source| *facets.source == **source)
            && self.rule.as_ref().is_none_or(|rule| facets.rule.as_ref() == Some(rule))
    }
}

/// How many incidents were opened on one day (UTC) that one rule decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedCount {
    /// The day.
    pub day: Date,
    /// The rule; none for the default.
    pub rule: Option<String>,
    /// How many.
    pub incidents: u64,
    /// For how many of them a model was asked.
    pub asked: u64,
}

/// A range of ids, which is a range of time as well, because ids sort by the time of opening.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The lowest.
    pub from: String,
    /// The first that is too high.
    pub below: Option<String>,
}

impl Range {
    /// Only those that were opened before the incident with this id.
    #[must_use]
    pub fn before(mut self, id: &str) -> Self {
        let lowest = self.below.take().filter(|below| below.as_str() < id);
        self.below = Some(lowest.unwrap_or_else(|| id.to_string()));
        self
    }

    /// Only those whose id begins so.
    #[must_use]
    pub fn beginning(self, prefix: &str) -> Self {
        // No id has this letter.
        let end = format!("{prefix}{}", char::MAX);
        let range = self.before(&end);
        Self { from: range.from.max(prefix.to_string()), ..range }
    }

    /// Only those that were opened at or after this time.
    #[must_use]
    pub fn since(self, at: Timestamp) -> Self {
        Self { from: self.from.max(IncidentId::first_at(at)), ..self }
    }

    /// Whether an id is in it.
    pub fn holds(&self, id: &IncidentId) -> bool {
        *id.0 >= *self.from && self.below.as_ref().is_none_or(|below| *id.0 < **below)
    }

    /// Whether no id is in it.
    pub fn is_empty(&self) -> bool {
        self.below.as_ref().is_some_and(|below| *below <= self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_narrow_each_other() {
        let id = |text: &str| IncidentId(text.into());
        let range = Range::default().beginning("ab").before("abz").before("abq");
        assert!(range.holds(&id("ab")) && range.holds(&id("abpzz")));
        assert!(!range.holds(&id("abq")) && !range.holds(&id("aa")) && !range.holds(&id("ac")));
        assert!(!range.is_empty());
        assert!(Range::default().beginning("ab").before("aa").is_empty());
        let late = Range::default().since(Timestamp::from_second(1_800_000_000).unwrap());
        assert!(!late.holds(&id(&IncidentId::first_at(Timestamp::from_second(1_799_999_999).unwrap()))));
        assert!(late.holds(&id(&IncidentId::first_at(Timestamp::from_second(1_800_000_000).unwrap()))));
        assert!(!late.holds(&id("")));
        assert_eq!(Range::default().since(Timestamp::MAX).from, "zzzzzzzzz");
        assert_eq!(Range::default().since(Timestamp::MIN).from, "000000000");
    }
}
