//! Remediation plugins: what they can do themselves, what they propose, and doing it.

pub(in crate::plugin) mod proposal;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use wasmtime::Store;
use wasmtime::component::Instance;

use super::CallError;
use crate::domain::catalogue::UNDONE;
use crate::domain::plan::Finding;
use crate::domain::schema::normalize::normalize;
use crate::domain::text::truncate;
use crate::domain::{Incident, Proposal, Risk, Tool};
use crate::plugin::imports::State;
use crate::plugin::manifest::plain_name;

/// The exported interfaces.
pub(in crate::plugin) trait Remediate: Send + Sync {
    fn capabilities<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
    ) -> BoxFuture<'a, wasmtime::Result<Result<Vec<Capability>, CallError>>>;

    fn plan<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        incident: &'a Incident,
        now: Timestamp,
    ) -> BoxFuture<'a, wasmtime::Result<Result<RawPlan, CallError>>>;

    fn execute<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a ActionRequest,
    ) -> BoxFuture<'a, wasmtime::Result<Result<String, CallError>>>;

    /// Refused when [`Self::reversible`] says no.
    fn undo<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a ActionRequest,
    ) -> BoxFuture<'a, wasmtime::Result<Result<String, CallError>>>;

    /// Whether it happened; none when the plugin cannot tell. Refused when [`Self::probed`] says no.
    fn probe<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a ActionRequest,
    ) -> BoxFuture<'a, wasmtime::Result<Result<Option<bool>, CallError>>>;

    /// Whether `reversal` is exported.
    fn reversible(&self) -> bool;

    /// Whether `probe` is exported.
    fn probed(&self) -> bool;
}

/// One action that a plugin can perform itself, as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Its name within the plugin.
    pub name: String,
    /// For people and models.
    pub description: String,
    /// JSON Schema as text.
    pub schema: String,
    /// What a wrong call could cost.
    pub risk: Risk,
    /// Whether a repeat with the same attempt changes nothing more.
    pub repeatable: bool,
}

/// An action as `execute` gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionRequest {
    /// The capability's name.
    pub name: String,
    /// Its arguments as JSON.
    pub arguments: String,
}

/// A plan as it came.
pub(in crate::plugin) struct RawPlan {
    /// Proposals whose arguments have been read; the error of reading them names the place.
    pub proposals: Vec<Result<Proposal, String>>,
    /// What it found, of any size.
    pub findings: Vec<Finding>,
}

/// Reads the arguments of a call.
pub fn arguments(place: &str, text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("{place} is not a JSON object: {error}"))
}

/// What stands behind the name of a capability to take it back.
pub(in crate::plugin) const UNDO: &str = ".undo";

/// Actions of one plugin.
const ACTIONS: usize = 64;

/// Bytes of a description; a longer one is cut, since models read it.
const DESCRIPTION: usize = 4 << 10;

/// Bytes of a schema.
const SCHEMA: usize = 64 << 10;

/// The catalogue's entries for a plugin's capabilities, and for taking them back where it can. `least`
/// is the least risk that a tool has by the operator's word; the plugin's own word counts only as far
/// as it is worse. The error is a sentence.
pub fn tools(
    plugin: &str,
    capabilities: Vec<Capability>,
    reversible: bool,
    least: &dyn Fn(&str) -> Risk,
) -> Result<Vec<Tool>, String> {
    if capabilities.len() > ACTIONS {
        return Err(format!("there are {} capabilities where {ACTIONS} are allowed", capabilities.len()));
    }
    let mut tools: Vec<Tool> = Vec::with_capacity(capabilities.len());
    for capability in capabilities {
        if !plain_name(&capability.name) {
            return Err(format!("the capability `{}` has a name that cannot be used", capability.name));
        }
        let name = format!("{plugin}.{}", capability.name);
        if tools.iter().any(|tool| tool.name == name) {
            return Err(format!("the capability `{}` is there twice", capability.name));
        }
        let place = format!("the schema of the capability `{}`", capability.name);
        if capability.schema.len() > SCHEMA {
            return Err(format!("{place} has {} bytes where {SCHEMA} are allowed", capability.schema.len()));
        }
        let schema = Value::Object(arguments(&place, &capability.schema)?);
        let risk = capability.risk.max(least(&name));
        let tool = Tool {
            schema: normalize(Some(&schema)).map_err(|why| format!("{place}: {why}"))?.schema,
            undo: (reversible && risk != Risk::Read).then(|| format!("{name}{UNDO}")),
            name,
            description: truncate(&capability.description, DESCRIPTION),
            risk,
            repeatable: capability.repeatable,
            own: true,
        };
        let undo = tool.undo.as_ref().map(|undo| taking_back(&tool, undo, least(undo)));
        tools.push(tool);
        tools.extend(undo);
    }
    Ok(tools)
}

fn taking_back(tool: &Tool, undo: &str, least: Risk) -> Tool {
    let mut schema = tool.schema.clone();
    if let Value::Object(schema) = &mut schema
        && let Value::Object(properties) = schema.entry("properties").or_insert_with(|| json!({}))
    {
        let attempt = json!({ "type": "string", "description": "the attempt that is taken back" });
        properties.insert(UNDONE.to_string(), attempt);
    }
    Tool {
        name: undo.to_string(),
        description: format!("Takes back what {} did in one attempt.", tool.name),
        schema,
        risk: tool.risk.max(least),
        repeatable: false,
        undo: None,
        own: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capability(name: &str, schema: &str) -> Capability {
        Capability {
            name: name.into(),
            description: "restarts it".into(),
            schema: schema.into(),
            risk: Risk::Low,
            repeatable: true,
        }
    }

    #[test]
    fn capabilities_become_tools_of_the_plugin() {
        let none = |_: &str| Risk::Read;
        let list = tools("runner", vec![capability("restart", "{\"type\":\"object\"}")], true, &none).unwrap();
        assert_eq!(list[0].name, "runner.restart");
        assert_eq!(list[0].schema["type"], "object");
        assert_eq!(
            (list[0].undo.as_deref(), list[1].name.as_str()),
            (Some("runner.restart.undo"), "runner.restart.undo")
        );
        assert!(list[1].undo.is_none() && list[1].schema["properties"][UNDONE].is_object());
        for (bad, want) in [
            (vec![capability("re.start", "{}")], "cannot be used"),
            (vec![capability("a", "{}"), capability("a", "{}")], "twice"),
            (vec![capability("a", "[]")], "not a JSON object"),
            (vec![capability("a", &" ".repeat(SCHEMA + 1))], "65537 bytes"),
            ((0..65).map(|i| capability(&format!("a{i}"), "{}")).collect(), "65 capabilities"),
        ] {
            assert!(tools("runner", bad, false, &none).unwrap_err().contains(want));
        }
    }

    #[test]
    fn the_operators_word_is_taken_upwards_only() {
        let said = |risk| Capability { risk, ..capability("status", "{}") };
        for (plugin, operator, want) in [
            (Risk::Read, Risk::High, Risk::High),
            (Risk::Read, Risk::Read, Risk::Read),
            (Risk::High, Risk::Low, Risk::High),
            (Risk::Irreversible, Risk::Read, Risk::Irreversible),
        ] {
            let list = tools("runner", vec![said(plugin)], true, &|_| operator).unwrap();
            assert!(list.iter().all(|tool| tool.risk == want), "{list:?}");
            assert_eq!(list[0].undo.is_some(), want != Risk::Read);
        }
        let least = |name: &str| if name.ends_with(UNDO) { Risk::Irreversible } else { Risk::Read };
        let list = tools("runner", vec![said(Risk::Low)], true, &least).unwrap();
        assert_eq!((list[0].risk, list[1].risk), (Risk::Low, Risk::Irreversible), "its undo may be raised alone");
    }
}
