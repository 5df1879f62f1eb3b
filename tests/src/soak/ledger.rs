//! What was sent and acknowledged, what arrived at the targets, what people answered, and every
//! violation that was found on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

/// What must come of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Each of its incidents has an outcome.
    Decided,
    /// People are told of it.
    Told,
    /// It is repaired, or people are told.
    Repaired,
    /// It is one incident, and no second.
    Once,
}

/// One story.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// What must come of it.
    pub expected: Expected,
    /// When its first alert was acknowledged; nothing is expected before.
    pub acknowledged: Option<Instant>,
    /// In which phase that was.
    pub phase: Option<u64>,
}

/// Counts that the table shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Alerts that were acknowledged.
    pub accepted: u64,
    /// Those since the host was started last.
    pub accepted_in_this_life: u64,
    /// Requests that had to be sent again.
    pub resent: u64,
    /// Messages that a target took.
    pub delivered: u64,
    /// Of these the repeated ones: messages come at least once.
    pub repeated: u64,
    /// Answers of people.
    pub answers: u64,
    /// Breakers that were reset.
    pub breakers: u64,
}

#[derive(Default)]
struct Pages {
    stories: BTreeMap<String, Story>,
    told: HashMap<(String, String), u64>,
    told_of: BTreeMap<String, BTreeSet<String>>,
    seen: BTreeSet<(String, String)>,
    yes: BTreeSet<String>,
    violations: BTreeMap<&'static str, Vec<String>>,
    faults: BTreeMap<&'static str, u64>,
    counts: Counts,
}

/// The books of a run.
#[derive(Default)]
pub struct Ledger(Mutex<Pages>);

impl Ledger {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap()
    }

    /// A story begins.
    pub fn begin(&self, token: &str, expected: Expected) {
        let story = Story { expected, acknowledged: None, phase: None };
        self.pages().stories.insert(token.into(), story);
    }

    /// Alerts of stories were acknowledged.
    pub fn acknowledged<'a>(&self, tokens: impl Iterator<Item = &'a str>, phase: u64) {
        let mut pages = self.pages();
        for token in tokens {
            pages.counts.accepted += 1;
            pages.counts.accepted_in_this_life += 1;
            if let Some(story) = pages.stories.get_mut(token) {
                story.acknowledged.get_or_insert_with(Instant::now);
                story.phase.get_or_insert(phase);
            }
        }
    }

    /// The host's own counters begin anew.
    pub fn new_life(&self) {
        self.pages().counts.accepted_in_this_life = 0;
    }

    /// A target took a message about an incident of a story.
    pub fn told(&self, target: &str, incident: &str, token: &str, delivery: &str) {
        let mut pages = self.pages();
        pages.counts.delivered += 1;
        if !pages.seen.insert((target.into(), delivery.into())) {
            pages.counts.repeated += 1;
        }
        *pages.told.entry((target.into(), incident.into())).or_default() += 1;
        pages.told_of.entry(token.into()).or_default().insert(target.into());
    }

    /// Whether a target was told of an incident.
    pub fn was_told(&self, target: &str, incident: &str) -> bool {
        self.pages().told.contains_key(&(target.into(), incident.into()))
    }

    /// Whether a target was told of a story.
    pub fn was_told_of(&self, target: &str, token: &str) -> bool {
        self.pages().told_of.get(token).is_some_and(|targets| targets.contains(target))
    }

    /// Somebody says yes to what a story needs; written down before it is said.
    pub fn says_yes(&self, token: &str) {
        self.pages().yes.insert(token.into());
    }

    /// Whether somebody said yes.
    pub fn said_yes(&self, token: &str) -> bool {
        self.pages().yes.contains(token)
    }

    /// A story.
    pub fn story(&self, token: &str) -> Option<Story> {
        self.pages().stories.get(token).copied()
    }

    /// All stories.
    pub fn stories(&self) -> Vec<(String, Story)> {
        self.pages().stories.iter().map(|(token, story)| (token.clone(), *story)).collect()
    }

    /// Something that must not be.
    pub fn violation(&self, kind: &'static str, text: String) {
        eprintln!("violation, {kind}: {text}");
        self.pages().violations.entry(kind).or_default().push(text);
    }

    /// How many there are.
    pub fn violations(&self) -> usize {
        self.pages().violations.values().map(Vec::len).sum()
    }

    /// All of them, by kind.
    pub fn all_violations(&self) -> BTreeMap<&'static str, Vec<String>> {
        self.pages().violations.clone()
    }

    /// A fault happened.
    pub fn fault(&self, name: &'static str) {
        *self.pages().faults.entry(name).or_default() += 1;
    }

    /// How often each fault happened.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.pages().faults.clone()
    }

    /// Changes the counts.
    pub fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.pages().counts);
    }

    /// The counts.
    pub fn counts(&self) -> Counts {
        self.pages().counts
    }
}
