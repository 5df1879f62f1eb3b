//! A JSON document whose texts stand in the body that it was read from.
//!
//! A source reads each body once and drops it: names are looked for in a row and not by hash, and what has no escapes
//! is not copied. That is a third of what a call costs with `serde_json::Value`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

/// A value of a body.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(Cow<'a, str>),
    /// A string.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Value<'a>>),
    /// An object.
    Object(Members<'a>),
}

impl<'a> Value<'a> {
    /// Whether it is a list.
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// Whether it is a string.
    pub fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The items of a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Members<'a>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The members of an object, to change them.
    pub fn as_object_mut(&mut self) -> Option<&mut Members<'a>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    /// The same, which stands by itself.
    pub fn into_owned(self) -> Value<'static> {
        let own = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Number(text) => Value::Number(own(text)),
            Self::String(text) => Value::String(own(text)),
            Self::Array(items) => Value::Array(items.into_iter().map(Self::into_owned).collect()),
            Self::Object(Members(members)) => {
                Value::Object(Members(members.into_iter().map(|(key, value)| (own(key), value.into_owned())).collect()))
            }
        }
    }
}

/// The members of an object, in the order in which they stand. Of two of one name the last counts, where the first stood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Members<'a> {
    /// A member. Takes as long as there are members before it.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Whether there is one of this name.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// Adds a member, or replaces the one of this name.
    pub fn insert(&mut self, key: impl Into<Cow<'a, str>>, value: Value<'a>) {
        let key = key.into();
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value,
            None => self.0.push((key, value)),
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key);
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Value<'a>)> for Members<'a> {
    fn from_iter<T: IntoIterator<Item = (Cow<'a, str>, Value<'a>)>>(members: T) -> Self {
        let members: Vec<_> = members.into_iter().collect();
        if !has_doubles(&members) {
            return Self(members);
        }
        let (mut kept, mut places) = (Vec::new(), BTreeMap::new());
        for (key, value) in members {
            let place = *places.entry(key.clone()).or_insert(kept.len());
            match kept.get_mut(place) {
                Some((_, known)) => *known = value,
                None => kept.push((key, value)),
            }
        }
        Self(kept)
    }
}

impl<'a> IntoIterator for Members<'a> {
    type Item = (Cow<'a, str>, Value<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Up to so many names each is compared with each: faster than sorting them.
const FEW: usize = 24;

fn has_doubles(members: &[(Cow<'_, str>, Value<'_>)]) -> bool {
    if members.len() <= FEW {
        return members
            .iter()
            .enumerate()
            .any(|(i, (key, _))| members.iter().skip(i + 1).any(|(other, _)| other == key));
    }
    let mut names: Vec<&str> = members.iter().map(|(key, _)| key.as_ref()).collect();
    names.sort_unstable();
    names.array_windows().any(|[one, next]| one == next)
}

/// How `serde_json` hands on a number that is kept as it is written: as an object of one member of this name.
const NUMBER: &str = "$serde_json::private::Number";

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfValue)
    }
}

struct OfValue;

impl<'de> Visitor<'de> for OfValue {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(number.to_string().into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(number.to_string().into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(number.to_string().into()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::String(text.to_string().into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Value<'de>)> = Vec::new();
        while let Some(Text(key)) = object.next_key()? {
            if members.is_empty() && key == NUMBER {
                let Text(number) = object.next_value()?;
                let _number: Number = number.parse().map_err(A::Error::custom)?;
                return Ok(Value::Number(number));
            }
            members.push((key, object.next_value()?));
        }
        Ok(Value::Object(members.into_iter().collect()))
    }
}

/// A text that is not copied where it stands in the body as it is.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OfText)
    }
}

struct OfText;

impl<'de> Visitor<'de> for OfText {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(text.to_string().into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text(text.into()))
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(text) => text.parse::<Number>().map_err(serde::ser::Error::custom)?.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut object = serializer.serialize_map(None)?;
                for (key, value) in members.iter() {
                    object.serialize_entry(key, value)?;
                }
                object.end()
            }
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl<'a> From<&'a serde_json::Value> for Value<'a> {
    fn from(value: &'a serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::Bool(*flag),
            serde_json::Value::Number(number) => Self::Number(number.to_string().into()),
            serde_json::Value::String(text) => Self::String(text.into()),
            serde_json::Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                Self::Object(members.iter().map(|(key, value)| (key.into(), value.into())).collect())
            }
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn what_is_read_is_written_again_and_copied_only_where_it_has_escapes() {
        let body =
            r#"{"a":[1.50,-0,1e+400,9007199254740993,true,null],"b":{"c":"plain","d":"\u00e9\n"},"e":{},"f":[]}"#;
        let value = parse(body).unwrap();
        assert_eq!(value.to_string(), body.replace("\\u00e9", "é"));
        let text = |key| match value.get("b").unwrap().get(key).unwrap() {
            Value::String(text) => matches!(text, Cow::Borrowed(_)),
            other => panic!("{other}"),
        };
        assert!(text("c") && !text("d"));
        assert_eq!(value.clone().into_owned(), value);
    }

    #[test]
    fn the_last_of_two_members_of_one_name_counts_where_the_first_stood() {
        let many: String = (0..FEW).map(|i| format!(r#","k{i}":{i}"#)).collect();
        for rest in ["", many.as_str()] {
            let body = format!(r#"{{"a":1,"b":2,"a":3{rest}}}"#);
            let value = parse(&body).unwrap();
            let members: Vec<_> = value.as_object().unwrap().iter().collect();
            assert_eq!(members[0], ("a", &Value::Number("3".into())));
            assert_eq!(members[1].0, "b");
            assert_eq!(members.len(), 2 + rest.matches(',').count());
            assert_eq!(value.get("a"), Some(&Value::Number("3".into())));
        }
    }

    #[test]
    fn it_reads_what_serde_json_reads() {
        for body in [
            "{}",
            "[[[]]]",
            "1E5",
            "\"\\ud83d\\ude00\"",
            "{\"$serde_json::private::Number\":\"7\"}",
            "{\"a\":1}x",
            "01",
            "\"\u{1}\"",
            "{\"$serde_json::private::Number\":\"x\"}",
            "{\"a\"}",
        ] {
            let (own, theirs) = (parse(body), serde_json::from_str::<serde_json::Value>(body));
            match theirs {
                Ok(theirs) => assert_eq!(own.unwrap(), Value::from(&theirs), "{body}"),
                Err(_) => assert!(own.is_err(), "{body}"),
            }
        }
        assert!(parse(&"[".repeat(200)).is_err());
    }

    #[test]
    fn members_are_put_in_and_taken_out() {
        let mut value = parse(r#"{"a":1,"b":2}"#).unwrap();
        let members = value.as_object_mut().unwrap();
        members.insert("a", "x".into());
        members.insert("c", Value::Null);
        members.remove("b");
        assert_eq!(value.to_string(), r#"{"a":"x","c":null}"#);
    }
}
