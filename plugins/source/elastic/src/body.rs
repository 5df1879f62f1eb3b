//! What alerts come in.

use tidegate_plugin::json::{self, Value};
use tidegate_plugin::source::Node;

/// An alert, and what stands around it.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    pub node: Node<'a>,
    /// The base of Kibana's addresses.
    pub base: Node<'a>,
    /// What the list that it stood in says of it: `recovered`.
    pub group: Option<&'static str>,
}

/// The values of a body. JSON that a template put between quotes is unfolded; where that made the whole no JSON, as
/// Watcher's `"{{#toJson}}ctx{{/toJson}}"` does, the quotes are what is wrong.
///
/// # Errors
/// When it is no JSON either way.
pub(crate) fn documents(body: &str) -> Result<Vec<Value<'_>>, String> {
    let documents = json::documents(body).or_else(|error| {
        let unquoted = without_quotes(body);
        let documents = json::documents(&unquoted).map_err(|_| error)?;
        Ok::<_, String>(documents.into_iter().map(Value::into_owned).collect())
    })?;
    Ok(documents.into_iter().map(|value| unfold(value, 3)).collect())
}

fn without_quotes(body: &str) -> String {
    let opened = body.replace(": \"{\"", ": {\"").replace(":\"{\"", ":{\"");
    let closed = opened.replace("}\",", "},");
    match closed.trim_end().rsplit_once("}\"") {
        Some((head, tail)) if tail.trim() == "}" => format!("{head}}}{tail}"),
        _ => closed,
    }
}

fn unfold(value: Value<'_>, depth: u8) -> Value<'_> {
    match value {
        Value::String(text) if depth > 0 && text.trim_start().starts_with(['{', '[']) => {
            json::parse(&text).map_or(Value::String(text.clone()), |inner| unfold(inner, depth - 1).into_owned())
        }
        Value::Object(members) if depth > 0 => {
            Value::Object(members.into_iter().map(|(key, value)| (key, unfold(value, depth - 1))).collect())
        }
        other => other,
    }
}

/// The alerts of a document: those of a summary (`alerts.new.data`), those of a list in it, or itself.
pub(crate) fn items(document: Node<'_>) -> Vec<Item<'_>> {
    let base = document.get("kibanaBaseUrl");
    let one = |group, node| Item { node, base, group };
    let lists = [document.get("alerts"), document.get("context").get("alerts")];
    let states = ["new", "ongoing", "recovered"];
    if let Some(alerts) = lists.into_iter().find(|alerts| states.iter().any(|state| alerts.get(state).exists())) {
        let of = |state: &'static str| {
            let list = alerts.get(state);
            let data = if list.is_list() { list } else { list.get("data") };
            data.items().map(move |node| one(Some(state), node))
        };
        return states.into_iter().flat_map(of).collect();
    }
    if let Some(list) = lists.into_iter().find(|alerts| alerts.is_list()) {
        return list.items().map(|node| one(None, node)).collect();
    }
    vec![one(None, document)]
}
