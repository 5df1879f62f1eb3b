//! Remediation plugins as the pipeline sees them: they plan, and their own actions are tools.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use super::authority::Authority;
use super::error::{Cause, Failure};
use super::imports::{Binding, State};
use super::kind::CallError;
use super::kind::remediation::proposal::{self, PROPOSALS};
use super::kind::remediation::{ActionRequest, Remediate, UNDO, tools};
use super::lane::Exports;
use super::loaded::Loaded;
use super::registry::Plugins;
use super::unit::{CallableUnit, PreparedCall};
use crate::domain::catalogue::UNDONE;
use crate::domain::text::truncate;
use crate::domain::{Call, Catalogue, Incident, PlanResult, Risk, Tool};
use crate::gate::{Permit, ReadPermit};
use crate::ports::{Looks, Planners, ToolAnswer, ToolError, ToolSlot, Tools};

/// A result is cut to this many bytes.
const RESULT: usize = 64 << 10;

/// The attempt of a read-only action, which needs none.
const LOOK: &str = "look";

impl Planners for Plugins {
    fn plan<'a>(
        &'a self,
        plugin: &'a str,
        incident: &'a Incident,
        now: Timestamp,
        looks: Arc<dyn Looks>,
    ) -> BoxFuture<'a, Result<PlanResult, String>> {
        Box::pin(self.proposals(plugin, incident, now, looks))
    }
}

/// What remediation plugins can do themselves.
impl Tools for Plugins {
    fn catalogue(&self) -> Arc<Catalogue> {
        self.actions()
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        Box::pin(async move {
            let call = permit.call();
            match self.find(&call.tool) {
                Some((_, tool)) if tool.risk != Risk::Read => {
                    Err(ToolError::Refused(format!("`{}` can change things", call.tool)))
                }
                _ => self.execute(call, LOOK, Authority::look()).await,
            }
        })
    }

    /// The permit's attempt is stable across retries; a plugin that says `repeatable` changes nothing more
    /// when it sees it again.
    fn perform<'a>(
        &'a self,
        permit: &'a Permit,
        call: &'a Call,
        _: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        Box::pin(async move {
            let permitted = Authority::permitted(permit, call).map_err(ToolError::Refused)?;
            // What only reads does so also with a permit in hand.
            let authority = if self.reads(call) { Authority::look() } else { permitted };
            self.execute(call, permit.attempt(), authority).await
        })
    }

    fn probe<'a>(&'a self, call: &'a Call, attempt: &'a str) -> BoxFuture<'a, Option<bool>> {
        Box::pin(self.ask(call, attempt))
    }
}

impl Plugins {
    fn reads(&self, call: &Call) -> bool {
        self.find(&call.tool).is_some_and(|(_, tool)| tool.risk == Risk::Read)
    }

    /// Lets a plugin plan, and tells apart what the plugin said and what befell it. None when there is no such
    /// plugin.
    pub async fn call_planner(
        &self,
        plugin: &str,
        incident: &Incident,
        now: Timestamp,
        looks: Arc<dyn Looks>,
    ) -> Option<Result<Result<PlanResult, CallError>, Failure>> {
        let ready = match self.remediations.get(plugin)?.ready().await {
            Ok(ready) => ready,
            Err(not_ready) => return Some(not_ready.answer()),
        };
        let loaded = Arc::clone(&ready.loaded);
        let exports = exports(&loaded)?;
        let state = State { host_looks: Some(looks), ..ready.state(Authority::look()) };
        let call =
            loaded.code.call(&self.runtime, state, |store, instance, _| exports.plan(store, instance, incident, now));
        let answer = call.await;
        ready.note(&answer);
        Some(answer.map(|answer| {
            answer.and_then(|proposed| {
                let numbered = proposed.proposals.into_iter().take(PROPOSALS).enumerate();
                let fit = |(i, proposal): (usize, Result<_, String>)| {
                    proposal.and_then(proposal::fit).map_err(|text| CallError::Other(format!("proposals[{i}].{text}")))
                };
                let proposals = numbered.map(fit).collect::<Result<_, _>>()?;
                Ok(PlanResult { proposals, findings: proposal::fit_findings(proposed.findings) })
            })
        }))
    }

    /// Lets a plugin do one of its own actions, take it back or say whether it happened, and tells apart what the
    /// plugin said and what befell it. `call` names the action itself in each case, and the permit is for it. What
    /// only reads does so. None when there is no such plugin.
    pub async fn call_action(
        &self,
        permit: &Permit,
        act: Operation,
        call: &Call,
        attempt: &str,
    ) -> Option<Result<Result<OperationResult, CallError>, Failure>> {
        let (plugin, name) = call.tool.split_once('.')?;
        let ready = match self.remediations.get(plugin)?.ready().await {
            Ok(ready) => ready,
            Err(not_ready) => return Some(not_ready.answer()),
        };
        let authority = match Authority::permitted(permit, call) {
            Ok(_) if self.reads(call) || act == Operation::Probe => Authority::look(),
            Ok(permitted) => permitted,
            Err(refused) => return Some(Ok(Err(CallError::Other(refused)))),
        };
        let loaded = Arc::clone(&ready.loaded);
        let exports = exports(&loaded)?;
        let arguments = Value::Object(call.arguments.clone()).to_string();
        let action = ActionRequest { name: name.to_string(), arguments };
        let work = loaded.code.call(&self.runtime, ready.state(authority), |store, instance, _| {
            Box::pin(async move {
                Ok(match act {
                    Operation::Execute => {
                        exports.execute(store, instance, attempt, &action).await?.map(OperationResult::Said)
                    }
                    Operation::Undo => {
                        exports.undo(store, instance, attempt, &action).await?.map(OperationResult::Said)
                    }
                    Operation::Probe => {
                        exports.probe(store, instance, attempt, &action).await?.map(OperationResult::Happened)
                    }
                })
            })
        });
        let answer = work.await;
        ready.note(&answer);
        Some(answer)
    }

    async fn proposals(
        &self,
        plugin: &str,
        incident: &Incident,
        now: Timestamp,
        looks: Arc<dyn Looks>,
    ) -> Result<PlanResult, String> {
        let answer = self.call_planner(plugin, incident, now, looks).await;
        let answer = answer.ok_or_else(|| format!("there is no remediation plugin `{plugin}`"))?;
        answer.map_err(|failure| failure.to_string())?.map_err(|error| error.to_string())
    }

    async fn execute(&self, call: &Call, attempt: &str, authority: Authority) -> Result<ToolAnswer, ToolError> {
        let OperationRequest { unit, action, undone } = self.asked(call)?;
        // Nothing is sent where it is not ready.
        let ready = unit.ready().await.map_err(|not_ready| ToolError::Refused(not_ready.to_string()))?;
        let loaded = Arc::clone(&ready.loaded);
        let exports = exports(&loaded).ok_or_else(|| unknown(call))?;
        let work = loaded.code.call(&self.runtime, ready.state(authority), |store, instance, _| match &undone {
            Some(undone) => exports.undo(store, instance, undone, &action),
            None => exports.execute(store, instance, attempt, &action),
        });
        settle(ready, work.await)
    }

    async fn ask(&self, call: &Call, attempt: &str) -> Option<bool> {
        let OperationRequest { unit, action, undone } = self.asked(call).ok()?;
        let ready = unit.ready().await.ok()?;
        let loaded = Arc::clone(&ready.loaded);
        let exports = exports(&loaded).filter(|exports| exports.probed() && undone.is_none())?;
        let state = ready.state(Authority::look());
        let call = loaded
            .code
            .call(&self.runtime, state, |store, instance, _| exports.probe(store, instance, attempt, &action));
        let answer = call.await;
        ready.note(&answer);
        answer.ok()?.ok()?
    }

    /// Asks a plugin's code what it can do itself; `least` is the least risk that a tool has by the operator's
    /// word. The error is a sentence.
    pub(super) async fn capabilities(
        &self,
        loaded: &Loaded,
        binding: Arc<Binding>,
        least: &(dyn Fn(&str) -> Risk + Sync),
    ) -> Result<Vec<Tool>, String> {
        let Some(exports) = exports(loaded) else { return Ok(vec![]) };
        let state = State::new(binding, Authority::look());
        let call = loaded.code.call(&self.runtime, state, |store, instance, _| exports.capabilities(store, instance));
        let answer = call.await;
        loaded.code.tally.record_outcome(&answer);
        let list = answer.map_err(|failure| failure.to_string())?.map_err(|error| error.to_string())?;
        tools(&loaded.manifest.name, list, exports.reversible(), least)
    }

    fn find(&self, tool: &str) -> Option<(&CallableUnit, Tool)> {
        let (plugin, _) = tool.split_once('.')?;
        let unit = self.remediations.get(plugin)?;
        Some((unit, unit.tools().iter().find(|known| known.name == tool)?.clone()))
    }

    fn asked(&self, call: &Call) -> Result<OperationRequest<'_>, ToolError> {
        let (unit, _) = self.find(&call.tool).ok_or_else(|| unknown(call))?;
        let name = call.tool.split_once('.').map(|(_, name)| name).unwrap_or_default();
        let mut arguments = call.arguments.clone();
        let (name, undone) = match name.strip_suffix(UNDO) {
            None => (name, None),
            Some(name) => match arguments.remove(UNDONE) {
                Some(Value::String(attempt)) => (name, Some(attempt)),
                _ => return Err(ToolError::Refused(format!("`{}` needs `{UNDONE}`", call.tool))),
            },
        };
        let arguments = Value::Object(arguments).to_string();
        let action = ActionRequest { name: name.to_string(), arguments };
        Ok(OperationRequest { unit, action, undone })
    }
}

/// What is wanted of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// That it is done.
    Execute,
    /// That it is taken back.
    Undo,
    /// Whether it happened.
    Probe,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationResult {
    /// It was done or taken back, and this was said.
    Said(String),
    /// Whether it happened; none where that cannot be told.
    Happened(Option<bool>),
}

/// What a plugin is asked to do.
struct OperationRequest<'a> {
    unit: &'a CallableUnit,
    action: ActionRequest,
    /// The attempt that is to be taken back.
    undone: Option<String>,
}

fn unknown(call: &Call) -> ToolError {
    ToolError::Refused(format!("there is no action `{}`", call.tool))
}

fn exports(loaded: &Loaded) -> Option<&dyn Remediate> {
    match &loaded.exports {
        Exports::Remediation(exports) => Some(exports.as_ref()),
        _ => None,
    }
}

/// What became of an action. Unless the plugin never ran or says that nothing can come of it, it
/// may have had its effect.
fn settle(
    ready: PreparedCall<'_>,
    answer: Result<Result<String, CallError>, Failure>,
) -> Result<ToolAnswer, ToolError> {
    ready.note(&answer);
    match answer {
        Ok(Ok(text)) => Ok(ToolAnswer { ok: true, text: truncate(&text, RESULT) }),
        Ok(Err(error @ CallError::Unavailable { .. })) => Err(ToolError::Lost(error.to_string())),
        Ok(Err(error)) => Ok(ToolAnswer { ok: false, text: truncate(&error.to_string(), RESULT) }),
        Err(failure @ Failure { cause: Cause::Busy(_), .. }) => Err(ToolError::Unavailable(failure.to_string())),
        Err(failure) => Err(ToolError::Lost(failure.to_string())),
    }
}
