//! What tools say about their own calls: how they are taken back, and whether they happened.

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
        if known == Resolution::DidNotHappen {
            let (last, why) = said[2];
            assert_eq!((said.len(), last), (3, Resolution::Person), "it is not tried for ever");
            assert!(why.ends_with("no answer came in 3 attempts"), "{why}");
        }
    }
}
