//! What a listing tells of a conversation: a fold over its entries like the conversation itself, without questions, looks
//! and answers, so that a listing of many reads none of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::view::title;
use super::{ConversationId, ConversationStatus, ConversationView, Fact};
use crate::domain::entry::Entry;
use crate::domain::incident::IncidentId;
use crate::domain::person::Person;

/// A conversation as it is listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Who began it.
    pub person: Person,
    incident: Option<IncidentId>,
    began_at: Timestamp,
    /// When anything last happened.
    pub updated_at: Timestamp,
    title: Option<String>,
    /// A question has no end yet.
    open: bool,
    /// The last answer was broken off.
    broken_off: bool,
    /// Nothing more is asked.
    pub closed: bool,
    calls: u64,
    tokens: u64,
    cost_micros: u64,
}

/// What one entry changes in it, of bounded size.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    at: Timestamp,
    kind: EntryKind,
    calls: u64,
    tokens: u64,
    cost_micros: u64,
}

#[derive(Clone, Debug, PartialEq)]
enum EntryKind {
    Began { person: Person, incident: Option<IncidentId> },
    Asked { title: String },
    WentOn,
    Ended { broken_off: bool },
    Closed,
}

impl From<&Entry<Fact>> for Change {
    fn from(entry: &Entry<Fact>) -> Self {
        let kind = match &entry.fact {
            Fact::Began { person, incident } => EntryKind::Began { person: person.clone(), incident: incident.clone() },
            Fact::Asked { text, .. } => EntryKind::Asked { title: title(text) },
            Fact::Wanted { .. } | Fact::Looked { .. } => EntryKind::WentOn,
            Fact::Replied { .. } | Fact::Proposed { .. } | Fact::Failed { .. } => {
                EntryKind::Ended { broken_off: false }
            }
            Fact::Interrupted { .. } => EntryKind::Ended { broken_off: true },
            Fact::Closed { .. } => EntryKind::Closed,
        };
        let usage = entry.fact.usage().cloned().unwrap_or_default();
        let (calls, tokens, cost_micros) = (usage.calls, usage.tokens(), usage.cost_micros);
        Self { at: entry.at, kind, calls, tokens, cost_micros }
    }
}

impl Summary {
    /// As it stands behind a change; none where nothing has begun.
    pub fn after(known: Option<Self>, change: &Change) -> Option<Self> {
        match (known, &change.kind) {
            (None, EntryKind::Began { person, incident }) => Some(Self {
                person: person.clone(),
                incident: incident.clone(),
                began_at: change.at,
                updated_at: change.at,
                title: None,
                open: false,
                broken_off: false,
                closed: false,
                calls: 0,
                tokens: 0,
                cost_micros: 0,
            }),
            (None, _) => None,
            (Some(mut known), _) => {
                known.take(change);
                Some(known)
            }
        }
    }

    fn take(&mut self, change: &Change) {
        self.updated_at = change.at;
        match &change.kind {
            EntryKind::Asked { title } => {
                self.title.get_or_insert_with(|| title.clone());
                (self.open, self.broken_off) = (true, false);
            }
            EntryKind::Closed => self.closed = true,
            EntryKind::WentOn | EntryKind::Ended { .. } if self.open => {
                self.calls = self.calls.saturating_add(change.calls);
                self.tokens = self.tokens.saturating_add(change.tokens);
                self.cost_micros = self.cost_micros.saturating_add(change.cost_micros);
                if let EntryKind::Ended { broken_off } = change.kind {
                    (self.open, self.broken_off) = (false, broken_off);
                }
            }
            // Of no question.
            EntryKind::Began { .. } | EntryKind::WentOn | EntryKind::Ended { .. } => {}
        }
    }

    /// The shape of it in the HTTP API; `answering` says whether somebody works on its last question now.
    pub fn view(self, id: &ConversationId, answering: bool) -> ConversationView {
        ConversationView {
            id: id.to_string(),
            state: ConversationStatus::of(self.closed, answering, self.broken_off || self.open),
            person: self.person.to_string(),
            incident: self.incident.map(|incident| incident.to_string()),
            began_at: self.began_at.to_string(),
            updated_at: self.updated_at.to_string(),
            title: self.title.unwrap_or_default(),
            questions: Vec::new(),
            calls: self.calls,
            tokens: self.tokens,
            cost_micros: self.cost_micros,
        }
    }
}
