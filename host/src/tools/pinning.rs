//! What a server shows of its tools: which are offered, as what, and which are withdrawn because
//! they changed their face.

use std::collections::BTreeMap;

use rmcp::model::Tool as Shown;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::definition::Definition;
use super::{arguments, glob, known, risk};
use crate::domain::Tool;
use crate::domain::text::{canonical_json, cut};
use crate::redact::{redact_known, visible};

/// Longest description that is offered, in bytes.
const DESCRIPTION: usize = 1024;
/// Largest schema that is offered, in bytes of JSON.
const SCHEMA: usize = 32 * 1024;

/// The tools of one server over the life of the process.
#[derive(Default)]
pub(super) struct PinnedTools {
    seen: BTreeMap<String, [u8; 32]>,
    refused: BTreeMap<String, String>,
}

impl PinnedTools {
    /// Takes in a listing and returns what is offered, by full name. What is new in the log is
    /// returned as sentences.
    pub(super) fn take(
        &mut self,
        definition: &Definition,
        identity: &str,
        shown: &[Shown],
    ) -> (BTreeMap<String, Tool>, Vec<String>) {
        let mut offered = BTreeMap::new();
        let mut news = Vec::new();
        for tool in shown {
            let name = tool.name.to_string();
            let full = format!("{}.{name}", definition.name);
            if let Some(why) = not_offered(definition, &name, tool) {
                self.refused.insert(name, why);
                continue;
            }
            let fingerprint = fingerprint(tool);
            let first = self.seen.entry(name.clone()).or_insert(fingerprint);
            if *first != fingerprint && !self.refused.contains_key(&name) {
                let why = format!(
                    "{full} changed its description, schema or hints after it was first seen, and is withdrawn; \
                     restart tidegate to accept it as it is now"
                );
                news.push(why.clone());
                self.refused.insert(name.clone(), why);
            }
            if self.refused.contains_key(&name) {
                continue;
            }
            let (risk, repeatable) =
                risk::of(&definition.name, identity, &name, tool.annotations.as_ref(), &definition.raise);
            let description = visible(tool.description.as_deref().unwrap_or_default());
            let description = cut(&redact_known(description.trim(), &definition.secrets), DESCRIPTION);
            let schema = arguments::offered(Value::Object(tool.input_schema.as_ref().clone()));
            offered.insert(full.clone(), Tool { name: full, description, schema, risk, repeatable, undo: None });
        }
        (offered, news)
    }

    /// What is not offered, and why.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&str, &str)> {
        self.refused.iter().map(|(tool, why)| (tool.as_str(), why.as_str()))
    }

    /// Why a tool is not offered, where that is known.
    pub(super) fn refusal(&self, tool: &str) -> Option<String> {
        self.refused.get(tool).cloned()
    }
}

fn not_offered(definition: &Definition, name: &str, tool: &Shown) -> Option<String> {
    let server = &definition.name;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if name.is_empty() || name.len() > 128 || !name.chars().all(plain) {
        return Some(format!("the MCP server {server} offers a tool whose name is not allowed"));
    }
    if definition.deny.iter().any(|denied| denied == name) {
        return Some(format!("{server}.{name} is switched off in the definition of the MCP server {server}"));
    }
    let full = format!("{server}.{name}");
    let literal = definition.allow.contains(&full);
    if let Some(why) = known::withheld(name).filter(|_| !literal) {
        return Some(format!(
            "{server}.{name} is not offered because {why}; to offer it, name it literally in the allow list"
        ));
    }
    if !definition.allow.iter().any(|pattern| glob::covers(pattern, &full)) {
        return Some(format!("{full} is not in the allow list"));
    }
    let size = serde_json::to_string(tool.input_schema.as_ref()).map_or(usize::MAX, |text| text.len());
    if size > SCHEMA {
        return Some(format!("{server}.{name} is not offered because its schema is larger than {SCHEMA} bytes"));
    }
    None
}

fn fingerprint(tool: &Shown) -> [u8; 32] {
    let annotations = serde_json::to_value(&tool.annotations).unwrap_or_default();
    let shown = json!({
        "description": tool.description,
        "schema": tool.input_schema.as_ref(),
        "annotations": annotations,
    });
    Sha256::digest(canonical_json(&shown)).into()
}
