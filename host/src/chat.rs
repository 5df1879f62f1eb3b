//! Conversations of people with the model: questions about the cluster and about incidents.
//!
//! A conversation reads. Every look of it passes [`crate::gate::Gate::admit_look`] like those of an incident, the host's
//! own tools ([`own`]) included. What it would change becomes an incident with a proposal ([`propose`]), and from there on
//! holds what holds for any: gates, approvals, verification, undo, report. A question, a look and its answer, and a
//! proposal are durable before they are shown; the words of an answer are shown as they come, and the answer
//! counts once it is durable.

mod own;
mod propose;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::backend::programs::{ProposalRequest, ProposalResult};
use crate::domain::conversation::{self, AnswerView, Conversation, ConversationId, ProposedView};
use crate::domain::{IncidentId, Person};
use crate::pipeline::Services;
pub use own::HostRecord;

/// What conversations may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Questions that are answered side by side.
    pub concurrent: usize,
    /// Questions of one conversation.
    pub questions: usize,
    /// Steps of the model for one answer.
    pub steps: u64,
    /// Looks that one step may ask for.
    pub looks_per_step: usize,
    /// Bytes of a question.
    pub question_bytes: usize,
    /// How long after its last entry a conversation is closed.
    pub idle: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrent: 4,
            questions: 50,
            steps: 8,
            looks_per_step: 5,
            question_bytes: 8 * 1024,
            idle: SignedDuration::from_hours(7 * 24),
        }
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The conversation that goes on; none for a new one.
    pub conversation: Option<ConversationId>,
    /// The incident that a new conversation is about.
    pub incident: Option<IncidentId>,
    /// What is asked.
    pub text: String,
    /// Who asks, and how that is known.
    pub person: Person,
}

/// Why a question is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// There is no such conversation or incident.
    #[error("{0}")]
    NotFound(String),
    /// The conversation takes none, or not now.
    #[error("{0}")]
    Conflict(String),
    /// It is no question.
    #[error("{0}")]
    Invalid(String),
    /// No model, too many questions, or the journal cannot be written.
    #[error("{0}")]
    Unavailable(String),
}

/// Something that whoever asked is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The question is durable.
    Conversation {
        /// The conversation's id.
        id: String,
        /// The incident that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<String>,
    },
    /// The next words of the answer.
    #[serde(rename = "words")]
    Text {
        /// These.
        text: String,
    },
    /// The words so far are void.
    #[serde(rename = "anew")]
    Restart,
    /// A look is being made.
    Look {
        /// The tool.
        tool: String,
        /// Its arguments.
        arguments: Map<String, Value>,
    },
    /// It was made, or refused, and that is durable.
    Looked {
        /// The tool.
        tool: String,
        /// Whether it answered without an error.
        ok: bool,
        /// The gate that refused it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
        /// The beginning of what it told; of one that was refused, why.
        text: String,
        /// How long it took in milliseconds.
        took_ms: u64,
    },
    /// The answer, which is durable; nothing follows.
    Answer {
        /// What came of the question.
        answer: AnswerView,
        /// How proposals stand now.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rulings: Vec<RulingView>,
        /// Requests to models.
        calls: u64,
        /// Tokens both ways.
        tokens: u64,
    },
    /// The host could not go on; nothing follows.
    Error {
        /// Why.
        error: String,
    },
}

impl Event {
    /// Its name in a stream of server-sent events.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conversation { .. } => "conversation",
            Self::Text { .. } => "words",
            Self::Restart => "anew",
            Self::Look { .. } => "look",
            Self::Looked { .. } => "looked",
            Self::Answer { .. } => "answer",
            Self::Error { .. } => "error",
        }
    }
}

/// An event, and the conversation's entry behind it where there is one: its number in the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamedEvent {
    /// The number; none for what is shown before it is durable.
    pub entry: Option<u64>,
    /// The event.
    pub event: Event,
}

/// How a proposal stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulingView {
    /// What is proposed.
    #[serde(flatten)]
    pub proposed: ProposedView,
    /// Where the action stands, such as `asked` or `denied`.
    pub state: String,
    /// The gate that ruled; none as long as none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// Its reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// All conversations of a host.
pub struct Chat {
    services: Arc<Services>,
    memory: Arc<dyn HostRecord>,
    limits: Limits,
    /// Those whose last question is being answered.
    answering: Mutex<HashSet<ConversationId>>,
}

impl Chat {
    /// Conversations over these services.
    pub fn new(services: Arc<Services>, memory: Arc<dyn HostRecord>, limits: Limits) -> Self {
        Self { services, memory, limits, answering: Mutex::default() }
    }

    /// Takes a question in. What comes of it is shown through the channel, whose end is the end of the answer.
    ///
    /// Whoever lets go of the channel breaks the answer off: a request to the model that is under way is waited for a few
    /// seconds and counted, and nothing is begun behind it.
    ///
    /// # Errors
    /// Why it is not answered.
    pub async fn ask(
        self: &Arc<Self>,
        question: Question,
    ) -> Result<mpsc::UnboundedReceiver<StreamedEvent>, ChatError> {
        // A caller that hangs up in between must not let go of the place before the append is over: there would be two
        // who write to one conversation.
        let chat = Arc::clone(self);
        let taken = tokio::spawn(async move { chat.take_question(question).await }).await;
        taken.unwrap_or_else(|_| Err(ChatError::Unavailable("the question could not be taken in; ask again".into())))
    }

    /// Takes in a change that a program wants in the name of a person, as if a model had proposed it in a conversation of
    /// that person: it becomes an incident, and the gate rules on it.
    ///
    /// # Errors
    /// Why it is not taken in.
    pub async fn take_proposal(self: &Arc<Self>, wanted: ProposalRequest) -> Result<ProposalResult, ChatError> {
        // As with questions: the appends are one after the other, whoever hangs up.
        let chat = Arc::clone(self);
        let taken = tokio::spawn(async move { chat.take_wanted(wanted).await }).await;
        taken.unwrap_or_else(|_| Err(ChatError::Unavailable("the proposal could not be taken in; try again".into())))
    }

    async fn take_question(
        self: &Arc<Self>,
        question: Question,
    ) -> Result<mpsc::UnboundedReceiver<StreamedEvent>, ChatError> {
        if !self.services.model.configured() {
            return Err(ChatError::Unavailable(UNCONFIGURED.into()));
        }
        let text = question.text.trim().to_string();
        let most = self.limits.question_bytes;
        if text.is_empty() || text.len() > most {
            return Err(ChatError::Invalid(format!("text: ask something, in at most {most} bytes")));
        }
        if self.services.store.is_stopping() {
            return Err(ChatError::Unavailable("tidegate is stopping; ask again when it has started anew".into()));
        }
        let (mut conversation, place) = match &question.conversation {
            Some(id) => {
                let place = self.place(Some(id))?;
                let known = self.known(id).await?;
                if !known.person.is_same_as(&question.person) {
                    let whose = known.person.shown();
                    return Err(ChatError::Conflict(format!(
                        "conversation {id} is {whose}'s: what is proposed in it is proposed for them; begin a new one"
                    )));
                }
                let most = self.limits.questions;
                if known.exchanges.len() >= most {
                    return Err(ChatError::Conflict(format!(
                        "conversation {id} has {most} questions; begin a new one"
                    )));
                }
                (known, place)
            }
            None => {
                let place = self.place(None)?;
                let incident = question.incident.clone();
                if let Some(id) = &incident
                    && self.on_disk(id.clone(), |memory, id| memory.incident(&id.0)).await?.is_none()
                {
                    return Err(ChatError::NotFound(format!("there is no incident {id}")));
                }
                let began = conversation::Fact::Began { person: question.person.clone(), incident };
                let conversation = self.services.store.begin_conversation(began).await.map_err(unavailable)?;
                (conversation.clone(), place.of(&conversation.id))
            }
        };
        let mut facts = Vec::new();
        if conversation.open().is_some() {
            facts.push(conversation::Fact::Interrupted { reason: CRASHED.into() });
        }
        facts.push(conversation::Fact::Asked { person: question.person, text });
        self.services.store.converse(&mut conversation, facts).await.map_err(unavailable)?;
        let (show, shown) = mpsc::unbounded_channel();
        tokio::spawn(turn::answer(Arc::clone(self), conversation, place, show));
        Ok(shown)
    }

    /// Whether the last question of a conversation is being answered now.
    pub fn is_answering(&self, id: &ConversationId) -> bool {
        self.answering().contains(id)
    }

    /// Closes conversations in which nothing has happened for long.
    pub async fn close_idle(self: &Arc<Self>, now: Timestamp) {
        let Ok(since) = now.checked_sub(self.limits.idle) else { return };
        let idle = self.on_disk(since, |memory, since| memory.idle(since)).await.unwrap_or_default();
        for id in idle {
            let Ok(place) = self.place(Some(&id)) else { continue };
            // What cannot be read or written now is found again later.
            let Ok(mut conversation) = self.known(&id).await else { continue };
            if conversation.updated_at >= since {
                continue;
            }
            let reason = format!("nothing was asked for {} h", self.limits.idle.as_hours());
            let facts = vec![conversation::Fact::Closed { reason }];
            let _ = self.services.store.converse(&mut conversation, facts).await;
            drop(place);
        }
    }

    /// A conversation that is not closed.
    async fn known(&self, id: &ConversationId) -> Result<Conversation, ChatError> {
        let (store, wanted) = (Arc::clone(&self.services.store), id.clone());
        let read = tokio::task::spawn_blocking(move || store.conversation(&wanted)).await;
        let read = read.map_err(|_| ChatError::Unavailable("the conversation cannot be read".into()))?;
        let none = || ChatError::NotFound(format!("there is no conversation {id}"));
        let conversation = read.map_err(unavailable)?.ok_or_else(none)?;
        if let Some(reason) = &conversation.closed {
            return Err(ChatError::Conflict(format!("conversation {id} is closed: {reason}; begin a new one")));
        }
        Ok(conversation)
    }

    /// Reads what is on disk, on a thread that may wait for it.
    async fn on_disk<A: Send + 'static, T: Send + 'static>(
        &self,
        about: A,
        read: impl FnOnce(&dyn HostRecord, A) -> Result<T, String> + Send + 'static,
    ) -> Result<T, ChatError> {
        let memory = Arc::clone(&self.memory);
        let read = tokio::task::spawn_blocking(move || read(memory.as_ref(), about)).await;
        read.unwrap_or_else(|_| Err("the records cannot be read".into())).map_err(ChatError::Unavailable)
    }

    /// A place among the questions that are answered side by side.
    fn place(self: &Arc<Self>, id: Option<&ConversationId>) -> Result<Slot, ChatError> {
        let mut answering = self.answering();
        if answering.len() >= self.limits.concurrent.max(1) {
            let text =
                "as many questions are being answered as may be side by side ([chat] concurrent); ask again soon";
            return Err(ChatError::Unavailable(text.into()));
        }
        // One that has no name yet takes a place of its own.
        let nameless = || ConversationId(format!("new-{}", self.services.random.next()).into());
        let id = id.cloned().unwrap_or_else(nameless);
        if !answering.insert(id.clone()) {
            return Err(ChatError::Conflict(format!(
                "conversation {id} is being answered; ask again when that is over"
            )));
        }
        drop(answering);
        Ok(Slot { chat: Arc::clone(self), id })
    }

    fn answering(&self) -> MutexGuard<'_, HashSet<ConversationId>> {
        self.answering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said where no model is configured.
pub const UNCONFIGURED: &str = "no language model is configured, and a conversation needs one: [model] in the \
    configuration names it. Without one, `tidegate incidents`, `report`, `evidence`, `search`, `similar` and \
    `policy explain` answer from the record";

/// Why an answer has no end that a crash broke off.
const CRASHED: &str = "tidegate ended in the middle of the answer";

/// A place among the questions that are answered; it is given up with this.
struct Slot {
    chat: Arc<Chat>,
    id: ConversationId,
}

impl Slot {
    /// The same place for the conversation that has got a name.
    fn of(mut self, id: &ConversationId) -> Self {
        let mut answering = self.chat.answering();
        answering.remove(&self.id);
        answering.insert(id.clone());
        drop(answering);
        self.id = id.clone();
        self
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.chat.answering().remove(&self.id);
    }
}

fn unavailable(error: crate::ports::JournalError) -> ChatError {
    ChatError::Unavailable(error.to_string())
}
