//! What is new, gone and still there since the run before, and what the journal says of it all.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::domain::inspection::{Finding, InspectionEvent, Part, Place, Sight, Standing, What, sight};
use crate::domain::subject::Object;

/// Findings of one run.
pub const MOST: usize = 500;

/// How one inspection stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standings {
    /// What is wrong, by the key of the finding.
    pub findings: BTreeMap<String, Standing>,
    /// When the last run ended that came to its end, by its beginning.
    pub ended: Option<Timestamp>,
    /// The run that began and has not ended.
    pub under_way: Option<Timestamp>,
    /// How much the last run saw that came to its end.
    pub sight: Option<Sight>,
    /// The last moment of the schedule that was done, skipped or begun.
    pub planned: Option<Timestamp>,
}

/// What changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Found now alone.
    pub new: Vec<Standing>,
    /// Found again, as it is now.
    pub still: Vec<Standing>,
    /// Not found any more.
    pub gone: Vec<Standing>,
    /// Not looked for this time, because what shows it gave no answer: it stays as it was.
    pub unseen: Vec<Standing>,
}

impl Standings {
    /// Takes in an event of this inspection.
    pub fn apply(&mut self, event: &InspectionEvent) {
        match event {
            InspectionEvent::Began { run, planned, .. } => {
                self.under_way = Some(*run);
                self.planned = planned.or(self.planned);
            }
            InspectionEvent::Ended { run, new, gone, parts, .. } => {
                self.under_way = None;
                self.sight = Some(sight(parts));
                self.ended = Some(*run);
                gone.iter().for_each(|key| _ = self.findings.remove(key));
                for finding in new {
                    self.findings.insert(finding.key(), Standing { since: *run, finding: finding.clone() });
                }
            }
            InspectionEvent::Interrupted { .. } => self.under_way = None,
            InspectionEvent::Skipped { last, .. } => self.planned = Some(*last),
        }
    }

    /// The servers whose clusters have findings.
    pub fn servers(&self) -> BTreeSet<&str> {
        self.findings.values().map(|known| known.finding.server.as_str()).collect()
    }

    /// The moment of the schedule up to which all is settled. One further ahead than a day is of a clock that was wrong.
    pub fn settled_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.planned.filter(|planned| !is_far_ahead(*planned, now))
    }

    /// Whom the findings that stand are about.
    pub fn known(&self) -> Known {
        Known::of(self.findings.values().map(|known| &known.finding))
    }

    /// What a run changed that found these.
    pub fn changes(&self, run: Timestamp, found: Vec<Finding>, parts: &[Part]) -> Changes {
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
        let unseen = Known::of(changes.unseen.iter().map(|one| &one.finding));
        for (key, finding) in now {
            match self.findings.get(&key) {
                Some(known) => changes.still.push(Standing { since: known.since, finding }),
                None if unseen.says_more_than(&finding) => {}
                None => changes.new.push(Standing { since: run, finding }),
            }
        }
        for list in [&mut changes.new, &mut changes.still, &mut changes.gone, &mut changes.unseen] {
            list.sort_by(|a, b| order(&a.finding).cmp(&order(&b.finding)));
        }
        changes
    }
}

/// Whether a moment is so far ahead that only a wrong clock can have named it.
pub fn is_far_ahead(moment: Timestamp, now: Timestamp) -> bool {
    moment.duration_since(now) > SignedDuration::from_hours(24)
}

/// The worst first, then by place.
pub fn order(finding: &Finding) -> (std::cmp::Reverse<crate::domain::Severity>, &str, &str, &str) {
    (std::cmp::Reverse(finding.severity), &finding.namespace, &finding.kind, &finding.name)
}

/// Whether what shows such a finding could not be seen.
fn is_unseen(finding: &Finding, parts: &[Part]) -> bool {
    let warned = matches!(finding.what, What::Warnings { .. });
    let kind = if warned { "event" } else { finding.kind.as_str() };
    let own: Vec<&Part> = parts.iter().filter(|part| part.server == finding.server).collect();
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
pub struct Known {
    /// Each about itself.
    own: HashSet<Place>,
    /// What causes name besides.
    named: HashSet<Place>,
}

impl Known {
    fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut known = Self::default();
        for finding in findings {
            known.own.insert(finding.place());
            if let What::Cause(named) = &finding.what {
                let objects = named.objects.iter().filter_map(|object| Object::read(object));
                known.named.extend(objects.map(|object| Place::of(&finding.server, &object)));
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
        let vague = matches!(finding.what, What::PodNotReady { .. } | What::ReplicasMissing { .. });
        let place = finding.place();
        vague && (self.own.contains(&place) || self.named.contains(&place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            what: What::PodNotReady { status: "Pending".into() },
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn run(standings: &mut Standings, second: i64, found: &[&str], problems: &[&str]) -> [Vec<String>; 4] {
        let parts = [part("k", "pod", problems)];
        let found = found.iter().map(|name| finding(name)).collect();
        let changes = standings.changes(at(second), found, &parts);
        standings.apply(&InspectionEvent::Ended {
            inspection: "daily".into(),
            run: at(second),
            took_ms: 0,
            new: changes.new.iter().map(|one| one.finding.clone()).collect(),
            gone: changes.gone.iter().map(|one| one.finding.key()).collect(),
            still: 0,
            parts: parts.to_vec(),
            summary: None,
        });
        let shown = |list: &[Standing]| {
            list.iter().map(|one| format!("{} {}", one.finding.name, one.since.as_second())).collect()
        };
        [shown(&changes.new), shown(&changes.still), shown(&changes.gone), shown(&changes.unseen)]
    }

    #[test]
    fn what_is_new_gone_and_still_there() {
        let mut standings = Standings::default();
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

    fn known(findings: Vec<Finding>) -> Standings {
        let mut standings = Standings::default();
        for finding in findings {
            standings.findings.insert(finding.key(), Standing { since: at(1), finding });
        }
        standings
    }

    fn part(server: &str, kind: &str, problems: &[&str]) -> Part {
        let mut part = Part::of(server, kind);
        problems.iter().for_each(|one| part.note_blind(*one));
        part
    }

    fn cause(kind: &str, name: &str, objects: &[&str]) -> Finding {
        let mut named = NamedCause::new(Cause::CrashLoop, objects[0], 90);
        named.objects = objects.iter().map(|one| (*one).to_string()).collect();
        Finding { kind: kind.into(), what: What::Cause(named), ..finding(name) }
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
        let mut parts = [Part::of("k", "pod")];
        parts[0].note_blind_in("bank", "bank: forbidden");
        let of = |namespace: &str| Finding { namespace: namespace.into(), ..finding("a") };
        let changes = known(vec![of("shop"), of("bank")]).changes(at(2), Vec::new(), &parts);
        let places = |list: &[Standing]| list.iter().map(|one| one.finding.namespace.clone()).collect::<Vec<_>>();
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
    fn a_clock_that_was_ahead_settles_nothing() {
        let day = 86_400;
        let began = |planned: Option<i64>| InspectionEvent::Began {
            inspection: "daily".into(),
            run: at(1),
            planned: planned.map(at),
            person: None,
        };
        let mut standings = Standings::default();
        standings.apply(&began(Some(900 * day)));
        assert_eq!(standings.settled_until(at(10 * day)), None);
        standings.apply(&began(None));
        assert_eq!(standings.planned, Some(at(900 * day)));
        standings.apply(&began(Some(10 * day)));
        assert_eq!(standings.settled_until(at(10 * day)), Some(at(10 * day)), "what is written later holds");
        assert_eq!(
            standings.settled_until(at(10 * day - 60)),
            Some(at(10 * day)),
            "a little back brings nothing twice"
        );
    }

    #[test]
    fn an_interrupted_run_leaves_the_findings_as_they_were() {
        let mut standings = Standings::default();
        run(&mut standings, 1, &["a"], &[]);
        let inspection = || "daily".to_string();
        let began = InspectionEvent::Began { inspection: inspection(), run: at(2), planned: Some(at(2)), person: None };
        standings.apply(&began);
        assert_eq!((standings.under_way, standings.planned), (Some(at(2)), Some(at(2))));
        standings.apply(&InspectionEvent::Interrupted { inspection: inspection(), run: at(2), why: String::new() });
        assert_eq!((standings.under_way, standings.ended, standings.findings.len()), (None, Some(at(1)), 1));
    }
}
