//! What the cluster warned of within the day, folded by reason and by what it is about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::inspection::{Finding, FindingScope, Problem};
use crate::domain::subject::AffectedObject;
use crate::domain::{Severity, is_cluster_wide};
use crate::evidence::{Event, events, short};

/// Events of one answer, and what is told of them.
const EVENTS: usize = 20_000;
const TOLD: usize = 200;
/// How often something must have happened to be told, where the answer counts.
const OFTEN: u64 = 3;
const DAY: i64 = 86_400;

/// What an answer that lists events shows.
#[derive(Debug, Default)]
pub struct WarningList {
    /// Events that were read.
    pub seen: u64,
    /// The namespaces in which they happened.
    pub places: BTreeSet<String>,
    /// What is told of them.
    pub findings: Vec<Finding>,
    /// A sentence about what of the answer was not read or is not told.
    pub missing: Option<String>,
}

/// What came again and again under one reason.
struct GroupedWarning {
    finding: Finding,
    times: u64,
    counted: bool,
}

/// Reads an answer that lists events. `namespace` is the one that was asked for, as a table of one does not name it.
///
/// # Errors
/// A sentence where the text is no list of events.
pub fn read(server: &str, namespace: &str, answer: &str, now: Timestamp) -> Result<WarningList, String> {
    let listed = events(answer, EVENTS)?;
    let mut warned =
        WarningList { seen: listed.items.len() as u64, missing: listed.missing(), ..WarningList::default() };
    let mut folded: BTreeMap<(FindingScope, String), GroupedWarning> = BTreeMap::new();
    for event in listed.items {
        let Some(object) = about(&event, namespace) else { continue };
        warned.places.insert(if event.namespace.is_empty() { namespace.to_string() } else { event.namespace.clone() });
        if !event.warning || event.seconds_ago(now).is_some_and(|ago| ago > DAY) {
            continue;
        }
        let known = folded.entry((FindingScope::of(server, &object), event.reason.clone())).or_insert_with(|| {
            let what = Problem::Warnings { reason: short(&event.reason), times: 0, said: short(&event.message) };
            GroupedWarning { finding: Finding::of(server, &object, Severity::Info, what), times: 0, counted: true }
        });
        known.times = known.times.saturating_add(event.count.max(1));
        known.counted &= event.counted;
        if known.finding.name != object.name {
            known.finding.more += 1;
        }
    }
    let mut told: Vec<GroupedWarning> = folded.into_values().filter(|one| !one.counted || one.times >= OFTEN).collect();
    told.sort_by_key(|one| std::cmp::Reverse(one.times));
    if told.len() > TOLD {
        let beyond = told.len() - TOLD;
        warned
            .missing
            .get_or_insert(format!("only the {TOLD} warnings that came most often are told, {beyond} are not"));
        told.truncate(TOLD);
    }
    warned.findings = told.into_iter().map(GroupedWarning::finding).collect();
    Ok(warned)
}

impl GroupedWarning {
    fn finding(self) -> Finding {
        let mut finding = self.finding;
        if let Problem::Warnings { times, .. } = &mut finding.what {
            *times = self.times;
        }
        finding
    }
}

/// Whom an event is about; events of what belongs to no namespace stand in one all the same.
fn about(event: &Event, namespace: &str) -> Option<AffectedObject> {
    let mut object = event.about_whom()?;
    if is_cluster_wide(&object.kind) {
        object.namespace.clear();
    } else if object.namespace.is_empty() {
        object.namespace = namespace.to_string();
    }
    Some(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-28T08:00:00Z";

    fn told(answer: &str) -> Vec<(String, u64)> {
        let found = read("k", "", answer, NOW.parse().unwrap()).unwrap().findings;
        let times = |finding: &Finding| match &finding.what {
            Problem::Warnings { times, .. } => *times,
            _ => 0,
        };
        found.iter().map(|one| (one.key(), times(one))).collect()
    }

    #[test]
    fn warnings_of_both_servers_are_folded() {
        let event = |name: &str, count: u64, day: u32| {
            format!(
                r#"{{"type": "Warning", "reason": "BackOff", "message": "Back-off restarting", "count": {count},
                "involvedObject": {{"kind": "Pod", "name": "{name}", "namespace": "shop"}}, "lastTimestamp": "2026-11-{day}T07:00:00Z"}}"#
            )
        };
        let json = format!(
            "{{\"events\": [{}, {}, {}]}}",
            event("web-6cb6599c5b-q48qx", 9, 28),
            event("web-6cb6599c5b-b5nn8", 4, 28),
            event("old-6cb6599c5b-b5nn8", 99, 20)
        );
        assert_eq!(told(&json), [("k warnings workload shop/web BackOff".to_string(), 13)]);
        let yaml = "# The following events (YAML format) were found:\n- InvolvedObject:\n    Kind: Pod\n    Name: web-6cb6599c5b-q48qx\n    apiVersion: v1\n  Message: 'Failed to pull'\n  Namespace: shop\n  Reason: Failed\n  Timestamp: 2026-11-28 07:20:55.019334 +0000 UTC\n  Type: Warning\n- InvolvedObject:\n    Kind: Pod\n    Name: a\n  Message: fine\n  Namespace: shop\n  Reason: Pulled\n  Type: Normal\n";
        assert_eq!(told(yaml), [("k warnings workload shop/web Failed".to_string(), 1)]);
        assert_eq!(told("No resources found\n"), []);
        let table = "NAMESPACE   LAST SEEN            TYPE      REASON    OBJECT                     MESSAGE\n\
                     shop        4s (x3 over 10s)     Warning   BackOff   pod/web-6cb6599c5b-q48qx   Back-off\n\
                     shop        2d                   Warning   Failed    pod/web-6cb6599c5b-q48qx   Failed\n\
                     default     5m (x9 over 1h)      Warning   Full      node/n1                    Full\n";
        let want =
            [("k warnings node /n1 Full".to_string(), 9), ("k warnings workload shop/web BackOff".to_string(), 3)];
        assert_eq!(told(table), want);
        assert!(read("k", "", "the server is not there", NOW.parse().unwrap()).is_err());
    }
}
