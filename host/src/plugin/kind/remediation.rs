//! Remediation plugins: what they can do themselves, what they propose, and doing it.

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use wasmtime::Store;
use wasmtime::component::Instance;

use super::CallError;
use crate::domain::catalogue::UNDONE;
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
    ) -> BoxFuture<'a, wasmtime::Result<Result<Vec<Proposed>, CallError>>>;

    fn execute<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a Performed,
    ) -> BoxFuture<'a, wasmtime::Result<Result<String, CallError>>>;

    /// Refused when [`Self::reversible`] says no.
    fn undo<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a Performed,
    ) -> BoxFuture<'a, wasmtime::Result<Result<String, CallError>>>;

    /// Whether it happened; none when the plugin cannot tell. Refused when [`Self::probed`] says no.
    fn probe<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a Performed,
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
pub struct Performed {
    /// The capability's name.
    pub name: String,
    /// What is changed.
    pub target: String,
    /// Its arguments as JSON.
    pub arguments: String,
}

/// A proposal whose arguments are still text; the error of reading them names the place.
pub(in crate::plugin) type Proposed = Result<Proposal, String>;

/// Reads the arguments of a call.
pub fn arguments(place: &str, text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("{place} is not a JSON object: {error}"))
}

/// What stands behind the name of a capability to take it back.
pub(in crate::plugin) const UNDO: &str = ".undo";

/// The catalogue's entries for a plugin's capabilities, and for taking them back where it can. The
/// error is a sentence.
pub fn tools(plugin: &str, capabilities: Vec<Capability>, reversible: bool) -> Result<Vec<Tool>, String> {
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
        let tool = Tool {
            schema: Value::Object(arguments(&place, &capability.schema)?),
            undo: (reversible && capability.risk != Risk::Read).then(|| format!("{name}{UNDO}")),
            name,
            description: capability.description,
            risk: capability.risk,
            repeatable: capability.repeatable,
        };
        let undo = tool.undo.as_ref().map(|undo| taking_back(&tool, undo));
        tools.push(tool);
        tools.extend(undo);
    }
    Ok(tools)
}

fn taking_back(tool: &Tool, undo: &str) -> Tool {
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
        risk: tool.risk,
        repeatable: false,
        undo: None,
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
        let list = tools("runner", vec![capability("restart", "{\"type\":\"object\"}")], true).unwrap();
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
        ] {
            assert!(tools("runner", bad, false).unwrap_err().contains(want));
        }
    }
}
