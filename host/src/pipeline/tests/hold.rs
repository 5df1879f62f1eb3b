//! Rules that hold back again and again.

use crate::backtest::tests::rig::Rig;
use crate::domain::{Fact, Mode, Verdict};

/// How often it was held back in so many minutes, by a rule that asks for so much each time.
fn holds(asked: &str, minutes: i64) -> usize {
    let policies = format!(r#"rule("wait", #{{ then: |i| hold("{asked}", "not yet") }});"#);
    let mut rig = Rig::new(7, &policies, Mode::Enforce);
    rig.fire("Torn", "a");
    rig.settle();
    for _ in 0..minutes * 60 {
        rig.pass(1);
        rig.settle();
    }
    let held =
        |fact: &Fact| matches!(fact, Fact::Decided { decision } if matches!(decision.verdict, Verdict::Hold { .. }));
    rig.facts().iter().filter(|fact| held(fact)).count()
}

#[test]
fn the_same_hold_is_recorded_ever_more_seldom() {
    let hour = holds("1s", 60);
    assert!((20..=80).contains(&hour), "{hour} in an hour");
    let day = holds("1s", 24 * 60);
    assert!(day <= hour + 23 * 12 + 1, "{day} in a day, at most twelve more each hour");
    assert_eq!(holds("20m", 60), 4, "a rule that asks for more gets what it asks for");
}

/// How often it was found out what is wrong in so many minutes, by a rule that waits as long as nothing is found.
fn collections(minutes: i64) -> usize {
    let policies = r#"
rule("wait", #{ on: #{ finding: absent() }, then: |i| hold("1s", "not yet") });
evidence("seen", #{ collect: |i| look("k.get", #{ namespace: "shop", name: i.labels.app }) });
"#;
    let mut rig = Rig::new(7, policies, Mode::Enforce);
    rig.fire("Torn", "a");
    rig.settle();
    for _ in 0..minutes * 60 {
        rig.pass(1);
        rig.settle();
    }
    rig.facts().iter().filter(|fact| matches!(fact, Fact::Collected { .. })).count()
}

#[test]
fn hours_of_waiting_cost_a_handful_of_collections() {
    let (minute, day) = (collections(1), collections(24 * 60));
    assert!((1..=2).contains(&minute), "{minute} in a minute");
    assert!((6..=14).contains(&day), "{day} in a day");
}
