//! What people say about an incident as a whole: that somebody is on it, and that it is over for them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Conclusion, Incident};
use crate::domain::Outcome;
use crate::domain::entry::IncidentCommand;
use crate::domain::person::Person;

/// A person's word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Who, and how that is known.
    pub person: Person,
    /// When.
    pub at: Timestamp,
    /// In the person's words.
    #[serde(default)]
    pub comment: String,
}

/// What people have said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeopleRecord {
    /// Who is on it; the last one who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Statement>,
    /// Who wants it closed, and whether it is to be decided anew as another incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<(Statement, bool)>,
}

impl PeopleRecord {
    /// Nothing.
    pub(super) const NOTHING: Self = Self { acknowledged: None, closed: None };
}

impl Incident {
    /// Takes in what a person said. The first word to close it counts.
    pub(super) fn hear(&mut self, person: &Person, says: IncidentCommand, comment: &str, at: Timestamp) {
        let said = || Statement { person: person.clone(), at, comment: comment.to_string() };
        match says {
            IncidentCommand::Acknowledge => self.deciding.by_people.acknowledged = Some(said()),
            IncidentCommand::Comment => {}
            IncidentCommand::Close | IncidentCommand::Rerun if self.deciding.by_people.closed.is_some() => {}
            IncidentCommand::Close => self.deciding.by_people.closed = Some((said(), false)),
            IncidentCommand::Rerun => self.deciding.by_people.closed = Some((said(), true)),
        }
    }

    /// Why it is over, where a person said so: a sentence without an end.
    pub(super) fn ended_by_people(&self) -> Option<(String, bool)> {
        let (said, rerun) = self.deciding.by_people.closed.as_ref()?;
        let comment = if said.comment.is_empty() { String::new() } else { format!(": {}", said.comment) };
        let what = if *rerun { "has it decided anew" } else { "closed it" };
        Some((format!("{} {what}{comment}", said.person), *rerun))
    }

    /// How it ends where this is what became of it: what needs a person and was closed by one needs nobody any more. Journals of
    /// before say `needs_person` of that, too.
    pub(super) fn ended_as(&self, outcome: Outcome) -> Outcome {
        if outcome.is_open() && self.deciding.by_people.closed.is_some() { Outcome::ClosedByPerson } else { outcome }
    }

    /// It is over.
    pub(super) fn close(&mut self, reason: &str, at: Timestamp) {
        self.closed = Some(reason.into());
        let Some(known) = self.conclusion.as_ref().map(|conclusion| conclusion.outcome) else { return };
        let outcome = self.ended_as(known);
        if outcome != known {
            self.conclusion = Some(Conclusion { outcome, reason: reason.into(), at });
        }
    }

    /// Whether a person has had it decided anew, as another incident.
    pub fn is_rerun(&self) -> bool {
        self.deciding.by_people.closed.as_ref().is_some_and(|(_, rerun)| *rerun)
    }

    /// The change that is under way and must come to its end before anybody can close it.
    pub fn under_way(&self) -> Option<&super::ActionRecord> {
        use super::ActionState::{Allowed, Approved, Done, Started};
        self.actions.iter().find(|record| matches!(record.state, Allowed | Approved | Started | Done))
    }
}
