//! Tags: `key:value` and bare words, as a list or joined by commas.

use std::borrow::Cow;

use super::Node;

/// The tags of a list, or of a text in which they are joined by commas.
pub fn of(node: Node<'_>) -> Vec<Cow<'_, str>> {
    let listed: Vec<Cow<'_, str>> = node.items().filter_map(Node::text).collect();
    if !listed.is_empty() || node.value().is_some_and(|value| !value.is_string()) {
        return listed;
    }
    let text = node.text().unwrap_or_default();
    let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    tags.map(|tag| Cow::Owned(tag.to_string())).collect()
}

/// Pairs and bare words. Values of one key are joined by commas in the order of the alphabet: of several pods that
/// stand for an alert, none is the one.
pub fn split<'t>(tags: impl IntoIterator<Item = Cow<'t, str>>) -> (Vec<(String, String)>, Vec<String>) {
    let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
    let mut bare = Vec::new();
    for tag in tags {
        let pair = tag.split_once([':', '=']).map(|(key, value)| (key.trim(), value.trim()));
        match pair.filter(|(key, value)| !key.is_empty() && !value.is_empty()) {
            Some((key, value)) => match pairs.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.push(value.to_string()),
                None => pairs.push((key.to_string(), vec![value.to_string()])),
            },
            None => bare.push(tag.trim().to_string()),
        }
    }
    let joined = |(key, mut values): (String, Vec<String>)| {
        values.sort_unstable();
        values.dedup();
        (key, values.join(","))
    };
    (pairs.into_iter().map(joined).collect(), bare)
}

/// Tags as labels: a bare word is `true`, and the origin that Dynatrace writes before a tag is left out
/// (`[Kubernetes]app:web` is `app`).
pub fn labels<'t>(tags: impl IntoIterator<Item = Cow<'t, str>>) -> Vec<(String, String)> {
    let plain = |tag: Cow<'t, str>| match tag.trim().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => Cow::Owned(rest.trim().to_string()),
        None => tag,
    };
    let (mut labels, bare) = split(tags.into_iter().map(plain));
    let bare = bare.into_iter().map(|word| word.trim_end_matches([':', '=']).to_string());
    labels.extend(bare.filter(|word| !word.is_empty()).map(|word| (word, "true".to_string())));
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Value, parse};

    #[test]
    fn lists_and_texts_are_read_alike() {
        for body in [
            r#""env:prod, pod:b,pod:a,vip,url:http://x,:y,""#,
            r#"["env:prod","pod:b","pod:a","vip","url:http://x",":y"]"#,
        ] {
            let value = parse(body).unwrap();
            let (pairs, bare) = split(of(Node::root(&value)));
            let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
            assert_eq!(pairs, ["env=prod", "pod=a,b", "url=http://x"]);
            assert_eq!(bare, ["vip", ":y"]);
        }
        for body in ["null", "[]", "{}", "\"\""] {
            assert!(of(Node::root(&parse(body).unwrap())).is_empty());
        }
    }

    #[test]
    fn tags_become_labels() {
        let text = Value::from("env:prod,team=x,urgent,,[Kubernetes]app: web,e:,[AWS]spot");
        let found = labels(of(Node::root(&text)));
        let want =
            [("env", "prod"), ("team", "x"), ("app", "web"), ("urgent", "true"), ("e", "true"), ("spot", "true")];
        assert_eq!(found, want.map(|(k, v)| (k.to_string(), v.to_string())));
    }
}
