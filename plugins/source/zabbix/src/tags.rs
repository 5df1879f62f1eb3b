//! Tags of an event, in each of the three ways that Zabbix writes them.

use std::borrow::Cow;

use tidegate_plugin::json;
use tidegate_plugin::source::{Node, parse, tags};

/// `{EVENT.TAGS}`: `scope:availability, service:web`; `{EVENT.TAGSJSON}` and event streaming: a list of `tag` and
/// `value`, which a media type may hand on as a text. One name may stand there several times.
pub(crate) fn read(text: &str) -> Vec<(String, String)> {
    // Zabbix's own templates have the tag `target` for the product (`linux`); elsewhere it is whom a probe asks.
    let plain = |(key, value): (String, String)| (if key == "target" { "target_type".to_string() } else { key }, value);
    all(text).into_iter().map(plain).collect()
}

fn all(text: &str) -> Vec<(String, String)> {
    let Some(list) = parse(text).ok().filter(|list| list.is_array() || list.is_object()) else {
        return tags::labels(text.split(',').map(Cow::Borrowed));
    };
    let node = Node::root(&list);
    if node.is_object() {
        return node.texts();
    }
    tags::labels(json::items(std::slice::from_ref(&list)).into_iter().filter_map(tag))
}

fn tag(item: Node<'_>) -> Option<Cow<'_, str>> {
    let Some(tag) = item.get("tag").text() else { return item.text() };
    Some(Cow::Owned(format!("{tag}:{}", item.get("value").text().unwrap_or_default())))
}
