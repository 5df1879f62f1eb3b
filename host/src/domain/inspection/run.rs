//! A run: how it was looked, how much was seen, and what changed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::TrackedFinding;

/// How one kind of objects was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindResult {
    /// The MCP server.
    pub server: String,
    /// The kind in small letters; `event` for warnings.
    pub kind: String,
    /// Objects that were seen.
    pub objects: u64,
    /// Calls that were made or refused.
    pub calls: u64,
    /// How many of them had an answer that told what there is.
    #[serde(default)]
    pub answered: u64,
    /// How many of them gave no answer.
    #[serde(default)]
    pub failed: u64,
    /// How many of them a gate refused.
    #[serde(default)]
    pub refused: u64,
    /// Bytes of their answers.
    pub bytes: u64,
    /// Where objects of this kind could not be seen.
    #[serde(default, skip_serializing_if = "BlindSpot::is_nowhere")]
    pub blind: BlindSpot,
    /// A sentence each about why, within a bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// What gates said against looks at such objects, each once, within a bound. Where something could not be seen
    /// for that, it stands among the problems, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<String>,
}

/// Sentences about what could not be seen of one kind, and about what gates said against it.
const SENTENCES: usize = 10;
/// Namespaces that are named; where it is more of them, nothing is taken to be seen.
const NAMESPACES: usize = 200;

/// Where objects of a kind could not be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlindSpot {
    /// All were seen.
    #[default]
    Nowhere,
    /// In these namespaces; the empty name stands for what belongs to none.
    In(BTreeSet<String>),
    /// It is not known what was not seen.
    Everywhere,
}

impl BlindSpot {
    /// Whether all were seen.
    pub fn is_nowhere(&self) -> bool {
        *self == Self::Nowhere
    }

    /// Whether an object of this namespace may not have been seen.
    pub fn includes(&self, namespace: &str) -> bool {
        match self {
            Self::Nowhere => false,
            Self::In(namespaces) => namespaces.contains(namespace),
            Self::Everywhere => true,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nowhere, other) | (other, Self::Nowhere) => other,
            (Self::In(mut some), Self::In(more)) => {
                some.extend(more);
                if some.len() > NAMESPACES { Self::Everywhere } else { Self::In(some) }
            }
            (Self::Everywhere, _) | (_, Self::Everywhere) => Self::Everywhere,
        }
    }
}

impl KindResult {
    /// Nothing was looked at yet.
    pub fn of(server: &str, kind: &str) -> Self {
        Self { server: server.into(), kind: kind.into(), ..Self::default() }
    }

    /// Notes that it is not known what was not seen.
    pub fn note_blind_spot(&mut self, why: impl Into<String>) {
        self.add(Self { blind: BlindSpot::Everywhere, problems: vec![why.into()], ..Self::default() });
    }

    /// Notes that something in a namespace was not seen.
    pub fn note_blind_spot_in(&mut self, namespace: &str, why: impl Into<String>) {
        let blind = BlindSpot::In(BTreeSet::from([namespace.to_string()]));
        self.add(Self { blind, problems: vec![why.into()], ..Self::default() });
    }

    /// Notes what a gate said.
    pub fn note_refused(&mut self, by: impl Into<String>) {
        self.add(Self { refusals: vec![by.into()], ..Self::default() });
    }

    /// Takes in what another part says of the same kind.
    pub fn add(&mut self, other: Self) {
        self.objects += other.objects;
        self.calls += other.calls;
        self.answered += other.answered;
        self.failed += other.failed;
        self.refused += other.refused;
        self.bytes += other.bytes;
        self.blind = std::mem::take(&mut self.blind).and(other.blind);
        for (own, more) in [(&mut self.problems, other.problems), (&mut self.refusals, other.refusals)] {
            for sentence in more {
                if own.len() < SENTENCES && !own.contains(&sentence) {
                    own.push(sentence);
                }
            }
        }
    }
}

/// How much a run saw of what it was to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// All of it.
    Whole,
    /// Some of it.
    Partial,
    /// Nothing: what was found by earlier runs may be so or not.
    None,
}

impl Coverage {
    /// The word for labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partial => "partial",
            Self::None => "none",
        }
    }
}

/// How much was seen, by the parts of a run.
pub fn sight(parts: &[KindResult]) -> Coverage {
    if parts.iter().all(|part| part.answered == 0) {
        Coverage::None
    } else if parts.iter().all(|part| part.blind.is_nowhere()) {
        Coverage::Whole
    } else {
        Coverage::Partial
    }
}

/// What a model said of all findings together, or why it said nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Summary {
    /// Its words.
    Said(String),
    /// Why there are none.
    Missing(String),
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The inspection's name.
    pub inspection: String,
    /// When it began; by this it is told from others of its name.
    pub at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// Whether there was one to compare with.
    pub first: bool,
    /// Found now and not by the run before.
    pub new: Vec<TrackedFinding>,
    /// Found by both.
    pub still: Vec<TrackedFinding>,
    /// Found by the run before, and this one could not see whether it is still so: taken to be as it was.
    #[serde(default)]
    pub unseen: Vec<TrackedFinding>,
    /// Found by the run before and not any more.
    pub gone: Vec<TrackedFinding>,
    /// Findings that are beyond the bounds of one run.
    #[serde(default)]
    pub left_out: u64,
    /// How it was looked.
    pub parts: Vec<KindResult>,
    /// What the model said, where it was to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

impl Run {
    /// All that is wrong now, what is new first.
    pub fn findings(&self) -> impl Iterator<Item = &TrackedFinding> {
        self.new.iter().chain(&self.still).chain(&self.unseen)
    }

    /// Whether anything is wrong.
    pub fn found(&self) -> bool {
        self.findings().next().is_some()
    }

    /// How much was seen.
    pub fn sight(&self) -> Coverage {
        sight(&self.parts)
    }

    /// Whether something could not be seen or told.
    pub fn is_incomplete(&self) -> bool {
        self.left_out > 0 || self.sight() != Coverage::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_seen_is_known_by_its_place() {
        let mut part = KindResult::of("k", "pod");
        assert_eq!(sight(&[part.clone()]), Coverage::None);
        part.answered = 1;
        assert_eq!((sight(&[part.clone()]), part.blind.includes("shop")), (Coverage::Whole, false));
        part.note_blind_spot_in("shop", "shop: no answer");
        part.note_blind_spot_in("shop", "shop: no answer");
        assert_eq!((sight(&[part.clone()]), part.problems.len()), (Coverage::Partial, 1));
        assert!(part.blind.includes("shop") && !part.blind.includes("bank"));
        for n in 0..NAMESPACES {
            part.note_blind_spot_in(&format!("n{n}"), format!("n{n}: no answer"));
        }
        assert_eq!((part.problems.len(), &part.blind), (SENTENCES, &BlindSpot::Everywhere));
        let text = serde_json::to_string(&part).unwrap();
        assert_eq!(serde_json::from_str::<KindResult>(&text).unwrap(), part);
    }
}
