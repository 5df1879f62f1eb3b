//! Silences that people make while the host runs: what they cover, until when, and who wanted it.
//!
//! They are facts of the host's own stream; what is in force is [`Silences`], a fold over them. A silence holds back what is
//! decided and told about what it covers; what was begun before goes to its end.

mod hidden;
mod preview;
mod set;
mod too_broad;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use hidden::{HiddenCount, HiddenCounts};
pub use preview::{CoveredAlert, Preview};
pub use set::{CoveringSilence, MOST, RETENTION, Silences};
pub use too_broad::{TooBroad, by_itself};

use super::alert::Alert;
use super::conversation;
use super::decision::Decision;
use super::incident::{ActionState, Incident};
use super::matcher::{Matcher, all_match};
use super::person::Person;

/// What the rule of a decision begins with that rests on such a silence. No rule of a policy has a colon in its name.
const PREFIX: &str = "runtime-silence:";

/// Most conditions of one silence.
pub const MATCHERS: usize = 32;

/// Name of a silence: a UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SilenceId(pub Arc<str>);

impl SilenceId {
    /// Of two random numbers, as a UUID of version 4.
    pub fn new(high: u64, low: u64) -> Self {
        let bits = (u128::from(high) << 64) | u128::from(low);
        let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_string();
        Self(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)).into())
    }

    /// Whether a text has the form of a UUID.
    pub fn is_one(text: &str) -> bool {
        let parts: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))
    }
}

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a silence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SilenceState {
    /// It holds back what it covers.
    Active,
    /// It has not begun.
    Pending,
    /// It is over.
    Expired,
}

impl SilenceState {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expired => "expired",
        }
    }
}

/// Nobody wants to hear of these for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// Its name.
    #[schemars(with = "String")]
    pub id: SilenceId,
    /// What it covers: alerts that all of them match.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub matchers: Vec<Matcher>,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When it was made or changed last.
    pub updated_at: Timestamp,
    /// Who wanted it, and how that is known.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub person: Person,
    /// Who changed its end or its comment last, where that was somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub changed_by: Option<Person>,
    /// Why.
    #[serde(default)]
    pub comment: String,
}

impl Silence {
    /// Where it stands at a moment.
    pub fn state(&self, now: Timestamp) -> SilenceState {
        if now >= self.ends_at {
            SilenceState::Expired
        } else if now < self.starts_at {
            SilenceState::Pending
        } else {
            SilenceState::Active
        }
    }

    /// Whether it covers an alert, whenever it is in force.
    pub fn covers(&self, alert: &Alert) -> bool {
        all_match(&self.matchers, alert)
    }

    /// Takes the place of an earlier form of itself: who wanted it stays known, and so is who changed it.
    pub fn is_changed(&mut self, before: &Self) {
        let by = std::mem::replace(&mut self.person, before.person.clone());
        self.changed_by = (by != self.person).then_some(by);
    }

    /// Whether `new` may take its place under its name: the same alerts, and nothing that has happened is changed.
    pub fn becomes(&self, new: &Self, now: Timestamp) -> bool {
        if self.matchers != new.matchers {
            return false;
        }
        match self.state(now) {
            SilenceState::Active => self.starts_at.as_second() == new.starts_at.as_second() && new.ends_at >= now,
            SilenceState::Pending => new.starts_at >= now,
            SilenceState::Expired => false,
        }
    }
}

/// What happened to a silence.
#[expect(clippy::large_enum_variant, reason = "there are few, and none is kept in this form")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SilenceEvent {
    /// It was made, or took the place of an earlier form of itself.
    Set {
        /// The silence.
        silence: Silence,
        /// How many alerts it covered then.
        covers: u64,
        /// Whether it was called too broad, and wanted all the same.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        broad: bool,
    },
    /// It was ended before its time.
    Expired {
        /// The silence.
        id: SilenceId,
        /// Who said so, and how that is known.
        person: Person,
    },
    /// How much it has hidden so far.
    Hid {
        /// The silence.
        id: SilenceId,
        /// How much.
        tally: HiddenCount,
    },
}

/// The rule of a decision that rests on this silence.
pub fn rule_of(id: &SilenceId) -> String {
    format!("{PREFIX}{id}")
}

/// The silence on which a decision rests.
pub fn silence_of(decision: &Decision) -> Option<&str> {
    silence_in(decision.rule.as_deref()?)
}

/// The silence that the rule of a decision names.
pub fn silence_in(rule: &str) -> Option<&str> {
    rule.strip_prefix(PREFIX)
}

impl Incident {
    /// The silence that holds it back, or did when it was decided last.
    pub fn silenced_by(&self) -> Option<&str> {
        self.decision.as_deref().and_then(silence_of)
    }

    /// Whether something was begun that must come to its end, silence or not.
    pub fn has_begun(&self) -> bool {
        self.actions.iter().any(|record| record.attempts > 0 || record.state.has_begun())
    }

    /// Whether silences mean it at all: what people have asked for themselves they want to hear of, and of alerts that are
    /// merely counted nobody knows whether they are covered.
    pub fn hears_silences(&self) -> bool {
        !conversation::is_asked_for(&self.source) && self.counted.collecting.is_none() && self.counted.firing.is_empty()
    }

    /// Whether it goes on though everything of it that fires is covered: a question that was asked stays open, a change that
    /// has begun goes to its end, and what people close is closed.
    pub fn goes_on_silenced(&self) -> bool {
        let asks = self.actions.iter().any(|record| record.state == ActionState::Asked);
        asks || self.has_begun() || self.deciding.by_people.closed.is_some() || !self.hears_silences()
    }
}

#[cfg(test)]
mod tests;
