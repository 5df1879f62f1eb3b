//! Labels and annotations in one piece of memory: a storm holds hundreds of thousands of them.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Label or annotation names and their values, sorted by name, each name once. A clone shares the text;
/// a change writes all of it anew, so that many pairs are best collected at once.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Labels {
    /// For each pair the lengths of name and value, then both. A length is written in characters of six bits
    /// each, the least first; all but its last one have the seventh bit set.
    text: Arc<str>,
}

const BITS: usize = 6;
const MORE: u8 = 1 << BITS;
const DIGIT: usize = (1 << BITS) - 1;

impl Labels {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether there is such a name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All pairs, sorted by name.
    pub fn iter(&self) -> Pairs<'_> {
        Pairs { rest: &self.text }
    }

    /// The names, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(_, value)| value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Sets the value of a name.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.extend([(name.into(), value.into())]);
    }

    /// Keeps the pairs for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        let kept: Vec<_> = self.iter().filter(|(name, value)| keep(name, value)).collect();
        if kept.len() < self.len() {
            *self = packed(kept.into_iter());
        }
    }

    /// The same as a map, for many changes.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self { text: Arc::from("") }
    }
}

/// Pairs that are sorted and each there once.
fn packed<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Labels {
    let digits = |length: usize| length.checked_ilog2().map_or(1, |log| log as usize / BITS + 1);
    let size = pairs.clone().map(|(name, value)| digits(name.len()) + digits(value.len()) + name.len() + value.len());
    let mut text = String::with_capacity(size.sum());
    for (name, value) in pairs {
        length(&mut text, name.len());
        length(&mut text, value.len());
        text.push_str(name);
        text.push_str(value);
    }
    Labels { text: text.into() }
}

fn length(text: &mut String, mut length: usize) {
    loop {
        let digit = u8::try_from(length & DIGIT).unwrap_or(0);
        length >>= BITS;
        text.push(char::from(if length > 0 { digit | MORE } else { digit }));
        if length == 0 {
            return;
        }
    }
}

/// The pairs of [`Labels`].
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Pairs<'a> {
    fn length(&mut self) -> Option<usize> {
        let (mut length, mut shift) = (0, 0);
        loop {
            let digit = *self.rest.as_bytes().first()?;
            self.rest = self.rest.get(1..)?;
            length |= (usize::from(digit) & DIGIT) << shift;
            if digit & MORE == 0 {
                return Some(length);
            }
            shift += BITS;
        }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = (self.length()?, self.length()?);
        let (name, rest) = self.rest.split_at_checked(name)?;
        let (value, rest) = rest.split_at_checked(value)?;
        self.rest = rest;
        Some((name, value))
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}

/// The last value of a name counts.
impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(K, V)> = pairs.into_iter().collect();
        if !pairs.is_sorted_by(|(a, _), (b, _)| a.as_ref() < b.as_ref()) {
            // Of those with one name the last one comes first, and stays.
            pairs.reverse();
            pairs.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
            pairs.dedup_by(|(a, _), (b, _)| a.as_ref() == b.as_ref());
        }
        packed(pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
    }
}

impl<K: Into<String>, V: Into<String>> Extend<(K, V)> for Labels {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        let mut map = self.to_map();
        map.extend(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
        *self = map.into();
    }
}

impl From<BTreeMap<String, String>> for Labels {
    fn from(map: BTreeMap<String, String>) -> Self {
        packed(map.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

impl<K: AsRef<str>, V: AsRef<str>, const N: usize> From<[(K, V); N]> for Labels {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

/// The value of a name.
///
/// # Panics
/// When there is no such name.
impl<Q: Borrow<str> + ?Sized> Index<&Q> for Labels {
    type Output = str;

    #[allow(clippy::panic)]
    fn index(&self, name: &Q) -> &str {
        let name = name.borrow();
        self.get(name).unwrap_or_else(|| panic!("there is no label {name:?}"))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Map)
    }
}

struct Map;

impl<'de> Visitor<'de> for Map {
    type Value = Labels;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map() -> impl Strategy<Value = BTreeMap<String, String>> {
        let short = "\\PC{0,8}";
        let long = (0..5000_usize).prop_map(|n| "é".repeat(n));
        prop::collection::btree_map(short, prop_oneof![short.prop_map(String::from), long], 0..6)
    }

    proptest! {
        #[test]
        fn they_are_what_a_map_is(map in map(), name in "\\PC{0,3}", value in "\\PC{0,70}") {
            let labels = Labels::from(map.clone());
            prop_assert_eq!(labels.to_map(), map.clone());
            prop_assert_eq!((labels.len(), labels.is_empty()), (map.len(), map.is_empty()));
            for (known, of) in &map {
                prop_assert_eq!(labels.get(known), Some(of.as_str()));
            }
            prop_assert_eq!(labels.get(&name), map.get(&name).map(String::as_str));
            let json = serde_json::to_string(&labels).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&map).unwrap());
            prop_assert_eq!(&serde_json::from_str::<Labels>(&json).unwrap(), &labels);
            let (mut changed, mut wanted) = (labels.clone(), map.clone());
            changed.insert(name.clone(), value.clone());
            wanted.insert(name, value);
            prop_assert_eq!(changed.to_map(), wanted.clone());
            let twice = map.keys().map(|name| (name, "earlier")).chain(map.iter().map(|(name, of)| (name, of.as_str())));
            prop_assert_eq!(twice.collect::<Labels>(), labels.clone(), "the last value of a name counts");
            changed.retain(|name, _| name.len() > 2);
            wanted.retain(|name, _| name.len() > 2);
            prop_assert_eq!(changed.to_map(), wanted);
            prop_assert_eq!(labels.to_map(), map);
        }
    }

    #[test]
    fn lengths_of_every_size_are_read_back() {
        for n in [0, 1, 63, 64, 65, 4095, 4096, 262_143, 262_144] {
            let labels = Labels::from([("a", "x".repeat(n)), ("b", String::new())]);
            assert_eq!((labels["a"].len(), &labels["b"]), (n, ""), "{n}");
        }
    }
}
