//! What a journal as a whole tells about its surroundings: tools, risks, targets that were told.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::domain::{Action, ActionId, Catalogue, Fact, Risk, Ruling, Tool, control};
use crate::ports::{Journal, JournalError};

/// Read off a whole journal before it is replayed.
#[derive(Debug, Default)]
pub struct Record {
    /// Tools that were ever called or ruled on as existing.
    pub catalogue: Catalogue,
    /// Notifier targets that were ever told.
    pub targets: BTreeSet<String>,
    /// Whether a model ever answered.
    pub model: bool,
    /// Entries in all.
    pub entries: u64,
}

/// Only these kinds of entries are parsed: the others say nothing about the surroundings.
const TELLING: [&str; 5] = ["\"proposed\"", "\"ruled\"", "\"looked\"", "\"told\"", "\"answered\""];

/// Where in an entry its kind stands at the latest: behind the time.
const HEAD: usize = 80;

impl Record {
    /// Reads it.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn read(journal: &dyn Journal) -> Result<Self, JournalError> {
        let mut record = Self::default();
        let mut open: HashMap<(String, ActionId), Box<Action>> = HashMap::new();
        journal.replay(0, &mut |_, sealed| {
            record.entries += 1;
            let head = sealed.body.get(..HEAD).unwrap_or(&sealed.body);
            if sealed.stream == control::STREAM || !TELLING.iter().any(|kind| head.contains(kind)) {
                return Ok(());
            }
            let Ok(entry) = sealed.open::<Fact>() else { return Ok(()) };
            match entry.fact {
                Fact::Proposed { action } => {
                    open.insert((sealed.stream, action.id.clone()), action);
                }
                Fact::Ruled { action, ruling } => {
                    if let Some(action) = open.remove(&(sealed.stream, action))
                        && !unknown_tool(&ruling)
                    {
                        record.acted(&action);
                    }
                }
                Fact::Looked { call, .. } => {
                    record.add(&call.tool, Risk::Read, call.arguments.contains_key("namespace"))
                }
                Fact::Told { deliveries, .. } => {
                    record.targets.extend(deliveries.into_iter().map(|delivery| delivery.target));
                }
                Fact::Answered { .. } => record.model = true,
                _ => {}
            }
            Ok(())
        })?;
        Ok(record)
    }

    fn acted(&mut self, action: &Action) {
        // A call without a namespace that touches `default` is one of a tool that takes namespaces.
        let takes = !action.touches.namespaces.is_empty();
        self.add(action.tool(), action.risk, takes);
    }

    fn add(&mut self, name: &str, risk: Risk, namespaced: bool) {
        let tool = self.catalogue.tools.entry(name.to_string()).or_insert_with(|| Tool {
            name: name.to_string(),
            description: String::new(),
            schema: Value::Null,
            risk,
            repeatable: false,
        });
        tool.risk = tool.risk.max(risk);
        if namespaced {
            tool.schema = json!({ "properties": { "namespace": {} } });
        }
    }
}

/// Whether the tool did not exist when the gate ruled.
pub fn unknown_tool(ruling: &Ruling) -> bool {
    ruling.heard.iter().any(|heard| heard.gate == "builtin.unknown-tool")
}

/// Whether the tool had become riskier when the gate ruled.
pub fn risk_rose(ruling: &Ruling) -> bool {
    ruling.heard.iter().any(|heard| heard.gate == "builtin.risk-changed")
}
