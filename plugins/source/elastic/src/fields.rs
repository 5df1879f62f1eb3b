//! The fields of an alert, in whatever it is wrapped.

use tidegate_plugin::json;
use tidegate_plugin::source::{Fields, Node, parse};

/// Reads them. A list of one, as documents have for every field, is its one value.
pub(crate) fn read(node: Node<'_>) -> Fields {
    let document = if node.get("_source").is_object() { node.get("_source") } else { node };
    let id = node.get("_id").text().map(|id| ("document_id".to_string(), id.into_owned()));
    let pairs = document.flat(".").into_iter().map(|(key, text)| (plain(&key), joined(text)));
    Fields::from_pairs(pairs.chain(id))
}

/// Keep's template wraps a rule, an alert and its context like that.
fn plain(key: &str) -> String {
    key.strip_prefix("webhook_body.").map_or_else(|| key.to_string(), |key| key.replacen("_info.", ".", 1))
}

fn joined(text: String) -> String {
    let list = text.starts_with('[').then(|| parse(&text).ok()).flatten().filter(json::Value::is_array);
    list.and_then(|list| Some(Node::root(&list).joined(", ")?.into_owned())).unwrap_or(text)
}
