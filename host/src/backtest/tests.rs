//! The same policies change nothing, and others change what they should.

pub(crate) mod rig;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use self::rig::{Rig, START, TOUGH, set};
use super::report::{ActionFate, Report};
use super::{Options, run};
use crate::domain::Mode;
use crate::journal::Memory;

fn start() -> Timestamp {
    START.parse().unwrap()
}

fn replay(journal: &Memory, policies: &str, mode: Mode) -> Report {
    let targets = Some(["ops".to_string(), "oncall".to_string()].into());
    run(journal, &set(policies), Options { targets, ..Options::new(start(), mode) }, &|_| {}).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_same_policies_change_nothing(seed in any::<u64>(), observe in any::<bool>(), guess in any::<bool>()) {
        let mode = |observe| if observe { Mode::Observe } else { Mode::Enforce };
        let rig = Rig::run(seed, TOUGH, mode(observe), 60);
        // Whatever is guessed about the host's mode, the record knows better.
        let report = replay(&rig, TOUGH, mode(guess));
        prop_assert!(report.summary.incidents > 5);
        prop_assert_eq!(&report.changes, &vec![]);
        prop_assert_eq!(&report.not_reproduced, &vec![]);
    }

    #[test]
    fn a_comment_more_is_no_change(seed in any::<u64>()) {
        let rig = Rig::run(seed, TOUGH, Mode::Enforce, 60);
        let report = replay(&rig, &format!("// Another digest.\n{TOUGH}"), Mode::Enforce);
        prop_assert_eq!(&report.changes, &vec![]);
    }

    #[test]
    fn other_policies_never_break_the_replay(seed in any::<u64>(), which in 0_usize..4) {
        let rig = Rig::run(seed, TOUGH, Mode::Enforce, 60);
        let new = [
            "rule(\"all\", #{ then: suppress() });",
            "rule(\"all\", #{ then: plan(\"planner\") }); gate(\"all\", #{ allow: true });",
            "rule(\"all\", #{ then: |i| remediate(act(\"k.restart\", #{ namespace: \"shop\", name: i.name })) });
             gate(\"few\", #{ allow: budget(#{ max: 2, within: \"1h\" }) });",
            "rule(\"wait\", #{ for_at_least: \"20m\", then: investigate() }); gate(\"all\", #{ ask: #{ reason: \"why\", within: \"1h\" } });",
        ][which];
        let report = replay(&rig, new, Mode::Enforce);
        prop_assert_eq!(report.summary.changed, report.changes.len() as u64);
        prop_assert!(report.summary.changed > 0);
        prop_assert!(report.not_reproduced.is_empty());
    }
}

const SIMPLE: &str = r#"
rule("restart", #{ on: #{ alertname: "Stuck" }, then: |i| remediate(act("k.restart", #{ namespace: "shop", name: i.labels.app })) });
rule("ask-model", #{ on: #{ alertname: "Odd" }, then: investigate() });
rule("tell", #{ then: escalate("a person") });
gate("restarts", #{ on: #{ tool: "k.restart" }, allow: true });
route("all", #{ to: "ops" });
"#;

fn recorded() -> Memory {
    let mut rig = Rig::new(7, SIMPLE, Mode::Enforce);
    for (minute, name, app) in [(0, "Stuck", "a"), (20, "Stuck", "b"), (30, "Odd", "c"), (50, "Other", "d")] {
        rig.at(start() + SignedDuration::from_mins(minute));
        rig.fire(name, app);
        rig.settle();
    }
    rig.at(start() + SignedDuration::from_mins(180));
    rig.settle();
    rig.done()
}

#[test]
fn changes_name_rules_actions_calls_and_routes() {
    let journal = recorded();
    assert_eq!(replay(&journal, SIMPLE, Mode::Observe).changes, []);

    let quiet = replay(&journal, &SIMPLE.replace("then: investigate()", "then: escalate()"), Mode::Enforce);
    assert_eq!((quiet.summary.incidents, quiet.summary.changed), (4, 1));
    assert!(quiet.summary.model_calls_saved > 0 && quiet.summary.tokens_saved > 0, "{quiet:?}");
    let verdict = quiet.changes[0].verdict.clone().unwrap();
    assert_eq!((verdict.old.verdict.as_str(), verdict.new.verdict.as_str()), ("investigate", "escalate"));

    let asking = SIMPLE
        .replace("#{ on: #{ tool: \"k.restart\" }, allow: true }", "#{ on: #{ tool: \"k.restart\" }, ask: \"sure?\" }");
    let asking = replay(&journal, &asking, Mode::Enforce);
    assert_eq!((asking.summary.no_longer_happening, asking.summary.newly_asked), (3, 3), "{asking:?}");

    let once = SIMPLE.replace("allow: true", "allow: budget(#{ max: 1, within: \"2h\" })");
    let once = replay(&journal, &once, Mode::Enforce);
    assert_eq!(once.summary.no_longer_happening, 2, "{once:?}");
    let action = &once.changes[0].actions[0];
    assert_eq!((action.old.fate, action.new.fate), (ActionFate::Executed, ActionFate::Denied));
    assert_eq!(action.new.rule.as_deref(), Some("builtin.budget"));

    let routed = replay(&journal, &SIMPLE.replace("to: \"ops\"", "to: \"oncall\""), Mode::Enforce);
    assert!(routed.summary.routes >= 4 && routed.summary.verdicts == 0, "{routed:?}");
    assert_eq!(routed.changes[0].routes[0].new, ["all → oncall"]);

    let model = replay(&journal, &SIMPLE.replace("then: escalate(\"a person\")", "then: investigate()"), Mode::Enforce);
    assert_eq!((model.summary.model_calls_added, model.summary.changed), (1, 1), "{model:?}");
    assert!(model.changes[0].notes[0].contains("was not recorded"));

    let more = SIMPLE.replace(
        "then: escalate(\"a person\")",
        "then: |i| remediate(act(\"k.restart\", #{ namespace: \"shop\", name: i.labels.app }))",
    );
    let more = replay(&journal, &more, Mode::Enforce);
    assert_eq!(more.summary.newly_happening, 1, "{more:?}");

    let unheard = SIMPLE.replace("then: escalate(\"a person\")", "then: |i| remediate(act(\"k.unheard\"))");
    let unheard = replay(&journal, &unheard, Mode::Enforce);
    assert_eq!(unheard.changes[0].actions[0].new.rule.as_deref(), Some("builtin.unknown-tool"));

    let renamed = replay(&journal, &SIMPLE.replace("\"restart\"", "\"restart-it\""), Mode::Enforce);
    assert_eq!((renamed.summary.verdicts, renamed.summary.changed), (2, 2), "{renamed:?}");
    assert_eq!(renamed.changes[0].actions, []);

    let later = replay(
        &journal,
        &SIMPLE.replace("alertname: \"Stuck\" }", "alertname: \"Stuck\" }, for_at_least: \"10m\""),
        Mode::Enforce,
    );
    assert_eq!((later.summary.changed, later.summary.no_longer_happening), (2, 0), "{later:?}");
    assert_eq!(later.changes[0].notes, ["comes to the same verdict later, at 2026-07-06T08:10:00Z"]);
}

#[test]
fn other_evidence_matters_where_a_model_is_asked() {
    let more = format!("{SIMPLE}\nevidence(\"look\", #{{ collect: |i| [look(\"k.get\", #{{ name: i.name }})] }});");
    let report = replay(&recorded(), &more, Mode::Enforce);
    let notes: Vec<&String> = report.changes.iter().flat_map(|changed| &changed.notes).collect();
    assert_eq!(notes, ["the model would be shown other evidence; its recorded answers are kept"]);
}

#[test]
fn nobody_asked_any_more_is_a_change() {
    let asking = SIMPLE.replace("allow: true", "ask: \"sure?\"");
    let mut rig = Rig::new(7, &asking, Mode::Enforce);
    rig.fire("Stuck", "a");
    rig.settle();
    rig.answer_yes();
    rig.settle();
    rig.at(start() + SignedDuration::from_mins(180));
    rig.settle();
    let journal = rig.done();
    assert_eq!(replay(&journal, &asking, Mode::Enforce).changes, []);
    let report = replay(&journal, SIMPLE, Mode::Enforce);
    assert_eq!((report.summary.no_longer_asked, report.summary.newly_happening), (1, 0), "{report:?}");
    let action = &report.changes[0].actions[0];
    assert_eq!((action.old.fate, action.new.fate), (ActionFate::Approved, ActionFate::Executed));
}

#[test]
fn what_is_older_spends_but_is_not_compared() {
    let journal = recorded();
    let once = SIMPLE.replace("allow: true", "allow: budget(#{ max: 1, within: \"2h\" })");
    let since = start() + SignedDuration::from_mins(10);
    let report = run(&journal, &set(&once), Options::new(since, Mode::Enforce), &|_| {}).unwrap();
    assert_eq!((report.summary.incidents, report.summary.no_longer_happening), (3, 2));
}

#[test]
fn a_canary_counts_what_the_new_policies_would_have_done() {
    let asking = SIMPLE.replace("allow: true", "allow: canary(1, #{ within: \"30m\" })");
    let report = replay(&recorded(), &asking, Mode::Enforce);
    let fates = |report: &Report| -> Vec<ActionFate> {
        report.changes.iter().flat_map(|change| &change.actions).map(|action| action.new.fate).collect()
    };
    // Nobody answered the first question, so nothing is ever proven.
    assert_eq!(fates(&report), [ActionFate::Asked, ActionFate::Asked, ActionFate::Asked]);
    // Long ago something helped under this name; that it was not compared is no reason to forget it.
    let check = "check(\"helps\", #{ on: #{ tool: \"k.restart\" }, verify: |a| verification(look(\"k.get\"), #{ present: \"$.ok\" }) });";
    let proving = format!("{asking}\n{check}");
    let mut rig = Rig::new(7, &proving, Mode::Enforce);
    rig.fire("Stuck", "a");
    rig.settle();
    rig.answer_yes();
    for (days, app) in [(70, Some("b")), (71, None)] {
        rig.settle();
        rig.at(start() + SignedDuration::from_hours(24 * days));
        app.into_iter().for_each(|app| rig.fire("Stuck", app));
    }
    rig.settle();
    let journal = rig.done();
    let intents = journal.entries().iter().filter(|sealed| sealed.body.contains("\"kind\":\"intent\"")).count();
    assert_eq!(intents, 2, "one with a person's word, and one without");
    let since = start() + SignedDuration::from_hours(24 * 69);
    let report = run(&journal, &set(&proving), Options::new(since, Mode::Enforce), &|_| {}).unwrap();
    assert_eq!((report.summary.incidents, report.changes, report.not_reproduced), (1, vec![], vec![]));
}

#[test]
fn what_a_gate_wants_to_see_is_taken_from_the_record_or_said_to_be_missing() {
    let journal = recorded();
    let wanting = |name: &str| {
        let gate =
            format!("allow: |a| seen(look(\"k.get\", #{{ namespace: \"shop\", name: {name} }}), \"1m\")?.ok == 1");
        replay(&journal, &SIMPLE.replace("allow: true", &gate), Mode::Enforce)
    };
    let missing = wanting("a.target_name");
    assert_eq!(missing.summary.no_longer_happening, 3, "{missing:?}");
    assert_eq!(missing.changes[0].notes, ["a gate would look with k.get, whose answer was not recorded"]);

    let mut rig =
        Rig::new(7, &SIMPLE.replace("allow: true", "allow: |a| seen(look(\"k.get\"), \"1m\")?.ok == 1"), Mode::Enforce);
    rig.fire("Stuck", "a");
    rig.settle();
    rig.at(start() + SignedDuration::from_mins(180));
    rig.settle();
    let other = SIMPLE.replace(
        "allow: true",
        "allow: |a| if seen(look(\"k.get\"), \"9m\")?.ok == 1 { budget(#{ max: 1, within: \"1h\" }) }",
    );
    let report = replay(&rig.done(), &other, Mode::Enforce);
    assert_eq!((report.summary.incidents, report.changes), (1, vec![]));
}

const HOLDING: &str = r#"
rule("held", #{ on: #{ alertname: "Slow" }, when: |i| i.age < 900, then: hold("7m", "it may pass") });
rule("lasting", #{ on: #{ alertname: "Leak" }, for_at_least: "9m", then: escalate("it lasts") });
rule("restart", #{ on: #{ alertname: ["Stuck", "Jam"] }, then: |i| remediate(act("k.restart", #{ namespace: "shop", name: i.labels.app })) });
rule("tell", #{ then: escalate("a person") });
gate("restarts", #{ on: #{ tool: "k.restart" }, cooldown: "25m", allow: budget(#{ max: 2, within: "1h" }) });
route("all", #{ to: "ops" });
"#;

/// What differs where a journal is replayed against the policies that were in force at its end.
fn differences(journal: &Memory, policies: &str, since: Timestamp) -> (Report, usize) {
    let report = run(journal, &set(policies), Options::new(since, Mode::Enforce), &|_| {}).unwrap();
    let found = report.changes.len() + report.not_reproduced.len();
    (report, found)
}

#[test]
fn a_hold_that_was_written_down_later_than_it_was_decided_is_the_same() {
    let mut rig = Rig::new(7, HOLDING, Mode::Enforce);
    rig.tick(SignedDuration::from_millis(3));
    for (minute, name, app) in
        [(0, "Slow", "a"), (1, "Leak", "a"), (2, "Stuck", "b"), (14, "Jam", "b"), (31, "Stuck", "c"), (33, "Slow", "d")]
    {
        rig.at(start() + SignedDuration::from_mins(minute));
        rig.fire(name, app);
        rig.settle();
    }
    rig.at(start() + SignedDuration::from_mins(180));
    rig.settle();
    let journal = rig.done();
    for since in [0, 3, 13, 32] {
        let (report, found) = differences(&journal, HOLDING, start() + SignedDuration::from_mins(since));
        assert!(found == 0 && report.summary.incidents > 0, "since minute {since}: {report:#?}");
        // With another digest nothing but the length of a hold says that it is the same.
        let (report, found) =
            differences(&journal, &format!("{HOLDING}// x"), start() + SignedDuration::from_mins(since));
        assert_eq!(found, 0, "since minute {since}: {report:#?}");
    }
    let (report, _) = differences(&journal, &HOLDING.replace("\"7m\"", "\"8m\""), start());
    assert_eq!(report.summary.verdicts, 2, "another length is a change: {report:#?}");
}

#[test]
fn what_older_policies_did_before_the_window_cools_and_is_spent_within_it() {
    // Before the window other policies were in force, which repaired what those of now leave to a person.
    let now = HOLDING.replace("[\"Stuck\", \"Jam\"]", "\"Jam\"");
    for (apps, minutes) in [(["b", "b"], [3, 4]), (["b", "b"], [3, 20]), (["b", "c"], [12, 14])] {
        let mut rig = Rig::new(7, HOLDING, Mode::Enforce);
        rig.fire("Stuck", "b");
        rig.settle();
        rig.at(start() + SignedDuration::from_mins(2));
        rig.govern(&now);
        for (app, minute) in apps.into_iter().zip(minutes) {
            rig.at(start() + SignedDuration::from_mins(minute));
            rig.fire("Jam", app);
            rig.settle();
        }
        rig.at(start() + SignedDuration::from_mins(180));
        rig.settle();
        let journal = rig.done();
        let (report, found) = differences(&journal, &now, start() + SignedDuration::from_mins(2));
        assert!(found == 0 && report.summary.incidents > 0, "{apps:?} {minutes:?}: {report:#?}");
    }
}
