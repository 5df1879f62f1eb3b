//! Issues of a forge, found again by a mark in their text that a reader does not see.

use serde_json::Value;

use super::{Notification, Ticket, marker};
use crate::markdown::Markup;
use crate::text::Limit;

/// The message as the text of an issue or a comment, with its mark at the end.
pub fn issue_text(message: &Notification, markup: &Markup, limit: Limit) -> String {
    let head = format!("{} {}", message.tone().emoji(), markup.strong(&message.title_line()));
    format!("{}\n\n{}", message.post(markup, &head, limit), mark(message))
}

/// The incident's ticket among a list of issues, whose texts stand in `field`, and whether it was made for this very
/// message.
pub fn marked_issue(
    message: &Notification,
    issues: &Value,
    field: &str,
    ticket: impl FnOnce(&Value) -> Option<Ticket>,
) -> Option<(Ticket, bool)> {
    let incident = format!("<!-- {} ", marker(message));
    let text = |issue: &Value| issue.get(field).and_then(Value::as_str).unwrap_or_default().to_string();
    let issue = issues.as_array()?.iter().find(|issue| text(issue).contains(&incident))?;
    Some((ticket(issue)?, text(issue).contains(&mark(message))))
}

/// The incident's marker and the message's, in a comment of HTML that nothing ends early.
fn mark(message: &Notification) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("<!-- {} {} -->", marker(message), message.message_id.chars().map(plain).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::golden::notification;

    #[test]
    fn an_issue_is_found_by_what_it_was_written_with() {
        let message = |incident: &str, id: &str| {
            notification(&json!({"incident-id": incident, "message-id": id, "alerts": [], "now-ms": 0}))
        };
        let text = |incident: &str, id: &str| issue_text(&message(incident, id), &Markup::GITHUB, Limit::bytes(900));
        let issues = json!([{"body": "other"}, {"body": text("i", "m"), "number": 7}, {"body": null}]);
        let ticket = |issue: &Value| Some(Ticket { id: issue.get("number")?.to_string() });
        let found = |incident: &str, id: &str| marked_issue(&message(incident, id), &issues, "body", ticket);
        let seven = Ticket { id: "7".into() };
        assert_eq!(found("i", "m"), Some((seven.clone(), true)));
        assert_eq!(found("i", "n"), Some((seven, false)));
        assert_eq!(found("", "m"), None);
    }
    #[test]
    fn a_mark_ends_no_comment() {
        let message =
            notification(&json!({"incident-id": "i", "message-id": "i1-a1 --> <b>", "alerts": [], "now-ms": 0}));
        assert_eq!(mark(&message), "<!-- tidegate-i i1-a1------b- -->");
    }
}
