//! What a server shows of its tools: which are offered, as what, and which are withdrawn because
//! they changed their face.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::definition::Definition;
use super::listed::{Listed, ListedTool};
use super::{arguments, glob, known, risk};
use crate::domain::Tool;
use crate::domain::text::{canonical_json, truncate};
use crate::redact::{redact_known, visible};

/// Longest description that is offered, in bytes.
const DESCRIPTION: usize = 1024;
/// Largest schema that is offered, in bytes of JSON.
const SCHEMA: usize = 32 * 1024;
/// Longest sentence about a tool that cannot be taken.
const SENTENCE: usize = 500;

/// Sentences of one kind that are told one by one, in the log and in the status.
const TOLD: usize = 20;

/// The tools of one server over the life of the process.
#[derive(Default)]
pub(super) struct PinnedTools {
    seen: BTreeMap<String, [u8; 32]>,
    /// Changed their face; they stay away until the host is started again.
    withdrawn: BTreeMap<String, String>,
    /// Of the last listing: what the operator does not want.
    unwanted: BTreeMap<String, String>,
    /// Of the last listing: what could not be taken.
    faulty: Vec<(String, String)>,
    /// Of the last listing: how many more could not be taken.
    unnamed: usize,
    /// Of the last listing: tools whose schema was made sound.
    mended: Vec<String>,
}

/// Why a tool is not offered.
enum Refusal {
    /// The operator does not want it.
    Unwanted(String),
    /// It cannot be taken.
    Faulty(String),
}

impl PinnedTools {
    /// Takes in a listing and returns what is offered, by full name. What is new in the log is
    /// returned as sentences.
    pub(super) fn take(
        &mut self,
        definition: &Definition,
        identity: &str,
        listed: Listed,
    ) -> (BTreeMap<String, Tool>, Vec<String>) {
        let mut offered = BTreeMap::new();
        let mut news = Vec::new();
        let shown = |text: &str| truncate(&redact_known(&visible(text), &definition.secrets), SENTENCE);
        let mut faulty: Vec<(String, String)> =
            listed.left_out.into_iter().map(|(name, why)| (name, shown(&why))).collect();
        self.unwanted.clear();
        self.mended.clear();
        for tool in &listed.tools {
            let name = tool.name.clone();
            let full = format!("{}.{name}", definition.name);
            match not_offered(definition, &name, tool) {
                Some(Refusal::Unwanted(why)) => {
                    self.unwanted.insert(name, why);
                    continue;
                }
                Some(Refusal::Faulty(why)) => {
                    faulty.push((name, why));
                    continue;
                }
                None => {}
            }
            let fingerprint = fingerprint(tool);
            let first = self.seen.entry(name.clone()).or_insert(fingerprint);
            if *first != fingerprint && !self.withdrawn.contains_key(&name) {
                let why = format!(
                    "{full} changed its description, schema or hints after it was first seen, and is withdrawn; \
                     restart tidegate to accept it as it is now"
                );
                news.push(why.clone());
                self.withdrawn.insert(name.clone(), why);
            }
            if self.withdrawn.contains_key(&name) {
                continue;
            }
            if let Some(mended) = &tool.mended {
                self.mended.push(shown(&format!("{full}: its schema was made sound: {mended}")));
            }
            let (risk, repeatable) =
                risk::of(&definition.name, identity, &name, tool.hints.as_ref(), &definition.raise);
            let description = visible(&tool.description);
            let description = truncate(&redact_known(description.trim(), &definition.secrets), DESCRIPTION);
            let schema = arguments::offered(tool.schema.clone());
            offered.insert(
                full.clone(),
                Tool { name: full, description, schema, risk, repeatable, undo: None, own: false },
            );
        }
        let new = faulty.iter().filter(|one| !self.faulty.contains(one)).map(|(_, why)| why);
        let more = listed.unnamed.saturating_sub(self.unnamed);
        for why in some(new, more, "could not be taken") {
            tracing::warn!(server = definition.name, "{why}");
        }
        (self.faulty, self.unnamed) = (faulty, listed.unnamed);
        (offered, some(news.iter(), 0, "changed what they show, and are withdrawn"))
    }

    /// What is not offered by name, and why.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.faulty.iter().filter(|(name, _)| !name.is_empty()).map(|(name, why)| (name, why));
        named.chain(&self.withdrawn).chain(&self.unwanted).map(|(tool, why)| (tool.as_str(), why.as_str()))
    }

    /// What the operator does not want, and why that is so.
    pub(super) fn unwanted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.unwanted.iter().map(|(tool, why)| (tool.as_str(), why.as_str()))
    }

    /// Why a tool is not offered, where that is known.
    pub(super) fn refusal(&self, tool: &str) -> Option<String> {
        let known = self.withdrawn.get(tool).or_else(|| self.unwanted.get(tool));
        known.or_else(|| self.faulty.iter().find(|(name, _)| name == tool).map(|(_, why)| why)).cloned()
    }

    /// A sentence for each tool that the operator may want and that is not offered, and how many more there are.
    pub(super) fn left_out(&self) -> Vec<String> {
        let mut told = some(self.withdrawn.values(), 0, "changed what they show, and are withdrawn");
        let faulty = self.faulty.iter().map(|(_, why)| why);
        told.splice(0..0, some(faulty, self.unnamed, "could not be taken"));
        told
    }

    /// A sentence for each tool whose schema was made sound, and how many more there are.
    pub(super) fn mended(&self) -> Vec<String> {
        some(self.mended.iter(), 0, "have a schema that was made sound")
    }
}

/// The first of these sentences; behind them how many more tools it is about.
fn some<'a>(sentences: impl Iterator<Item = &'a String>, unnamed: usize, what: &str) -> Vec<String> {
    let mut more = unnamed;
    let mut told = Vec::new();
    for sentence in sentences {
        if told.len() < TOLD {
            told.push(sentence.clone());
        } else {
            more += 1;
        }
    }
    if more > 0 {
        told.push(format!("{more} more tools {what}"));
    }
    told
}

fn not_offered(definition: &Definition, name: &str, tool: &ListedTool) -> Option<Refusal> {
    let server = &definition.name;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if name.is_empty() || name.len() > 128 || !name.chars().all(plain) {
        let shown = truncate(name, 60).escape_debug().to_string();
        let why = format!("the MCP server {server} offers a tool whose name is not allowed: \"{shown}\"");
        return Some(Refusal::Faulty(why));
    }
    if definition.deny.iter().any(|denied| denied == name) {
        let why = format!("{server}.{name} is switched off in the definition of the MCP server {server}");
        return Some(Refusal::Unwanted(why));
    }
    let full = format!("{server}.{name}");
    let literal = definition.allow.contains(&full);
    if let Some(why) = known::withheld(name).filter(|_| !literal) {
        return Some(Refusal::Unwanted(format!(
            "{server}.{name} is not offered because {why}; to offer it, name it literally in the allow list"
        )));
    }
    if !definition.allow.iter().any(|pattern| glob::covers(pattern, &full)) {
        return Some(Refusal::Unwanted(format!("{full} is not in the allow list")));
    }
    if tool.schema.to_string().len() > SCHEMA {
        let why = format!("{server}.{name} is not offered because its schema is larger than {SCHEMA} bytes");
        return Some(Refusal::Faulty(why));
    }
    None
}

fn fingerprint(tool: &ListedTool) -> [u8; 32] {
    Sha256::digest(canonical_json(&tool.pinned)).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The fingerprint of a tool that a server lists.
    fn of(tool: serde_json::Value) -> String {
        let mut listed = Listed::default();
        listed.take("k", &json!({ "tools": [tool] }).to_string()).unwrap();
        hex::encode(fingerprint(&listed.tools[0]))
    }

    #[test]
    fn a_fingerprint_is_of_the_description_the_schema_and_the_hints_as_they_are_written() {
        let whole = "ba827ba15bfb1fb9560326ac753ae5b5aed5d497516d871680b16e8365189ed3";
        let hints = json!({"readOnlyHint": true, "title": 3});
        let schema = json!({"type": "object", "properties": null});
        let shown = json!({"name": "get", "description": "d", "inputSchema": schema, "annotations": hints, "_meta": 1});
        assert_eq!(of(shown.clone()), whole);
        assert_eq!(of(json!({"name": "got", "description": "d", "input_schema": schema, "annotations": hints})), whole);
        assert_eq!(of(json!({"name": "bare"})), "210b039144f1b8264913ac1c09d538af4aeb840f3fb004e22602fb71d4ae7491");
        for (member, other) in [("description", json!("e")), ("inputSchema", json!({})), ("annotations", json!({}))] {
            let mut changed = shown.clone();
            changed[member] = other;
            assert_ne!(of(changed), whole, "{member}");
        }
    }
}
