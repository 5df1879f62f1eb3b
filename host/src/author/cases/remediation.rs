//! Remediations: an incident in, proposals out. The tools are those of `tools.json`, the answers to requests those of
//! `http.json`; a look or request that was not recorded fails the case.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::action;
use super::alert::{SOURCE, alert};
use super::notifier;
use super::{Files, Outcome, PluginUnderTest, Transports, items, moment, outcome_text, text};
use crate::domain::condition;
use crate::domain::{Call, Catalogue, Incident, IncidentId, Proposal, Risk, Tool};
use crate::environment::Environment;
use crate::gate::{Permit, ReadPermit};
use crate::plugin::{Options, Transport};
use crate::ports::{LookError, Looks, ToolAnswer, ToolError, ToolSlot, Tools};

/// The tool servers as they were recorded. As in the field, a look asks for nobody's permission here: what
/// a gate would say is not what is tested.
struct RecordedTools {
    catalogue: Arc<Catalogue>,
    looks: Vec<Value>,
    /// Looks that nobody recorded.
    strange: Mutex<Vec<String>>,
}

impl RecordedTools {
    fn new(tools: &Value) -> Self {
        let tool = |name: String, risk: Risk| Tool {
            name,
            description: String::new(),
            schema: json!({}),
            risk,
            repeatable: false,
            undo: None,
            own: false,
        };
        // A tool that answers looks is there, and reads.
        let looked = items(tools, "looks").map(|look| tool(text(look, "tool"), Risk::Read));
        let listed = items(tools, "catalogue").map(|value| {
            let reads = value.get("read-only").and_then(Value::as_bool).unwrap_or(false);
            tool(text(value, "name"), if reads { Risk::Read } else { Risk::High })
        });
        let catalogue = Catalogue {
            tools: looked.chain(listed).map(|tool| (tool.name.clone(), tool)).collect(),
            ..Catalogue::default()
        };
        let looks = items(tools, "looks").cloned().collect();
        Self { catalogue: Arc::new(catalogue), looks, strange: Mutex::default() }
    }

    fn answer(&self, call: &Call) -> Result<ToolAnswer, ToolError> {
        let same = |look: &&Value| {
            text(look, "tool") == call.tool
                && look.get("arguments").and_then(Value::as_object).unwrap_or(&serde_json::Map::new())
                    == &call.arguments
        };
        let Some(look) = self.looks.iter().find(same) else {
            let strange = json!({"tool": call.tool, "arguments": call.arguments, "json": {}}).to_string();
            self.strange.lock().unwrap_or_else(PoisonError::into_inner).push(strange);
            return Err(ToolError::Refused(format!("no look recorded for {}", call.tool)));
        };
        let error = look.get("error").cloned().unwrap_or_default();
        if let Some(json) = look.get("json") {
            return Ok(ToolAnswer { ok: true, text: json.to_string() });
        }
        if let Some(text) = look.get("text").and_then(Value::as_str) {
            return Ok(ToolAnswer { ok: true, text: text.to_string() });
        }
        if error.get("unavailable").is_some() {
            return Err(ToolError::Unavailable(text(&error, "unavailable")));
        }
        Ok(ToolAnswer { ok: false, text: text(&error, "failed") })
    }
}

impl Looks for RecordedTools {
    fn look_all(&self, calls: Vec<Call>) -> BoxFuture<'_, Vec<Result<ToolAnswer, LookError>>> {
        Box::pin(async move { calls.iter().map(|call| Ok(self.answer(call)?)).collect() })
    }
}

impl Tools for RecordedTools {
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        Box::pin(async { self.answer(permit.call()) })
    }

    fn perform<'a>(
        &'a self,
        _: &'a Permit,
        call: &'a Call,
        _: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        Box::pin(async { Err(ToolError::Refused(format!("{} is not to be performed by a plan", call.tool))) })
    }
}

/// What a remediation plans with.
pub struct Planning<'a> {
    /// Its table of the configuration.
    pub options: Options,
    /// For secrets.
    pub environment: &'a dyn Environment,
    /// For its requests.
    pub transport: Arc<dyn Transport>,
    /// Those that there are.
    pub tools: Arc<dyn Tools>,
    /// Its looks.
    pub looks: Arc<dyn Looks>,
    /// What it plans about.
    pub incident: Incident,
    /// The host's clock.
    pub now: Timestamp,
}

pub(super) async fn run(subject: &PluginUnderTest<'_>, files: &Files) -> Result<Outcome, String> {
    if files.of_action {
        return action::run(subject, files).await;
    }
    let input = files.json()?;
    let now = moment(&input, "now-ms")?;
    let recorded = Arc::new(RecordedTools::new(&files.tools));
    let network = Arc::new(notifier::RecordedTransport::of(files));
    let planning = Planning {
        options: notifier::granted(subject.manifest, files),
        environment: &files.secrets,
        transport: Arc::clone(&network) as _,
        tools: Arc::clone(&recorded) as _,
        looks: Arc::clone(&recorded) as _,
        incident: incident(&input, now),
        now,
    };
    let mut outcome = plan(subject, planning).await?;
    outcome.faults.splice(0..0, network.faults());
    let strange = recorded.strange.lock().unwrap_or_else(PoisonError::into_inner).clone();
    outcome.faults.splice(
        0..0,
        strange
            .iter()
            .map(|look| format!("nobody recorded what this look answers; add it to `looks` of tools.json: {look}")),
    );
    Ok(outcome)
}

/// Lets a remediation plan.
pub(super) async fn plan(subject: &PluginUnderTest<'_>, planning: Planning<'_>) -> Result<Outcome, String> {
    let name = &subject.manifest.name;
    let Planning { options, environment, transport, tools, looks, incident, now } = planning;
    let plugins = subject.load(options, environment, Transports::requests(transport)).await?;
    plugins.connect(Arc::downgrade(&tools) as Weak<dyn Tools>);
    let answer = plugins.call_planner(name, &incident, now, looks).await;
    let answer = answer.ok_or_else(|| format!("there is no remediation {name}"))?;
    let mut faults = Vec::new();
    let mut odd = Vec::new();
    let found = outcome_text(answer, &mut faults, |planned| {
        for verify in planned.proposals.iter().filter_map(|proposal| proposal.verify.as_ref()) {
            odd.extend(condition::check(verify).err().map(|problem| format!("a verification: {problem}")));
        }
        let proposals: Vec<Value> = planned.proposals.iter().map(proposal).collect();
        json!({"ok": proposals, "findings": planned.findings})
    });
    faults.extend(odd);
    Ok(Outcome { found, faults, notes: vec![] })
}

/// The incident that a file describes.
pub fn incident(value: &Value, now: Timestamp) -> Incident {
    Incident {
        id: IncidentId(text(value, "id").into()),
        group_key: text(value, "id").into(),
        source: SOURCE.into(),
        opened_at: now,
        updated_at: now,
        set_back: Default::default(),
        alerts: items(value, "alerts").map(alert).collect(),
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
    }
}

fn proposal(proposal: &Proposal) -> Value {
    json!({
        "call": proposal.call,
        "target": proposal.target,
        "reason": proposal.reason,
        "evidence": proposal.evidence,
        "root-cause": proposal.root_cause,
        "verify": proposal.verify.as_ref().map(|verify| json!({
            "look": verify.look,
            "present": verify.present,
            "absent": verify.absent,
            "applied": verify.applied,
            "within-ms": verify.within_ms,
            "every-ms": verify.every_ms,
        })),
        "undo": proposal.undo,
    })
}
