//! What somebody did to the host, or tried to: who, over which way, from where, and what came of it.
//!
//! What is said about an incident or a silence has an entry of its own where it belongs; this one says how it came in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::person::Person;

/// Over what it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A page in a browser.
    Page,
    /// The API.
    Api,
    /// The API, from a program that says that it is this one's command line.
    Cli,
    /// Alertmanager's API.
    Alertmanager,
    /// The tools that models of others call.
    Mcp,
    /// A signed link.
    Link,
    /// A proxy that names the person.
    Proxy,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// They may not, or did not prove who they are.
    Refused,
    /// It was not done for another reason.
    Failed,
    /// Whoever asked hung up before there was an answer: it may have been done.
    BrokenOff,
}

impl Way {
    /// The word used in JSON and texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Alertmanager => "alertmanager",
            Self::Mcp => "mcp",
            Self::Link => "link",
            Self::Proxy => "proxy",
        }
    }
}

impl AuditOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Done, Self::Refused, Self::Failed, Self::BrokenOff];

    /// The word used in JSON and texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::BrokenOff => "broken_off",
        }
    }
}

/// One thing that somebody did or tried, or several of a kind that were refused or failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audited {
    /// Who, and how that is known; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// Over what it came.
    pub way: Way,
    /// The address it came from; empty for several.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Method and pattern of the path, such as `POST /v1/pause`.
    pub route: String,
    /// The path itself, where it names something.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// The status of the answer; 0 where there was none.
    #[serde(default)]
    pub status: u16,
    /// Why it was not done, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// So many of the kind that were not written one by one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub times: u64,
    /// When the first of several came; the last came when this was written, or at `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When the last of several came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_one(times: &u64) -> bool {
    *times == 1
}

/// What stands in the place of a route where the file of accounts was changed.
pub const ACCOUNTS: &str = "accounts";

/// What such a change is known by.
pub fn change(n: u64) -> String {
    format!("change {n}")
}

impl Audited {
    /// The number of the change of the file of accounts that it tells of.
    pub fn change(&self) -> Option<u64> {
        self.object.strip_prefix("change ").filter(|_| self.route == ACCOUNTS)?.parse().ok()
    }
}

/// Which of them are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditWanted {
    /// Of somebody with this name.
    pub person: Option<String>,
    /// With this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Written at or after this time.
    pub since: Option<Timestamp>,
    /// Written before this time.
    pub until: Option<Timestamp>,
    /// Written before the one of this number.
    pub before: Option<u64>,
    /// At most so many, the latest first.
    pub limit: usize,
}

impl AuditWanted {
    /// Whether one is among them.
    pub fn takes(&self, n: u64, at: Timestamp, audited: &Audited) -> bool {
        let named = |wanted: &String| {
            audited
                .person
                .as_ref()
                .is_some_and(|person| super::person::fold(person.name()) == super::person::fold(wanted))
        };
        self.before.is_none_or(|before| n < before)
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
            && self.outcome.is_none_or(|outcome| outcome == audited.outcome)
            && self.person.as_ref().is_none_or(named)
    }
}

/// One of them as it stands in the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditView {
    /// Its number in the host's own stream.
    pub n: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub audited: Audited,
}
