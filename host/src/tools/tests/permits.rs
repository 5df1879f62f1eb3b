//! Permits from the real gate: nobody else can make one.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{
    Action, ActionId, Alert, Call, Catalogue, Considered, Entry, Fact, History, Incident, IncidentId, Mode, Occasion,
    Origin, Proposal, Risk, Tool,
};
use crate::gate::{Gate, Options, Permit};
use crate::rules::{Check, Context, Judged, Policies, Routed, Vote};

/// Rules that say nothing. The gate allows what only looks by itself.
struct Silence;

impl Policies for Silence {
    fn digest(&self) -> String {
        String::new()
    }

    fn decide(&self, _: &Incident, _: &Context<'_>) -> Judged {
        Judged { decision: None, faults: Vec::new() }
    }

    fn explain(&self, _: &Incident, _: &Context<'_>) -> Vec<Considered> {
        Vec::new()
    }

    fn evidence(&self, _: &Incident, _: &Context<'_>) -> Vec<Call> {
        Vec::new()
    }

    fn gates(&self, _: &Action, _: &Incident, _: &Context<'_>) -> Vec<Vote> {
        Vec::new()
    }

    fn looks(&self, _: &Action, _: &Incident, _: &Context<'_>) -> Vec<Call> {
        Vec::new()
    }
    fn check(&self, _: &Call, _: Option<&serde_json::Value>, _: &Incident, _: &Context<'_>) -> Option<Check> {
        None
    }

    fn routes(&self, _: &Incident, _: Occasion, _: &Context<'_>) -> Vec<Routed> {
        Vec::new()
    }

    fn group(&self, _: &Alert) -> Option<String> {
        None
    }
}

/// A permit for exactly this call.
pub fn permit(call: &Call) -> Permit {
    let now = Timestamp::UNIX_EPOCH;
    let opened = Fact::Opened { group_key: String::new(), source: "test".into(), alerts: Vec::new() };
    let incident = Incident::open(IncidentId("i1".into()), &Entry { at: now, fact: opened }).unwrap();
    let proposal = Proposal {
        call: call.clone(),
        target: String::new(),
        reason: String::new(),
        evidence: Vec::new(),
        root_cause: String::new(),
        verify: None,
        undo: None,
    };
    let tool = Tool {
        name: call.tool.clone(),
        description: String::new(),
        schema: serde_json::Value::Null,
        risk: Risk::Read,
        repeatable: false,
        undo: None,
    };
    let catalogue = Arc::new(Catalogue { tools: [(call.tool.clone(), tool)].into() });
    let touches = catalogue.touches(call);
    let action = Action::new(ActionId("a1".into()), proposal, Origin::Model, Risk::Read, touches);
    let record = ActionRecord { state: ActionState::Allowed, ..ActionRecord::new(action, now) };
    let history = Arc::new(History::default());
    let context = Context { now, mode: Mode::Enforce, history: &history, catalogue: &catalogue };
    Gate::new(Options::default()).permit(&Silence, &incident, &record, &context).unwrap()
}
