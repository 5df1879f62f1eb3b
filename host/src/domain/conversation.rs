//! A conversation of a person with the model: questions, the looks behind each answer, and what became of it.
//!
//! Like an incident it is a fold over its entries: [`Conversation::apply`] alone changes one, so that whatever is
//! shown of it is what its journal says.

mod case;
mod summary;
#[cfg(test)]
mod tests;
mod view;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use summary::{Change, Summary};
pub use view::{AnswerView, ConversationStatus, ConversationView, LookView, ProposedView, QuestionView};

use super::action::ActionId;
use super::alert::Alert;
use super::call::Call;
use super::entry::{AskedCall, Entry, Purpose, RawAnswer, Sealed, Usage};
use super::incident::{IncidentId, Look};
use super::person::Person;

/// What the names of conversations begin with.
pub const PREFIX: &str = "chat-";
/// The source under which incidents stand that a conversation opens, and by which budgets count its cost.
pub const SOURCE: &str = "chat";

/// What the alert of such an incident is called.
pub const PROPOSED: &str = "ProposedInConversation";
/// Why a question has no answer whose asker did not wait for it.
pub const UNHEARD: &str = "whoever asked has gone";

/// The same where a program asked, through MCP.
pub const PROGRAMS: &str = "mcp";
/// What the alert of such an incident is called.
pub const PROPOSED_BY_PROGRAM: &str = "ProposedByProgram";

/// Whether incidents of this source are what people have asked for, themselves or by a program.
pub fn is_asked_for(source: &str) -> bool {
    [SOURCE, PROGRAMS].contains(&source)
}

/// Whether an incident with these first alerts was opened by a conversation or a program: no rule has decided it.
pub fn has_opened<'a>(source: &str, mut alerts: impl Iterator<Item = &'a Alert>) -> bool {
    let name = match source {
        SOURCE => PROPOSED,
        PROGRAMS => PROPOSED_BY_PROGRAM,
        _ => return false,
    };
    alerts.all(|alert| alert.name == name)
}

/// Name of a conversation; these sort by the time of their beginning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationId(pub Arc<str>);

impl ConversationId {
    /// The id of a conversation that begins at this time; `chance` tells those of a millisecond apart.
    pub fn new(at: Timestamp, chance: u64) -> Self {
        Self(format!("{PREFIX}{}", IncidentId::new(at, chance)).into())
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that happened in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// It began.
    Began {
        /// Who asks, and how that is known.
        person: Person,
        /// The incident that it is about, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<IncidentId>,
    },
    /// A person asked something.
    Asked {
        /// Who, and how that is known.
        person: Person,
        /// In their words.
        text: String,
    },
    /// The model wants to see something.
    Wanted {
        /// The calls.
        calls: Vec<AskedCall>,
        /// Its own words beside them.
        text: String,
        /// What the question to it cost.
        usage: Usage,
        /// Who answered, and how it came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original: Option<Box<RawAnswer>>,
    },
    /// A read-only tool was called, or that was refused.
    Looked {
        /// The call.
        call: Call,
        /// Whether the tool answered without an error.
        ok: bool,
        /// Its text; of one that was refused, why.
        text: String,
        /// How long it took in milliseconds.
        took_ms: u64,
        /// The gate that refused it: nothing was called then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// The model answered.
    Replied {
        /// Its words.
        text: String,
        /// What the question to it cost.
        usage: Usage,
        /// Who answered, and how it came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original: Option<Box<RawAnswer>>,
    },
    /// The model wants to change something. That became an incident, which stands in the same append.
    Proposed {
        /// The incident.
        incident: IncidentId,
        /// What it wants to do.
        actions: Vec<ProposedChange>,
        /// Its words.
        text: String,
        /// What the question to it cost.
        usage: Usage,
        /// Who answered, and how it came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original: Option<Box<RawAnswer>>,
    },
    /// There is no answer.
    Failed {
        /// Why.
        reason: String,
        /// What was spent all the same.
        usage: Usage,
    },
    /// An answer was broken off, by a crash or because whoever asked has gone.
    Interrupted {
        /// By what.
        reason: String,
    },
    /// Nothing more is asked here.
    Closed {
        /// Why.
        reason: String,
    },
}

impl Fact {
    /// What the question behind it cost, if it is one that was answered or not.
    pub fn usage(&self) -> Option<&Usage> {
        match self {
            Self::Wanted { usage, .. }
            | Self::Replied { usage, .. }
            | Self::Proposed { usage, .. }
            | Self::Failed { usage, .. } => Some(usage),
            _ => None,
        }
    }
}

/// A change that was proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposedChange {
    /// The action within its incident.
    pub action: ActionId,
    /// The call.
    pub call: Call,
    /// What it touches, as the host reads it from the arguments.
    pub target: String,
}

/// What happened on the way to an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The model wanted to see something.
    Wanted {
        /// The calls.
        calls: Vec<AskedCall>,
        /// Its words.
        text: String,
        /// Who answered, and how it came.
        original: Option<Box<RawAnswer>>,
    },
    /// It was looked.
    Looked(Look),
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerOutcome {
    /// With words.
    Replied {
        /// These.
        text: String,
        /// Who answered.
        original: Option<Box<RawAnswer>>,
    },
    /// With changes that were proposed.
    Proposed {
        /// The incident.
        incident: IncidentId,
        /// What.
        actions: Vec<ProposedChange>,
        /// The model's words.
        text: String,
    },
    /// Without an answer.
    Failed(String),
    /// In the middle.
    Interrupted(String),
}

/// A question and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// When it was asked.
    pub at: Timestamp,
    /// Who asked.
    pub person: Person,
    /// In their words.
    pub text: String,
    /// What happened on the way.
    pub steps: Vec<Step>,
    /// How it ended; none as long as it has not.
    pub end: Option<AnswerOutcome>,
    /// What it has cost.
    pub usage: Usage,
}

impl Exchange {
    /// Its looks, in their order.
    pub fn looks(&self) -> impl Iterator<Item = &Look> {
        self.steps.iter().filter_map(|step| match step {
            Step::Looked(look) => Some(look),
            Step::Wanted { .. } => None,
        })
    }
}

/// A conversation so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Its name.
    pub id: ConversationId,
    /// Who began it.
    pub person: Person,
    /// The incident that it is about.
    pub incident: Option<IncidentId>,
    /// When it began.
    pub began_at: Timestamp,
    /// When anything last happened.
    pub updated_at: Timestamp,
    /// What was asked, oldest first.
    pub exchanges: Vec<Exchange>,
    /// Why it is over, once it is.
    pub closed: Option<String>,
    /// Position of its last entry.
    pub version: u64,
}

impl Conversation {
    /// A conversation as its first entry begins it; none if that begins none.
    pub fn begin(id: ConversationId, entry: &Entry<Fact>) -> Option<Self> {
        let Fact::Began { person, incident } = &entry.fact else { return None };
        Some(Self {
            id,
            person: person.clone(),
            incident: incident.clone(),
            began_at: entry.at,
            updated_at: entry.at,
            exchanges: Vec::new(),
            closed: None,
            version: 1,
        })
    }

    /// Takes the next entry in.
    pub fn apply(&mut self, entry: &Entry<Fact>) {
        self.version += 1;
        self.updated_at = entry.at;
        match &entry.fact {
            Fact::Asked { person, text } => self.exchanges.push(Exchange {
                at: entry.at,
                person: person.clone(),
                text: text.clone(),
                steps: Vec::new(),
                end: None,
                usage: Usage::default(),
            }),
            Fact::Closed { reason } => self.closed = Some(reason.clone()),
            fact => {
                let Some(exchange) = self.exchanges.last_mut().filter(|exchange| exchange.end.is_none()) else {
                    return;
                };
                exchange.take(entry.at, fact);
            }
        }
    }

    /// A conversation as it stands behind all entries of its stream; none when they begin none.
    ///
    /// # Errors
    /// Names the entry that this version cannot read.
    pub fn read(stream: &[Sealed]) -> Result<Option<Self>, String> {
        let mut known: Option<Self> = None;
        for sealed in stream {
            let entry = opened(sealed)?;
            match &mut known {
                Some(conversation) => conversation.apply(&entry),
                None => known = Self::begin(ConversationId(sealed.stream.as_str().into()), &entry),
            }
        }
        Ok(known)
    }

    /// The question that is being answered.
    pub fn open(&self) -> Option<&Exchange> {
        self.exchanges.last().filter(|exchange| exchange.end.is_none())
    }

    /// All that it has cost.
    pub fn usage(&self) -> Usage {
        let mut all = Usage::default();
        self.exchanges.iter().for_each(|exchange| all.add(&exchange.usage));
        all
    }
}

impl Exchange {
    fn take(&mut self, at: Timestamp, fact: &Fact) {
        if let Some(usage) = fact.usage() {
            self.usage.add(usage);
        }
        match fact {
            Fact::Wanted { calls, text, original, .. } => {
                let (calls, text, original) = (calls.clone(), text.clone(), original.clone());
                self.steps.push(Step::Wanted { calls, text, original });
            }
            Fact::Looked { call, ok, text, refused, .. } => self.steps.push(Step::Looked(Look {
                purpose: Purpose::Model,
                call: call.clone(),
                ok: *ok,
                text: text.clone(),
                at,
                refused: refused.clone(),
            })),
            Fact::Replied { text, original, .. } => {
                self.end = Some(AnswerOutcome::Replied { text: text.clone(), original: original.clone() });
            }
            Fact::Proposed { incident, actions, text, .. } => {
                let (incident, actions, text) = (incident.clone(), actions.clone(), text.clone());
                self.end = Some(AnswerOutcome::Proposed { incident, actions, text });
            }
            Fact::Failed { reason, .. } => self.end = Some(AnswerOutcome::Failed(reason.clone())),
            Fact::Interrupted { reason } => self.end = Some(AnswerOutcome::Interrupted(reason.clone())),
            Fact::Began { .. } | Fact::Asked { .. } | Fact::Closed { .. } => {}
        }
    }
}

/// An entry read back.
///
/// # Errors
/// Names the entry that this version cannot read.
pub fn opened(sealed: &Sealed) -> Result<Entry<Fact>, String> {
    let Sealed { stream, n, .. } = sealed;
    sealed.open().map_err(|error| format!("position {n} of {stream} is no entry that this program knows: {error}"))
}
