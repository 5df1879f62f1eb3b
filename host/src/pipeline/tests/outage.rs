//! Tool servers that are away: what was not begun is tried again, and teaches nothing.

use jiff::{SignedDuration, Timestamp};

use crate::backtest::tests::rig::{Rig, START};
use crate::domain::entry::Resolution;
use crate::domain::incident::ActionState;
use crate::domain::{Fact, Mode, Outcome};
use crate::gate::{Gate, Options};
use crate::store::replay;

const RULES: &str = r#"
rule("note", #{ on: #{ alertname: "Torn" }, then: |i| remediate(act("k.note", #{ namespace: "shop", name: i.labels.app })) });
rule("restart", #{ on: #{ alertname: "Stuck" }, then: |i| remediate(act("k.restart", #{ namespace: "shop", name: i.labels.app })) });
gate("note", #{ on: #{ tool: ["k.note", "k.restart"] }, allow: budget(#{ max: 1, within: "6h", per: ["target"] }) });
check("works", #{ on: #{ tool: ["k.note", "k.restart"] }, verify: |a| verification(look("k.get", #{ namespace: "shop", name: a.target_name }), #{ present: ["$.ok"], within: "1m", every: "5s" }) });
"#;

fn rig(alert: &str, app: &str, down: i64) -> Rig {
    let mut rig = Rig::new(7, RULES, Mode::Enforce);
    if down > 0 {
        rig.down(down);
    }
    rig.fire(alert, app);
    rig.settle();
    rig
}

fn start() -> Timestamp {
    START.parse().unwrap()
}

fn after(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

fn put_off(rig: &Rig) -> Vec<Fact> {
    rig.facts().into_iter().filter(|fact| matches!(fact, Fact::NotBegun { .. })).collect()
}

fn intents(rig: &Rig) -> Vec<String> {
    let intents = rig.facts().into_iter().filter_map(|fact| match fact {
        Fact::Intent { attempt, .. } => Some(attempt),
        _ => None,
    });
    intents.collect()
}

/// That nothing was learned, neither by the gate that there is nor by one that reads the journal anew.
fn teaches_nothing(rig: &Rig) {
    assert!(rig.gate().breakers().iter().all(|breaker| breaker.count == 0), "{:?}", rig.gate().breakers());
    let again = again(rig);
    assert!(again.breakers().iter().all(|breaker| breaker.count == 0), "{:?}", again.breakers());
}

fn again(rig: &Rig) -> Gate {
    let again = Gate::new(Options::default());
    let replayed = replay(&rig.journal()).unwrap();
    again.restore(replayed.gate_events);
    replayed.incidents.values().for_each(|incident| again.restore_holds(incident));
    again
}

#[test]
fn an_action_waits_for_its_server_in_one_entry_and_is_done_when_that_is_back() {
    let mut rig = rig("Torn", "web", 300);
    rig.at(after(4));
    rig.settle();
    let waiting = put_off(&rig);
    let [Fact::NotBegun { attempt: None, awaits, retry_at, reason, .. }] = waiting.as_slice() else {
        panic!("{waiting:?}");
    };
    assert_eq!((awaits.as_deref(), *retry_at), (Some("k.note"), Some(after(15))), "{reason}");
    assert!(reason.contains("k is down"), "{reason}");
    assert!(intents(&rig).is_empty(), "what cannot begin has no intent");
    assert_eq!(rig.incident().actions[0].state, ActionState::Allowed);
    rig.at(after(6));
    rig.settle();
    rig.pass(60);
    assert_eq!(rig.incident().outcome(), Some(Outcome::Fixed));
    assert_eq!(put_off(&rig).len(), 1);
    teaches_nothing(&rig);
}

#[test]
fn what_could_not_be_begun_in_time_is_left_to_a_person_and_teaches_nothing() {
    let mut rig = rig("Torn", "web", 3600);
    rig.at(after(20));
    rig.settle();
    let incident = rig.incident();
    assert_eq!(incident.actions[0].state, ActionState::NotBegun);
    assert_eq!(incident.outcome(), Some(Outcome::NeedsPerson));
    let reason = &incident.conclusion.as_ref().unwrap().reason;
    assert!(reason.contains("could not be begun within 15 minutes: k is down"), "{reason}");
    assert!(intents(&rig).is_empty());
    assert!(crate::domain::history::fixes(&incident).is_empty(), "it is no fix that did not help");
    assert!(incident.report.as_ref().unwrap().contains("could not be begun, and nothing was changed"));
    teaches_nothing(&rig);
}

#[test]
fn an_intent_whose_call_was_not_sent_gives_everything_back() {
    let mut rig = rig("Torn", "race", 300);
    rig.at(after(4));
    rig.settle();
    let tried = intents(&rig);
    assert!((2..12).contains(&tried.len()), "with growing pauses: {}", tried.len());
    assert!(tried.iter().all(|attempt| *attempt == tried[0]), "nothing of it was sent: {tried:?}");
    assert_eq!(put_off(&rig).len(), tried.len());
    let record = rig.incident().actions[0].clone();
    assert_eq!((record.state, record.attempts, &record.attempt), (ActionState::Allowed, 0, &None));
    rig.at(after(7));
    rig.settle();
    rig.pass(60);
    // The budget covers one, and each of these spent it.
    assert_eq!(rig.incident().outcome(), Some(Outcome::Fixed));
    teaches_nothing(&rig);
}

#[test]
fn whoever_reads_the_journal_anew_has_the_same_budget_and_holds_after_what_was_not_sent() {
    let rig = rig("Torn", "race", 2);
    let spent = |gate: &Gate| format!("{gate:?}");
    // The guarded state is compared whole.
    assert!(!put_off(&rig).is_empty());
    let anew = Gate::new(Options::default());
    let live = spent(rig.gate());
    let replayed = replay(&rig.journal()).unwrap();
    anew.restore(replayed.gate_events);
    replayed.incidents.values().for_each(|incident| anew.restore_holds(incident));
    assert_eq!(spent(&anew), live);
}

#[test]
fn a_repeat_waits_for_the_server_and_goes_on_under_its_name() {
    let mut rig = rig("Stuck", "dies", 0);
    rig.at(after(1));
    rig.settle();
    let unknown = |rig: &Rig| -> Vec<Resolution> {
        let said = rig.facts().into_iter().filter_map(|fact| match fact {
            Fact::Uncertain { resolution, .. } => Some(resolution),
            _ => None,
        });
        said.collect()
    };
    assert_eq!(put_off(&rig).len(), 1, "{:#?}", rig.facts());
    rig.at(after(3));
    rig.settle();
    rig.pass(60);
    assert_eq!(unknown(&rig), [Resolution::Repeat]);
    let tried = intents(&rig);
    assert_eq!((tried.len(), &tried[0]), (2, &tried[1]));
    assert_eq!(rig.incident().outcome(), Some(Outcome::Fixed));
}

#[test]
fn a_repeat_that_cannot_be_sent_again_is_unknown_and_not_failed() {
    let mut rig = rig("Stuck", "dies", 0);
    rig.down(7200);
    rig.at(after(30));
    rig.settle();
    let incident = rig.incident();
    assert_eq!(incident.actions[0].state, ActionState::Uncertain);
    let reason = &incident.conclusion.as_ref().unwrap().reason;
    assert!(reason.contains("was sent before and could not be repeated"), "{reason}");
}

#[test]
fn a_verification_waits_while_nobody_can_look() {
    let mut rig = rig("Torn", "web", 0);
    let done = rig.incident().actions[0].state;
    assert_eq!(done, ActionState::Done);
    rig.down(600);
    rig.at(after(9));
    rig.settle();
    assert_eq!(put_off(&rig).len(), 1, "{:#?}", rig.facts());
    assert_eq!(rig.incident().actions[0].looks, 0, "what was not sent is no look");
    rig.at(after(11));
    rig.settle();
    rig.pass(30);
    assert_eq!(rig.incident().outcome(), Some(Outcome::Fixed));
}

#[test]
fn a_gate_that_cannot_see_yet_rules_when_it_can() {
    let sees = r#"gate("sees", #{ on: #{ tool: "k.note" }, deny: |a| if seen(look("k.get", #{ name: a.target_name }), "2s")?.ok != 1 { "it is not to be seen" } });"#;
    let mut rig = Rig::new(7, &format!("{RULES}{sees}"), Mode::Enforce);
    rig.down(300);
    rig.fire("Torn", "web");
    rig.settle();
    assert_eq!(rig.incident().actions[0].state, ActionState::Proposed);
    assert_eq!(put_off(&rig).len(), 1);
    rig.at(after(6));
    rig.settle();
    rig.pass(60);
    assert_eq!(rig.incident().outcome(), Some(Outcome::Fixed), "{:#?}", rig.facts());
    let mut never = Rig::new(7, &format!("{RULES}{sees}"), Mode::Enforce);
    never.down(7200);
    never.fire("Torn", "web");
    never.settle();
    never.at(after(20));
    never.settle();
    let reason = never.incident().conclusion.clone().unwrap().reason;
    assert!(reason.contains("it is not to be seen"), "{reason}");
}

#[test]
fn alerts_that_resolve_meanwhile_end_the_waiting() {
    let mut rig = rig("Torn", "web", 600);
    rig.resolve();
    rig.settle();
    assert!(intents(&rig).is_empty());
    assert_eq!(rig.conclusions(), [Outcome::Resolved]);
}
