//! Reads untrusted JSON: what is no text becomes one, what is missing is no error until somebody needs it,
//! and each refusal names the place.

mod value;

use std::borrow::Cow;

pub use value::{Members, Value};

/// Parses a body, numbers exactly as they are written.
///
/// # Errors
/// A sentence that says where the text stops being JSON.
pub fn parse(body: &str) -> Result<Value<'_>, String> {
    let body = body.trim_start_matches('\u{feff}');
    if body.trim().is_empty() {
        return Err("body: expected JSON, found nothing".into());
    }
    serde_json::from_str(body).map_err(|error| format!("body: expected JSON: {error}"))
}

/// Parses a body of one JSON value, or of several one behind the other, such as a line for each.
///
/// # Errors
/// A sentence that says where the text stops being JSON.
pub fn documents(body: &str) -> Result<Vec<Value<'_>>, String> {
    let body = body.trim_start_matches('\u{feff}');
    if body.trim().is_empty() {
        return Err("body: expected JSON, found nothing".into());
    }
    let values = serde_json::Deserializer::from_str(body).into_iter::<Value<'_>>();
    values.collect::<Result<_, _>>().map_err(|error| format!("body: expected JSON: {error}"))
}

/// The items that stand in such a body: the values themselves, and those of a list.
pub fn items<'a>(documents: &'a [Value<'a>]) -> Vec<Node<'a>> {
    let nodes = documents.iter().map(Node::root);
    nodes.flat_map(|node| if node.is_list() { node.items().collect() } else { vec![node] }).collect()
}

/// A value of a body, or the place where one could stand. Copying it costs nothing; where it stands is
/// looked for only when a refusal has to say it.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    root: &'a Value<'a>,
    parent: &'a Value<'a>,
    key: Key<'a>,
    value: Option<&'a Value<'a>>,
}

#[derive(Clone, Copy, Debug)]
enum Key<'a> {
    Root,
    Member(&'a str),
    Item(usize),
}

impl<'a> Node<'a> {
    /// The body itself.
    pub fn root(value: &'a Value<'a>) -> Self {
        Self { root: value, parent: value, key: Key::Root, value: Some(value) }
    }

    /// A member of an object. Null counts as missing.
    pub fn get(self, key: &'a str) -> Self {
        let parent = self.value.unwrap_or(&Value::Null);
        let value = parent.get(key).filter(|value| !value.is_null());
        match self.value {
            Some(_) => Self { parent, key: Key::Member(key), value, ..self },
            // Behind what is missing, the first that is missing is named.
            None => self,
        }
    }

    /// A member of a member: `data.essentials.severity`. A member whose name has a dot is read with [`get`](Self::get).
    pub fn path(self, path: &'a str) -> Self {
        path.split('.').fold(self, Self::get)
    }

    /// The first of these paths that has a text.
    pub fn first(self, paths: &[&'a str]) -> Option<Cow<'a, str>> {
        paths.iter().find_map(|path| self.path(path).text())
    }

    /// The value, where there is one.
    pub fn value(self) -> Option<&'a Value<'a>> {
        self.value
    }

    /// Whether there is a value that is not null.
    pub fn exists(self) -> bool {
        self.value.is_some_and(|value| !value.is_null())
    }

    /// A text, whatever it is written as; missing, null and blank are none.
    pub fn text(self) -> Option<Cow<'a, str>> {
        self.value.and_then(text)
    }

    /// A text.
    ///
    /// # Errors
    /// When there is none: names the place.
    pub fn need_text(self) -> Result<Cow<'a, str>, String> {
        self.text().ok_or_else(|| self.expected("a text"))
    }

    /// Whether it is true, also where that is written as a text or a number.
    pub fn flag(self) -> bool {
        self.text().is_some_and(|text| matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes"))
    }

    /// A whole number, also where it is written as a text.
    pub fn number(self) -> Option<i64> {
        let text = self.text()?;
        let text = text.trim();
        text.parse().ok().or_else(|| {
            let (whole, rest) = text.split_once('.')?;
            rest.bytes().all(|byte| byte == b'0').then(|| whole.parse().ok())?
        })
    }

    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        self.value.is_some_and(Value::is_array)
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.value.is_some_and(Value::is_object)
    }

    /// The items of a list; none where there is no list.
    pub fn items(self) -> impl Iterator<Item = Self> + use<'a> {
        let items = self.value.and_then(Value::as_array).unwrap_or_default();
        let parent = self.value.unwrap_or(&Value::Null);
        items.iter().enumerate().map(move |(i, item)| Self {
            parent,
            key: Key::Item(i),
            value: Some(item).filter(|item| !item.is_null()),
            ..self
        })
    }

    /// The texts of a list as one, or a text that stands there by itself; none where there is nothing.
    pub fn joined(self, separator: &str) -> Option<Cow<'a, str>> {
        if !self.is_list() {
            return self.text();
        }
        let texts: Vec<_> = self.items().filter_map(Self::text).collect();
        (!texts.is_empty()).then(|| texts.join(separator).into())
    }

    /// The items of a list.
    ///
    /// # Errors
    /// When it is none: names the place.
    pub fn need_items(self) -> Result<impl Iterator<Item = Self> + use<'a>, String> {
        if self.value.is_some_and(Value::is_array) { Ok(self.items()) } else { Err(self.expected("a list")) }
    }

    /// The members of an object; none where there is no object.
    pub fn members(self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let parent = self.value.unwrap_or(&Value::Null);
        let members = self.value.and_then(Value::as_object).into_iter().flat_map(Members::iter);
        members.map(move |(key, value)| {
            let value = Some(value).filter(|value| !value.is_null());
            (key, Self { parent, key: Key::Member(key), value, ..self })
        })
    }

    /// The members of an object as texts, without those that are null or blank; none where there is no object.
    pub fn texts(self) -> Vec<(String, String)> {
        self.members().filter_map(|(key, value)| Some((key.to_string(), value.text()?.into_owned()))).collect()
    }

    /// The members of an object, and of the objects within it, as texts with names joined by `separator`; lists as JSON.
    pub fn flat(self, separator: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        self.flatten("", separator, &mut all);
        all
    }

    fn flatten(self, before: &str, separator: &str, all: &mut Vec<(String, String)>) {
        for (key, value) in self.members() {
            let name = if before.is_empty() { key.to_string() } else { format!("{before}{separator}{key}") };
            if value.value.is_some_and(Value::is_object) {
                value.flatten(&name, separator, all);
            } else if let Some(text) = value.text() {
                all.push((name, text.into_owned()));
            }
        }
    }

    /// An object.
    ///
    /// # Errors
    /// When it is none: names the place.
    pub fn need_object(self) -> Result<Self, String> {
        if self.value.is_some_and(Value::is_object) { Ok(self) } else { Err(self.expected("an object")) }
    }

    /// A refusal: `data.alerts[2].status: expected firing or resolved, found "odd"`.
    pub fn expected(self, what: &str) -> String {
        let found = self.value.map_or_else(|| "nothing".to_string(), shown);
        format!("{}: expected {what}, found {found}", self.place())
    }

    /// Where it stands: `data.alerts[2].status`.
    pub fn place(self) -> String {
        let mut place = String::new();
        if !std::ptr::eq(self.parent, self.root) {
            find(self.root, self.parent, &mut place);
        }
        match self.key {
            Key::Root => return "body".into(),
            Key::Member(key) => push_member(&mut place, key),
            Key::Item(i) => place.push_str(&format!("[{i}]")),
        }
        place
    }
}

/// Letters of a word that an error shows.
const SHOWN: usize = 32;

/// A value as an error tells it: a word or number as it is, so that its sender finds it, and of the others the kind.
/// An address or a long text may hold what gives access, and is not told.
fn shown(value: &Value<'_>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '.' | '-');
    match value {
        Value::String(text) if !text.is_empty() && text.len() <= SHOWN && text.chars().all(plain) => {
            format!("{text:?}")
        }
        Value::Number(number) if number.len() <= SHOWN => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        other => kind(other).to_string(),
    }
}

/// A value as a text: null and blank texts are none, numbers as they were written, lists and objects as JSON.
pub fn text<'a>(value: &'a Value<'_>) -> Option<Cow<'a, str>> {
    let text: Cow<'a, str> = match value {
        Value::Null => return None,
        Value::String(text) | Value::Number(text) => text.as_ref().into(),
        other => other.to_string().into(),
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Appends the way from `root` to the very value `wanted`.
fn find(root: &Value<'_>, wanted: &Value<'_>, place: &mut String) -> bool {
    let length = place.len();
    let members = root.as_object().into_iter().flat_map(Members::iter).map(|(key, value)| (Key::Member(key), value));
    let items = root.as_array().into_iter().flatten().enumerate().map(|(i, value)| (Key::Item(i), value));
    for (key, value) in members.chain(items) {
        match key {
            Key::Member(key) => push_member(place, key),
            Key::Item(i) => place.push_str(&format!("[{i}]")),
            Key::Root => {}
        }
        if std::ptr::eq(value, wanted) || find(value, wanted, place) {
            return true;
        }
        place.truncate(length);
    }
    false
}

fn push_member(place: &mut String, key: &str) {
    if !place.is_empty() {
        place.push('.');
    }
    // A sender's own key may be of any length.
    place.extend(key.chars().take(100));
}

/// What a value is, in words.
pub fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> Value<'static> {
        parse(
            r#"{"a":{"b":[{"c":1e3,"d":null,"x.y":" "},{"c":"t"},null],"n":9007199254740993,"o":{"p":true,"q":[1]}},"z":"2.0"}"#,
        )
        .unwrap()
    }

    #[test]
    fn places_are_named_where_something_is_wrong_or_missing() {
        let value = value();
        let root = Node::root(&value);
        let items: Vec<Node<'_>> = root.path("a.b").items().collect();
        for (said, want) in [
            (root.expected("a list"), "body: expected a list, found an object"),
            (root.path("a.n").expected("a text"), "a.n: expected a text, found 9007199254740993"),
            (root.path("a.m.k.l").expected("a text"), "a.m: expected a text, found nothing"),
            (items[1].get("c").expected("a number"), "a.b[1].c: expected a number, found \"t\""),
            (items[2].expected("an object"), "a.b[2]: expected an object, found nothing"),
            (items[0].get("d").expected("a time"), "a.b[0].d: expected a time, found nothing"),
        ] {
            assert_eq!(said, want);
        }
        assert!(root.get("z").need_items().is_err() && root.get("a").need_object().is_ok());
    }

    #[test]
    fn values_are_read_whatever_they_are_written_as() {
        let value = value();
        let a = Node::root(&value).get("a");
        assert_eq!(a.get("n").text().as_deref(), Some("9007199254740993"));
        assert_eq!(a.path("b").items().next().unwrap().get("x.y").text(), None);
        assert_eq!(Node::root(&value).get("z").number(), Some(2));
        assert!(a.path("o.p").flag() && !a.get("n").flag());
        assert_eq!(a.get("o").texts(), [("p".to_string(), "true".to_string()), ("q".into(), "[1]".into())]);
        assert_eq!(a.flat("_").last().unwrap().0, "o_q");
        assert_eq!(a.first(&["m", "o.p"]).as_deref(), Some("true"));
        assert_eq!(a.path("o.q").joined(", ").as_deref(), Some("1"));
        assert_eq!((a.get("n").joined(", ").is_some(), a.get("m").joined(", ")), (true, None));
    }

    #[test]
    fn a_body_may_be_one_value_a_list_or_lines() {
        for (body, count) in [("{}", 1), ("[{},{}]", 2), ("{}\n{}\n\n{}\n", 3), ("[{}]\n{}", 2)] {
            assert_eq!(items(&documents(body).unwrap()).len(), count, "{body}");
        }
        assert!(documents(" ").is_err() && documents("{}\n{").is_err());
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        assert_eq!(parse("\u{feff} \n"), Err("body: expected JSON, found nothing".into()));
        assert!(parse("{\"a\":}").unwrap_err().starts_with("body: expected JSON: expected value at line 1"));
        assert!(parse("\u{feff}[]").is_ok());
    }
}
