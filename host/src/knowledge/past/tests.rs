//! Closed incidents, indexed from a journal and asked.

use serde_json::json;

use super::*;
use crate::domain::control;
use crate::domain::entry::{Entry, IncidentCommand};
use crate::domain::{Action, ActionId, Alert, Call, Decision, Mode, Origin, Proposal, Risk, Target, Verdict};
use crate::journal::Memory;

fn at(minutes: i64) -> Timestamp {
    "2026-07-06T12:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(minutes)
}

fn alert(name: &str, pod: &str, summary: &str) -> Alert {
    serde_json::from_value(json!({
        "source": "alertmanager", "name": name, "status": "firing", "severity": "warning", "fingerprint": pod,
        "labels": {"namespace": "shop", "pod": pod}, "annotations": {"summary": summary},
    }))
    .unwrap()
}

struct Told<'a> {
    name: &'a str,
    group: &'a str,
    summary: &'a str,
    outcome: Outcome,
    opened: i64,
    closed: Option<i64>,
}

impl Told<'_> {
    fn id(&self) -> String {
        IncidentId::new(at(self.opened), 7).0.to_string()
    }

    fn facts(&self) -> Vec<(i64, Fact)> {
        let alerts = vec![alert(self.name, "web-1", self.summary)];
        let decision = Decision {
            verdict: Verdict::Escalate,
            rule: None,
            reason: "r".into(),
            mode: Mode::Enforce,
            evidence: Vec::new(),
            faults: Vec::new(),
            policies: "p".into(),
        };
        let mut facts = vec![
            (self.opened, Fact::Opened { group_key: self.group.into(), source: "alertmanager".into(), alerts }),
            (self.opened, Fact::Decided { decision: decision.into() }),
        ];
        if self.outcome == Outcome::Fixed {
            let call = Call { tool: "k.rollout_undo".into(), arguments: serde_json::Map::new() };
            let proposal = Proposal {
                call,
                target: "deployment shop/web".into(),
                reason: String::new(),
                evidence: Vec::new(),
                root_cause: "a bad image tag".into(),
                verify: None,
                undo: None,
            };
            let action = Action::new(ActionId("a1".into()), proposal, Origin::Model, Risk::Low, Target::default());
            let action_id = ActionId("a1".into());
            facts.push((self.opened, Fact::Proposed { action: Box::new(action) }));
            let attempt = "t".to_string();
            facts.push((
                self.opened,
                Fact::Result { action: action_id.clone(), attempt, ok: true, text: String::new(), took_ms: 1 },
            ));
            facts.push((self.opened, Fact::Verified { action: action_id, ok: true, reason: String::new() }));
        }
        let end = self.closed.unwrap_or(self.opened);
        facts.push((end, Fact::Concluded { outcome: self.outcome, reason: "r".into() }));
        facts.extend(self.closed.map(|at| (at, Fact::Closed { reason: "all alerts resolved".into() })));
        facts
    }
}

fn append(journal: &Memory, told: &Told<'_>) {
    let id = told.id();
    let seal = |(n, (minute, fact)): (u64, (i64, Fact))| Sealed::new(&id, n, &Entry { at: at(minute), fact }).unwrap();
    let sealed = (1..).zip(told.facts()).map(seal).collect();
    futures::executor::block_on(journal.append(sealed)).unwrap();
}

fn incident(told: &Told<'_>) -> Incident {
    let mut facts = told.facts().into_iter().map(|(minute, fact)| Entry { at: at(minute), fact });
    let mut incident = Incident::open(IncidentId(told.id().into()), &facts.next().unwrap()).unwrap();
    facts.for_each(|entry| incident.apply(&entry));
    incident
}

fn follow(past: &Past, journal: &Memory) {
    while past.follow(journal).unwrap() == CatchUp::More {}
}

fn told(name: &'static str, group: &'static str, opened: i64) -> Told<'static> {
    Told {
        name,
        group,
        summary: "容器反复重启 of the pod",
        outcome: Outcome::NeedsPerson,
        opened,
        closed: Some(opened + 5),
    }
}

fn shown(answer: &PastMatches) -> Vec<(Similarity, Recurrence)> {
    answer.incidents.iter().map(|past| (past.likeness, past.held)).collect()
}

#[test]
fn what_is_most_alike_comes_first_with_what_helped_and_whether_it_held() {
    let journal = Memory::new();
    let past = Past::open(None).unwrap();
    append(&journal, &Told { outcome: Outcome::Fixed, ..told("KubePodCrashLooping", "workload shop/web", 0) });
    append(&journal, &told("KubePodCrashLooping", "workload shop/web", 100));
    append(&journal, &told("KubePodCrashLooping", "workload shop/api", 3000));
    append(&journal, &told("KubePodNotReady", "workload shop/web", 3001));
    append(&journal, &told("Watchdog", "other", 3002));
    append(&journal, &Told { closed: None, ..told("KubePodCrashLooping", "workload shop/web", 3003) });
    follow(&past, &journal);
    let now = Told { closed: None, ..told("KubePodCrashLooping", "workload shop/web", 5000) };
    let now = incident(&now);
    let answer = past.similar(&now, &Question::of(&now), at(5001)).unwrap();
    assert!(!answer.late);
    assert_eq!(
        shown(&answer),
        [
            (Similarity::Same, Recurrence::CameBack { after_seconds: 95 * 60 }),
            (Similarity::Same, Recurrence::Stayed),
            (Similarity::SameGroup, Recurrence::Stayed),
            (Similarity::SameAlert, Recurrence::Stayed),
        ]
    );
    let fixed = &answer.incidents[0];
    assert_eq!((fixed.outcome, fixed.cause.as_str()), (Outcome::Fixed, "a bad image tag"));
    assert_eq!((fixed.repairs[0].tool.as_str(), fixed.repairs[0].helped), ("k.rollout_undo", true));
    // What is asked about is itself what came back.
    let soon = incident(&Told { closed: None, ..told("KubePodCrashLooping", "workload shop/api", 3010) });
    let answer = past.similar(&soon, &Question::of(&soon), at(3011)).unwrap();
    assert_eq!(shown(&answer)[0], (Similarity::Same, Recurrence::CameBack { after_seconds: 300 }));
}

#[test]
fn an_incident_is_not_like_itself_and_words_are_the_last_resort() {
    let journal = Memory::new();
    let past = Past::open(None).unwrap();
    let one = told("KubePodCrashLooping", "workload shop/web", 0);
    append(&journal, &one);
    follow(&past, &journal);
    let same = incident(&one);
    assert!(past.similar(&same, &Question::of(&same), at(10)).unwrap().incidents.is_empty());
    let other = incident(&Told { closed: None, ..told("Pod crash looping", "elsewhere", 9) });
    let answer = past.similar(&other, &Question::of(&other), at(10)).unwrap();
    assert_eq!(shown(&answer), [(Similarity::Words, Recurrence::SoFar)]);
}

#[test]
fn incidents_are_searched_in_english_and_chinese_newest_first() {
    let journal = Memory::new();
    let past = Past::open(None).unwrap();
    for n in 0..3 {
        append(&journal, &told("KubePodCrashLooping", "workload shop/web", n));
    }
    append(&journal, &Told { summary: "disk full", ..told("NodeDiskFull", "node n1", 9) });
    follow(&past, &journal);
    let search = |text: &str| -> Vec<i64> {
        let found = past.search(text, 2, at(99)).unwrap().incidents.into_iter();
        found.map(|past| (past.opened_at.as_second() - at(0).as_second()) / 60).collect()
    };
    for text in ["重启", "容器反复重启", "crash loop", "KubePodCrashLooping", "shop crashes", "crash 容器"] {
        assert_eq!(search(text), [2, 1], "{text}");
    }
    assert_eq!(search("disks"), [9]);
    assert_eq!(search("crash disk"), Vec::<i64>::new());
    for text in ["", "\"", "a OR", "*", "-", "\0"] {
        past.search(text, 5, at(99)).unwrap();
    }
}

#[test]
fn what_retention_removes_goes_here_too() {
    let journal = Memory::new();
    let past = Past::open(None).unwrap();
    append(&journal, &Told { outcome: Outcome::Resolved, ..told("A1", "g1", 0) });
    append(&journal, &told("A1", "g1", 1));
    append(&journal, &Told { outcome: Outcome::Resolved, ..told("A1", "g1", 5000) });
    let removed = Removed {
        rule: "keep".into(),
        outcomes: vec![Outcome::Resolved],
        before: at(4000),
        incidents: 1,
        entries: 1,
        first: 1,
        last: 1,
        gaps: String::new(),
    };
    let entry = Entry { at: at(6000), fact: Control::Removed(removed) };
    futures::executor::block_on(journal.append(vec![Sealed::new(control::STREAM, 1, &entry).unwrap()])).unwrap();
    follow(&past, &journal);
    let left = past.search("a1", 9, at(6000)).unwrap().incidents;
    assert_eq!(left.iter().map(|past| past.opened_at).collect::<Vec<_>>(), [at(5000), at(1)]);
    let keys: i64 = past
        .index
        .read(Duration::MAX, |file| file.query_row("SELECT count(DISTINCT n) FROM keys", [], |row| row.get(0)))
        .unwrap();
    assert_eq!(keys, 2);
}

#[test]
fn an_index_of_another_journal_is_emptied_and_one_that_is_behind_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("incidents.db");
    let journal = Memory::new();
    append(&journal, &told("Alpha", "g", 0));
    let past = Past::open(Some(path.clone())).unwrap();
    follow(&past, &journal);
    let behind = past.applied().unwrap();
    append(&journal, &told("Beta", "g", 1));
    let again = Past::open(Some(path)).unwrap();
    assert_eq!(again.applied().unwrap(), behind);
    follow(&again, &journal);
    let found = |past: &Past, text: &str| past.search(text, 9, at(9)).unwrap().incidents.len();
    assert_eq!((found(&again, "alpha"), found(&again, "beta")), (1, 1));
    let other = Memory::new();
    append(&other, &told("Gamma", "g", 2));
    follow(&again, &other);
    assert_eq!(["alpha", "beta", "gamma"].map(|text| found(&again, text)), [0, 0, 1]);
}

#[test]
fn what_somebody_had_decided_anew_did_not_come_back() {
    for (says, is_kept) in [(IncidentCommand::Rerun, false), (IncidentCommand::Close, true)] {
        let mut ended = incident(&Told { closed: None, ..told("KubePodCrashLooping", "g", 0) });
        let said = Fact::Said { person: crate::domain::Person::typed("ann"), says, comment: String::new() };
        for fact in [said, Fact::Closed { reason: "ann".into() }] {
            ended.apply(&Entry { at: at(1), fact });
        }
        assert_eq!(super::Summary::of(&ended).is_some(), is_kept, "{says:?}");
    }
}
