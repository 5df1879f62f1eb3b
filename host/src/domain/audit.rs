//! What somebody did to the host, or tried to: who, over which way, from where, and what came of it.
//!
//! What is said about an incident or a silence has an entry of its own where it belongs; this one says how it came in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::person::Person;

/// Over what it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
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
    /// The file of accounts itself, changed by hand or gone.
    File,
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

impl Channel {
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
            Self::File => "file",
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
pub struct AuditEntry {
    /// Who, and how that is known; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// Over what it came.
    pub way: Channel,
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
    /// So many of the kind; of those that are told of together the first stands by itself, too.
    #[serde(default = "one")]
    pub times: u64,
    /// When it was done, where it was written later; when the first of several came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The same, and when the last of several came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

fn one() -> u64 {
    1
}

/// What stands in the place of a route where the file of accounts was changed.
pub const ACCOUNTS: &str = "accounts";

/// What such a change is known by.
pub fn change(n: u64) -> String {
    format!("change {n}")
}

impl AuditEntry {
    /// The number of the change of the file of accounts that it tells of.
    pub fn change(&self) -> Option<u64> {
        self.object.strip_prefix("change ").filter(|_| self.route == ACCOUNTS)?.parse().ok()
    }

    /// How many it tells of together, besides one of their kind that stands by itself; none where it tells of one.
    pub fn more(&self) -> Option<u64> {
        let together = self.times > 1 || self.since.is_some() && self.route != ACCOUNTS;
        together.then_some(self.times)
    }
}

/// Which of them are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Of somebody with this name.
    pub person: Option<String>,
    /// With this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Done at or after this time.
    pub since: Option<Timestamp>,
    /// Done before this time.
    pub until: Option<Timestamp>,
    /// Done before the one of this number.
    pub before: Option<u64>,
    /// At most so many, the latest first.
    pub limit: usize,
}

impl AuditQuery {
    fn takes(&self, view: &AuditView, before: Option<(Timestamp, u64)>) -> bool {
        let audited = &view.audited;
        let named = |wanted: &String| {
            audited
                .person
                .as_ref()
                .is_some_and(|person| super::person::fold(person.name()) == super::person::fold(wanted))
        };
        before.is_none_or(|before| view.place() < before)
            && self.since.is_none_or(|since| view.at >= since)
            && self.until.is_none_or(|until| view.at < until)
            && self.outcome.is_none_or(|outcome| outcome == audited.outcome)
            && self.person.as_ref().is_none_or(named)
    }

    /// Those that are wanted of `written`, the latest first; `written` goes back from the one that was written last. Some are written
    /// long after they were done: changes of accounts while no host ran, and what was counted. `before` is the one of that number.
    pub fn of(&self, written: impl Iterator<Item = AuditView>, before: Option<&AuditView>) -> Vec<AuditView> {
        let place = self.before.map(|n| before.map_or((Timestamp::MAX, n), AuditView::place));
        // Of one that is gone only the number is known, in the order of which most stand.
        let is_behind = |view: &AuditView| before.is_some() || self.before.is_none_or(|n| view.n < n);
        let mut found: Vec<AuditView> = Vec::new();
        for view in written {
            // Nothing was done after it was written, so that what was written before this was done before this, too.
            let earliest = found.last().filter(|_| found.len() >= self.limit);
            if earliest.is_some_and(|earliest| view.written < earliest.at) {
                break;
            }
            if !self.takes(&view, place) || !is_behind(&view) {
                continue;
            }
            let at = found.partition_point(|known| known.place() > view.place());
            found.insert(at, view);
            found.truncate(self.limit);
        }
        found
    }
}

/// One of them as it stands in the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditView {
    /// Its number in the host's own stream.
    pub n: u64,
    /// When it was done, and of several the last.
    pub at: Timestamp,
    /// When it was written, which may be later.
    pub written: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub audited: AuditEntry,
}

impl AuditView {
    /// One that was written at a time.
    pub fn new(n: u64, written: Timestamp, audited: AuditEntry) -> Self {
        Self { n, at: audited.until.unwrap_or(written).min(written), written, audited }
    }

    /// Where it stands among all.
    fn place(&self) -> (Timestamp, u64) {
        (self.at, self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(n: u64, written: i64, done: Option<i64>) -> AuditView {
        let at = |second| Timestamp::from_second(second).unwrap();
        let audited = AuditEntry {
            person: None,
            way: Channel::Api,
            from: String::new(),
            route: "POST /v1/pause".into(),
            object: String::new(),
            outcome: AuditOutcome::Refused,
            status: 403,
            why: String::new(),
            times: 1,
            since: done.map(at),
            until: done.map(at),
        };
        AuditView::new(n, at(written), audited)
    }

    #[test]
    fn what_was_done_is_listed_by_when_it_was_done_on_every_page() {
        // Numbers 3 and 4 tell of what was done before 1 and between 1 and 2.
        let all =
            [view(1, 10, None), view(2, 20, None), view(3, 21, Some(5)), view(4, 21, Some(15)), view(5, 30, None)];
        let page = |before: Option<u64>, limit| {
            let wanted = AuditQuery { before, limit, ..AuditQuery::default() };
            let of = all.iter().find(|view| Some(view.n) == before);
            wanted.of(all.iter().rev().cloned(), of).iter().map(|view| view.n).collect::<Vec<_>>()
        };
        assert_eq!(page(None, 10), [5, 2, 4, 1, 3]);
        for limit in 1..=5 {
            let (mut before, mut listed) = (None, Vec::<u64>::new());
            loop {
                let found = page(before, limit);
                before = found.last().copied();
                listed.extend(&found);
                if found.is_empty() {
                    break;
                }
            }
            assert_eq!(listed, [5, 2, 4, 1, 3], "{limit} at a time");
        }
        assert_eq!(page(Some(6), 10), [5, 2, 4, 1, 3], "one that is gone");
        let since = AuditQuery { since: Timestamp::from_second(12).ok(), limit: 9, ..AuditQuery::default() };
        let found: Vec<u64> = since.of(all.iter().rev().cloned(), None).iter().map(|view| view.n).collect();
        assert_eq!(found, [5, 2, 4], "by when it was done");
    }

    #[test]
    fn what_is_told_of_together_says_how_many_also_where_that_is_one() {
        assert_eq!((view(1, 1, None).audited.more(), view(1, 9, Some(1)).audited.more()), (None, Some(1)));
        let change = AuditEntry { route: ACCOUNTS.into(), object: change(7), ..view(1, 9, Some(1)).audited };
        assert_eq!(change.more(), None);
    }
}
