//! What tools say about their own calls: how they are taken back, and whether they happened.

mod hold;
mod messages;
mod outage;
mod undo;

use crate::backtest::tests::rig::Rig;
use crate::domain::entry::Resolution;
use crate::domain::{Fact, Mode, Origin};

const NOTE: &str = r#"
rule("note", #{ then: |i| remediate(act("k.note", #{ namespace: "shop", name: i.labels.app })) });
gate("note", #{ on: #{ tool: "k.note" }, allow: true });
gate("back", #{ on: #{ tool: "k.note.undo", origin: "undo" }, allow: true });
check("never", #{ on: #{ tool: "k.note" }, verify: |a| verification(look("k.get"), #{ absent: ["$.ok"], within: "10s", every: "2s" }) });
"#;

fn of(app: &str) -> Vec<Fact> {
    let mut rig = Rig::new(7, NOTE, Mode::Enforce);
    rig.fire("Torn", app);
    rig.settle();
    rig.at("2026-07-06T09:00:00Z".parse().unwrap());
    rig.settle();
    rig.facts()
}

#[test]
fn a_tool_that_takes_its_calls_back_is_told_which_attempt() {
    let facts = of("a");
    let attempts: Vec<&String> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Intent { attempt, .. } => Some(attempt),
            _ => None,
        })
        .collect();
    let undo = facts.iter().find_map(|fact| match fact {
        Fact::Proposed { action } if matches!(action.origin, Origin::Undo { .. }) => Some(&action.proposal.call),
        _ => None,
    });
    let undo = undo.unwrap();
    assert_eq!(undo.tool, "k.note.undo");
    assert_eq!(
        (&undo.arguments["name"], &undo.arguments["undone_attempt"]),
        (&"a".into(), &attempts[0].as_str().into())
    );
    assert_eq!(attempts.len(), 2, "the gate knows it for what takes the note back: {facts:#?}");
}

#[test]
fn who_performed_a_call_whose_answer_is_lost_knows_whether_it_happened() {
    for (app, known) in [("lost-after", Resolution::Happened), ("lost-before", Resolution::DidNotHappen)] {
        let facts = of(app);
        let said = facts.iter().filter_map(|fact| match fact {
            Fact::Uncertain { resolution, reason, .. } => Some((*resolution, reason.as_str())),
            _ => None,
        });
        let said: Vec<_> = said.collect();
        let (resolution, reason) = said[0];
        assert_eq!(resolution, known, "{reason}");
        assert!(reason.starts_with("k.note says so itself"), "{reason}");
        assert!(reason.contains("(no answer)"), "why it got lost is said: {reason}");
        if known == Resolution::DidNotHappen {
            let (last, why) = said[2];
            assert_eq!((said.len(), last), (3, Resolution::Person), "it is not tried for ever");
            assert!(why.ends_with("no answer came in 3 attempts"), "{why}");
        }
    }
}

const GUARDED: &str = r#"
rule("look-into", #{ on: #{ alertname: "Odd" }, then: investigate() });
rule("plan-it", #{ on: #{ alertname: "Planned" }, then: plan("planner") });
rule("note", #{ then: |i| remediate(act("k.note", #{ namespace: "shop", name: i.labels.app })) });
evidence("seen", #{ collect: |i| look("k.get", #{ namespace: "shop", name: i.labels.app }) });
gate("note", #{ on: #{ tool: "k.note" }, allow: true });
check("seen", #{ on: #{ tool: "k.note" }, verify: |a| verification(look("k.get", #{ namespace: "shop", name: a.target_name }), #{ absent: ["$.ok"], within: "1h", every: "2s" }) });
"#;

fn facts_of(seed: u64, alert: &str, gate: &str) -> Vec<Fact> {
    let mut rig = Rig::with(seed, &format!("{GUARDED}\n{gate}"), Mode::Enforce, alert == "Torn");
    rig.fire(alert, "web");
    rig.settle();
    rig.at("2026-07-06T08:10:00Z".parse().unwrap());
    rig.settle();
    rig.facts()
}

/// Tool, gate and reason of what was refused; and how many looks were made.
fn looked(facts: &[Fact]) -> (Vec<(String, String)>, usize) {
    let looks = facts.iter().filter_map(|fact| match fact {
        Fact::Looked { refused, text, ok, .. } => Some((refused.clone(), text.clone(), *ok)),
        _ => None,
    });
    let looks: Vec<_> = looks.collect();
    assert!(looks.iter().all(|(refused, _, ok)| refused.is_none() || !ok), "{looks:?}");
    let made = looks.iter().filter(|(refused, ..)| refused.is_none()).count();
    (looks.into_iter().filter_map(|(refused, text, _)| Some((refused?, text))).collect(), made)
}

#[test]
fn no_look_is_made_that_a_gate_denies() {
    const CLOSED: &str = "gate(\"closed\", #{ on: #{ tool: \"k.get\" }, deny: \"nobody looks\" });";
    const ASKED: &str =
        "gate(\"closed\", #{ on: #{ tool: \"k.get\" }, ask: #{ within: \"1h\", reason: \"may it?\" } });";
    for seed in 0..12 {
        for (alert, gate) in [("Odd", CLOSED), ("Planned", CLOSED), ("Odd", ASKED), ("Planned", ASKED)] {
            let (refused, made) = looked(&facts_of(seed, alert, gate));
            assert_eq!(made, 0, "{alert} {gate}");
            assert!(refused.iter().all(|(by, _)| by == "closed"), "{refused:?}");
            assert!(!refused.is_empty() || alert == "Planned", "evidence is wanted");
        }
    }
    let of_plugin = (0..12).any(|seed| !looked(&facts_of(seed, "Planned", CLOSED)).0.is_empty());
    assert!(of_plugin, "a plugin looks now and then");
    let (refused, made) = looked(&facts_of(
        1,
        "Odd",
        "gate(\"open\", #{ on: #{ tool: \"k.get\" }, allow: budget(#{ max: 1, within: \"1h\" }) });",
    ));
    assert!(refused.is_empty() && made > 0, "what allows has nothing to say: {refused:?}");
}

#[test]
fn what_could_not_be_verified_is_not_done() {
    let closed =
        "gate(\"closed\", #{ on: #{ tool: \"k.get\", origin: \"policy\", origin_name: \"seen\" }, deny: \"no\" });";
    let facts = facts_of(3, "Torn", closed);
    let ruling = facts.iter().find_map(|fact| match fact {
        Fact::Ruled { ruling, .. } => Some(ruling),
        _ => None,
    });
    let ruling = ruling.unwrap();
    assert_eq!(ruling.rule, "builtin.verification");
    assert_eq!(
        ruling.reason,
        "the look with k.get, with which it would be verified, would be refused by gate closed: no"
    );
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Intent { .. })));
}

#[test]
fn a_verification_whose_look_is_refused_ends() {
    // Open while the action is ruled on, and closed for what is looked at behind it.
    let closes = "gate(\"later\", #{ on: #{ tool: \"k.get\" }, when: |a, i| i.now >= \"2026-07-06T08:00:05\", deny: \"too late\" });";
    let facts = facts_of(3, "Torn", closes);
    let verified = facts.iter().find_map(|fact| match fact {
        Fact::Verified { ok, reason, .. } => Some((*ok, reason.as_str())),
        _ => None,
    });
    assert_eq!(verified, Some((false, "the look that would show it was refused by gate later: too late")));
    let (refused, _) = looked(&facts);
    assert_eq!(refused.len(), 1);
}
