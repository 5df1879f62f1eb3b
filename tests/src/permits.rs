//! Permits from the real gate, under a policy that allows everything: nobody else can make one.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use tidegate::domain::entry::Purpose;
use tidegate::domain::incident::IncidentId;
use tidegate::domain::{
    Action, ActionId, Call, Catalogue, Entry, Fact, History, Incident, Mode, Origin, Proposal, Risk, Tool,
};
use tidegate::gate::{Gate, Options, Permit, ReadPermit};
use tidegate::policy::Set;
use tidegate::ports::{LookError, Looks, ToolAnswer, ToolError, Tools};
use tidegate::rules::Context;

fn all() -> anyhow::Result<Set> {
    let policies = Set::from_sources(&[("all.rhai", "gate(\"all\", #{ allow: true });")]);
    policies.map_err(|problems| anyhow::anyhow!("{problems}"))
}

fn incident() -> anyhow::Result<Incident> {
    let opened = Fact::Opened { group_key: String::new(), source: "test".into(), alerts: Vec::new() };
    let entry = Entry { at: Timestamp::UNIX_EPOCH, fact: opened };
    Incident::open(IncidentId("i1".into()), &entry).context("an incident opens with `Opened`")
}

/// A permit for exactly this look, whatever the tool's room knows of it.
pub fn read_permit(call: &Call) -> anyhow::Result<ReadPermit> {
    let tool = Tool {
        name: call.tool.clone(),
        description: String::new(),
        schema: serde_json::Value::Null,
        risk: Risk::Read,
        repeatable: false,
        undo: None,
        own: false,
    };
    let catalogue = Arc::new(Catalogue { tools: [(call.tool.clone(), tool)].into(), ..Catalogue::default() });
    let history = Arc::new(History::default());
    let context = Context { now: Timestamp::UNIX_EPOCH, mode: Mode::Enforce, history: &history, catalogue: &catalogue };
    let gate = Gate::new(Options::default());
    Ok(gate.admit_look(&all()?, &incident()?, &Purpose::Model, call, &context)?)
}

/// Looks with a permit for it.
pub async fn look(tools: &dyn Tools, call: &Call) -> Result<ToolAnswer, ToolError> {
    let permit = read_permit(call).map_err(|error| ToolError::Refused(error.to_string()))?;
    tools.look(&permit).await
}

/// The looks of a plugin that plans, each with a permit.
pub struct Permitted {
    tools: Arc<dyn Tools>,
    made: Mutex<Vec<Call>>,
}

impl Permitted {
    /// Looks with these tools.
    pub fn new(tools: Arc<dyn Tools>) -> Arc<Self> {
        Arc::new(Self { tools, made: Mutex::default() })
    }

    /// The looks so far, once.
    pub fn taken(&self) -> Vec<Call> {
        std::mem::take(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Looks for Permitted {
    fn look_all(&self, calls: Vec<Call>) -> BoxFuture<'_, Vec<Result<ToolAnswer, LookError>>> {
        Box::pin(async move {
            let answers = join_all(calls.iter().map(|call| look(self.tools.as_ref(), call))).await;
            self.made.lock().unwrap_or_else(PoisonError::into_inner).extend(calls);
            answers.into_iter().map(|answer| answer.map_err(LookError::from)).collect()
        })
    }
}

/// A permit for exactly this call.
pub fn permit(call: &Call, catalogue: &Arc<Catalogue>) -> anyhow::Result<Permit> {
    let (policies, mut incident, at) = (all()?, incident()?, Timestamp::UNIX_EPOCH);
    let proposal = Proposal::of(call.clone());
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
