//! Tags of what is watched, as labels.

use std::borrow::Cow;

use super::{Alert, Node, tags};

/// Tags that are read, twice as many as the host keeps labels.
const MOST: usize = 1_024;

/// The annotation with the tags that are words alone.
const TAGS: &str = "tags";

impl Alert {
    /// Tags as labels where they are a name and a value (`env:prod`, `env=prod`, `{"name": "env", "value":
    /// "prod"}`), and together as an annotation where they are words. They are a list, or one text with
    /// `separators` between them.
    #[must_use]
    pub fn tagged(self, node: Node<'_>, separators: &[char]) -> Self {
        let all = words(node, separators);
        let (named, bare): (Vec<_>, Vec<_>) = all.into_iter().partition(|tag| may_be_named(tag));
        let (pairs, more) = tags::split(named);
        let bare: Vec<String> = bare.into_iter().map(Cow::into_owned).chain(more).collect();
        self.labels(pairs).annotation(TAGS, Some(bare.join(", ").into()))
    }
}

fn words<'a>(node: Node<'a>, separators: &[char]) -> Vec<Cow<'a, str>> {
    let text = node.text().unwrap_or_default();
    let words: Vec<Cow<'_, str>> = match node.value() {
        Some(value) if value.is_array() => node.items().filter_map(one).collect(),
        Some(value) if value.is_object() => {
            node.texts().iter().map(|(name, value)| format!("{name}:{value}").into()).collect()
        }
        _ => text.split(separators).map(|tag| Cow::Owned(tag.to_string())).collect(),
    };
    let words = words.into_iter().map(|tag| tag.trim().to_string());
    words.filter(|tag| !tag.is_empty()).take(MOST).map(Cow::Owned).collect()
}

fn one(tag: Node<'_>) -> Option<Cow<'_, str>> {
    let Some(name) = tag.any_of(&["name", "key"]) else { return tag.scalar() };
    Some(tag.get("value").scalar().map_or_else(|| name.clone(), |value| format!("{name}:{value}").into()))
}

/// What has white space in its name, or begins like an address, is a word.
fn may_be_named(tag: &str) -> bool {
    let pair = tag.split_once([':', '=']);
    pair.is_some_and(|(name, value)| !name.trim().contains(char::is_whitespace) && !value.starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn tags_are_read_however_they_are_written() {
        for (body, labels, words) in [
            (r#""env:prod,web, team=a ,""#, "env=prod team=a", "web"),
            (r#"["env:prod",null,7,"a b:c"]"#, "env=prod", "7, a b:c"),
            (r#"[{"name":"env","value":"prod"},{"name":"web","value":null},{}]"#, "env=prod", "web"),
            (r#"{"env":"prod","n":1}"#, "env=prod n=1", ""),
            (r#""https://x.example,:,a:""#, "", "https://x.example, :, a:"),
            ("null", "", ""),
        ] {
            let value = parse(body).unwrap();
            let alert = Alert::firing("a").tagged(Node::root(&value), &[',']);
            let found = alert.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
            assert_eq!(
                (found.as_str(), alert.annotations.first().map_or("", |(_, words)| words)),
                (labels, words),
                "{body}"
            );
        }
    }
}
