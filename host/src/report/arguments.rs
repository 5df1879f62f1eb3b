//! What people are shown of an action's arguments. Of a call that writes an object as a whole these are the
//! fields that change, because nobody finds one among two hundred that stay.

use serde_json::{Map, Value};

use super::Language;
use crate::domain::text::letters::visible;
use crate::domain::{Action, Incident};
use crate::evidence::{CHANGES, Change, ObjectWrite, precedes, written};

/// Arguments as people are shown them.
pub(super) struct DisplayedArguments {
    /// What stands above them.
    pub head: &'static str,
    /// Lines, or JSON.
    pub text: String,
    /// `json` or `text`.
    pub form: &'static str,
}

impl DisplayedArguments {
    /// The same in one line: the fields that change, or the action's arguments.
    pub fn in_one_line(&self, action: &Action) -> String {
        match self.form {
            "json" => Value::Object(action.proposal.call.arguments.clone()).to_string(),
            _ => self.text.lines().collect::<Vec<_>>().join("; "),
        }
    }
}

/// What an action's call would change, where that can be told, and else its arguments as JSON.
pub(super) fn displayed(incident: &Incident, action: &Action, language: Language) -> DisplayedArguments {
    let headings = language.translation().headings();
    let call = &action.proposal.call;
    if let Some(ObjectWrite::Changes(changes)) =
        written(call, incident.looks.iter().filter(|look| precedes(look, &action.id)))
        && !changes.is_empty()
        && changes.len() <= CHANGES
    {
        let mut lines: Vec<String> = changes.iter().map(Change::line).collect();
        // What was cut, and what is beside the object, is for a person to see too.
        let whole = changes.iter().all(Change::fits);
        let rest: Map<String, Value> = call
            .arguments
            .iter()
            .filter(|(_, value)| !whole || !value.as_str().is_some_and(|text| text.contains("apiVersion")))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !rest.is_empty() {
            lines.push(json(&rest));
        }
        return DisplayedArguments { head: headings.changed_fields, text: visible(&lines.join("\n")), form: "text" };
    }
    DisplayedArguments { head: headings.arguments, text: json(&call.arguments), form: "json" }
}

fn json(arguments: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(arguments).unwrap_or_default()
}
