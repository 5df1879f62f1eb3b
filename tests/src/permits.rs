//! Permits from the real gate, under a policy that allows everything: nobody else can make one.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use tidegate::domain::incident::IncidentId;
use tidegate::domain::{Action, ActionId, Call, Catalogue, Entry, Fact, History, Incident, Mode, Origin, Proposal};
use tidegate::gate::{Gate, Options, Permit};
use tidegate::policy::Set;
use tidegate::rules::Context;

/// A permit for exactly this call.
pub fn permit(call: &Call, catalogue: &Arc<Catalogue>) -> anyhow::Result<Permit> {
    let policies = Set::from_sources(&[("all.rhai", "gate(\"all\", #{ allow: true });")]);
    let policies = policies.map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let at = Timestamp::UNIX_EPOCH;
    let opened = Fact::Opened { group_key: String::new(), source: "test".into(), alerts: Vec::new() };
    let incident = Incident::open(IncidentId("i1".into()), &Entry { at, fact: opened });
    let mut incident = incident.context("an incident opens with `Opened`")?;
    let proposal = Proposal {
        call: call.clone(),
        target: String::new(),
        reason: String::new(),
        evidence: Vec::new(),
        root_cause: String::new(),
        verify: None,
        undo: None,
    };
    let (risk, touches) = (catalogue.risk(&call.tool), catalogue.touches(call));
    let action = Action::new(ActionId("a1".into()), proposal, Origin::Model, risk, touches);
    incident.apply(&Entry { at, fact: Fact::Proposed { action: Box::new(action) } });
    let history = Arc::new(History::default());
    let context = Context { now: at, mode: Mode::Enforce, history: &history, catalogue };
    let gate = Gate::new(Options::default());
    let proposed = incident.actions.first().context("the action was proposed")?;
    let ruling = gate.rule(&policies, &incident, &proposed.action, &context);
    incident.apply(&Entry { at, fact: Fact::Ruled { action: ActionId("a1".into()), ruling } });
    let record = incident.actions.first().context("the action was ruled on")?;
    let permit = gate.permit(&policies, &incident, record, &context);
    permit.map_err(|ruling| anyhow::anyhow!("{}: {}", ruling.rule, ruling.reason))
}
