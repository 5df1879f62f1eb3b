//! x
use serde_json::json;
use crate::domain::{Catalogue, Risk, Tool};

/// A catalogue of read-only tools.
pub fn catalogue(names: &[&str]) -> Catalogue {
    let tool = |name: &&str| Tool {
        name: name.to_string(),
        description: format!("does {name}"),
        schema: json!({"type": "object", "properties": {"namespace": {"type": "string"}}}),
        risk: Risk::Read,
        repeatable: true,
    };
    Catalogue { tools: names.iter().map(|name| (name.to_string(), tool(name))).collect() }
}
