//! Drafts compile, pass their tests, and stay data whatever the alerts say.

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::write::proven;
use super::{Draft, find, write};
use crate::domain::{
    Action, ActionId, Alert, Call, Catalogue, Cause, Entry, Fact, Labels, NamedCause, Origin, Outcome, Person,
    Proposal, Risk, Sealed, Severity, Status,
};
use crate::journal::Memory;
use crate::ports::Journal;

fn start() -> Timestamp {
    "2026-07-06T08:00:00Z".parse().unwrap()
}

struct Past {
    name: String,
    labels: Vec<(String, String)>,
    arguments: Value,
    origin: Origin,
    verified: bool,
    finding: Option<Cause>,
}

fn past(name: &str, labels: &[(&str, &str)], arguments: Value) -> Past {
    let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    Past { name: name.into(), labels, arguments, origin: Origin::Model, verified: true, finding: None }
}

fn named(cause: Cause) -> NamedCause {
    NamedCause::new(cause, "pod shop/web-1", 90)
}

/// A journal of incidents that one action ended.
fn journal(all: &[Past]) -> Memory {
    let journal = Memory::new();
    for (n, past) in all.iter().enumerate() {
        let id = format!("i{n}");
        let at = start() + SignedDuration::from_hours(n as i64);
        let labels: Labels = past.labels.iter().cloned().collect();
        let alert = Alert {
            source: "alertmanager".into(),
            name: past.name.clone(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels,
            annotations: Labels::new(),
            starts_at: None,
            ends_at: None,
            fingerprint: id.clone(),
            link: None,
        };
        let Value::Object(arguments) = past.arguments.clone() else { panic!("an object is needed") };
        let call = Call { tool: "k.pods_delete".into(), arguments };
        let proposal = Proposal::of(call.clone());
        let touches = Catalogue::default().touches(&call);
        let name = ActionId("a1".into());
        let action = Box::new(Action::new(name.clone(), proposal, past.origin.clone(), Risk::Low, touches));
        let attempt = format!("{id}-a1-1");
        let facts = vec![
            Fact::Opened { group_key: id.clone(), source: "alertmanager".into(), alerts: vec![alert] },
            Fact::Collected { causes: Some(past.finding.into_iter().map(named).collect()), incomplete: None },
            Fact::Proposed { action },
            Fact::Intent {
                action: name.clone(),
                attempt: attempt.clone(),
                spends: Vec::new(),
                counts: Default::default(),
            },
            Fact::Result { action: name.clone(), attempt, ok: true, text: String::new(), took_ms: 1 },
            Fact::Verified { action: name, ok: past.verified, reason: "seen".into() },
            Fact::Concluded {
                outcome: if past.verified { Outcome::Fixed } else { Outcome::NeedsPerson },
                reason: "so".into(),
            },
        ];
        let sealed = (1..).zip(facts).map(|(n, fact)| Sealed::new(&id, n, &Entry { at, fact }).unwrap()).collect();
        journal.append(sealed).now_or_never().unwrap().unwrap();
    }
    journal
}

fn drafts(all: &[Past]) -> Vec<Draft> {
    find(&journal(all), Timestamp::MIN, 3, &|_| {}).unwrap()
}

fn pods() -> Vec<Past> {
    let pod = |namespace: &str, pod: &str| {
        let labels = [("alertname", "PodStuck"), ("namespace", namespace), ("pod", pod), ("team", "x")];
        past("PodStuck", &labels, json!({"namespace": namespace, "name": pod, "force": true, "grace": 5}))
    };
    vec![pod("shop", "web-1"), pod("shop", "web-2"), pod("shop", "api-7"), pod("shop", "web-1")]
}

#[test]
fn the_same_way_becomes_a_rule_that_is_no_wider_than_its_evidence() {
    let drafts = drafts(&pods());
    let [draft] = drafts.as_slice() else { panic!("{drafts:?}") };
    proven(draft).unwrap();
    assert_eq!((draft.evidence.len(), draft.tools.as_slice()), (4, &["k.pods_delete".to_string()][..]));
    for part in [
        r#"mode: "observe""#,
        r#"name: "PodStuck""#,
        r#""label.namespace": "shop""#,
        r#""label.pod": exists()"#,
        r#""name": i.labels.pod"#,
        r#""namespace": i.labels.namespace"#,
        r#""force": true"#,
        r#""grace": 5"#,
        "//   i0  2026-07-06T08:00:00Z  fixed, verified",
    ] {
        assert!(draft.rule.contains(part), "{part} is missing in\n{}", draft.rule);
    }
    assert!(!draft.rule.contains("web-1") && !draft.rule.contains("team"), "{}", draft.rule);
}

#[test]
fn what_was_found_each_time_is_demanded_beside_the_alert() {
    let mut all = pods();
    all.iter_mut().for_each(|past| past.finding = Some(Cause::OutOfMemory));
    let [draft] = &drafts(&all)[..] else { panic!() };
    proven(draft).unwrap();
    assert!(draft.rule.contains(r#"name: "PodStuck""#) && draft.rule.contains(r#"finding: "out-of-memory""#));
    assert!(draft.test.contains("causes = []"), "without the finding it says nothing:\n{}", draft.test);
    all[3].finding = Some(Cause::CrashLoop);
    let [draft] = &drafts(&all)[..] else { panic!() };
    proven(draft).unwrap();
    assert!(!draft.rule.contains("finding:"), "it was not the same each time:\n{}", draft.rule);
}

#[test]
fn one_finding_behind_several_alerts_is_one_draft_that_goes_by_it() {
    let mut all = pods();
    all.extend(pods());
    all.iter_mut().for_each(|past| past.finding = Some(Cause::OutOfMemory));
    // Twice under another name, which is too seldom for a draft of its own.
    all.iter_mut().take(2).for_each(|past| past.name = "PodRestarts".into());
    let found = drafts(&all);
    let [draft] = found.as_slice() else { panic!("{found:?}") };
    proven(draft).unwrap();
    assert_eq!((draft.finding, draft.evidence.len()), (Some(Cause::OutOfMemory), 8));
    assert!(draft.rule.contains(r#"name: ["PodRestarts", "PodStuck"]"#), "{}", draft.rule);
    let name = draft.name.clone();
    assert!(name.starts_with("suggested-out-of-memory-"), "{name}");
    all[2].name = "PodOom".into();
    assert_eq!(drafts(&all)[0].name, name, "another alert more makes it no other draft");
    let mut none = all;
    none.iter_mut().for_each(|past| past.finding = None);
    assert!(drafts(&none).iter().all(|draft| draft.finding.is_none()), "what nobody found goes by its alert");
}

#[test]
fn only_what_was_verified_and_judged_counts() {
    let mut failed = pods();
    failed[0].verified = false;
    failed[1].verified = false;
    assert_eq!(drafts(&failed), []);
    let mut by_rule = pods();
    by_rule.iter_mut().take(2).for_each(|past| past.origin = Origin::Policy { rule: "r".into() });
    assert_eq!(drafts(&by_rule), []);
    let mut by_person = pods();
    by_person.iter_mut().for_each(|past| past.origin = Origin::Person { person: Person::typed("ann\n\"; deny") });
    let drafts = drafts(&by_person);
    proven(&drafts[0]).unwrap();
    assert!(drafts[0].rule.contains(r#"person ann\n\"; deny"#), "{}", drafts[0].rule);
}

#[test]
fn what_nothing_explains_is_not_suggested() {
    let mut all = pods();
    for (n, past) in all.iter_mut().enumerate() {
        past.arguments = json!({"name": format!("other-{n}")});
    }
    assert_eq!(drafts(&all), []);
}

#[test]
fn nothing_is_overwritten_and_the_live_folder_stays_alone() {
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("policies");
    std::fs::create_dir(&live).unwrap();
    let out = folder.path().join("drafts");
    assert!(write(drafts(&pods()), &live, &live).unwrap_err().contains("are in force"));
    assert!(write(drafts(&pods()), &live.join("lib/x"), &live).unwrap_err().contains("are in force"));
    assert!(write(drafts(&pods()), &out.join("../policies"), &live).unwrap_err().contains("are in force"));
    let written = write(drafts(&pods()), &out, &live).unwrap();
    assert_eq!((written[0].files.len(), &written[0].refused), (2, &None));
    std::fs::write(&written[0].files[0], "mine").unwrap();
    let again = write(drafts(&pods()), &out, &live).unwrap();
    assert!(again[0].refused.as_ref().is_some_and(|why| why.contains("exists already")), "{again:?}");
    assert_eq!(std::fs::read_to_string(&written[0].files[0]).unwrap(), "mine");
}

const HOSTILE: [&str; 14] = [
    "\"",
    "\\",
    "\\\"",
    "${i.labels}",
    "`${1+1}`",
    "\"}); rule(\"evil\", #{ then: suppress() }); //",
    "a\nb",
    "*/ x /*",
    "\u{202e}evil",
    "😀",
    "\0",
    "i.labels.pod",
    "'''\n[[case]]",
    "#{",
];

#[test]
fn hostile_values_stay_values() {
    for hostile in HOSTILE {
        let one = |n: usize| {
            let pod = format!("{hostile}{n}");
            let labels = [("namespace", hostile), ("pod", pod.as_str()), (hostile, "z")];
            past(hostile, &labels, json!({"namespace": hostile, "name": pod, hostile: [hostile, {"x": "z"}]}))
        };
        let drafts = drafts(&[one(1), one(2), one(3)]);
        let [draft] = drafts.as_slice() else { panic!("{hostile:?} gave {drafts:?}") };
        proven(draft).unwrap_or_else(|why| panic!("{hostile:?}: {why}\n{}\n{}", draft.rule, draft.test));
        assert_eq!(draft.rule.matches("\nrule(").count(), 1, "{}", draft.rule);
        let set = crate::policy::Set::from_sources(&[("a.rhai", draft.rule.as_str())]).unwrap();
        assert_eq!(set.counts().iter().map(|(_, count)| count).sum::<usize>(), 1, "{}", draft.rule);
        assert!(draft.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{}", draft.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_values_stay_values(name in "\\PC{1,12}", key in "\\PC{1,8}", value in any::<String>(), fixed in any::<String>()) {
        let one = |n: usize| {
            let value = format!("{value}{n}");
            let mut arguments = Map::new();
            arguments.insert("name".into(), value.as_str().into());
            arguments.insert("fixed".into(), fixed.as_str().into());
            past(&name, &[(&key, &value)], Value::Object(arguments))
        };
        let drafts = drafts(&[one(1), one(2), one(3)]);
        for draft in &drafts {
            let set = crate::policy::Set::from_sources(&[("a.rhai", draft.rule.as_str())]);
            prop_assert!(set.is_ok(), "{}\n{}", set.unwrap_err(), draft.rule);
            let proof = proven(draft);
            prop_assert!(proof.is_ok(), "{}\n{}", proof.unwrap_err(), draft.rule);
        }
        prop_assert_eq!(drafts.len(), 1);
    }
}
