//! Whether what a look returned shows that an action had its effect.

use serde_json::{Value, json};
use serde_json_path::JsonPath;

use super::action::Verification;

/// A tool's text as JSON: the text itself where it is JSON, else `{"text": …}`.
pub fn as_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!({ "text": text }))
}

/// Checks a look's text. `Err` says in a sentence what does not hold yet.
pub fn holds(verification: &Verification, text: &str) -> Result<(), String> {
    let value = as_json(text);
    for query in &verification.present {
        if !selects(query, &value)? {
            return Err(format!("nothing matches {query}"));
        }
    }
    for query in &verification.absent {
        if selects(query, &value)? {
            return Err(format!("something still matches {query}"));
        }
    }
    if verification.present.is_empty() && verification.absent.is_empty() {
        return Err("the verification names no condition".into());
    }
    Ok(())
}

/// Whether the call has reached its target; none when the verification cannot tell.
pub fn applied(verification: &Verification, text: &str) -> Option<bool> {
    if verification.applied.is_empty() {
        return None;
    }
    let value = as_json(text);
    let mut queries = verification.applied.iter();
    Some(queries.all(|query| selects(query, &value).unwrap_or(false)))
}

/// Checks that every query is a JSONPath of RFC 9535.
pub fn check(verification: &Verification) -> Result<(), String> {
    let Verification { present, absent, applied, .. } = verification;
    let mut queries = present.iter().chain(absent).chain(applied);
    queries.try_for_each(|query| parse(query).map(|_| ()))
}

fn parse(query: &str) -> Result<JsonPath, String> {
    JsonPath::parse(query).map_err(|error| format!("{query} is not a JSONPath: {error}"))
}

fn selects(query: &str, value: &Value) -> Result<bool, String> {
    Ok(!parse(query)?.query(value).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Call;

    fn verification(present: &[&str], absent: &[&str]) -> Verification {
        Verification {
            look: Call { tool: "k.get".into(), arguments: Default::default() },
            present: present.iter().map(|s| s.to_string()).collect(),
            absent: absent.iter().map(|s| s.to_string()).collect(),
            applied: Vec::new(),
            within_ms: 1,
            every_ms: 1,
        }
    }

    #[test]
    fn paths_of_one_document_can_be_compared_with_each_other() {
        let all_up = verification(&["$[?$.status.availableReplicas == $.spec.replicas]"], &[]);
        let up = r#"{"spec":{"replicas":3},"status":{"availableReplicas":3}}"#;
        let down = r#"{"spec":{"replicas":3},"status":{"availableReplicas":1}}"#;
        assert_eq!(holds(&all_up, up), Ok(()));
        assert!(holds(&all_up, down).is_err());
    }

    #[test]
    fn absent_and_plain_text() {
        let pods = verification(&["$.items[?@.status == 'Running']"], &["$.items[?@.status != 'Running']"]);
        assert!(holds(&pods, r#"{"items":[{"status":"Running"},{"status":"Pending"}]}"#).is_err());
        assert_eq!(holds(&pods, r#"{"items":[{"status":"Running"}]}"#), Ok(()));
        assert!(holds(&pods, r#"{"items":[]}"#).is_err());
        let text = verification(&["$[?search(@, 'successfully rolled out')]"], &[]);
        assert_eq!(holds(&text, "deployment \"web\" successfully rolled out"), Ok(()));
    }
}
