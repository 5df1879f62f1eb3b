//! How the watches do, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::resource::Resource;
use crate::domain::text::truncate;
use crate::redact::redact;

/// Bytes of a reason.
const REASON: usize = 600;

/// What happened to a watch since the start.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    /// An object came.
    Objects,
    /// Of these, what was news.
    News,
    /// All were listed.
    Lists,
    /// The API had forgotten the version from which it was to go on.
    Gone,
    /// A request failed, or a watch broke off.
    Failures,
    /// An object could not be taken.
    LeftOut,
    /// It was forgotten that something was seen.
    Forgotten,
}

const COUNTS: [(&str, &str); 7] = [
    ("objects", "Objects that watches of clusters showed."),
    ("news", "Those of them that were news."),
    ("lists", "Lists that were read to their end."),
    ("gone", "Versions that an API had forgotten, so that all was listed anew."),
    ("failures", "Requests that failed, and watches that broke off."),
    ("left_out", "Objects that could not be taken, such as what is too large."),
    ("forgotten", "Occurrences of which it was forgotten, for want of room, that they were seen."),
];

/// How one watch does.
#[derive(Debug)]
pub struct WatchStatus {
    cluster: String,
    resource: Resource,
    namespace: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether it is watched: not before a rule wants to hear of it.
    wanted: bool,
    /// Whether it is seen what happens.
    up: bool,
    /// Why not, and since when.
    problem: Option<(String, Timestamp)>,
    /// What it cannot keep.
    disk: Option<String>,
    heard: Option<Timestamp>,
    counts: [u64; COUNTS.len()],
}

impl WatchStatus {
    /// A watch that has not begun.
    pub fn new(cluster: &str, resource: Resource, namespace: &str) -> Self {
        let state = State { wanted: !resource.is_by_rules(), ..State::default() };
        Self { cluster: cluster.into(), resource, namespace: namespace.into(), state: Mutex::new(state) }
    }

    /// What is watched.
    pub fn resource(&self) -> Resource {
        self.resource
    }

    /// The namespace; empty for all.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What is watched, in words.
    pub fn names(&self) -> String {
        let within =
            if self.namespace.is_empty() { String::new() } else { format!(" of namespace {}", self.namespace) };
        format!("{}{within}", self.resource.as_str())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts some more.
    pub fn add(&self, what: Count, count: u64) {
        if let Some(counter) = self.state().counts.get_mut(what as usize) {
            *counter += count;
        }
    }

    /// Nobody wants to hear of it for the time being.
    pub fn unwanted(&self) {
        let mut state = self.state();
        let counts = state.counts;
        *state = State { counts, ..State::default() };
    }

    /// It is seen what happens. Whether that is news.
    pub fn up(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        state.wanted = true;
        (state.heard, state.problem) = (Some(now), None);
        !std::mem::replace(&mut state.up, true)
    }

    /// It is not. Whether that is news, or is so for another reason than before.
    pub fn away(&self, why: &str, now: Timestamp) -> bool {
        let mut state = self.state();
        (state.wanted, state.up) = (true, false);
        let why = truncate(&redact(why), REASON);
        match &mut state.problem {
            Some((known, _)) if *known == why => false,
            Some((known, _)) => {
                *known = why;
                true
            }
            None => {
                state.problem = Some((why, now));
                true
            }
        }
    }

    /// What was seen cannot be kept for the next start; none where it can.
    pub fn keeps(&self, problem: Option<String>) {
        self.state().disk = problem;
    }
}

/// How all watches do.
#[derive(Debug, Default)]
pub struct WatchStatuses(Vec<Arc<WatchStatus>>);

impl WatchStatuses {
    /// One more.
    pub fn add(&mut self, standing: Arc<WatchStatus>) {
        self.0.push(standing);
    }

    /// What is not seen, a sentence for each cluster and reason.
    pub fn problems(&self) -> Vec<String> {
        let mut away: BTreeMap<(&str, String), (Vec<String>, Timestamp)> = BTreeMap::new();
        let mut disk = BTreeMap::new();
        for one in &self.0 {
            let state = one.state();
            if let Some((why, since)) = &state.problem {
                let (names, first) = away.entry((&one.cluster, why.clone())).or_insert((Vec::new(), *since));
                names.push(one.names());
                *first = (*first).min(*since);
            }
            disk.extend(state.disk.iter().map(|problem| (one.cluster.as_str(), problem.clone())));
        }
        let away = away.into_iter().map(|((cluster, why), (names, since))| {
            format!("cluster {cluster}: its {} are not seen since {since:.0}: {why}", names.join(" and "))
        });
        let disk = disk.into_iter().map(|(cluster, problem)| {
            format!("cluster {cluster}: what was seen is not remembered for the next start: {problem}")
        });
        away.chain(disk).collect()
    }

    /// Counters and gauges as Prometheus text, by cluster and what is watched; namespaces are counted together.
    pub fn metrics(&self) -> String {
        let mut rows: BTreeMap<(&str, &str), (bool, i64, [u64; COUNTS.len()])> = BTreeMap::new();
        for one in &self.0 {
            let state = one.state();
            if !state.wanted {
                continue;
            }
            let row = rows.entry((&one.cluster, one.resource.as_str())).or_insert((true, i64::MAX, [0; COUNTS.len()]));
            row.0 &= state.up;
            row.1 = row.1.min(state.heard.map_or(0, Timestamp::as_second));
            row.2.iter_mut().zip(&state.counts).for_each(|(sum, count)| *sum += count);
        }
        let mut text = String::new();
        if rows.is_empty() {
            return text;
        }
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        let name = "tidegate_watch_up";
        head(&mut text, name, "gauge", "1 while it is seen what happens in a cluster.");
        for ((cluster, what), (up, ..)) in &rows {
            let _ = writeln!(text, "{name}{{cluster=\"{cluster}\",resource=\"{what}\"}} {}", u8::from(*up));
        }
        let name = "tidegate_watch_heard_seconds";
        head(&mut text, name, "gauge", "When a cluster was last heard, in seconds since 1970; 0 for never.");
        for ((cluster, what), (_, heard, _)) in &rows {
            let _ = writeln!(text, "{name}{{cluster=\"{cluster}\",resource=\"{what}\"}} {heard}");
        }
        for (at, (word, help)) in COUNTS.iter().enumerate() {
            let name = format!("tidegate_watch_{word}_total");
            head(&mut text, &name, "counter", help);
            for ((cluster, what), (_, _, counts)) in &rows {
                let count = counts.get(at).copied().unwrap_or_default();
                let _ = writeln!(text, "{name}{{cluster=\"{cluster}\",resource=\"{what}\"}} {count}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_is_away_is_named_once_with_its_reason() {
        let mut standings = WatchStatuses::default();
        let now = Timestamp::UNIX_EPOCH;
        for (cluster, what) in [("a", Resource::Events), ("a", Resource::Nodes), ("b", Resource::Events)] {
            standings.add(Arc::new(WatchStatus::new(cluster, what, "")));
        }
        let [events, nodes, other] = standings.0.as_slice() else { panic!() };
        assert!(events.away("no answer", now) && nodes.away("no answer", now) && !events.away("no answer", now));
        assert!(other.up(now) && !other.up(now));
        other.add(Count::Objects, 3);
        let problems = standings.problems();
        assert_eq!(problems, ["cluster a: its events and nodes are not seen since 1970-01-01T00:00:00Z: no answer"]);
        let metrics = standings.metrics();
        for line in [
            "tidegate_watch_up{cluster=\"a\",resource=\"nodes\"} 0",
            "tidegate_watch_up{cluster=\"b\",resource=\"events\"} 1",
            "tidegate_watch_objects_total{cluster=\"b\",resource=\"events\"} 3",
        ] {
            assert!(metrics.contains(line), "{line} in {metrics}");
        }
        assert!(events.up(now));
        assert_eq!(WatchStatuses::default().metrics(), "");
    }
}
