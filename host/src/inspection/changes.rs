//! What is new, gone and still there since the run before, and what the journal says of it all.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::inspection::{Finding, InspectionEvent, Part, Standing};

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
                self.planned = self.planned.max(*planned);
            }
            InspectionEvent::Ended { run, new, gone, .. } => {
                self.under_way = None;
                self.ended = Some(*run);
                gone.iter().for_each(|key| _ = self.findings.remove(key));
                for finding in new {
                    self.findings.insert(finding.key(), Standing { since: *run, finding: finding.clone() });
                }
            }
            InspectionEvent::Interrupted { .. } => self.under_way = None,
            InspectionEvent::Skipped { last, .. } => self.planned = self.planned.max(Some(*last)),
        }
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
        for (key, finding) in now {
            match self.findings.get(&key) {
                Some(known) => changes.still.push(Standing { since: known.since, finding }),
                None => changes.new.push(Standing { since: run, finding }),
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
fn is_unseen(finding: &Finding, parts: &[Part]) -> bool {
    let warned = matches!(finding.what, crate::domain::inspection::What::Warnings { .. });
    let kind = if warned { "event" } else { finding.kind.as_str() };
    let part = parts.iter().find(|part| part.server == finding.server && part.kind == kind);
    // Of what is not inspected any more nobody says that it is well.
    part.is_some_and(|part| !part.problems.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Severity;
    use crate::domain::inspection::What;

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
        let problems = problems.iter().map(|one| (*one).to_string()).collect();
        let parts = [Part { server: "k".into(), kind: "pod".into(), problems, ..Part::default() }];
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
