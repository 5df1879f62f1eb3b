//! The past, fact by fact.

use super::*;
use crate::domain::{Alert, Entry, Labels, Severity, Status};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_763_000_000 + 60 * minute).unwrap()
}

fn opened(id: &str, group: &str, minute: i64) -> (Incident, Fact) {
    let alert = Alert {
        source: "x".into(),
        name: "Down".into(),
        status: Status::Firing,
        severity: Severity::Warning,
        labels: [("pod".to_string(), id.to_string())].into(),
        annotations: Labels::default(),
        starts_at: None,
        ends_at: None,
        fingerprint: id.into(),
        link: None,
    };
    let fact = Fact::Opened { group_key: group.into(), source: "x".into(), alerts: vec![alert] };
    let entry = Entry { at: at(minute), fact };
    (Incident::open(IncidentId(id.into()), &entry).unwrap(), entry.fact)
}

/// Group keys, oldest first.
fn groups<'a>(past: impl Iterator<Item = PastRow<'a>>) -> Vec<&'a str> {
    let mut rows: Vec<PastRow<'_>> = past.collect();
    rows.sort_by_key(PastRow::order);
    rows.into_iter().map(|row| row.group_key).collect()
}

fn of_group<'a>(history: &'a History, group: &'a str, since: Timestamp) -> impl Iterator<Item = PastRow<'a>> {
    history.select(Wanted { group: Some(group), ..Wanted::since(since) })
}

#[test]
fn it_is_kept_up_fact_by_fact_and_earlier_clones_stay_as_they_were() {
    let mut history = History::default();
    let (mut one, fact) = opened("one", "g", 0);
    history.note(&one, [&fact]);
    let before = history.clone();
    let (two, fact) = opened("two", "h", 5);
    history.note(&two, [&fact]);
    let end = Entry { at: at(6), fact: Fact::Concluded { outcome: Outcome::Fixed, reason: String::new() } };
    one.apply(&end);
    history.note(&one, [&end.fact]);

    assert_eq!(groups(history.past(at(0))), ["g", "h"]);
    assert_eq!(groups(history.past(at(1))), ["h"]);
    assert_eq!(groups(of_group(&history, "g", at(0))), ["g"]);
    assert_eq!(groups(of_group(&history, "g", at(1))), [""; 0]);
    assert_eq!(of_group(&history, "g", at(0)).next().unwrap().outcome, Some(Outcome::Fixed));
    let but = Wanted { but: Some(&one.id), ..Wanted::since(at(0)) };
    assert_eq!(groups(history.select(but)), ["h"]);
    assert_eq!((groups(before.past(at(0))), before.past(at(0)).next().unwrap().outcome), (vec!["g"], None));

    let closed = Entry { at: at(7), fact: Fact::Closed { reason: String::new() } };
    one.apply(&closed);
    history.note(&one, [&closed.fact]);
    assert_eq!(history.active().map(|active| &*active.incident.0).collect::<Vec<_>>(), ["two"]);
    let mut whole = History::of([Past::of(&one)], []);
    whole.adopt(&two);
    let rows = |history: &History| history.past(at(0)).map(|row| format!("{row:?}")).collect::<Vec<_>>();
    assert_eq!(rows(&history), rows(&whole));
}

#[test]
fn what_is_older_than_31_days_is_forgotten_everywhere() {
    let mut history = History::default();
    let month = REMEMBERED.as_mins();
    for (id, group, minute) in [("one", "g", 0), ("two", "h", 1), ("three", "g", 2), ("four", "g", month + 2)] {
        let (incident, fact) = opened(id, group, minute);
        history.note(&incident, [&fact]);
    }
    assert_eq!(groups(history.past(Timestamp::MIN)), ["g", "g"]);
    assert_eq!(groups(of_group(&history, "g", Timestamp::MIN)), ["g", "g"]);
    assert_eq!(groups(of_group(&history, "h", Timestamp::MIN)), [""; 0]);
    let packed = (0..10).map(|n| past(n, "g", "r", "n", &[]));
    let mut history = History::of(packed, []);
    let (late, fact) = opened("late", "g", month + 5);
    history.note(&late, [&fact]);
    assert_eq!(history.past(Timestamp::MIN).count(), 6, "also those that are packed with younger ones");
    let (later, fact) = opened("later", "g", month + 20);
    history.note(&later, [&fact]);
    assert_eq!((history.past(Timestamp::MIN).count(), history.packed.len()), (2, 0));
}

fn past(minute: i64, group: &str, rule: &str, name: &str, fixes: &[(&str, bool)]) -> Past {
    Past {
        incident: IncidentId(format!("i{minute}").into()),
        rule: rule.into(),
        group_key: group.into(),
        name: name.into(),
        opened_at: at(minute),
        outcome: (minute % 3 > 0).then_some(Outcome::Fixed),
        rerun: minute % 7 == 0,
        fixes: fixes
            .iter()
            .map(|(target, helped)| Fix {
                target: target.to_string(),
                tool: format!("k.{target}"),
                helped: *helped,
                causes: (minute % 5 == 0).then_some(Cause::CrashLoop).into_iter().collect(),
            })
            .collect(),
    }
}

/// Whatever is asked for, packed and open incidents answer as a plain list would.
#[test]
fn every_question_is_answered_exactly() {
    let count = i64::try_from(PACKED).unwrap() * 2 + 77;
    let pick = |n: i64, of: &[&'static str]| of[usize::try_from(n).unwrap() % of.len()];
    let all: Vec<Past> = (0..count)
        .map(|n| {
            let targets = [("a", n % 2 == 0), ("b", true), ("a", false)];
            let fixes = &targets[..usize::try_from(n % 4).unwrap()];
            past(n, pick(n / 3, &["g", "h", "", "gg"]), pick(n, &["r", "s", ""]), pick(n / 7, &["n", "m"]), fixes)
        })
        .collect();
    let mut mixed = History::of(all.iter().take(PACKED).cloned(), []);
    all.iter().skip(PACKED).for_each(|past| mixed.recent.put(past.clone()));
    all.iter().skip(PACKED).take(PACKED + 5).for_each(|past| mixed.close(past.key()));
    assert_eq!((mixed.packed.len(), mixed.closed.len()), (2, 5));
    let some = |text: &'static str| [None, Some(text)];
    for since in [0, 1, 2000, count - 3, count] {
        for group in [None, Some("g"), Some(""), Some("none")] {
            for (rule, name) in
                [(None, None), (Some("s"), None), (None, Some("m")), (Some(""), Some("n")), (Some("x"), None)]
            {
                for target in some("a").into_iter().chain(some("none").into_iter().skip(1)) {
                    for cause in [None, Some(Cause::CrashLoop), Some(Cause::OutOfMemory)] {
                        let wanted = Wanted { group, rule, name, target, cause, ..Wanted::since(at(since)) };
                        let mut got: Vec<PastRow<'_>> = mixed.select(wanted).collect();
                        got.sort_by_key(PastRow::order);
                        let want: Vec<PastRow<'_>> =
                            all.iter().map(PastRow::from).filter(|row| wanted.takes(row)).collect();
                        assert_eq!(got, want, "{wanted:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_was_wrong_is_kept_with_what_was_done_and_what_follows_comes_last() {
    use crate::domain::named_cause::NamedCause;

    let named = [Cause::RolloutStuck, Cause::OutOfMemory, Cause::OutOfMemory, Cause::CrashLoop, Cause::NodePressure];
    let causes = Causes::of(&named.map(|cause| NamedCause::new(cause, "pod shop/web", 90)));
    assert_eq!(causes.iter().collect::<Vec<_>>(), [Cause::OutOfMemory, Cause::CrashLoop, Cause::NodePressure]);
    assert!(!causes.has(Cause::RolloutStuck));
    let text = serde_json::to_string(&causes).unwrap();
    assert_eq!(text, r#"["out-of-memory","crash-loop","node-pressure"]"#);
    assert_eq!(serde_json::from_str::<Causes>(&text).unwrap(), causes);
    let later = serde_json::from_str::<Causes>(r#"["of-another-version","crash-loop"]"#).unwrap();
    assert_eq!(later.iter().collect::<Vec<_>>(), [Cause::CrashLoop]);
    let old: Fix = serde_json::from_str(r#"{"target": "k:shop/web", "helped": true}"#).unwrap();
    assert_eq!(old.causes, Causes::default());
}
