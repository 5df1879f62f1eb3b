//! A closed incident as the past is asked for it.

use jiff::Timestamp;

use super::keys::Keys;
use super::question::Question;
use super::tokens::keywords;
use crate::domain::incident::ActionState;
use crate::domain::knowledge::Repair;
use crate::domain::text::one_line;
use crate::domain::{Incident, IncidentId, Origin, Outcome};

/// Letters of a title and of a cause, actions, and words by which it is found.
const TITLE: usize = 120;
const CAUSE: usize = 160;
const REPAIRS: usize = 3;
const WORDS: usize = 48;
/// Labels whose values are words of an incident, and bytes of a text in which words are looked for.
const LABELS: usize = 16;
const TEXT: usize = 4 << 10;

/// What the index holds of an incident.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Which.
    pub id: IncidentId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything last happened to it.
    pub closed_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// In one line.
    pub title: String,
    /// What was wrong, as far as anybody said so.
    pub cause: String,
    /// What was done.
    pub repairs: Vec<Repair>,
    /// By what it is like others; the first is that of the same alert and group.
    pub keys: Vec<i64>,
    /// Its words, each once.
    pub words: String,
}

impl Summary {
    /// The summary of a closed incident; none while it is open, and none of one that somebody had decided anew before anything helped:
    /// what it was about goes on, and did not come back.
    pub fn of(incident: &Incident) -> Option<Self> {
        incident.closed.as_ref()?;
        let outcome = incident.outcome()?;
        if incident.is_rerun() && outcome != Outcome::Fixed {
            return None;
        }
        let question = Question::of(incident);
        let title = one_line(&incident.title(), TITLE);
        let cause = one_line(&incident.root_cause().unwrap_or_default(), CAUSE);
        let repairs = repairs(incident);
        let mut text = format!("{title}\n{cause}\n{}\n", question.names.join(" "));
        for value in incident.labels().iter().take(LABELS).map(|(_, value)| value) {
            text.push_str(&format!("{value}\n"));
        }
        for repair in &repairs {
            text.push_str(&format!("{} {}\n", repair.tool, repair.target));
        }
        text.push_str(&question.findings.join(" "));
        text.truncate(text.floor_char_boundary(TEXT));
        let mut words = keywords(&text, WORDS);
        words.extend(question.words.iter().filter(|word| !words.contains(word)).cloned().collect::<Vec<_>>());
        Some(Self {
            id: incident.id.clone(),
            opened_at: incident.opened_at,
            closed_at: incident.updated_at,
            outcome,
            title,
            cause,
            repairs,
            keys: Keys::of(incident, &question).all.into_iter().map(|(_, key)| key).collect(),
            words: words.join(" "),
        })
    }

    /// Whether somebody did something about it, or should have.
    pub fn is_useful(&self) -> bool {
        !matches!(self.outcome, Outcome::Suppressed | Outcome::Resolved)
    }
}

/// What was really done, and whether it helped.
fn repairs(incident: &Incident) -> Vec<Repair> {
    use ActionState::{Done, Failed, Uncertain, Unverified, Verified};
    let done = incident.actions.iter().filter(|record| {
        matches!(record.state, Done | Failed | Uncertain | Unverified | Verified)
            && !matches!(record.action.origin, Origin::Undo { .. })
    });
    let one = |record: &crate::domain::incident::ActionRecord| Repair {
        tool: one_line(record.action.tool(), TITLE),
        target: one_line(&record.action.target(), TITLE),
        helped: record.state == Verified,
    };
    done.take(REPAIRS).map(one).collect()
}
