//! What sources read again and again.

use std::borrow::Cow;

use super::Node;
use super::placeholder::filled;

impl<'a> Node<'a> {
    /// A word that stands for one of a few: trimmed and in lower case, empty where there is none.
    pub fn word(self) -> String {
        self.scalar().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// A text, but none where a list or an object stands.
    pub fn scalar(self) -> Option<Cow<'a, str>> {
        self.text().filter(|_| !self.value().is_some_and(|value| value.is_array() || value.is_object()))
    }

    /// The first of these members that is no list and no object.
    pub fn any_of(self, paths: &[&'a str]) -> Option<Cow<'a, str>> {
        paths.iter().find_map(|path| self.path(path).scalar())
    }

    /// The same, without variables of a template that were not filled in.
    pub fn any_filled(self, paths: &[&'a str]) -> Option<Cow<'a, str>> {
        paths.iter().find_map(|path| self.path(path).scalar().and_then(filled))
    }

    /// Names and values: the members of an object, or the items `{"key": …, "value": …}` of a list, whose values
    /// may be typed as OpenTelemetry does it (`{"stringValue": …}`), and which may stand in a list behind their
    /// number. Of two of one name the first counts, and no more are read than an alert may have.
    pub fn pairs(self) -> Vec<(String, String)> {
        let items = self.items().filter_map(|item| {
            let item = item.items().find(|within| within.get("key").exists()).unwrap_or(item);
            let value = item.get("value");
            let typed = value.members().next().filter(|(kind, _)| kind.ends_with("Value")).map(|(_, value)| value);
            Some((item.any_of(&["key", "name"])?.into_owned(), typed.unwrap_or(value).text()?.into_owned()))
        });
        let members = self.members().filter_map(|(key, value)| Some((key.to_string(), value.text()?.into_owned())));
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (key, value) in members.chain(items).take(PAIRS) {
            if !pairs.iter().any(|(known, _)| *known == key) {
                pairs.push((key, value));
            }
        }
        pairs
    }
}

/// The host keeps half as many and says that there were more.
const PAIRS: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn words_and_scalars() {
        let value = parse(r#"{"a":" DOWN ","b":{"c":1},"d":[],"e":2}"#).unwrap();
        let root = Node::root(&value);
        assert_eq!((root.get("a").word().as_str(), root.get("b").word().as_str()), ("down", ""));
        assert_eq!(root.any_of(&["b", "d", "x", "e"]).as_deref(), Some("2"));
        assert_eq!(root.any_of(&["b.c"]).as_deref(), Some("1"));
        let value = parse(r#"{"a":"$NAME","b":"x"}"#).unwrap();
        assert_eq!(Node::root(&value).any_filled(&["a", "b"]).as_deref(), Some("x"));
    }

    #[test]
    fn pairs_of_objects_and_lists() {
        for body in [
            r#"{"a":"x","b":1}"#,
            r#"[{"key":"a","value":"x"},{"name":"b","value":1},{"key":"a","value":"y"},{"key":"c","value":null},7]"#,
            r#"[{"key":"a","value":{"stringValue":"x"}},{"key":"b","value":{"intValue":"1"}}]"#,
            r#"[["0",{"key":"a","value":{"stringValue":"x"}}],["1",{"key":"b","value":{"intValue":"1"}}]]"#,
        ] {
            let value = parse(body).unwrap();
            assert_eq!(
                Node::root(&value).pairs(),
                [("a".to_string(), "x".to_string()), ("b".into(), "1".into())],
                "{body}"
            );
        }
    }
}
