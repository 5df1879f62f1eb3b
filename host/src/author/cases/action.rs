//! A remediation's own actions: `action.json` in, the requests that it sends and what came of it out. It is called as
//! a host calls it: with a permit of the gate, here under a policy that allows everything, and what only reads
//! without one.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::memory_state::MemoryState;
use super::notifier::{self, RecordedTransport};
use super::{Files, Outcome, PluginUnderTest, Transports, outcome_text, text};
use crate::domain::{
    Action, ActionId, Call, Catalogue, Entry, Fact, History, Incident, IncidentId, Mode, Origin, Proposal, Tool,
};
use crate::gate::{Gate, Options, Permit};
use crate::plugin::{Operation, OperationResult};
use crate::policy::Set;
use crate::ports::Tools as _;
use crate::rules::Context;

pub(super) async fn run(subject: &PluginUnderTest<'_>, files: &Files) -> Result<Outcome, String> {
    let name = &subject.manifest.name;
    let what = files.json()?;
    let arguments = match what.get("arguments") {
        Some(Value::Object(arguments)) => arguments.clone(),
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err("action.json: `arguments` must be an object".into()),
    };
    if text(&what, "name").is_empty() {
        return Err("action.json: say the `name` of the action, as `capabilities` names it".into());
    }
    let files = &with_places_of_secrets(subject, files);
    let network = Arc::new(RecordedTransport::of(files));
    let kept = Arc::new(MemoryState::new(files.state.clone()));
    let options = notifier::granted(subject.manifest, files);
    let ways = Transports::requests(Arc::clone(&network) as _);
    let plugins = subject.load_with(options, &files.secrets, ways, Arc::clone(&kept) as _).await?;
    let act = match what.get("call").and_then(Value::as_str) {
        Some("undo") => Operation::Undo,
        Some("probe") => Operation::Probe,
        _ => Operation::Execute,
    };
    let call = Call { tool: format!("{name}.{}", text(&what, "name")), arguments };
    let offered = plugins.catalogue();
    let permit = permit(&call, &offered)?;
    let answer = plugins.call_action(&permit, act, &call, &text(&what, "attempt-id")).await;
    let answer = answer.ok_or_else(|| format!("there is no remediation {name}"))?;
    let mut faults = network.faults();
    let result = outcome_text(answer, &mut faults, |acted| match acted {
        OperationResult::Said(text) => json!({"ok": text}),
        OperationResult::Happened(Some(true)) => json!({"ok": "happened"}),
        OperationResult::Happened(Some(false)) => json!({"ok": "did-not-happen"}),
        OperationResult::Happened(None) => json!({"ok": "unknown"}),
    });
    let mut found = Map::from_iter([("requests".to_string(), network.requests()), ("result".into(), result)]);
    let kept = kept.values();
    if !kept.is_empty() {
        found.insert("state".into(), json!(kept));
    }
    let notes = match offered.get(&call.tool) {
        Some(_) => vec![],
        None => vec![format!("the plugin does not offer {}, so that no host would call it", call.tool)],
    };
    Ok(Outcome { found: found.into(), faults, notes })
}

/// Without `secrets.json` each secret is the place that it is filled in at, so that a case shows where it goes.
fn with_places_of_secrets(subject: &PluginUnderTest<'_>, files: &Files) -> Files {
    let mut files = files.clone();
    if files.secrets.is_empty() {
        let asked = subject.manifest.asks.secrets().cloned();
        let settings = Value::Object(files.settings.clone()).to_string();
        let named = crate::plugin::secret_names(&settings);
        let place = |name: String| {
            let place = format!("{{{{secret:{name}}}}}");
            (name, place)
        };
        files.secrets = asked.chain(named).map(place).collect();
    }
    files
}

/// A permit for exactly this call, whatever its arguments: a host refuses those that do not fit before the plugin is
/// called, and what the plugin itself makes of them is what is tested.
fn permit(call: &Call, offered: &Catalogue) -> Result<Permit, String> {
    let tool = Tool {
        name: call.tool.clone(),
        description: String::new(),
        schema: json!({}),
        risk: offered.risk(&call.tool),
        repeatable: false,
        undo: None,
        own: false,
    };
    let catalogue = &Arc::new(Catalogue { tools: [(call.tool.clone(), tool)].into(), ..Catalogue::default() });
    let policies = Set::from_sources(&[("all.rhai", "gate(\"all\", #{ allow: true });")]);
    let policies = policies.map_err(|problems| problems.to_string())?;
    let at = Timestamp::UNIX_EPOCH;
    let opened = Fact::Opened { group_key: String::new(), source: "case".into(), alerts: Vec::new() };
    let incident = Incident::open(IncidentId("case".into()), &Entry { at, fact: opened });
    let mut incident = incident.ok_or("there is no incident to act for")?;
    let id = ActionId("a1".into());
    let (risk, touches) = (catalogue.risk(&call.tool), catalogue.touches(call));
    let action = Action::new(id.clone(), Proposal::of(call.clone()), Origin::Model, risk, touches);
    incident.apply(&Entry { at, fact: Fact::Proposed { action: Box::new(action.clone()) } });
    let history = Arc::new(History::default());
    let context = Context { now: at, mode: Mode::Enforce, history: &history, catalogue };
    let gate = Gate::new(Options::default());
    let ruling = gate.rule(&policies, &incident, &action, &context);
    incident.apply(&Entry { at, fact: Fact::Ruled { action: id, ruling } });
    let record = incident.actions.first().ok_or("there is no action to rule on")?;
    let permit = gate.permit(&policies, &incident, record, &context);
    permit.map_err(|ruling| format!("the gate {}: {}", ruling.rule, ruling.reason))
}
