//! Looking at a whole cluster to see what is wrong with it before somebody is called: which lists are made, what of
//! them is not well, what changed since the last time, and when it is done.
//!
//! Pure: listings in, findings out; schedules and moments in, what is due out. The calls are made, each ruled on, by
//! `pipeline/inspect.rs`; runs are begun and journaled by `app/inspections.rs`.

pub mod alerts;
pub mod changes;
pub mod cron;
mod item;
mod judge;
mod quota;
pub mod timetable;
pub mod warnings;

pub use item::Item;
pub(crate) use item::items;
pub use judge::{Judge, ListAssessment, UnhealthyObject, without_consequences, without_duplicates};

use crate::collector::Topic;
use crate::domain::text::pattern;

/// From where on something is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Restarts of a container, the last of them within a day.
    pub restarts: u64,
    /// How full a quota is.
    pub quota_percent: u64,
    /// Days until a certificate ends.
    pub certificate_days: i64,
    /// Objects that are looked at more closely in one run.
    pub closer_looks: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { restarts: 5, quota_percent: 90, certificate_days: 21, closer_looks: 100 }
    }
}

/// What one inspection looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectionScope {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub topics: Vec<Topic>,
    /// Patterns of namespaces; those that begin with `!` leave out. What belongs to no namespace is always looked at.
    pub namespaces: Vec<String>,
    /// The one MCP server that is asked; none for all that have such tools.
    pub server: Option<String>,
    /// From where on something is told.
    pub bounds: Thresholds,
}

impl InspectionScope {
    /// Whether a namespace is inspected.
    pub fn has_namespace(&self, name: &str) -> bool {
        let (mut any, mut wanted) = (false, false);
        for one in &self.namespaces {
            match one.strip_prefix('!') {
                Some(without) if pattern::matches(without, name) => return false,
                Some(_) => {}
                None => {
                    any = true;
                    wanted |= pattern::matches(one, name);
                }
            }
        }
        wanted || !any
    }

    /// The namespaces that are inspected, where their names are given; none where they are to be found out.
    pub fn exact_namespaces(&self) -> Option<Vec<String>> {
        let exact = |name: &&String| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        let named = !self.namespaces.is_empty() && self.namespaces.iter().all(|one| exact(&one));
        named.then(|| self.namespaces.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_taken_by_patterns() {
        let order = |namespaces: &[&str]| InspectionScope {
            name: "daily".into(),
            topics: Topic::ALL.to_vec(),
            namespaces: namespaces.iter().map(|one| (*one).to_string()).collect(),
            server: None,
            bounds: Thresholds::default(),
        };
        for (patterns, name, want) in [
            (vec![], "shop", true),
            (vec!["*"], "shop", true),
            (vec!["shop-*", "bank"], "shop-1", true),
            (vec!["shop-*", "bank"], "kube-system", false),
            (vec!["!kube-*"], "shop", true),
            (vec!["!kube-*"], "kube-system", false),
            (vec!["shop-*", "!shop-test*"], "shop-test1", false),
        ] {
            assert_eq!(order(&patterns).has_namespace(name), want, "{patterns:?} {name}");
        }
    }
}
