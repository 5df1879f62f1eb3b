//! What was changed in the file of accounts, and by whom: it stands in the file itself, in the same write as the change, so that
//! neither is there without the other. Whatever changes the file while no host runs is told when the next one starts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::AccountsFile;
use crate::domain::Person;
use crate::domain::audit::Channel;

/// As many as are kept; a host that runs takes them at once.
const KEPT: usize = 500;

/// Who changes something, over which way and from where.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Who, as far as that is known.
    pub person: Option<Person>,
    /// Over which way.
    pub way: Channel,
    /// From where.
    pub from: String,
    /// When.
    pub at: Timestamp,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its number: the time in milliseconds, or one more than the one before it. A file that is made anew goes on counting.
    pub n: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// Over which way.
    pub way: Channel,
    /// From where.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// What, in a sentence.
    pub what: String,
}

impl AccountsFile {
    /// Notes what is other than before, and who made it so.
    pub(super) fn note(&mut self, before: &Self, by: &Actor) {
        for what in self.changes_since(before) {
            self.tell(by, what);
        }
        let over = self.changes.len().saturating_sub(KEPT);
        self.changes.drain(..over);
    }

    /// Notes one change.
    pub(super) fn tell(&mut self, by: &Actor, what: String) {
        let n = self.changes.last().map_or(0, |change| change.n);
        let n = u64::try_from(by.at.as_millisecond()).unwrap_or_default().max(n + 1);
        let Actor { person, way, from, at } = by.clone();
        self.changes.push(Change { n, at, person, way, from, what });
    }

    /// The number of the latest change.
    pub fn latest_change(&self) -> u64 {
        self.changes.last().map_or(0, |change| change.n)
    }
}
