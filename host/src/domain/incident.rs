//! An incident: alerts that share a group key, and everything that has happened to them.
//!
//! An incident is never changed but by [`Incident::apply`], which takes journal entries in order;
//! what should happen next is [`next`], a pure function. So a restart is a reload.

mod alerts;
mod alternatives;
mod apply;
mod blocked;
mod deciding;
mod deferral;
mod hold;
mod id;
mod limits;
#[cfg(test)]
mod memory_tests;
mod messages;
mod model_log;
mod next;
#[cfg(test)]
mod next_tests;
mod people;
mod read;
mod record;
mod sources;
mod view;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use alerts::Alerts;
pub use blocked::{Blocked, HoldReason};
pub use deciding::Deciding;
pub use deferral::{Deferral, next_with};
pub use limits::{Limits, VerifySchedule};
pub use messages::{answered, due, fallbacks, overtaken};
pub use model_log::{ModelLog, Turn};
pub use next::{Effect, Next, next};
pub use people::{PeopleRecord, Statement};
pub use read::opened;
pub use record::{ActionRecord, ActionState, Approval};
pub use view::{ActionView, ChangeView, FieldView, IncidentView, ModelView, UndoView, VerdictView};

use super::action::ActionId;
use super::alert::{Alert, Labels, Severity, Status, common_labels};
use super::call::Call;
use super::counted::Counted;
use super::decision::Decision;
use super::delivery::Delivery;
use super::entry::{Diagnosis, ModelAnswer, Purpose, ReusedAnswer};
use super::knowledge::Knowledge;
use super::outcome::Outcome;
use super::plan::Finding;
use super::rare::Rare;
use super::subject::{self, Subject};

/// Name of an incident: short, unique, in the order of opening.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub Arc<str>);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The policies have not decided yet, or hold it back for a while.
    Open,
    /// A remediation plugin plans.
    Planning,
    /// Evidence is collected and the model asked.
    Investigating,
    /// A person must approve an action.
    AwaitingApproval,
    /// Actions are ruled on, executed or verified.
    Acting,
    /// Handled; its alerts still fire.
    Watching,
    /// Nothing more happens.
    Closed,
}

impl State {
    /// Every state, in the order in which an incident comes to them.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Planning,
        Self::Investigating,
        Self::AwaitingApproval,
        Self::Acting,
        Self::Watching,
        Self::Closed,
    ];

    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Planning => "planning",
            Self::Investigating => "investigating",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Acting => "acting",
            Self::Watching => "watching",
            Self::Closed => "closed",
        }
    }
}

/// A read-only call and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// What for.
    pub purpose: Purpose,
    /// The call.
    pub call: Call,
    /// Whether the tool answered without an error.
    pub ok: bool,
    /// Its text; of one that was refused, why.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// The gate that refused it: nothing was called then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Look {
    /// What it told: the tool's text, or which gate refused it and why.
    pub fn told(&self) -> Cow<'_, str> {
        match &self.refused {
            None => Cow::Borrowed(&self.text),
            Some(gate) => Cow::Owned(format!("refused by gate {gate}: {}", self.text)),
        }
    }
}

/// What a remediation plugin said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The plugin.
    pub plugin: String,
    /// How many actions it proposed.
    pub proposals: usize,
    /// What it found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Why it could not plan.
    pub error: Option<String>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The outcome.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// An incident and its history so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// What its alerts share.
    pub group_key: Arc<str>,
    /// The source of the first alert.
    pub source: Arc<str>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything last happened.
    pub updated_at: Timestamp,
    /// By how much clocks that were set back have moved what it waits for.
    #[serde(default, skip_serializing_if = "Rare::is_empty")]
    pub set_back: Rare<SignedDuration>,
    /// Its alerts in the order of arrival, as far as they are kept in full.
    pub alerts: Alerts,
    /// Those beyond.
    #[serde(default, skip_serializing_if = "Rare::is_empty")]
    pub counted: Rare<Counted>,
    /// The verdict.
    pub decision: Option<Arc<Decision>>,
    /// What a plugin said.
    pub plan: Option<Box<Plan>>,
    /// All evidence is there.
    pub collected: bool,
    /// What bears on deciding once more, such as what the evidence shows to be wrong.
    #[serde(default, skip_serializing_if = "Rare::is_empty")]
    pub deciding: Rare<Deciding>,
    /// Read-only calls.
    pub looks: Rare<Vec<Look>>,
    /// What was known from before; none where nothing was, or nobody has asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knowledge: Option<Arc<Knowledge>>,
    /// The model's part.
    pub model: Rare<ModelLog>,
    /// Actions in the order of proposal.
    pub actions: Rare<Vec<ActionRecord>>,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// The incident that has taken alerts of it over since; the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_on_in: Option<Box<IncidentId>>,
    /// The incident that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Box<Blocked>>,
    /// The report as it was sent.
    pub report: Option<String>,
    /// Messages to people.
    pub deliveries: Rare<Vec<Delivery>>,
    /// Breakers that its actions opened, and why.
    #[serde(default, skip_serializing_if = "Rare::is_empty")]
    pub breakers: Rare<Vec<(String, String)>>,
    /// Why nothing more happens.
    pub closed: Option<Box<str>>,
    /// Entries in its stream so far: which form of it this is.
    #[serde(default)]
    pub version: u64,
}

impl Incident {
    /// Where it stands.
    pub fn state(&self) -> State {
        if self.closed.is_some() {
            return State::Closed;
        }
        if self.conclusion.is_some() {
            return State::Watching;
        }
        if self.actions.iter().any(|record| record.state == ActionState::Asked) {
            return State::AwaitingApproval;
        }
        if !self.actions.is_empty() {
            return State::Acting;
        }
        match self.decision.as_ref().map(|decision| &decision.verdict) {
            Some(super::Verdict::Plan { .. }) if self.plan.is_none() => State::Planning,
            Some(super::Verdict::Plan { .. } | super::Verdict::Investigate | super::Verdict::Diagnose) => {
                State::Investigating
            }
            Some(super::Verdict::Remediate { .. }) => State::Acting,
            _ => State::Open,
        }
    }

    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.conclusion.as_ref().map(|conclusion| conclusion.outcome)
    }

    /// The worst severity of its alerts.
    pub fn severity(&self) -> Severity {
        self.alerts.severity().max(self.counted.worst).unwrap_or(Severity::Warning)
    }

    /// One line for people.
    pub fn title(&self) -> String {
        if let Some(severity) = self.counted.collecting {
            return format!("{} +{} ({severity})", self.source, self.alert_count());
        }
        let Some(name) = self.headline() else {
            return self.group_key.to_string();
        };
        if let Some(subject) = self.subject() {
            let cluster = subject.cluster.as_ref().filter(|_| subject.kind != "cluster");
            let cluster = cluster.map(|cluster| format!(" in {cluster}")).unwrap_or_default();
            return format!("{name}: {subject}{cluster}");
        }
        let place = self.place();
        if place.is_empty() { name } else { format!("{name} in {}", place.join("/")) }
    }

    /// The cluster and the namespace that all its alerts are about, as far as they agree on them. Who names no cluster leaves it to
    /// the others.
    pub fn place(&self) -> Vec<String> {
        let mut clusters = self.alerts.iter().filter_map(subject::cluster);
        let cluster = clusters.next().filter(|first| clusters.all(|other| other == *first));
        cluster.into_iter().chain(self.shared(subject::namespace)).collect()
    }

    /// The name of the worst alert that fires, of the oldest among several; of all where none fires. Behind it how many
    /// other names there are.
    fn headline(&self) -> Option<String> {
        let fires = self.firing().next().is_some();
        let counted = || self.alerts.iter().filter(|alert| !fires || alert.status == Status::Firing);
        let worst = counted().map(|alert| alert.severity).max()?;
        let name = &counted().find(|alert| alert.severity == worst)?.name;
        let others: HashSet<&str> = counted().map(|alert| alert.name.as_str()).filter(|other| other != name).collect();
        Some(if others.is_empty() { name.clone() } else { format!("{name} +{}", others.len()) })
    }

    /// The one object that all its alerts are about: the same one, or the workload that they share.
    pub fn subject(&self) -> Option<Subject> {
        Subject::shared(&self.alerts)
    }

    fn shared(&self, of: impl Fn(&Alert) -> Option<String>) -> Option<String> {
        let mut values = self.alerts.iter().map(of);
        let first = values.next()??;
        values.all(|value| value.as_ref() == Some(&first)).then_some(first)
    }

    /// The labels on which all alerts agree.
    pub fn labels(&self) -> Labels {
        common_labels(&self.alerts)
    }

    /// Alerts that still fire.
    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|alert| alert.status == Status::Firing)
    }

    /// Whether no alert fires any more.
    pub fn all_resolved(&self) -> bool {
        self.alerts.firing() == 0 && self.counted.firing.is_empty()
    }

    /// How many alerts it has, those included that are only counted.
    pub fn alert_count(&self) -> usize {
        self.alerts.len() + self.counted.len()
    }

    /// How many of them fire.
    pub fn firing_count(&self) -> usize {
        self.alerts.firing() + self.counted.firing.len()
    }

    /// The action of this name.
    pub fn action(&self, id: &ActionId) -> Option<&ActionRecord> {
        self.actions.iter().find(|record| record.action.id == *id)
    }

    /// The name of the next action.
    pub fn next_action_id(&self) -> ActionId {
        ActionId(format!("a{}", self.actions.len() + 1))
    }

    /// What is wrong, from whoever knows best: the executed or proposed action, then the model.
    pub fn root_cause(&self) -> Option<String> {
        let of_actions = self.actions.iter().map(|record| record.action.proposal.root_cause.clone());
        let of_model = self.diagnosis().map(|diagnosis| diagnosis.root_cause.clone());
        of_actions.chain(of_model).find(|text| !text.is_empty())
    }

    /// The model's last diagnosis.
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.model.turns.iter().rev().find_map(|turn| match &turn.answer {
            ModelAnswer::Act { diagnosis, .. }
            | ModelAnswer::Resolved { diagnosis }
            | ModelAnswer::Person { diagnosis } => Some(diagnosis),
            ModelAnswer::Look { .. } => None,
        })
    }

    /// The earlier answer that stands in the place of a question to the model, if one does.
    pub fn reused(&self) -> Option<&ReusedAnswer> {
        self.model.turns.iter().rev().find_map(|turn| turn.original.as_ref()?.reused.as_ref())
    }

    /// Whether nothing more will ever happen to it, deliveries included.
    pub fn settled(&self) -> bool {
        // Once it is closed no question waits, whatever the time.
        self.closed.is_some()
            && self.deliveries.iter().all(Delivery::settled)
            && answered(self, Timestamp::MIN).next().is_none()
    }
}
