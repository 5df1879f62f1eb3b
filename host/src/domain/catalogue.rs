//! The tools that exist right now and what the host knows of each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::{Call, Risk, Target};
use super::reach;

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
}

/// All tools, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The tools.
    pub tools: BTreeMap<String, Tool>,
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

    /// Reads from the arguments what a call touches.
    pub fn touches(&self, call: &Call) -> Target {
        reach::read(call, self.get(&call.tool).map(|tool| &tool.schema))
    }
}
