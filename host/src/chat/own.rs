//! Tools over the host's own record ([`crate::inquiry`]), which conversations are offered besides those of servers.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::backend::Records;
use crate::domain::conversation::ConversationId;
use crate::domain::text::truncate;
use crate::domain::{Access, Call, Catalogue, Risk, Role, Tool};
use crate::inquiry::{self, Inquiry, fit};
use crate::ports::{ToolAnswer, ToolError};

/// The server that these tools stand under. Tools of a server of this name are not offered in conversations.
pub const SERVER: &str = "tidegate.";
pub use inquiry::{EXPLAIN, INCIDENT};

/// Most bytes of an answer.
const ANSWER: usize = 16 * 1024;

/// What a host knows of itself. Everything may wait for a disk.
pub trait HostRecord: Records {
    /// Conversations that are not closed and in which nothing happened since then.
    fn idle(&self, since: Timestamp) -> Result<Vec<ConversationId>, String>;
}

/// A catalogue with these tools in it.
pub fn with_record_tools(catalogue: &Catalogue) -> Catalogue {
    let mut all = catalogue.clone();
    all.tools.retain(|name, _| !name.starts_with(SERVER));
    for own in inquiry::RECORD {
        let tool = Tool {
            name: format!("{SERVER}{}", own.name),
            description: own.about.into(),
            schema: own.schema(),
            risk: Risk::Read,
            repeatable: true,
            undo: None,
            own: false,
        };
        all.tools.insert(tool.name.clone(), tool);
    }
    all
}

/// Whether a call is one of these tools.
pub fn is_own(call: &Call) -> bool {
    call.tool.starts_with(SERVER)
}

/// A call about an incident.
pub fn is_about_incident(tool: &str, incident: &str) -> Call {
    let arguments = Map::from_iter([("incident".to_string(), Value::from(incident))]);
    Call { tool: format!("{SERVER}{tool}"), arguments }
}

/// Makes a look with one of these tools, which a gate has admitted.
pub async fn look(memory: Arc<dyn HostRecord>, call: Call) -> Result<ToolAnswer, ToolError> {
    let work = tokio::task::spawn_blocking(move || answer(memory.as_ref(), &call)).await;
    let answered = work.unwrap_or_else(|_| Err("the records cannot be read".into()));
    Ok(match answered {
        Ok(text) => ToolAnswer { ok: true, text },
        Err(text) => ToolAnswer { ok: false, text: truncate(&text, ANSWER) },
    })
}

fn answer(memory: &dyn HostRecord, call: &Call) -> Result<String, String> {
    let none = || format!("there is no tool {}", call.tool);
    let name = call.tool.strip_prefix(SERVER).ok_or_else(none)?;
    if !inquiry::RECORD.iter().any(|tool| tool.name == name) {
        return Err(none());
    }
    // Whoever may ask the model may look everywhere.
    let everywhere = Access::of(Role::Viewer);
    let value = Inquiry::of_record(memory, &everywhere).answer(name, &call.arguments)?;
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    if text.len() <= ANSWER {
        return Ok(text);
    }
    // What is indented is longer than what was fitted.
    let (value, cut) = fit(value, ANSWER);
    Ok(format!("{value}\n({})", cut.unwrap_or_default()))
}
