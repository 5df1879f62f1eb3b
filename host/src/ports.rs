//! What the pipeline needs from the parts around it, as traits over the domain's own types.
//!
//! Each part (policy, plugin, tools, model, journal) implements one of these and keeps its library
//! to itself; tests and simulations implement them with data.

mod model;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::alert::normalised::Normalised;
use crate::domain::knowledge::Knowledge;
use crate::domain::message::{Content, SentMessage, Stage};
use crate::domain::{
    Alert, Call, Catalogue, Entry, Head, Incident, IncidentId, Labels, Occasion, PlanResult, Sealed, Slot,
};
use crate::gate::{LookRefusal, Permit, ReadPermit};

pub use model::{
    ChatReply, ChatRequest, ChatStep, Model, ModelReply, SimilarityBasis, Spending, StreamPart, TrackRecord,
};

/// Time. The only way to read a clock or to wait.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Time since some moment of this process, which no setting of the wall clock changes.
    fn elapsed(&self) -> Duration;
    /// Waits so long, whatever becomes of the wall clock. May come back early, so that a caller that
    /// waits for long sees within a minute that the wall clock was set.
    fn sleep(&self, length: Duration) -> BoxFuture<'static, ()>;

    /// Waits as long as it is now until then by the wall clock; see [`Clock::sleep`].
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        self.sleep(remaining(self.now(), at))
    }

    /// Milliseconds since an earlier reading; 0 when the clock was set back.
    fn ms_since(&self, began: Timestamp) -> u64 {
        u64::try_from(self.now().duration_since(began).as_millis()).unwrap_or(0)
    }
}

/// How long it is from `now` until `at`; nothing when that has passed.
pub fn remaining(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

/// Hears what happens to incidents, to count it. Called with the live state locked: it must be quick, and call nobody.
pub trait Observer: Send + Sync {
    /// Alerts have come in, whatever way they came; they are not durable yet. Nothing is locked.
    fn heard(&self, _alerts: &[Alert]) {}
    /// An entry has changed an incident, which is as it is behind it. The entry may not be durable yet.
    fn noted(&self, incident: &Incident, entry: &Entry);
    /// Entries have become durable, so long after they were queued.
    fn appended(&self, took: Duration);
}

/// Nobody counts.
pub struct NoObserver;

impl Observer for NoObserver {
    fn noted(&self, _: &Incident, _: &Entry) {}

    fn appended(&self, _: Duration) {}
}

/// A tool's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolAnswer {
    /// Whether the tool says that it worked.
    pub ok: bool,
    /// Its text, redacted and cut.
    pub text: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The tool does not exist or is not allowed: nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// The server is down, starts or has no room: nothing was sent, and a later try may succeed.
    #[error("{0}")]
    Unavailable(String),
    /// The call was sent and no answer came: it may have had its effect.
    #[error("{0}")]
    Lost(String),
}

/// Room for one call that changes something, at the place where its tool is. Who holds it need not wait any
/// more; dropping it gives the room to the next.
#[derive(Default)]
pub struct ToolSlot(Option<Box<dyn Any + Send + Sync>>);

impl ToolSlot {
    /// Holds what keeps others out until it is dropped.
    pub fn holding(what: impl Any + Send + Sync) -> Self {
        Self(Some(Box::new(what)))
    }

    /// What it holds, if that is of this kind.
    pub fn held<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }
}

/// The tools of MCP servers and remediation plugins.
pub trait Tools: Send + Sync {
    /// The tools that exist now.
    fn catalogue(&self) -> Arc<Catalogue>;
    /// Resolves when it is known which tools there are: each server has started or failed to within the
    /// time that it may take; at once from then on.
    fn settled(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    /// Makes the look that a permit holds, with a read-only tool; any other is refused. Nobody but the gate
    /// can make the permit.
    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>>;
    /// The same for a list that nobody keeps: its answer may have up to so many bytes where that is more than others may.
    fn survey<'a>(&'a self, permit: &'a ReadPermit, _most: usize) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        self.look(permit)
    }
    /// Whether an attempt took effect, by the word of whoever performed it; none when nobody can tell.
    /// Changes nothing.
    fn probe<'a>(&'a self, _call: &'a Call, _attempt: &'a str) -> BoxFuture<'a, Option<bool>> {
        Box::pin(std::future::ready(None))
    }
    /// Whether a tool could be called now; true where nobody can tell.
    fn ready(&self, _tool: &str) -> bool {
        true
    }
    /// Waits until a call that changes something has its turn where its tool is, and comes back at once
    /// where it is known that it cannot be called. Taken before anything is permitted, so that what cannot
    /// begin is not begun. Resolves in the order of asking.
    fn acquire<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Result<ToolSlot, ToolError>> {
        Box::pin(std::future::ready(Ok(ToolSlot::default())))
    }
    /// Calls any tool, in its turn. Nobody but the gate can make the permit that this takes, and nothing
    /// that the gate did not rule on goes along with the call.
    fn perform<'a>(
        &'a self,
        permit: &'a Permit,
        call: &'a Call,
        turn: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>>;
}

/// Why a look told nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    /// A gate refused it: nothing was called.
    #[error(transparent)]
    Refused(#[from] LookRefusal),
    /// The tool gave no answer.
    #[error(transparent)]
    Failed(#[from] ToolError),
}

/// The looks of one plan: each is ruled on, made and journaled by the host.
pub trait Looks: Send + Sync {
    /// Makes looks that do not depend on each other, each if no gate refuses it: ruled on and journaled in
    /// this order, made side by side as far as there is room. There are as many answers as calls, in the
    /// same order.
    fn look_all(&self, calls: Vec<Call>) -> BoxFuture<'_, Vec<Result<ToolAnswer, LookError>>>;

    /// Of these tools those that may be used for what is planned: none that reaches another cluster.
    fn offered(&self, catalogue: Arc<Catalogue>) -> Arc<Catalogue> {
        catalogue
    }

    /// Makes one look.
    fn look(&self, call: Call) -> BoxFuture<'_, Result<ToolAnswer, LookError>> {
        Box::pin(async move {
            let unanswered = || Err(ToolError::Lost("the look has no answer".into()).into());
            self.look_all(vec![call]).await.pop().unwrap_or_else(unanswered)
        })
    }
}

/// Remediation plugins.
pub trait Planners: Send + Sync {
    /// Asks a plugin what is wrong and what to do: its proposals in order, or a sentence for people. It may
    /// look through `looks` meanwhile.
    fn plan<'a>(
        &'a self,
        plugin: &'a str,
        incident: &'a Incident,
        now: Timestamp,
        looks: Arc<dyn Looks>,
    ) -> BoxFuture<'a, Result<PlanResult, String>>;
}

/// What is known from before: runbooks, and incidents of the past.
pub trait KnowledgeBase: Send + Sync {
    /// What is known about an incident. Takes a bounded time, and what could not be looked up in it is named
    /// in the answer.
    fn recall<'a>(&'a self, incident: &'a Incident) -> BoxFuture<'a, Knowledge>;
}

/// One message to one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Stable across retries.
    pub delivery: String,
    /// The message on the target's side: of an update, what it updates.
    pub message: String,
    /// The incident.
    pub incident: IncidentId,
    /// Why people are told.
    pub occasion: Occasion,
    /// Where it stands in what the target hears about the incident.
    pub stage: Stage,
    /// What the target has taken of the incident and can refer to, oldest first.
    pub earlier: Vec<SentMessage>,
    /// critical, error, warning or info.
    pub severity: String,
    /// The outcome's word; empty while undecided.
    pub outcome: String,
    /// What it says.
    pub content: Content,
    /// `en` or `zh`.
    pub language: String,
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotifyError {
    /// Worth another attempt, after so long if the target said that.
    Retry {
        /// Why.
        reason: String,
        /// Lower bound.
        after: Option<Duration>,
    },
    /// The target refused this very message.
    Refused(String),
    /// No attempt can succeed.
    Permanent(String),
}

impl NotifyError {
    /// Why, for people.
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. } | Self::Refused(reason) | Self::Permanent(reason) => reason,
        }
    }
}

/// Notifier targets.
pub trait Notifiers: Send + Sync {
    /// Whether a target of this name exists.
    fn has(&self, target: &str) -> bool;
    /// Delivers one message.
    fn deliver<'a>(
        &'a self,
        target: &'a str,
        message: &'a Message,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<String>, NotifyError>>;
}

/// A request that may hold alerts, as a source gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// HTTP method in upper case.
    pub method: String,
    /// Lower-case names; without credentials.
    pub headers: Labels,
    /// In the order of the URL.
    pub query: Vec<(String, String)>,
    /// The body as UTF-8.
    pub body: String,
    /// When it came in.
    pub received_at: Timestamp,
}

/// Why a request gave no alerts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The sender's fault; the text names the place.
    #[error("{0}")]
    Invalid(String),
    /// No source of this name.
    #[error("{0}")]
    UnknownSource(String),
    /// The source's own fault, or overload: the sender should try again.
    #[error("{0}")]
    Unavailable(String),
}

/// Sources: built in and plugins.
pub trait Sources: Send + Sync {
    /// Names of all sources that can be used.
    fn names(&self) -> Vec<String>;
    /// Turns a request into alerts, and names those of it that could not be taken. A request of whose alerts
    /// none could be is an error.
    fn decode<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Normalised, DecodeError>>;
}

/// Why the journal could not take or give entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal is not available: {0}")]
pub struct JournalError(pub String);

/// The append-only record.
pub trait Journal: Send + Sync {
    /// Appends entries in order, all or none. Resolves when they are durable. After an error every
    /// later append fails as well until `recover` has succeeded, so that no entry is written
    /// behind a missing one. The order of calls is the order in the journal.
    fn append(&self, entries: Vec<Sealed>) -> BoxFuture<'static, Result<(), JournalError>>;
    /// Tries to make the journal writable again after an error.
    fn recover(&self) -> BoxFuture<'_, Result<(), JournalError>>;
    /// All entries of one stream in order.
    fn stream(&self, stream: &str) -> Result<Vec<Sealed>, JournalError>;
    /// Feeds all entries behind global position `after` in order to `visit`, with their positions.
    fn replay(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, Sealed) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;
    /// What stands at a global position: whether this is the journal that somebody has read so far.
    fn place(&self, position: u64) -> Result<Slot, JournalError>;
    /// The head of the chain over what is durable; none from a journal that does not tell it, such as one in memory.
    fn head(&self) -> Option<Head> {
        None
    }
}

/// Small key/value state of plugins.
pub trait PluginState: Send + Sync {
    /// The value of a key.
    fn get(&self, plugin: &str, key: &str) -> Result<Option<String>, String>;
    /// Sets it.
    fn set(&self, plugin: &str, key: &str, value: &str) -> Result<(), String>;
}

/// A settled incident with its entries, for listings and reports.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentRecord {
    /// The incident as it stands.
    pub incident: Incident,
    /// Everything that happened to it.
    pub entries: Vec<Entry>,
}

/// Settings of a plugin as a JSON object.
pub type Settings = Value;
