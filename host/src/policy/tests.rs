//! Tests of the policies as a whole, by what they are about.

mod bombs;
mod docs;
mod events;
mod gating;
mod language;
mod loading;
mod parts;
mod proof;
mod purity;
mod shipped;

use std::sync::Arc;

use serde_json::{Value, json};

use super::Set;
use crate::domain::Outcome;
use crate::domain::history::{Fix, Past};
use crate::domain::{
    Action, ActionId, Alert, Call, Catalogue, Decision, History, Incident, IncidentId, Labels, Mode, Origin, Proposal,
    Risk, Severity, Status, Tool,
};
use crate::rules::{Context, Policies, RuleDecision, Vote};

pub(super) const NOW: &str = "2026-07-06T12:00:00Z";

/// An incident with the surroundings of a decision.
#[derive(Clone)]
pub(super) struct Case {
    pub incident: Incident,
    pub now: jiff::Timestamp,
    pub mode: Mode,
    pub history: Arc<History>,
    pub catalogue: Arc<Catalogue>,
}

pub(super) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

pub(super) fn alert(name: &str, pairs: &[(&str, &str)]) -> Alert {
    let labels = labels(pairs);
    let severity = Severity::from_word(labels.get("severity"));
    Alert {
        source: "alertmanager".into(),
        name: name.into(),
        status: Status::Firing,
        severity,
        fingerprint: crate::domain::alert::fingerprint("alertmanager", name, &labels),
        labels,
        annotations: Labels::new(),
        starts_at: Some("2026-07-06T11:50:00Z".parse().unwrap()),
        ends_at: None,
        link: None,
    }
}

/// A case with these alerts, ten minutes old.
pub(super) fn case(alerts: Vec<Alert>) -> Case {
    let opened_at = "2026-07-06T11:50:00Z".parse().unwrap();
    let incident = Incident {
        id: IncidentId("i1".into()),
        group_key: "group".into(),
        source: "alertmanager".into(),
        opened_at,
        updated_at: opened_at,
        set_back: Default::default(),
        alerts: alerts.into(),
        counted: Default::default(),
        decision: None,
        plan: None,
        collected: false,
        deciding: Default::default(),
        looks: Default::default(),
        knowledge: None,
        model: Default::default(),
        actions: Default::default(),
        conclusion: None,
        goes_on_in: None,
        blocked: None,
        report: None,
        deliveries: Default::default(),
        breakers: Default::default(),
        closed: None,
        version: 0,
    };
    let tools = [
        ("kubernetes.kubectl_get", Risk::Read),
        ("kubernetes.kubectl_patch", Risk::High),
        ("kubernetes.pods_delete", Risk::Low),
    ];
    let tool = |(name, risk): (&str, Risk)| Tool {
        name: name.into(),
        description: String::new(),
        schema: json!({"properties": {"namespace": {}}, "additionalProperties": true}),
        risk,
        repeatable: false,
        undo: None,
        own: false,
    };
    let tools = tools.into_iter().map(|one| (one.0.to_string(), tool(one))).collect();
    Case {
        incident,
        now: NOW.parse().unwrap(),
        mode: Mode::Enforce,
        history: Arc::default(),
        catalogue: Arc::new(Catalogue { tools, ..Catalogue::default() }),
    }
}

pub(super) fn simple() -> Case {
    case(vec![alert("KubePodNotReady", &[("namespace", "shop"), ("pod", "web-1"), ("severity", "warning")])])
}

impl Case {
    pub fn context(&self) -> Context<'_> {
        Context { now: self.now, mode: self.mode, history: &self.history, catalogue: &self.catalogue }
    }

    pub fn judge(&self, set: &Set) -> RuleDecision {
        set.decide(&self.incident, &self.context())
    }

    /// Decides by one text of policies.
    pub fn decide(&self, text: &str) -> Option<Decision> {
        let judged = self.judge(&set(text));
        assert_eq!(judged.faults, [""; 0], "no rule may err");
        judged.decision
    }

    /// The deciding rule, or nothing.
    pub fn rule(&self, text: &str) -> String {
        self.decide(text).and_then(|decision| decision.rule).unwrap_or_default()
    }

    pub fn hear(&self, set: &Set, action: &Action) -> Vec<Vote> {
        set.gates(action, &self.incident, &self.context())
    }

    pub fn action(&self, tool: &str, arguments: Value) -> Action {
        let Value::Object(arguments) = arguments else { panic!("an object is needed") };
        let call = Call { tool: tool.into(), arguments };
        let touches = self.catalogue.touches(&call);
        let risk = self.catalogue.risk(tool);
        let proposal = Proposal::of(call);
        Action::new(ActionId("a1".into()), proposal, Origin::Model, risk, touches)
    }

    pub fn with_past(mut self, past: Vec<Past>) -> Self {
        let active = self.history.active().map(|active| (active.incident.clone(), active.alert.clone()));
        self.history = Arc::new(History::of(past, active.collect::<Vec<_>>()));
        self
    }

    pub fn with_active(mut self, active: Vec<(IncidentId, Alert)>) -> Self {
        self.history = Arc::new(History::of([], active));
        self
    }
}

pub(super) fn past(rule: &str, group: &str, minutes_ago: i64, fixes: &[(&str, bool)]) -> Past {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    Past {
        incident: IncidentId("i0".into()),
        rule: rule.into(),
        group_key: group.into(),
        name: "KubePodNotReady".into(),
        opened_at: now - jiff::SignedDuration::from_mins(minutes_ago),
        outcome: Some(Outcome::Fixed),
        rerun: false,
        fixes: fixes
            .iter()
            .map(|(target, helped)| Fix {
                target: target.to_string(),
                tool: "k.restart".into(),
                helped: *helped,
                causes: [crate::domain::Cause::OutOfMemory].into_iter().collect(),
            })
            .collect(),
    }
}

/// A set of one file, which must be right.
pub(super) fn set(text: &str) -> Set {
    Set::from_sources(&[("a.rhai", text)]).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What is wrong with one file.
pub(super) fn wrong(text: &str) -> String {
    Set::from_sources(&[("a.rhai", text)]).expect_err("something is wrong with it").to_string()
}
