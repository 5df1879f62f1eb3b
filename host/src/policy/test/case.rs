//! The form of a case, and what it stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::event::{EventRow, WantAlert};
use super::silence::SilenceRow;
use crate::domain::Outcome;
use crate::domain::entry::Purpose;
use crate::domain::history::{Fix, Past};
use crate::domain::incident::{ActionRecord, ActionState, Conclusion, Deciding, Look};
use crate::domain::{
    Action, ActionId, Alert, Call, Catalogue, Cause, History, Incident, IncidentId, Labels, Mode, NamedCause, Occasion,
    Origin, Person, Proof, Proposal, Proven, Risk, Severity, Status, Tool,
};
use crate::policy::span;

/// A test file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The cases in order.
    #[serde(default)]
    pub case: Vec<toml::Spanned<Case>>,
}

/// One question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub name: String,
    #[serde(default = "noon")]
    pub now: String,
    #[serde(default)]
    pub mode: Option<Mode>,
    #[serde(default)]
    pub source: Option<String>,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub alerts: Vec<AlertRow>,
    /// What comes in instead of alerts.
    #[serde(default)]
    pub event: Option<EventRow>,
    /// A silence that somebody wants, instead of alerts.
    #[serde(default)]
    pub silence: Option<SilenceRow>,
    /// Names of tools, or names with their risk.
    #[serde(default)]
    pub tools: Option<Tools>,
    #[serde(default)]
    pub history: Vec<PastRow>,
    #[serde(default)]
    pub active: Vec<AlertRow>,
    /// How the incident ended, for routes.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    #[serde(default)]
    pub action: Option<ActionRow>,
    /// A look that is ruled on, instead of an action.
    #[serde(default)]
    pub look: Option<LookRow>,
    /// How often in a row what a canary let through has helped: by gate, or by gate and scope.
    #[serde(default)]
    pub verified: BTreeMap<String, u32>,
    /// What the host saw when gates wanted to look.
    #[serde(default)]
    pub seen: Vec<SeenRow>,
    #[serde(default)]
    pub occasion: Option<Occasion>,
    /// The causes that the host named; none where it has not looked yet.
    #[serde(default)]
    pub causes: Option<Vec<CauseRow>>,
    /// Remediation plugins that knew nothing that fits.
    #[serde(default)]
    pub passed: Vec<String>,
    pub want: Want,
}

fn noon() -> String {
    "2026-07-01T12:00:00Z".into()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertRow {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub labels: Labels,
    #[serde(default)]
    pub annotations: Labels,
    #[serde(default)]
    pub firing_for: Option<String>,
    #[serde(default)]
    pub resolved: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Tools {
    Names(Vec<String>),
    Risks(BTreeMap<String, Risk>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PastRow {
    pub ago: String,
    #[serde(default)]
    pub rule: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// A person had it decided anew.
    #[serde(default)]
    pub rerun: bool,
    /// Targets of fixes that helped.
    #[serde(default)]
    pub helped: Vec<String>,
    /// Targets of fixes that did not.
    #[serde(default)]
    pub failed: Vec<String>,
    /// The tool of all of them.
    #[serde(default)]
    pub tool: String,
    /// What was found to be wrong when they were done.
    #[serde(default)]
    pub findings: Vec<Cause>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionRow {
    pub tool: String,
    #[serde(default)]
    pub arguments: Map<String, Value>,
    #[serde(default)]
    pub origin: Option<String>,
    /// The plugin, rule or person that proposed it.
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub risk: Option<Risk>,
    /// With origin undo: the action that is undone.
    #[serde(default)]
    pub undoes: Option<Box<ActionRow>>,
    /// Of what is undone: the object as the host saw it before; none when it could not be seen.
    #[serde(default)]
    pub before: Option<Value>,
    /// The object right after; by default one generation later.
    #[serde(default)]
    pub after: Option<Value>,
    /// The object now; by default as it was right after.
    #[serde(default)]
    pub now: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookRow {
    pub tool: String,
    #[serde(default)]
    pub arguments: Map<String, Value>,
    #[serde(default)]
    pub origin: Option<String>,
    /// The plugin, rule or person whose look it is.
    #[serde(default)]
    pub by: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenRow {
    pub tool: String,
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// What the tool answered; none when it failed.
    #[serde(default)]
    pub answer: Option<Value>,
}

/// A cause that the host named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CauseRow {
    pub cause: Cause,
    #[serde(default)]
    pub object: String,
    #[serde(default)]
    pub confidence: Option<u8>,
    #[serde(default)]
    pub what: String,
    #[serde(default)]
    pub container: String,
    #[serde(default)]
    pub said: String,
    #[serde(default)]
    pub code: Option<i64>,
}

/// What is to be heard; what is left out does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Want {
    pub verdict: Option<String>,
    pub rule: Option<String>,
    /// A part of the reason.
    pub reason: Option<String>,
    pub mode: Option<Mode>,
    pub plugin: Option<String>,
    /// A time, or how long from now.
    pub until: Option<String>,
    pub actions: Option<Vec<WantCall>>,
    pub evidence: Option<Vec<String>>,
    pub ruling: Option<String>,
    /// Tools that gates would like to look with, and have not.
    pub looks: Option<Vec<String>>,
    /// Whom the deciding gate asks: groups, or `anybody`.
    pub who: Option<Who>,
    /// Gates that must be among those that spoke.
    pub heard: Option<Vec<String>>,
    pub budgets: Option<Vec<String>>,
    /// How long what the deciding gate lets through rests.
    pub cooldown: Option<String>,
    pub check: Option<String>,
    /// A part of what undoes it: the tool's name.
    pub undo: Option<String>,
    pub verify: Option<String>,
    pub routes: Option<Vec<String>>,
    pub route: Option<String>,
    pub targets: Option<Vec<String>>,
    pub group: Option<String>,
    /// The alert that an event raises.
    pub alert: Option<WantAlert>,
    /// Event rules that must not speak.
    pub silent: Option<Vec<String>>,
    /// Names of alerts that an event ends.
    pub over: Option<Vec<String>>,
    /// Subjects under which an event is sent on.
    pub forward: Option<Vec<String>>,
}

/// A group, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Who {
    One(String),
    Several(Vec<String>),
}

/// An action that is wanted: its tool, and arguments that it must have among others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantCall {
    pub tool: String,
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// A case in the words of the domain.
pub(super) struct Evaluation {
    pub incident: Incident,
    pub now: Timestamp,
    pub mode: Mode,
    pub history: Arc<History>,
    pub catalogue: Arc<Catalogue>,
    pub action: Option<Action>,
    /// A look, and whose it is.
    pub look: Option<(Call, Origin)>,
    verified: BTreeMap<String, u32>,
}

impl Evaluation {
    /// What a canary has counted under a key.
    pub fn verified(&self, key: &str) -> u32 {
        let of_gate = || key.split_once('|').and_then(|(gate, _)| self.verified.get(gate));
        self.verified.get(key).or_else(of_gate).copied().unwrap_or(0)
    }
}

impl Case {
    /// Builds what the case stands for.
    pub fn evaluation(&self) -> Result<Evaluation, String> {
        let now = time(&self.now)?;
        if self.alerts.is_empty() {
            return Err("it needs `alerts`, or an `event`".into());
        }
        let alerts: Vec<Alert> =
            self.alerts.iter().enumerate().map(|(n, row)| self.alert(n, row, now)).collect::<Result<_, _>>()?;
        let opened_at = alerts.iter().filter_map(|alert| alert.starts_at).min().unwrap_or(now);
        let group = self.group.clone().unwrap_or_else(|| "group".into());
        let conclusion = self.outcome.map(|outcome| Conclusion { outcome, reason: String::new(), at: now });
        let mut incident = Incident {
            id: IncidentId("i1".into()),
            group_key: group.as_str().into(),
            source: self.source.as_deref().unwrap_or("alertmanager").into(),
            opened_at,
            updated_at: now,
            set_back: Default::default(),
            alerts: alerts.into(),
            counted: Default::default(),
            decision: None,
            plan: None,
            collected: self.causes.is_some(),
            deciding: self.deciding().into(),
            looks: self.seen.iter().map(|row| row.look(now)).collect(),
            knowledge: None,
            model: Default::default(),
            actions: Default::default(),
            conclusion,
            goes_on_in: None,
            blocked: None,
            report: None,
            deliveries: Default::default(),
            breakers: Default::default(),
            closed: None,
            version: 0,
        };
        let past: Vec<Past> = self.history.iter().map(|row| row.past(&group, now)).collect::<Result<_, _>>()?;
        let active =
            self.active.iter().enumerate().map(|(n, row)| Ok((IncidentId("i0".into()), self.alert(n, row, now)?)));
        let active: Vec<(IncidentId, Alert)> = active.collect::<Result<_, String>>()?;
        let catalogue = self.catalogue();
        let action = self.action.as_ref().map(|row| row.action("a2", &catalogue)).transpose()?;
        let undone = self.action.as_ref().and_then(|row| row.undoes.as_ref());
        if let Some(mut undone) = undone.map(|row| row.action("a1", &catalogue)).transpose()? {
            // What the host has not seen is the word of who proposed it.
            undone.proposal.undo = action.as_ref().map(|action| action.proposal.call.clone());
            incident.actions.push(done(undone.sealed(), now));
        }
        let look = self.look.as_ref().map(LookRow::look).transpose()?;
        if look.is_some() && action.is_some() {
            return Err("it asks about an `action` and a `look`: make it two cases".into());
        }
        let mode = self.mode.unwrap_or(Mode::Enforce);
        let history = Arc::new(History::of(past, active));
        let verified = self.verified.clone();
        Ok(Evaluation { incident, now, mode, history, catalogue: Arc::new(catalogue), action, look, verified })
    }

    fn deciding(&self) -> Deciding {
        let named = |row: &CauseRow| NamedCause {
            what: row.what.clone(),
            container: row.container.clone(),
            said: row.said.clone(),
            code: row.code,
            ..NamedCause::new(row.cause, row.object.as_str(), row.confidence.unwrap_or(90))
        };
        let causes = self.causes.iter().flatten().map(named).collect();
        Deciding { causes, passed: self.passed.clone(), ..Deciding::default() }
    }

    fn alert(&self, n: usize, row: &AlertRow, now: Timestamp) -> Result<Alert, String> {
        let lasted = row.firing_for.as_deref().map(span::parse).transpose()?.unwrap_or(0);
        let named = row.name.clone().or_else(|| row.labels.get("alertname").map(str::to_string));
        Ok(Alert {
            source: self.source.clone().unwrap_or_else(|| "alertmanager".into()),
            name: named.ok_or("an alert has neither `name` nor the label alertname")?,
            status: if row.resolved { Status::Resolved } else { Status::Firing },
            severity: Severity::from_word(row.labels.get("severity")),
            labels: row.labels.clone(),
            annotations: row.annotations.clone(),
            starts_at: Some(now.saturating_sub(SignedDuration::from_millis(lasted)).unwrap_or(now)),
            ends_at: row.resolved.then_some(now),
            fingerprint: format!("case-{n}"),
            link: None,
        })
    }

    fn catalogue(&self) -> Catalogue {
        let mut risks: BTreeMap<String, Risk> = match &self.tools {
            None => BTreeMap::new(),
            Some(Tools::Names(names)) => names.iter().map(|name| (name.clone(), Risk::Read)).collect(),
            Some(Tools::Risks(risks)) => risks.clone(),
        };
        if let Some(action) = &self.action {
            let risk = action.risk.unwrap_or(Risk::High);
            risks.entry(action.tool.clone()).or_insert(risk);
        }
        if let Some(look) = &self.look {
            risks.entry(look.tool.clone()).or_insert(Risk::Read);
        }
        let tool = |(name, risk): (String, Risk)| {
            // As Kubernetes tools declare it, so that a call without a namespace is one on `default`.
            let schema = json!({ "properties": { "namespace": {} }, "additionalProperties": true });
            let description = String::new();
            (name.clone(), Tool { name, description, schema, risk, repeatable: false, undo: None, own: false })
        };
        Catalogue { tools: risks.into_iter().map(tool).collect(), ..Catalogue::default() }
    }
}

impl SeenRow {
    fn look(&self, at: Timestamp) -> Look {
        Look {
            purpose: Purpose::Gate { action: ActionId("a2".into()) },
            call: Call { tool: self.tool.clone(), arguments: self.arguments.clone() },
            ok: self.answer.is_some(),
            text: self.answer.as_ref().map_or_else(String::new, Value::to_string),
            at,
            refused: None,
        }
    }
}

impl PastRow {
    fn past(&self, group: &str, now: Timestamp) -> Result<Past, String> {
        let ago = SignedDuration::from_millis(span::parse(&self.ago)?);
        let fixes = |targets: &[String], helped: bool| -> Vec<Fix> {
            let causes = self.findings.iter().copied().collect();
            let fix = |target: &String| Fix { target: target.clone(), tool: self.tool.clone(), helped, causes };
            targets.iter().map(fix).collect()
        };
        let mut all = fixes(&self.helped, true);
        all.extend(fixes(&self.failed, false));
        Ok(Past {
            incident: IncidentId("i0".into()),
            rule: self.rule.as_str().into(),
            group_key: self.group.as_deref().unwrap_or(group).into(),
            name: self.name.as_str().into(),
            opened_at: now.saturating_sub(ago).unwrap_or(Timestamp::MIN),
            outcome: self.outcome,
            rerun: self.rerun,
            fixes: all,
        })
    }
}

impl LookRow {
    fn look(&self) -> Result<(Call, Origin), String> {
        let call = Call { tool: self.tool.clone(), arguments: self.arguments.clone() };
        Ok((call, origin(self.origin.as_deref(), &self.by)?))
    }
}

fn origin(word: Option<&str>, by: &str) -> Result<Origin, String> {
    let by = by.to_string();
    Ok(match word {
        None | Some("policy") => Origin::Policy { rule: by },
        Some("plugin") => Origin::Plugin { name: by, rule: String::new() },
        Some("model") => Origin::Model,
        Some("person") => {
            let proven = Proven::new(&by, Proof::Password, BTreeSet::new());
            Origin::Person { person: proven.map_or_else(|| Person::typed(by), Person::from) }
        }
        Some("undo") => Origin::Undo { action: ActionId("a1".into()) },
        Some(other) => return Err(format!("`origin` is policy, plugin, model, person or undo, not {other:?}")),
    })
}

impl ActionRow {
    fn action(&self, id: &str, catalogue: &Catalogue) -> Result<Action, String> {
        let call = Call { tool: self.tool.clone(), arguments: self.arguments.clone() };
        let touches = catalogue.touches(&call);
        let risk = self.risk.unwrap_or_else(|| catalogue.risk(&self.tool));
        let origin = origin(self.origin.as_deref(), &self.by)?;
        let proposal = Proposal::of(call);
        Ok(Action::new(ActionId(id.into()), proposal, origin, risk, touches))
    }
}

fn done(action: Action, at: Timestamp) -> ActionRecord {
    ActionRecord { state: ActionState::Unverified, attempts: 1, ..ActionRecord::new(action, at) }
}

/// A point in time.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let zoned = || text.parse::<jiff::Zoned>().map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>().or_else(|_| zoned()).map_err(|_| format!("{text:?} is not a time"))
}
