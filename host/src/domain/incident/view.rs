//! The shape of an incident in the HTTP API and in `handle --json`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ActionRecord, Incident};
use crate::domain::action::{Origin, Risk};
use crate::domain::call::{Call, Verification};
use crate::domain::entry::Diagnosis;
use crate::domain::named_cause::NamedCause;

/// An incident for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentView {
    /// Its name.
    pub id: String,
    /// Where it stands.
    pub state: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// Why it ended so.
    pub reason: Option<String>,
    /// One line for people.
    pub title: String,
    /// The worst severity.
    pub severity: String,
    /// The source of the first alert.
    pub source: String,
    /// What its alerts share.
    pub group_key: String,
    /// When it was opened, RFC 3339.
    pub opened_at: String,
    /// When anything last happened, RFC 3339.
    pub updated_at: String,
    /// How many alerts it has.
    pub alerts: usize,
    /// How many of them fire.
    pub firing: usize,
    /// How many of all are counted and not kept in full.
    #[serde(default)]
    pub counted: usize,
    /// What the policies said.
    pub verdict: Option<VerdictView>,
    /// What the host found to be wrong, the surest first.
    #[serde(default)]
    #[schemars(with = "Vec<Map<String, Value>>")]
    pub findings: Vec<NamedCause>,
    /// Who is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    /// Its actions.
    pub actions: Vec<ActionView>,
    /// What the model cost.
    pub model: ModelView,
    /// What the model thinks is wrong, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub diagnosis: Option<Diagnosis>,
    /// The report in Markdown, once written.
    pub report: Option<String>,
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictView {
    /// suppress, remediate, diagnose, investigate, escalate or hold.
    pub kind: String,
    /// The rule that decided; none for the default.
    pub rule: Option<String>,
    /// Why.
    pub reason: String,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionView {
    /// Its name within the incident.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// What is changed, read by the host from the arguments.
    pub target: String,
    /// What is changed in the words of the proposer, which bind nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_target: Option<String>,
    /// Who proposed it.
    #[schemars(with = "Map<String, Value>")]
    pub origin: Origin,
    /// Its risk.
    pub risk: Risk,
    /// Why it was proposed.
    pub reason: String,
    /// allow, ask or deny; none before the gate ruled.
    pub ruling: Option<String>,
    /// The gate rule that decided.
    pub rule: Option<String>,
    /// Why the gate ruled so.
    pub ruling_reason: Option<String>,
    /// For `ask`: until when, RFC 3339.
    pub until: Option<String>,
    /// What it changes, before and after; of one incident alone, and where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeView>,
    /// What takes it back if it does not help; none when nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoView>,
    /// The host's own proof of success; none when only the alerts themselves can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verification>,
    /// A proof that the proposer named: it must hold as well, and proves nothing alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_verify: Option<Verification>,
    /// What an approval binds to: the call, `undo`, `verify` and `claimed_verify`.
    pub digest: String,
    /// Who said yes; a name that nothing proves is marked so.
    pub approved_by: Vec<String>,
    /// How far it is.
    pub state: String,
    /// The tool's answer.
    pub result: Option<String>,
}

/// What an action changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeView {
    /// The fields.
    pub fields: Vec<FieldView>,
    /// How it is known what stands there. `look`: the host has looked. `restoration`: it has looked, and would restore that.
    /// `proposer`: the proposer says so, and nobody has looked.
    pub known_by: String,
    /// When the host looked, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<String>,
}

/// A field that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldView {
    /// Where: `spec.template.spec.containers[web].image`.
    pub path: String,
    /// What stands there; none where nothing does.
    pub before: Option<String>,
    /// What would stand there; none where nothing would.
    pub after: Option<String>,
}

/// What takes an action back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UndoView {
    /// `restore`: what the host saw before the change. `tool`: the tool's own way. `proposed`: the word
    /// of a proposer; a person is asked before it is done.
    pub kind: String,
    /// The call.
    #[serde(flatten)]
    pub call: Call,
}

/// What the model cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelView {
    /// Calls.
    pub calls: u64,
    /// Tokens of the requests.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// Money in millionths of the unit of the prices.
    #[serde(default)]
    pub cost_micros: u64,
}

impl From<&Incident> for IncidentView {
    fn from(incident: &Incident) -> Self {
        Self {
            id: incident.id.to_string(),
            state: incident.state().as_str().into(),
            outcome: incident.outcome().map(|outcome| outcome.as_str().into()),
            reason: incident.conclusion.as_ref().map(|conclusion| conclusion.reason.clone()),
            title: incident.title(),
            severity: incident.severity().as_str().into(),
            source: incident.source.to_string(),
            group_key: incident.group_key.to_string(),
            opened_at: incident.opened_at.to_string(),
            updated_at: incident.updated_at.to_string(),
            alerts: incident.alert_count(),
            firing: incident.firing_count(),
            counted: incident.counted.len(),
            verdict: incident.decision.as_ref().map(|decision| VerdictView {
                kind: decision.verdict.kind().into(),
                rule: decision.rule.clone(),
                reason: decision.reason.clone(),
            }),
            findings: incident.causes().unwrap_or_default().to_vec(),
            acknowledged_by: incident.deciding.by_people.acknowledged.as_ref().map(|said| said.person.to_string()),
            actions: incident.actions.iter().map(ActionView::from).collect(),
            model: ModelView {
                calls: incident.model.calls,
                prompt_tokens: incident.model.prompt_tokens,
                completion_tokens: incident.model.completion_tokens,
                cost_micros: incident.model.cost_micros,
            },
            diagnosis: incident.diagnosis().cloned(),
            report: incident.report.clone(),
        }
    }
}

impl From<&ActionRecord> for ActionView {
    fn from(record: &ActionRecord) -> Self {
        let ruling = record.ruling.as_ref();
        Self {
            id: record.action.id.0.clone(),
            tool: record.action.tool().into(),
            arguments: record.action.proposal.call.arguments.clone(),
            target: record.action.target(),
            claimed_target: record.action.claimed_target().map(str::to_string),
            origin: record.action.origin.clone(),
            risk: record.action.risk,
            reason: record.action.proposal.reason.clone(),
            ruling: ruling.map(|ruling| ruling.kind.as_str().into()),
            rule: ruling.map(|ruling| ruling.rule.clone()),
            ruling_reason: ruling.map(|ruling| ruling.reason.clone()),
            until: record.expires.map(|until| until.to_string()),
            change: None,
            undo: record
                .action
                .undo()
                .map(|undo| UndoView { kind: undo.kind().to_string(), call: undo.call().clone() }),
            verify: record.action.safeguards.verify.clone(),
            claimed_verify: record.action.claimed_verification().cloned(),
            digest: record.action.digest.clone(),
            approved_by: record.approvers(Timestamp::MIN).map(ToString::to_string).collect(),
            state: record.state.as_str().into(),
            result: record.result.clone(),
        }
    }
}
