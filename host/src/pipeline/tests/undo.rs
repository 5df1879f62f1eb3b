//! What takes an action back is what the host saw before it, or somebody is asked; what its proposer calls
//! help is none.

use crate::backtest::tests::rig::Rig;
use crate::domain::entry::Purpose;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Fact, Mode, Origin, Outcome, RulingKind};

const SET: &str = r#"
rule("planned", #{ on: #{ alertname: "Down" }, then: plan("planner") });
rule("set", #{ then: |i| remediate(act("k.set", #{ namespace: "shop", name: i.labels.app, value: 5 })) });
gate("sets", #{ on: #{ tool: "k.set", target_name: not(re("asked.*")), restores: false }, allow: true });
gate("asked", #{ on: #{ tool: "k.set", target_name: re("asked.*"), restores: false }, ask: #{ within: "30m" } });
gate("back", #{ on: #{ restores: true }, allow: true });
gate("freeze", #{ on: #{ risk: "high", origin: not("undo") }, when: during("12:00-13:00", "UTC"), deny: "not now" });
check("sets", #{
    on: #{ tool: "k.set", target_name: not(re("unchecked.*|lying.*")) },
    verify: |a| verification(look("k.object", #{ name: a.target_name }), #{ present: ["$.never"], within: "10s", every: "2s" }),
    before: |a| look("k.object", #{ name: a.target_name }),
    undo: |a, before| act("k.set", #{ namespace: "shop", name: a.target_name, value: before.value }),
});
"#;

fn rig(name: &str, app: &str) -> Rig {
    let mut rig = Rig::new(7, SET, Mode::Enforce);
    rig.objects().set(app, 2);
    rig.fire(name, app);
    rig.settle();
    rig
}

fn undo(rig: &Rig) -> Option<ActionRecord> {
    let incident = rig.incident();
    let is_undo = |record: &&ActionRecord| matches!(record.action.origin, Origin::Undo { .. });
    incident.actions.iter().find(is_undo).cloned()
}

fn looks(facts: &[Fact], of: impl Fn(&Purpose) -> bool) -> usize {
    facts.iter().filter(|fact| matches!(fact, Fact::Looked { purpose, .. } if of(purpose))).count()
}

#[test]
fn what_did_not_help_is_restored_to_what_the_host_saw() {
    let mut rig = rig("Stuck", "web");
    assert_eq!(rig.objects().value("web"), 5);
    rig.pass(60);
    assert_eq!(rig.objects().value("web"), 2, "{:#?}", rig.facts());
    let undo = undo(&rig).unwrap();
    assert_eq!((undo.state, undo.ruling.unwrap().rule.as_str()), (ActionState::Done, "back"));
    let facts = rig.facts();
    let place = |found: fn(&Fact) -> bool| facts.iter().position(found).unwrap();
    let (before, prepared) = (
        place(|fact| matches!(fact, Fact::Looked { purpose: Purpose::Before { .. }, .. })),
        place(|fact| matches!(fact, Fact::Prepared { before: Some(_), .. })),
    );
    let (ruled, intent) =
        (place(|fact| matches!(fact, Fact::Ruled { .. })), place(|fact| matches!(fact, Fact::Intent { .. })));
    let inspected = place(|fact| matches!(fact, Fact::Inspected { after: Some(_), .. }));
    assert!(before < prepared && prepared < ruled && ruled < intent && intent < inspected, "{facts:#?}");
    assert_eq!(rig.incident().outcome(), Some(Outcome::NeedsPerson));
}

#[test]
fn nothing_is_restored_over_what_somebody_else_has_changed() {
    for app in ["contested", "raced"] {
        let mut rig = rig("Stuck", app);
        rig.pass(60);
        let undo = undo(&rig).unwrap();
        let ruling = undo.ruling.unwrap();
        assert_eq!((ruling.kind, ruling.rule.as_str()), (RulingKind::Deny, "builtin.undo"), "{app}: {ruling:#?}");
        assert_eq!(rig.objects().value(app), 5, "{app}");
        let reason = rig.incident().conclusion.clone().unwrap().reason;
        assert!(reason.contains("was not taken back (builtin.undo denied that: somebody else"), "{reason}");
    }
}

#[test]
fn what_the_host_cannot_see_is_not_restored() {
    let mut rig = rig("Stuck", "unseen");
    rig.pass(60);
    assert!(rig.facts().iter().any(|fact| matches!(fact, Fact::Prepared { before: None, .. })));
    assert_eq!((undo(&rig), rig.objects().value("unseen")), (None, 5));
}

#[test]
fn who_approved_another_way_back_is_asked_once_more() {
    let mut rig = rig("Stuck", "asked");
    let first = rig.incident().actions[0].clone();
    assert_eq!(first.state, ActionState::Asked);
    // Somebody else changes what would be restored while the question is open.
    rig.objects().set("asked", 9);
    rig.pass(60);
    rig.answer_yes();
    rig.settle();
    let second = rig.incident().actions[0].clone();
    assert_eq!((second.state, rig.objects().value("asked")), (ActionState::Asked, 9), "{:#?}", rig.facts());
    assert_ne!(first.action.digest, second.action.digest);
    assert_eq!(second.approvers(jiff::Timestamp::MIN).count(), 0);
    rig.answer_yes();
    rig.settle();
    assert_eq!(rig.objects().value("asked"), 5, "the same person may say yes to what is asked now");
    rig.pass(60);
    assert_eq!(rig.objects().value("asked"), 9, "and that is what is restored");
}

#[test]
fn an_approval_holds_while_the_same_would_be_restored() {
    let mut rig = rig("Stuck", "asked");
    rig.pass(60);
    rig.answer_yes();
    rig.settle();
    assert_eq!(rig.objects().value("asked"), 5);
    let facts = rig.facts();
    assert_eq!(looks(&facts, |purpose| matches!(purpose, Purpose::Before { action } if action.0 == "a1")), 2);
    assert_eq!(facts.iter().filter(|fact| matches!(fact, Fact::Ruled { .. })).count(), 1);
}

#[test]
fn what_a_proposer_calls_help_and_the_way_back_is_neither() {
    let mut rig = rig("Down", "lying");
    rig.pass(60);
    let facts = rig.facts();
    assert!(facts.iter().any(|fact| matches!(fact, Fact::ClaimHeld { .. })), "{facts:#?}");
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Verified { .. })), "its own condition proves nothing");
    assert_eq!(looks(&facts, |purpose| matches!(purpose, Purpose::Verify { .. })), 1, "nor is it asked for ever");
    rig.pass(20 * 60);
    let undo = undo(&rig).unwrap();
    let ruling = undo.ruling.as_ref().unwrap();
    assert_eq!((ruling.kind, ruling.rule.as_str()), (RulingKind::Ask, "builtin.undo"), "{ruling:#?}");
    assert_eq!(rig.objects().value("lying"), 5, "not without a yes");
    rig.answer_yes();
    rig.settle();
    assert_eq!(rig.objects().value("lying"), 666, "a person may want it all the same");
    assert_eq!(rig.incident().outcome(), Some(Outcome::NeedsPerson));
}

#[test]
fn a_restoration_whose_answer_is_lost_is_looked_for_and_never_sent_over_what_others_did() {
    for (app, value, state) in [
        ("arrived", 2, ActionState::Done),
        ("overtaken", 9, ActionState::Uncertain),
        ("unarrived", 5, ActionState::Uncertain),
    ] {
        let mut rig = rig("Stuck", app);
        rig.pass(120);
        rig.settle();
        let undo = undo(&rig).unwrap();
        assert_eq!((rig.objects().value(app), undo.state), (value, state), "{app}: {:#?}", rig.facts());
        let sent = rig
            .facts()
            .iter()
            .filter(|fact| matches!(fact, Fact::Intent { action, .. } if *action == undo.action.id))
            .count();
        assert_eq!(
            sent,
            if app == "unarrived" { 3 } else { 1 },
            "{app}: sent again only where looking shows that it did not happen"
        );
    }
}
