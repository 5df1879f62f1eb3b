//! What is new, gone and still there since the run before, and what the journal says of it all.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use crate::domain::inspection::{
    Coverage, Finding, FindingScope, InspectionEvent, KindResult, Problem, TrackedFinding, sight,
};
use crate::domain::job::{JobEvent, Runs};
use crate::domain::subject::AffectedObject;

/// Findings of one run.
pub const MOST: usize = 500;

/// How one inspection stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrackedFindings {
    /// What is wrong, by the key of the finding.
    pub findings: BTreeMap<String, TrackedFinding>,
    /// How its runs went.
    pub runs: Runs,
    /// How much the last run saw that came to its end.
    pub sight: Option<Coverage>,
}

/// What changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Found now alone.
    pub new: Vec<TrackedFinding>,
    /// Found again, as it is now.
    pub still: Vec<TrackedFinding>,
    /// Not found any more.
    pub gone: Vec<TrackedFinding>,
    /// Not looked for this time, because what shows it gave no answer: it stays as it was.
    pub unseen: Vec<TrackedFinding>,
}

impl TrackedFindings {
    /// Takes in an event of this inspection.
    pub fn apply(&mut self, event: &InspectionEvent) {
        self.runs.apply(event);
        if let JobEvent::Ended { run, end, .. } = event {
            self.sight = Some(sight(&end.parts));
            end.gone.iter().for_each(|key| _ = self.findings.remove(key));
            for finding in &end.new {
                self.findings.insert(finding.key(), TrackedFinding { since: *run, finding: finding.clone() });
            }
        }
    }

    /// The servers whose clusters have findings.
    pub fn servers(&self) -> BTreeSet<&str> {
        self.findings.values().map(|known| known.finding.server.as_str()).collect()
    }

    /// Whom the findings that stand are about.
    pub fn known(&self) -> InspectedKinds {
        InspectedKinds::of(self.findings.values().map(|known| &known.finding))
    }

    /// What a run changed that found these.
    pub fn changes(&self, run: Timestamp, found: Vec<Finding>, parts: &[KindResult]) -> Changes {
        let mut changes = Changes::default();
        let mut now: BTreeMap<String, Finding> = BTreeMap::new();
        for finding in found {
            now.entry(finding.key()).or_insert(finding);
        }
        for (key, known) in &self.findings {
            if now.contains_key(key) {
                continue;
            }
            let blind = is_unseen(&known.finding, parts);
            let to = if blind { &mut changes.unseen } else { &mut changes.gone };
            to.push(known.clone());
        }
        let unseen = InspectedKinds::of(changes.unseen.iter().map(|one| &one.finding));
        for (key, finding) in now {
            match self.findings.get(&key) {
                Some(known) => changes.still.push(TrackedFinding { since: known.since, finding }),
                None if unseen.says_more_than(&finding) => {}
                None => changes.new.push(TrackedFinding { since: run, finding }),
            }
        }
        for list in [&mut changes.new, &mut changes.still, &mut changes.gone, &mut changes.unseen] {
            list.sort_by(|a, b| order(&a.finding).cmp(&order(&b.finding)));
        }
        changes
    }
}

/// The worst first, then by place.
pub fn order(finding: &Finding) -> (std::cmp::Reverse<crate::domain::Severity>, &str, &str, &str) {
    (std::cmp::Reverse(finding.severity), &finding.namespace, &finding.kind, &finding.name)
}

/// Whether what shows such a finding could not be seen.
fn is_unseen(finding: &Finding, parts: &[KindResult]) -> bool {
    let warned = matches!(finding.what, Problem::Warnings { .. });
    let kind = if warned { "event" } else { finding.kind.as_str() };
    let own: Vec<&KindResult> = parts.iter().filter(|part| part.server == finding.server).collect();
    if own.is_empty() {
        // Its server was down, or is gone: nobody has looked.
        return true;
    }
    match own.iter().find(|part| part.kind == kind) {
        Some(part) => part.blind.includes(&finding.namespace),
        // What is in no list of its own was found by way of something that is.
        None => own.iter().any(|part| !part.blind.is_nowhere()),
    }
}

/// Whom findings are about.
#[derive(Debug, Default)]
pub struct InspectedKinds {
    /// Each about itself.
    own: HashSet<FindingScope>,
    /// What causes name besides.
    named: HashSet<FindingScope>,
}

impl InspectedKinds {
    fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut known = Self::default();
        for finding in findings {
            known.own.insert(finding.place());
            if let Problem::Cause(named) = &finding.what {
                let objects = named.objects.iter().filter_map(|object| AffectedObject::read(object));
                known.named.extend(objects.map(|object| FindingScope::of(&finding.server, &object)));
            }
        }
        known
    }

    /// Whether one of them is about the same as this finding.
    pub fn has(&self, finding: &Finding) -> bool {
        self.own.contains(&finding.place()) || self.says_more_than(finding)
    }

    /// Whether this finding says no more than that something is wrong with what one of them is about.
    fn says_more_than(&self, finding: &Finding) -> bool {
        let vague = matches!(finding.what, Problem::PodNotReady { .. } | Problem::ReplicasMissing { .. });
        let place = finding.place();
        vague && (self.own.contains(&place) || self.named.contains(&place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inspection::InspectionResult;
    use crate::domain::{Cause, NamedCause, Severity};

    fn finding(name: &str) -> Finding {
        Finding {
            server: "k".into(),
            kind: "pod".into(),
            namespace: "shop".into(),
            name: name.into(),
            owner: name.into(),
            more: 0,
            severity: Severity::Error,
            what: Problem::PodNotReady { status: "Pending".into() },
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn run(standings: &mut TrackedFindings, second: i64, found: &[&str], problems: &[&str]) -> [Vec<String>; 4] {
        let parts = [part("k", "pod", problems)];
        let found = found.iter().map(|name| finding(name)).collect();
        let changes = standings.changes(at(second), found, &parts);
        let end = InspectionResult {
            took_ms: 0,
            new: changes.new.iter().map(|one| one.finding.clone()).collect(),
            gone: changes.gone.iter().map(|one| one.finding.key()).collect(),
            still: 0,
            parts: parts.to_vec(),
            summary: None,
        };
        standings.apply(&JobEvent::Ended { job: "daily".into(), run: at(second), end });
        let shown = |list: &[TrackedFinding]| {
            list.iter().map(|one| format!("{} {}", one.finding.name, one.since.as_second())).collect()
        };
        [shown(&changes.new), shown(&changes.still), shown(&changes.gone), shown(&changes.unseen)]
    }

    #[test]
    fn what_is_new_gone_and_still_there() {
        let mut standings = TrackedFindings::default();
        let none = Vec::<String>::new;
        let some = |text: &str| vec![text.to_string()];
        let first = run(&mut standings, 1, &["a", "b"], &[]);
        assert_eq!(first, [vec!["a 1".to_string(), "b 1".into()], none(), none(), none()]);
        assert_eq!(run(&mut standings, 2, &["b", "c"], &[]), [some("c 2"), some("b 1"), some("a 1"), none()]);
        // What could not be seen is neither gone nor new when it is seen again.
        assert_eq!(run(&mut standings, 3, &["b"], &["no answer"]), [none(), some("b 1"), none(), some("c 2")]);
        let again = run(&mut standings, 4, &["b", "c"], &[]);
        assert_eq!(again, [none(), vec!["b 1".to_string(), "c 2".into()], none(), none()]);
    }

    fn known(findings: Vec<Finding>) -> TrackedFindings {
        let mut standings = TrackedFindings::default();
        for finding in findings {
            standings.findings.insert(finding.key(), TrackedFinding { since: at(1), finding });
        }
        standings
    }

    fn part(server: &str, kind: &str, problems: &[&str]) -> KindResult {
        let mut part = KindResult::of(server, kind);
        problems.iter().for_each(|one| part.note_blind_spot(*one));
        part
    }

    fn cause(kind: &str, name: &str, objects: &[&str]) -> Finding {
        let mut named = NamedCause::new(Cause::CrashLoop, objects[0], 90);
        named.objects = objects.iter().map(|one| (*one).to_string()).collect();
        Finding { kind: kind.into(), what: Problem::Cause(named), ..finding(name) }
    }

    #[test]
    fn what_nobody_looked_at_is_not_gone() {
        let config = || cause("configmap", "settings", &["configmap shop/settings"]);
        for (of, parts, unseen) in [
            (finding("a"), vec![], true),
            (finding("a"), vec![part("other", "pod", &[])], true),
            (finding("a"), vec![part("k", "pod", &[])], false),
            (finding("a"), vec![part("k", "pod", &["no answer"])], true),
            (finding("a"), vec![part("k", "pod", &[]), part("k", "node", &["no answer"])], false),
            // What no list shows is seen by way of others.
            (config(), vec![part("k", "pod", &["no answer"])], true),
            (config(), vec![part("k", "pod", &[]), part("other", "pod", &["no answer"])], false),
        ] {
            let changes = known(vec![of.clone()]).changes(at(2), Vec::new(), &parts);
            assert_eq!((changes.unseen.len() == 1, changes.gone.len() == 1), (unseen, !unseen), "{of:?} {parts:?}");
        }
    }

    #[test]
    fn one_namespace_that_cannot_be_seen_hides_no_other() {
        let mut parts = [KindResult::of("k", "pod")];
        parts[0].note_blind_spot_in("bank", "bank: forbidden");
        let of = |namespace: &str| Finding { namespace: namespace.into(), ..finding("a") };
        let changes = known(vec![of("shop"), of("bank")]).changes(at(2), Vec::new(), &parts);
        let places = |list: &[TrackedFinding]| list.iter().map(|one| one.finding.namespace.clone()).collect::<Vec<_>>();
        assert_eq!((places(&changes.gone), places(&changes.unseen)), (vec!["shop".to_string()], vec!["bank".into()]));
    }

    #[test]
    fn less_said_of_what_could_not_be_looked_at_closely_is_not_new() {
        let blind = [part("k", "pod", &["pod shop/a: no answer"])];
        for (before, new) in [
            (cause("pod", "a", &["pod shop/a"]), 0),
            (cause("configmap", "settings", &["configmap shop/settings", "pod shop/a"]), 0),
            (cause("pod", "b", &["pod shop/b"]), 1),
        ] {
            let changes = known(vec![before]).changes(at(2), vec![finding("a")], &blind);
            assert_eq!((changes.new.len(), changes.unseen.len(), changes.gone.len()), (new, 1, 0));
        }
        let before = known(vec![cause("pod", "a", &["pod shop/a"])]);
        let changes = before.changes(at(2), vec![finding("a")], &[part("k", "pod", &[])]);
        assert_eq!((changes.new.len(), changes.gone.len()), (1, 1), "seen, it is what it is now");
    }

    #[test]
    fn an_interrupted_run_leaves_the_findings_as_they_were() {
        let mut standings = TrackedFindings::default();
        run(&mut standings, 1, &["a"], &[]);
        let job = || "daily".to_string();
        standings.apply(&JobEvent::Began { job: job(), run: at(2), planned: Some(at(2)), person: None });
        assert_eq!((standings.runs.under_way, standings.runs.settled), (Some(at(2)), Some(at(2))));
        standings.apply(&JobEvent::Failed { job: job(), run: at(2), why: "broken off".into() });
        let Runs { under_way, ended, last, failed, .. } = standings.runs.clone();
        assert_eq!((under_way, ended, last, failed), (None, Some(at(1)), Some(at(2)), Some("broken off".into())));
        assert_eq!(standings.findings.len(), 1);
    }
}
