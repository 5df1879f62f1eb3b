//! Alerts of an incident that are counted and not kept in full: what is beyond its bound. Of each only a
//! mark is kept, by which a repeat is no second one and a resolved one is taken off.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::alert::{Alert, Severity};
use super::rare::Empty;

/// What stands for one alert of a source and severity: one that becomes worse is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(u64);

impl Mark {
    /// The mark of an alert.
    pub fn of(alert: &Alert) -> Self {
        let mut hash = Sha256::new();
        for part in [&alert.source, &alert.fingerprint, alert.severity.as_str()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut first = [0; 8];
        first.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Self(u64::from_be_bytes(first))
    }
}

/// Marks, each once. In JSON one text of sixteen hexadecimal digits for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(BTreeSet<Mark>);

impl Marks {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Mark> {
        self.0.iter().copied()
    }

    /// Adds one; false when it is there already.
    pub fn insert(&mut self, mark: Mark) -> bool {
        self.0.insert(mark)
    }
}

impl FromIterator<Mark> for Marks {
    fn from_iter<I: IntoIterator<Item = Mark>>(marks: I) -> Self {
        Self(marks.into_iter().collect())
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits: String = self.0.iter().map(|Mark(mark)| format!("{mark:016x}")).collect();
        serializer.serialize_str(&digits)
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Digits)
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = Marks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sixteen hexadecimal digits for each alert")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Marks, E> {
        let wrong = || E::custom("marks are sixteen hexadecimal digits each");
        let marks = text.as_bytes().chunks(16).map(|digits| {
            let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 16).ok_or_else(wrong)?;
            u64::from_str_radix(digits, 16).map(Mark).map_err(|_| wrong())
        });
        marks.collect::<Result<_, _>>().map(Marks)
    }
}

/// How many there are, and what an incident is there for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counted {
    /// Set for an incident that collects what a source sends beyond its bound: the severity of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collecting: Option<Severity>,
    /// Those that fire.
    #[serde(skip_serializing_if = "Marks::is_empty")]
    pub firing: Marks,
    /// How many have resolved.
    pub resolved: usize,
    /// The worst severity among all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<Severity>,
}

impl Empty for Counted {
    const EMPTY: &'static Self = &Self { collecting: None, firing: Marks(BTreeSet::new()), resolved: 0, worst: None };
}

impl Counted {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.firing.len() + self.resolved
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn take(&mut self, change: &CountedChange) {
        self.collecting = self.collecting.or(change.collecting);
        self.worst = self.worst.max(change.worst);
        self.firing.0.extend(change.firing.iter());
        self.resolved += change.resolved.iter().filter(|mark| self.firing.0.remove(mark)).count();
    }
}

/// How it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CountedChange {
    /// With the first alerts of an incident that collects: their severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collecting: Option<Severity>,
    /// Those that began to fire.
    #[serde(skip_serializing_if = "Marks::is_empty")]
    pub firing: Marks,
    /// Those that resolved.
    #[serde(skip_serializing_if = "Marks::is_empty")]
    pub resolved: Marks,
    /// The worst severity among those that began to fire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<Severity>,
}

impl CountedChange {
    /// Counts an alert that began to fire.
    pub fn fires(&mut self, alert: &Alert) {
        self.firing.insert(Mark::of(alert));
        self.worst = self.worst.max(Some(alert.severity));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_json_and_nothing_else_is_one() {
        let marks: Marks = [Mark(1), Mark(u64::MAX), Mark(0xabc)].into_iter().collect();
        let json = serde_json::to_string(&marks).unwrap();
        assert_eq!(json.len(), 2 + 3 * 16);
        assert_eq!(serde_json::from_str::<Marks>(&json).unwrap(), marks);
        assert_eq!(serde_json::from_str::<Marks>("\"\"").unwrap(), Marks::default());
        for wrong in ["\"abc\"", "\"00000000000000zz\"", "\"0000000000000000é\"", "5"] {
            assert!(serde_json::from_str::<Marks>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_repeat_is_no_second_one_and_resolved_ones_are_taken_off() {
        let mut counted = Counted::default();
        let marks = |some: &[u64]| some.iter().copied().map(Mark).collect::<Marks>();
        let worst = Some(Severity::Error);
        counted.take(&CountedChange { firing: marks(&[1, 2]), worst, ..CountedChange::default() });
        counted.take(&CountedChange { firing: marks(&[2, 3]), resolved: marks(&[1, 9]), ..CountedChange::default() });
        assert_eq!((counted.firing.len(), counted.resolved, counted.worst), (2, 1, worst));
        assert!(counted.len() == 3);
    }
}
