//! Permits from the real gate: nobody else can make one.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::entry::Purpose;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{
    Action, ActionId, Alert, Call, Candidate, Catalogue, Entry, Fact, History, Incident, IncidentId, Mode, Occasion,
    Origin, Proposal, Risk, Tool,
};
use crate::gate::{Gate, Options, Permit, ReadPermit};
use crate::rules::{Check, Context, Policies, RoutedMessage, RuleDecision, Vote};

/// Rules that say nothing. The gate allows what only looks by itself.
struct Silence;

impl Policies for Silence {
    fn digest(&self) -> String {
        String::new()
    }

    fn decide(&self, _: &Incident, _: &Context<'_>) -> RuleDecision {
        RuleDecision { decision: None, faults: Vec::new() }
    }

    fn explain(&self, _: &Incident, _: &Context<'_>) -> Vec<Candidate> {
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

    fn routes(&self, _: &Incident, _: Occasion, _: &Context<'_>) -> Vec<RoutedMessage> {
        Vec::new()
    }

    fn group(&self, _: &Alert) -> Option<String> {
        None
    }
}

fn incident() -> Incident {
    let opened = Fact::Opened { group_key: String::new(), source: "test".into(), alerts: Vec::new() };
    Incident::open(IncidentId("i1".into()), &Entry { at: Timestamp::UNIX_EPOCH, fact: opened }).unwrap()
}

/// A gate to which the tool of this call is one that only reads, whatever the room knows of it.
fn reading(call: &Call) -> Arc<Catalogue> {
    let tool = Tool {
        name: call.tool.clone(),
        description: String::new(),
        schema: serde_json::Value::Null,
        risk: Risk::Read,
        repeatable: false,
        undo: None,
        own: false,
    };
    Arc::new(Catalogue { tools: [(call.tool.clone(), tool)].into(), ..Catalogue::default() })
}

/// A permit for exactly this look.
pub fn read_permit(call: &Call) -> ReadPermit {
    let (history, catalogue) = (Arc::new(History::default()), reading(call));
    let context = Context { now: Timestamp::UNIX_EPOCH, mode: Mode::Enforce, history: &history, catalogue: &catalogue };
    let gate = Gate::new(Options::default());
    gate.admit_look(&Silence, &incident(), &Purpose::Model, call, &context).unwrap()
}

/// A permit for exactly this call.
pub fn permit(call: &Call) -> Permit {
    let (now, incident) = (Timestamp::UNIX_EPOCH, incident());
    let proposal = Proposal::of(call.clone());
    let catalogue = reading(call);
    let touches = catalogue.touches(call);
    let action = Action::new(ActionId("a1".into()), proposal, Origin::Model, Risk::Read, touches);
    let record = ActionRecord { state: ActionState::Allowed, ..ActionRecord::new(action, now) };
    let history = Arc::new(History::default());
    let context = Context { now, mode: Mode::Enforce, history: &history, catalogue: &catalogue };
    Gate::new(Options::default()).permit(&Silence, &incident, &record, &context).unwrap()
}
