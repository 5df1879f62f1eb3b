//! The tools that exist right now and what the host knows of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::Risk;
use super::call::{Call, Target};
use super::clusters::{AlertClusters, Clusters};
use super::incident::Incident;
use super::{reach, schema};

/// Something that can be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// `server.tool` or `plugin.action`.
    pub name: String,
    /// For people and models.
    pub description: String,
    /// JSON Schema of the arguments.
    pub schema: Value,
    /// What a wrong call could cost, after the operator's overrides.
    pub risk: Risk,
    /// A repeat with the same arguments changes nothing more.
    pub repeatable: bool,
    /// The tool that takes its calls back: it takes the same arguments and [`UNDONE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// Whether a plugin performs it itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

/// The argument in which a tool that takes calls back is told which attempt.
pub const UNDONE: &str = "undone_attempt";

impl Tool {
    /// What decisions rest on, without what only models and people read.
    pub fn essence(&self) -> Self {
        Self {
            name: self.name.clone(),
            description: String::new(),
            schema: schema::essence(&self.schema),
            risk: self.risk,
            repeatable: self.repeatable,
            undo: self.undo.clone(),
            own: self.own,
        }
    }
}

/// How tools have changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolsChange {
    /// Those that are new or other than they were, as [`Tool::essence`] has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub there: Vec<Tool>,
    /// Names of those that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Which server reaches which cluster, where that is other than it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
}

/// All tools, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The tools.
    pub tools: BTreeMap<String, Tool>,
    /// Which server reaches which cluster.
    #[serde(default, skip_serializing_if = "Clusters::is_empty")]
    pub clusters: Clusters,
}

impl Catalogue {
    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// The risk of a call; a tool that is not known counts as irreversible.
    pub fn risk(&self, name: &str) -> Risk {
        self.get(name).map_or(Risk::Irreversible, |tool| tool.risk)
    }

    /// What makes this catalogue the essence of another; none when it is that already.
    pub fn change_to(&self, other: &Self) -> Option<ToolsChange> {
        let there = other.tools.values().map(Tool::essence).filter(|tool| self.get(&tool.name) != Some(tool));
        let gone = self.tools.keys().filter(|name| !other.tools.contains_key(*name)).cloned();
        let clusters = (self.clusters != other.clusters).then(|| other.clusters.clone());
        let change = ToolsChange { there: there.collect(), gone: gone.collect(), clusters };
        (change != ToolsChange::default()).then_some(change)
    }

    /// Takes in a change.
    pub fn follow(&mut self, change: &ToolsChange) {
        for name in &change.gone {
            self.tools.remove(name);
        }
        self.tools.extend(change.there.iter().map(|tool| (tool.name.clone(), tool.clone())));
        if let Some(clusters) = &change.clusters {
            self.clusters.clone_from(clusters);
        }
    }

    /// Why a tool may not be used for an incident: it reaches another cluster than the one that this is about.
    pub fn foreign(&self, tool: &str, incident: &Incident) -> Option<String> {
        if self.clusters.is_empty() { None } else { self.clusters.refusal(tool, &AlertClusters::of(incident)) }
    }

    /// The tools that may be used for an incident.
    #[must_use]
    pub fn for_incident(self: Arc<Self>, incident: &Incident) -> Arc<Self> {
        if self.clusters.is_empty() {
            return self;
        }
        let named = AlertClusters::of(incident);
        let own = |tool: &str| self.clusters.refusal(tool, &named).is_none();
        if self.tools.keys().all(|tool| own(tool)) {
            return self;
        }
        let tools = self.tools.iter().filter(|(name, _)| own(name)).map(|(name, tool)| (name.clone(), tool.clone()));
        Arc::new(Self { tools: tools.collect(), clusters: self.clusters.clone() })
    }

    /// Why no gate could rule on what a call's arguments say, as a sentence; none when one can. Held
    /// against looks, which are open unless a gate denies them.
    pub fn suspicion(&self, call: &Call) -> Option<String> {
        reach::suspicion::find(call, self.get(&call.tool).map(|tool| &tool.schema))
    }

    /// Why a call's arguments are not those that its tool takes, in a sentence; none when they are, and
    /// where the tool or its schema is not known.
    pub fn misfit(&self, call: &Call) -> Option<String> {
        let tool = self.get(&call.tool)?;
        // The host adds this one where it takes a call back.
        if call.arguments.contains_key(UNDONE)
            && self.tools.values().any(|other| other.undo.as_ref() == Some(&tool.name))
        {
            let mut arguments = call.arguments.clone();
            arguments.remove(UNDONE);
            return schema::validation_error(&tool.schema, &arguments);
        }
        schema::validation_error(&tool.schema, &call.arguments)
    }

    /// Reads from the arguments what a call touches.
    pub fn touches(&self, call: &Call) -> Target {
        let tool = self.get(&call.tool);
        reach::read(call, tool.map(|tool| &tool.schema), tool.is_some_and(|tool| tool.own))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn tool(name: &str, risk: Risk, schema: Value) -> Tool {
        Tool {
            name: name.into(),
            description: "for models".into(),
            schema,
            risk,
            repeatable: false,
            undo: None,
            own: false,
        }
    }

    fn catalogue(tools: &[Tool]) -> Catalogue {
        Catalogue {
            tools: tools.iter().map(|tool| (tool.name.clone(), tool.clone())).collect(),
            ..Catalogue::default()
        }
    }

    #[test]
    fn changes_lead_from_one_catalogue_to_the_essence_of_the_next() {
        let schema = json!({ "type": "object", "properties": {
            "namespace": { "type": "string", "description": "where", "default": "default" }, "name": { "type": "string" },
        } });
        let get = tool("k.get", Risk::Read, schema);
        let steps = [
            catalogue(&[get.clone(), tool("k.drain", Risk::High, Value::Null)]),
            catalogue(&[get.clone(), tool("k.drain", Risk::Irreversible, Value::Null)]),
            catalogue(std::slice::from_ref(&get)),
            Catalogue { clusters: Clusters::new([("kestrel", ["k".to_string()].as_slice())]), ..catalogue(&[]) },
        ];
        let mut known = Catalogue::default();
        for step in &steps {
            known.follow(&known.clone().change_to(step).unwrap());
            assert_eq!(known.change_to(step), None);
            assert_eq!((known.tools.len(), &known.clusters), (step.tools.len(), &step.clusters));
        }
        let (whole, essence) = (catalogue(std::slice::from_ref(&get)), catalogue(&[get.essence()]));
        assert!(essence.get("k.get").unwrap().description.is_empty());
        let call = Call { tool: "k.get".into(), arguments: Map::from_iter([("name".to_string(), json!("web"))]) };
        assert_eq!(whole.touches(&call), essence.touches(&call));
        assert_eq!(essence.touches(&call).namespaces, ["default"]);
    }
}
