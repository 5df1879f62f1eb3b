//! What a gate hears of a call: once as the host reads it, and once as it is read here.

use serde_json::Value;
use tidegate::domain::catalogue::UNDONE;
use tidegate::domain::{Action, Call, Risk};

use crate::sim::cluster::READS;

/// The arguments that lead nowhere else. Nobody can say where one leads that the tools do not tell of.
const EXPLAINED: [&str; 5] = ["namespace", "name", "mark", "limit", UNDONE];

/// One reading of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The tool.
    pub tool: String,
    /// The word for who wants it, where that is known.
    pub origin: Option<String>,
    /// Whether it only reads.
    pub reads: bool,
    /// Whether it leads to another cluster.
    pub elsewhere: bool,
    /// The services that it names; `*` for any.
    names: Vec<String>,
}

impl Subject {
    /// As the host reads it.
    pub fn of(action: &Action) -> Self {
        Self {
            tool: action.tool().into(),
            origin: Some(action.origin.kind().into()),
            reads: action.risk == Risk::Read,
            elsewhere: !action.touches.elsewhere.is_empty(),
            names: action.touches.names.clone(),
        }
    }

    /// From nothing but the call: every word in the name, however deep it stands, and any name where it leads elsewhere or
    /// what stands there is no name of an object.
    pub fn read(call: &Call, origin: Option<&str>) -> Self {
        let mut names = Vec::new();
        call.arguments.get("name").into_iter().for_each(|name| words(name, &mut names));
        let elsewhere = call.arguments.keys().any(|key| !EXPLAINED.contains(&key.as_str()));
        if elsewhere {
            names.push("*".into());
        }
        Self {
            tool: call.tool.clone(),
            origin: origin.map(str::to_string),
            reads: READS.contains(&call.tool.as_str()),
            elsewhere,
            names,
        }
    }

    /// Whether a service is among those that it may be about.
    pub fn is_about(&self, service: u64) -> bool {
        let service = format!("app{service}");
        self.names.iter().any(|name| *name == service || name == "*")
    }

    /// Whether it is about this service and nothing else.
    pub fn is_only(&self, service: u64) -> bool {
        let service = format!("app{service}");
        !self.names.is_empty() && self.names.iter().all(|name| *name == service)
    }
}

fn words(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let parts = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
            into.extend(parts.map(str::to_ascii_lowercase));
            if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
                into.push("*".into());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| words(item, into)),
        Value::Object(map) => map.values().for_each(|item| words(item, into)),
        _ => {}
    }
}
