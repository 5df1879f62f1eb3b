//! What the command line and the HTTP server need from the host behind them.
//!
//! `Backend` is the running host, `Records` its history on disk, `Host` the way to start and inspect
//! one. The HTTP server knows only the first two, so tests put a fake behind it.

pub mod alerts;
pub mod audit;
pub mod deliveries;
mod evidence;
#[cfg(test)]
pub(crate) mod fake;
mod filter;
pub mod handling;
mod host_status;
mod inspections;
pub mod operations;
mod plugins;
pub mod policies;
pub mod programs;
pub mod routing;
mod schedules;
pub mod silences;
pub mod trials;
pub mod visible;

use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{broadcast, mpsc};

use crate::author::cases;
use crate::backtest::Report;
use crate::chat::{ChatError, Question, StreamedEvent};
use crate::config::{Config, Problem, Problems};
use crate::domain::alert::normalised::Reply;
use crate::domain::audit::{AuditQuery, AuditView};
use crate::domain::conversation::ConversationView;
use crate::domain::event::Pattern;
use crate::domain::inspection::Run;
use crate::domain::knowledge::{Knowledge, SearchResults};
use crate::domain::{Anchor, Head, Incident, Person};
use crate::events::ReceivedEvent;
use crate::gate::People;
use crate::model::costs::Costs;
use crate::plugin::Kind;
pub use crate::plugin::Reloaded;
use crate::ports::{Inbound, IncidentRecord};
use crate::suggest::DraftOutcome;
use deliveries::{DeliveryView, RetryRequest, UndeliveredQuery};
pub use evidence::{EvidenceView, no_report, whole};
pub use filter::{CancelOnDrop, Cancellation, Filter};
pub use host_status::HostStatus;
pub use inspections::InspectionView;
pub use plugins::PluginView;
use policies::{ExplainInput, Explanation, LintReport, LintRequest, ReplayRequest, SuggestRequest, TestReport};
use routing::{Routing, RoutingWanted};
pub use schedules::ScheduleView;
use trials::{Trial, Tried};

/// Incidents on disk. Calls may block on files; do not call them on an async thread.
pub trait Records: Send + Sync {
    /// Incidents that pass the filter, newest first; stops when nobody waits for them any more.
    fn list(&self, filter: &Filter, cancellation: &Cancellation) -> Result<Vec<Incident>, String>;
    /// One incident by its full id.
    fn incident(&self, id: &str) -> Result<Option<Incident>, String>;
    /// One incident with its entries by its full id.
    fn story(&self, id: &str) -> Result<Option<IncidentRecord>, String>;
    /// What an incident waits for and until when, as English for the terminal; none where it waits for nothing.
    fn waits_for(&self, _: &Incident) -> Option<String> {
        None
    }
    /// Runbooks and closed incidents that hold all words of a text, so many of each.
    fn search(&self, text: &str, most: usize) -> Result<SearchResults, String>;
    /// What is known from before about an incident, by its full id; none where there is no such incident.
    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String>;
}

/// The running host.
pub trait Backend:
    Records
    + silences::Silencing
    + alerts::Alerts
    + handling::Handling
    + operations::Operations
    + programs::Programs
    + audit::AuditLog
    + 'static
{
    /// Names of the sources that exist now.
    fn sources(&self) -> Vec<String>;
    /// Whether there is a source of this name now.
    fn has_source(&self, name: &str) -> bool {
        self.sources().iter().any(|known| known == name)
    }
    /// Why a source that there is cannot be used now; none where it can, and where there is none.
    fn unusable_source(&self, _source: &str) -> Option<String> {
        None
    }
    /// Whether a source takes requests of this method.
    fn takes(&self, source: &str, method: &str) -> bool;
    /// Takes a request in. The alerts are durable when this is `Ok`.
    fn receive<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<ReceiveReport, ReceiveError>>;
    /// A person says yes to an action.
    fn approve(&self, answer: ApprovalAnswer) -> BoxFuture<'_, Result<(), ControlError>>;
    /// A person says no to an action.
    fn reject(&self, answer: ApprovalAnswer) -> BoxFuture<'_, Result<(), ControlError>>;
    /// Nothing is executed until `resume`, across restarts.
    fn pause(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>>;
    /// Execution goes on.
    fn resume(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>>;
    /// Every breaker that has counted something.
    fn breakers(&self) -> Vec<Breaker>;
    /// Every plugin, and how its calls went since the start.
    fn plugins(&self) -> Vec<PluginView>;
    /// Reads a plugin of the folder anew: `scope` is its name. Calls that are under way end with the old code, and
    /// what is wrong with the new one leaves the old in its place.
    fn reload_plugin(&self, order: ControlRequest) -> BoxFuture<'_, Result<Reloaded, ControlError>>;
    /// Closes a breaker: `scope` is its key.
    fn reset_breaker(&self, order: ControlRequest) -> BoxFuture<'_, Result<(), ControlError>>;
    /// Messages that were not delivered: of incidents with such that were given up first. May block on
    /// files.
    fn deliveries(&self, wanted: &UndeliveredQuery) -> Result<Vec<DeliveryView>, String>;
    /// Has messages sent anew that have failed or were given up; says how many.
    fn retry_deliveries(&self, anew: RetryRequest) -> BoxFuture<'_, Result<usize, ControlError>>;
    /// Sends a test message to a target; what came of it, also where that is nothing good.
    fn try_target(&self, trial: Trial) -> BoxFuture<'_, Result<Tried, ControlError>> {
        let none = ControlError::NotFound(format!("there is no target {:?}", trial.target));
        Box::pin(std::future::ready(Err(none)))
    }
    /// Every inspection of the configuration, and how it stands.
    fn inspections(&self) -> Vec<InspectionView> {
        Vec::new()
    }
    /// Makes a run of an inspection, whose name is `scope`, and waits until it has come to its end.
    fn inspect(&self, order: ControlRequest) -> BoxFuture<'_, Result<Run, ControlError>> {
        let none = ControlError::NotFound(format!("there is no inspection {:?}", order.scope));
        Box::pin(std::future::ready(Err(none)))
    }
    /// Every schedule and heartbeat of the configuration, and how it stands.
    fn schedules(&self) -> Vec<ScheduleView> {
        Vec::new()
    }
    /// Does now what a schedule does, whose name is `scope`; what came of it, in a sentence.
    fn run_schedule(&self, order: ControlRequest) -> BoxFuture<'_, Result<String, ControlError>> {
        let none = ControlError::NotFound(format!("there is no schedule {:?}", order.scope));
        Box::pin(std::future::ready(Err(none)))
    }
    /// The subjects of the latest events that hold a text.
    fn event_subjects(&self, _search: &str) -> Vec<String> {
        Vec::new()
    }
    /// The latest events of which the subject is meant, from a time on, the newest first; so many at most.
    fn recent_events(&self, _subject: &Pattern, _since: Option<Timestamp>, _most: usize) -> Vec<ReceivedEvent> {
        Vec::new()
    }
    /// Takes a question of a conversation; what comes of it is shown through the channel. Letting go of that breaks the
    /// answer off.
    fn chat(&self, _question: Question) -> BoxFuture<'_, Result<mpsc::UnboundedReceiver<StreamedEvent>, ChatError>> {
        Box::pin(async { Err(ChatError::Unavailable(crate::chat::UNCONFIGURED.into())) })
    }
    /// The newest conversations that began before the one named, without their questions: of everybody, or of one
    /// person. May block on files.
    fn conversations(
        &self,
        _of: Option<&Person>,
        _before: Option<&str>,
        _limit: usize,
    ) -> Result<Vec<ConversationView>, String> {
        Ok(Vec::new())
    }
    /// A conversation by its full id. May block on files.
    fn conversation(&self, _id: &str) -> Result<Option<ConversationView>, String> {
        Ok(None)
    }
    /// From now on these are the people who may be asked and answer.
    fn set_people(&self, _people: People) {}
    /// How it stands, for whoever looks at it.
    fn condition(&self) -> HostStatus {
        HostStatus::default()
    }
    /// Ids of incidents to which something happened.
    fn changes(&self) -> broadcast::Receiver<String>;
    /// Whether it can take alerts.
    fn ready(&self) -> Readiness;
    /// Counters and gauges as Prometheus text.
    fn metrics(&self) -> String;
    /// Begins nothing new any more and waits for what is under way, within a bound. Alerts are still taken.
    fn wind_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    /// Winds down, takes nothing any more and ends everything.
    fn stop(&self) -> BoxFuture<'_, ()>;
}

/// Starts a host or looks at one that is not running.
pub trait Host: Send + Sync {
    /// Starts everything that `serve` needs, but not the HTTP server.
    fn start<'a>(&'a self, config: Arc<Config>, progress: &'a Progress)
    -> BoxFuture<'a, Result<RunningHost, Problems>>;
    /// Loads everything without starting it, and says what was found.
    fn check<'a>(&'a self, config: Arc<Config>, progress: &'a Progress) -> BoxFuture<'a, CheckReport>;
    /// Starts the configured tool servers, says what they offer, and ends them; calls none of their tools.
    fn check_tools<'a>(&'a self, config: Arc<Config>, progress: &'a Progress) -> BoxFuture<'a, CheckReport>;
    /// Asks each endpoint of the model one harmless question; none where no model is configured.
    fn check_model<'a>(
        &'a self,
        config: &'a Config,
    ) -> BoxFuture<'a, Result<Vec<crate::model::EndpointReport>, Problems>>;
    /// The plugins inside this program: a plugin of a folder takes the place of the one of its name.
    fn bundled(&self) -> Vec<(String, Kind)>;
    /// Takes payloads through the whole pipeline to the end.
    fn handle<'a>(
        &'a self,
        config: Arc<Config>,
        payloads: Vec<Payload>,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<HandleReport, Problems>>;
    /// Makes a run of an inspection in this process.
    fn inspect<'a>(
        &'a self,
        config: Arc<Config>,
        name: &'a str,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Run, Problems>>;
    /// Every inspection of the configuration as the journal has it, whether or not a host is running.
    fn inspections(&self, config: &Config) -> Result<Vec<InspectionView>, String>;
    /// Every schedule and heartbeat of the configuration as the journal has it, whether or not a host is running.
    fn schedules(&self, config: &Config) -> Result<Vec<ScheduleView>, String>;
    /// Lets a remediation of the configuration's host plan about an incident that a file describes: it looks with
    /// the configured tool servers, as far as gates allow, and nothing is changed or journaled.
    fn plan_by_hand<'a>(
        &'a self,
        config: &'a Config,
        subject: &'a cases::PluginUnderTest<'a>,
        incident: &'a Value,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<cases::Outcome, String>>;
    /// Every plugin as the configuration has it, whether or not a host is running.
    fn plugins<'a>(&'a self, config: &'a Config) -> BoxFuture<'a, Result<Vec<PluginView>, Problems>>;
    /// The history on disk, for reading, whether or not a host is running.
    fn records(&self, config: &Config) -> Result<Box<dyn Records>, String>;
    /// Runs the table tests of a folder of policies, or of the configured one.
    fn test_policies(&self, config: &Config, folder: Option<&Path>) -> Result<TestReport, Problems>;
    /// Says what in policies cannot be meant. Starts the configured tool servers to know their
    /// tools, unless that is not wanted, and ends them; calls none of the tools.
    fn lint_policies<'a>(
        &'a self,
        config: Arc<Config>,
        wanted: &'a LintRequest,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<LintReport, Problems>>;
    /// Says why something is, or would be, decided as it is. Changes and calls nothing.
    fn explain<'a>(
        &'a self,
        config: Arc<Config>,
        subject: ExplainInput,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Vec<Explanation>, Problems>>;
    /// Says who would be told of something that nobody has sent. Changes and calls nothing.
    fn routing<'a>(
        &'a self,
        _config: &'a Config,
        _wanted: &'a RoutingWanted,
    ) -> BoxFuture<'a, Result<Vec<Routing>, Problems>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    /// Replays the journal against other policies. Changes and calls nothing.
    fn backtest(&self, config: &Config, wanted: &ReplayRequest, progress: &Progress) -> Result<Report, Problems>;
    /// What models have cost in the last `days` days (UTC), today included, and what was decided without them.
    fn costs(&self, config: &Config, days: u32) -> Result<Costs, String>;
    /// Whether there ever were accounts, as far as the journal knows, whether or not a host is running.
    fn had_accounts(&self, _config: &Config) -> Result<bool, String> {
        Ok(false)
    }
    /// Who did what, as the journal has it, whether or not a host is running.
    fn audited(&self, _config: &Config, _wanted: &AuditQuery) -> Result<Vec<AuditView>, String> {
        Ok(Vec::new())
    }
    /// Writes drafts of rules; puts none in force.
    fn suggest(
        &self,
        config: &Config,
        wanted: &SuggestRequest,
        progress: &Progress,
    ) -> Result<Vec<DraftOutcome>, Problems>;
    /// Reads the whole journal and checks its chain.
    fn verify(&self, config: &Config, anchors: &[Anchor], progress: &Progress) -> Result<VerifiedJournal, String>;
    /// Where the journal ends.
    fn journal_head(&self, config: &Config) -> Result<Head, String>;
    /// Copies the journal, whether a host writes it or not; where the copy ends.
    fn back_up(&self, config: &Config, to: &Path) -> Result<Head, String>;
    /// Puts a backup in the journal's place; what was done, a few lines.
    fn restore(&self, config: &Config, from: &Path) -> Result<Vec<String>, String>;
    /// Feeds the entries behind a position to `line`, each as a JSON document on one line.
    fn export(
        &self,
        config: &Config,
        after: u64,
        line: &mut dyn FnMut(&str) -> Result<(), String>,
    ) -> Result<(), String>;
}

/// Takes a line about long work.
pub type Progress = dyn Fn(&str) + Send + Sync;

/// A started host.
pub struct RunningHost {
    /// The host.
    pub backend: Arc<dyn Backend>,
    /// What was loaded: a few lines for the person who started it.
    pub loaded: Vec<String>,
}

/// What `check` found.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// What was loaded.
    pub loaded: Vec<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// One payload of `handle`.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Where it comes from, for people.
    pub name: String,
    /// The source that decodes it.
    pub source: String,
    /// The request.
    pub request: Inbound,
}

/// What became of the payloads of `handle`.
#[derive(Clone, Debug, Default)]
pub struct HandleReport {
    /// What became of each payload that was taken: its name, and what was done with its alerts.
    pub taken: Vec<(String, ReceiveReport)>,
    /// The incidents in the order of opening, each once.
    pub stories: Vec<IncidentRecord>,
    /// A sentence for each message that nobody got.
    pub undelivered: Vec<String>,
    /// Payloads that gave nothing: name and why.
    pub failures: Vec<(String, String)>,
}

/// What `journal verify` found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifiedJournal {
    /// Streams of entries: one an incident, and the host's own.
    pub streams: u64,
    /// Entries in total.
    pub entries: u64,
    /// Where the journal ends, as `POSITION:HASH`.
    pub head: String,
    /// A sentence for each place where the chain is broken.
    pub faults: Vec<String>,
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiveReport {
    /// Alerts that were taken, each once.
    pub alerts: usize,
    /// Messages beside these about an alert of which the same request says something later, such as that it has ended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub folded: u64,
    /// Ids of the incidents that they belong to, each once.
    pub incidents: Vec<String>,
    /// How many of the alerts were known already.
    pub repeats: u64,
    /// How many of the messages were older than what is known, so that they changed nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub late: u64,
    /// How many had ended and were not known here, so that there is nothing to do about them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown_resolved: u64,
    /// How many are beyond the bounds of what is live, and are counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub counted: u64,
    /// A sentence for each alert of the request that could not be taken; they are not among `alerts`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What comes of an address that the sender wants to have fetched to confirm something, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<String>,
    /// What the sender is answered in place of all this.
    #[serde(skip)]
    pub reply: Option<Reply>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Why a request was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// The sender's fault.
    #[error("{0}")]
    Invalid(String),
    /// No such source.
    #[error("{0}")]
    UnknownSource(String),
    /// Overload, or the journal cannot be written: the sender should try again.
    #[error("{0}")]
    Unavailable(String),
}

/// A person's answer about an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalAnswer {
    /// The incident's full id.
    pub incident: String,
    /// The action's id within it.
    pub action: String,
    /// The digest that the person saw; an approval of anything else is refused.
    pub digest: Option<String>,
    /// Who, and how that is known.
    pub person: Person,
    /// `cli`, `http` or `link`.
    pub via: String,
    /// In the person's words.
    pub comment: String,
}

/// A person's word to the host as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlRequest {
    /// Who, and how that is known.
    pub person: Person,
    /// Why.
    pub reason: String,
    /// Empty for everything, `rule:<name>` or `server:<name>`.
    pub scope: String,
}

/// Stops an origin whose fixes do not help, or whose proposals are denied again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Breaker {
    /// Whose fixes it counts, such as `rule:restart-pods`, or whose denials: `denied:rule:restart-pods`.
    pub key: String,
    /// How many there were in a row.
    pub count: u32,
    /// So many open it.
    pub limit: u32,
    /// Whether it lets nothing through.
    pub open: bool,
    /// What was counted, in a sentence.
    pub because: String,
}

/// Why a person's word was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No such incident or action.
    #[error("{0}")]
    NotFound(String),
    /// Too late, already answered, or another digest.
    #[error("{0}")]
    Conflict(String),
    /// Not this person.
    #[error("{0}")]
    Forbidden(String),
    /// The journal cannot be written.
    #[error("{0}")]
    Unavailable(String),
}

/// Whether the host can take alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// It can.
    pub ready: bool,
    /// What is not as it should be, whether or not it can.
    pub problems: Vec<String>,
}

/// Why a word does not name one incident.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// None, or several.
    #[error("{0}")]
    NotOne(String),
    /// The records cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// The incident that a person means by a full id, a unique beginning of one, or `latest`.
///
/// # Errors
/// When that is none or several, or the records cannot be read.
pub fn find(records: &dyn Records, word: &str) -> Result<Incident, FindError> {
    let list = |filter: &Filter| records.list(filter, &Cancellation::default()).map_err(FindError::Unreadable);
    if word == "latest" {
        let newest = list(&Filter { limit: 1, ..Filter::default() })?.into_iter().next();
        return newest.ok_or_else(|| FindError::NotOne("there is no incident yet".into()));
    }
    if let Some(incident) = records.incident(word).map_err(FindError::Unreadable)? {
        return Ok(incident);
    }
    let none = || FindError::NotOne(format!("there is no incident {word}"));
    if word.is_empty() {
        return Err(none());
    }
    let mut found = list(&Filter { prefix: Some(word.into()), limit: 4, ..Filter::default() })?;
    match found.len() {
        0 => Err(none()),
        1 => found.pop().ok_or_else(none),
        _ => {
            let ids: Vec<&str> = found.iter().take(3).map(|incident| incident.id.0.as_ref()).collect();
            let more = if found.len() > 3 { ", …" } else { "" };
            Err(FindError::NotOne(format!("{word} is not one incident but several: {}{more}", ids.join(", "))))
        }
    }
}
