//! Tags of an event, in each of the three ways that Zabbix writes them.

use tidegate_plugin::json;
use tidegate_plugin::source::{Node, parse, tags};

/// `{EVENT.TAGS}`: `scope:availability, service:web`; `{EVENT.TAGSJSON}` and event streaming: a list of `tag` and
/// `value`, which a media type may hand on as a text.
pub(crate) fn read(text: &str) -> Vec<(String, String)> {
    let Some(list) = parse(text).ok().filter(|list| list.is_array() || list.is_object()) else {
        return tags::pairs(text);
    };
    let node = Node::root(&list);
    if node.is_object() {
        return node.texts();
    }
    json::items(std::slice::from_ref(&list)).into_iter().filter_map(tag).collect()
}

fn tag(item: Node<'_>) -> Option<(String, String)> {
    let Some(tag) = item.get("tag").text() else { return tags::pair(&item.text()?) };
    Some((tag.into_owned(), item.get("value").text().unwrap_or("true".into()).into_owned()))
}
