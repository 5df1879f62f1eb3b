//! Bodies for receivers of texts: the text of the event that an alert was made of, or else of the message.

use serde_json::{Value, json};
use tidegate_plugin::notifier::{Notification, Occasion, Stage};
use tidegate_plugin::text::{Limit, cut};

/// Bytes of a body, as of the others.
const BYTES: usize = 1_000_000;
/// The annotation of an alert that holds the text of its event.
const TEXT: &str = "event_text";

/// Whether such a receiver is told: what ends, and questions that are over, would be the same text once more.
pub(crate) fn is_told(message: &Notification) -> bool {
    message.stage != Stage::End && !matches!(message.occasion, Occasion::Resolved | Occasion::Answered)
}

/// The text, and what is put behind it.
pub(crate) fn plain(message: &Notification, append: &str) -> String {
    format!("{}{append}", own(message))
}

/// The body that the bots of xiezuo take. A text that is such a body already goes as it is.
pub(crate) fn xiezuo(message: &Notification, append: &str) -> Value {
    let text = own(message);
    let whole = serde_json::from_str::<Value>(&text).ok();
    let kind = |body: &Value| body.get("msgtype").and_then(Value::as_str).is_some_and(|kind| !kind.is_empty());
    whole.filter(kind).unwrap_or_else(
        || json!({ "msgtype": "text", "markdown": { "text": "" }, "text": { "content": format!("{text}{append}") } }),
    )
}

fn own(message: &Notification) -> String {
    let texts: Vec<&str> = message
        .alerts
        .iter()
        .flat_map(|alert| &alert.annotations)
        .filter(|(name, _)| name == TEXT)
        .map(|(_, text)| text.as_str())
        .collect();
    let text = if texts.is_empty() {
        format!("{}\n{}", message.title_line(), message.body_markdown)
    } else {
        texts.join("\n")
    };
    cut(&text, Limit::bytes(BYTES / 2)).into_owned()
}
