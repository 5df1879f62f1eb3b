//! The fields of a body whose names its user chose: read without regard to case and punctuation.

use std::borrow::Cow;

use super::Node;
use super::placeholder::filled;

/// What a body says, by names without case and punctuation: `EVENT.ID`, `event_id`, `eventId` and `{"event": {"id": …}}` are
/// all `eventid`. Template variables that were not filled in, and blank texts, are none.
#[derive(Debug)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those of an object and of the objects within it; lists as JSON.
    pub fn of(body: Node<'_>) -> Self {
        Self::from_pairs(body.flat(""))
    }

    /// Those of a form.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let filled = |(key, text): (String, String)| {
            let text = filled(text.into()).filter(|text| !text.trim().is_empty())?;
            Some((bare(&key), text.trim().to_string()))
        };
        Self(pairs.into_iter().filter_map(filled).collect())
    }

    /// A field, by its bare name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// The first of these that is there.
    pub fn first(&self, names: &[&str]) -> Option<Cow<'_, str>> {
        names.iter().find_map(|name| self.get(name)).map(Cow::Borrowed)
    }

    /// The first of these that is there, in lower case; empty where none is.
    pub fn word(&self, names: &[&str]) -> String {
        self.first(names).unwrap_or_default().to_ascii_lowercase()
    }
}

fn bare(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn names_are_bare_and_what_is_not_filled_in_is_missing() {
        let body =
            parse(r#"{"EVENT.ID":1,"event":{"name":" x ","tags":["a"]},"Trigger_Id":"{TRIGGER.ID}","n":null,"b":" "}"#);
        let body = body.unwrap();
        let fields = Fields::of(Node::root(&body));
        assert_eq!(fields.get("eventid"), Some("1"));
        assert_eq!(fields.first(&["triggerid", "n", "b", "eventname"]).as_deref(), Some("x"));
        assert_eq!(fields.word(&["eventtags"]), r#"["a"]"#);
        assert_eq!(fields.word(&["missing"]), "");
    }
}
