//! What an API answers: a page of a list, a line of a watch, a refusal.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::object::Object;
use super::resource::Resource;
use crate::domain::text::{one_line, truncate};

/// Bytes of a refusal's words.
const WORDS: usize = 400;

/// A page of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// The objects that could be read, each with its size.
    pub objects: Vec<(Object, usize)>,
    /// How many could not.
    pub unreadable: u64,
    /// The version of the whole list.
    pub version: String,
    /// Where the next page begins; empty behind the last.
    pub more: String,
}

#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(default)]
    metadata: Option<RawMetadata>,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetadata {
    #[serde(default)]
    resource_version: Option<String>,
    #[serde(default)]
    r#continue: Option<String>,
}

/// Reads a page.
///
/// # Errors
/// When it is no list, or a list that says no version, from which nothing could go on.
pub fn page(resource: Resource, bytes: &[u8]) -> Result<Page, String> {
    let raw: RawPage<'_> =
        serde_json::from_slice(bytes).map_err(|error| format!("the answer is no list of objects: {error}"))?;
    let metadata = raw.metadata.unwrap_or_default();
    let version = metadata.resource_version.filter(|version| !version.is_empty());
    let version = version.ok_or("the answer is no list: it says no resourceVersion")?;
    let mut page = Page { version, more: metadata.r#continue.unwrap_or_default(), ..Page::default() };
    for item in raw.items.unwrap_or_default() {
        match Object::read(resource, item.get()) {
            Ok(object) => page.objects.push((object, item.get().len())),
            Err(_) => page.unreadable += 1,
        }
    }
    Ok(page)
}

/// A line of a watch.
#[derive(Debug, PartialEq)]
pub enum Line {
    /// An object is new or other than it was.
    Changed(Object),
    /// An object is gone; as it was.
    Deleted(Object),
    /// Nothing happened up to this version.
    Bookmark(String),
    /// The API refuses to go on.
    Refused(Refusal),
    /// It cannot be read.
    Unreadable,
}

#[derive(Deserialize)]
struct RawLine<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// Reads a line.
pub fn line(resource: Resource, bytes: &[u8]) -> Line {
    let Ok(RawLine { kind, object }) = serde_json::from_slice(bytes) else { return Line::Unreadable };
    let whole = || serde_json::from_str::<Value>(object.get()).unwrap_or_default();
    let object = |line: fn(Object) -> Line| Object::read(resource, object.get()).map_or(Line::Unreadable, line);
    match kind.as_ref() {
        "ADDED" | "MODIFIED" => object(Line::Changed),
        "DELETED" => object(Line::Deleted),
        "BOOKMARK" => version(&whole()).map_or(Line::Unreadable, |version| Line::Bookmark(version.into())),
        "ERROR" => Line::Refused(Refusal::of(&whole(), 500)),
        _ => Line::Unreadable,
    }
}

/// The version of an object.
pub fn version(object: &Value) -> Option<&str> {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).filter(|version| !version.is_empty())
}

/// What an API refuses, and in which words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    /// Its words, on one line.
    pub words: String,
}

impl Refusal {
    /// Reads a `Status` object.
    fn of(status: &Value, otherwise: u16) -> Self {
        let code = status.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let text = status.get("message").or_else(|| status.get("reason")).and_then(Value::as_str).unwrap_or_default();
        Self { code: code.unwrap_or(otherwise), words: one_line(text, WORDS) }
    }

    /// Whether a version is named that the API does not have any more, or, after it was put back, not yet.
    pub fn is_about_the_version(&self) -> bool {
        // What an API or a proxy once said wrongly is refused as invalid for ever.
        self.code == 410
            || (self.code == 504 && self.words.contains("Too large resource version"))
            || (self.code == 400 && self.words.contains("resourceVersion"))
    }

    /// Reads the body of an answer with this status.
    pub fn read(code: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(status) if status.get("kind").and_then(Value::as_str) == Some("Status") => {
                Self { code, ..Self::of(&status, code) }
            }
            _ => Self { code, words: one_line(&truncate(&String::from_utf8_lossy(body), WORDS), WORDS) },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_is_read_object_by_object() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let text = format!(
            r#"{{"kind":"EventList","metadata":{{"resourceVersion":"7","continue":"next"}},"items":[{{"a":1}},{deep},{{"a":2}}]}}"#
        );
        let read = page(Resource::Events, text.as_bytes()).unwrap();
        assert_eq!(
            (read.objects.len(), read.unreadable, read.version.as_str(), read.more.as_str()),
            (2, 1, "7", "next")
        );
        assert_eq!(
            page(Resource::Events, br#"{"metadata":{"resourceVersion":"7"},"items":null}"#).unwrap().objects,
            []
        );
        for wrong in ["", "[]", "{}", r#"{"metadata":{"resourceVersion":""},"items":[]}"#] {
            assert!(page(Resource::Events, wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_of_a_watch() {
        let read = |value: Value| line(Resource::Events, value.to_string().as_bytes());
        let object = json!({ "metadata": { "resourceVersion": "9" } });
        assert_eq!(read(json!({ "type": "ADDED", "object": object })), Line::Changed(Object::Event(object.clone())));
        assert_eq!(read(json!({ "type": "DELETED", "object": object })), Line::Deleted(Object::Event(object.clone())));
        assert_eq!(read(json!({ "type": "BOOKMARK", "object": object })), Line::Bookmark("9".into()));
        let gone =
            json!({ "kind": "Status", "code": 410, "reason": "Expired", "message": "too old\nresource version" });
        let Line::Refused(refusal) = read(json!({ "type": "ERROR", "object": gone })) else { panic!() };
        assert_eq!((refusal.code, refusal.words.contains('\n')), (410, false));
        for odd in [json!({ "type": "OTHER", "object": {} }), json!({ "type": "BOOKMARK", "object": {} }), json!(1)] {
            assert_eq!(read(odd), Line::Unreadable);
        }
    }

    #[test]
    fn refusals_speak_in_the_words_of_the_api() {
        let body = json!({ "kind": "Status", "message": "events is forbidden", "code": 403 }).to_string();
        assert_eq!(Refusal::read(403, body.as_bytes()), Refusal { code: 403, words: "events is forbidden".into() });
        assert_eq!(
            Refusal::read(502, b"<html>\nBad Gateway"),
            Refusal { code: 502, words: "<html> Bad Gateway".into() }
        );
    }
}
