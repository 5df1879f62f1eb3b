//! What an approval binds, and when an undo restores what was there.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{ActionId, Entry, Fact, IncidentId, Proposal, Risk};
use crate::domain::{Call, Safeguards, Target, Verification};

fn call(value: i64) -> Call {
    Call { tool: "k.set".into(), arguments: Map::from_iter([("value".to_string(), json!(value))]) }
}

fn verification(query: &str) -> Verification {
    Verification {
        look: Call { tool: "k.get".into(), arguments: Map::new() },
        present: vec![query.into()],
        absent: Vec::new(),
        applied: Vec::new(),
        within_ms: 1,
        every_ms: 1,
    }
}

fn action(origin: Origin) -> Action {
    let proposal: Proposal = serde_json::from_value(json!({ "call": call(5) })).unwrap();
    Action::new(ActionId("a1".into()), proposal, origin, Risk::High, Target::default())
}

fn seen(uid: &str, generation: Option<i64>, value: Option<i64>) -> Option<Snapshot> {
    Some(Snapshot { uid: Some(uid.into()), generation, restoration: value.map(call) })
}

#[test]
fn an_approval_binds_the_way_back_and_how_success_is_judged() {
    let base = action(Origin::Model);
    let mut all = vec![base.digest.clone()];
    let mut other = |change: &dyn Fn(&mut Action)| {
        let mut action = base.clone();
        change(&mut action);
        let digest = action.sealed().digest;
        assert!(!all.contains(&digest), "{all:?}");
        all.push(digest);
    };
    other(&|action| action.proposal.call = call(6));
    other(&|action| action.proposal.undo = Some(call(2)));
    other(&|action| action.safeguards.by_tool = Some(call(2)));
    other(&|action| action.safeguards.before = seen("u", Some(4), Some(2)));
    other(&|action| action.safeguards.before = seen("u", Some(4), Some(3)));
    other(&|action| action.proposal.verify = Some(verification("$.a")));
    other(&|action| action.safeguards.verify = Some(verification("$.a")));
    other(&|action| action.safeguards.verify = Some(verification("$.b")));
    // What does not change what would be done is nothing to be asked about again.
    let restores = |generation| Safeguards { before: seen("u", Some(generation), Some(2)), ..Safeguards::default() };
    assert_eq!(base.clone().with_safeguards(restores(4)).digest, base.clone().with_safeguards(restores(9)).digest);
}

#[test]
fn what_the_host_saw_comes_before_what_anybody_says() {
    let mut action = action(Origin::Model);
    assert_eq!(action.undo(), None);
    action.proposal.undo = Some(call(1));
    assert_eq!(action.undo(), Some(Undo::Proposed(&call(1))));
    action.safeguards.stated = Some(call(2));
    assert_eq!(action.undo(), Some(Undo::Proposed(&call(2))));
    action.safeguards.by_tool = Some(call(3));
    assert_eq!(action.undo(), Some(Undo::Tool(&call(3))));
    action.safeguards.before = seen("u", Some(1), None);
    assert_eq!(action.undo(), Some(Undo::Tool(&call(3))), "what was seen may restore nothing");
    action.safeguards.before = seen("u", Some(1), Some(4));
    assert_eq!(action.undo(), Some(Undo::Restore(&call(4))));
}

/// Before, right after, and now; the undo sets 2.
fn held(before: Option<Snapshot>, after: Option<Snapshot>, now: Option<Snapshot>) -> UndoCheck {
    let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
    let at = Timestamp::UNIX_EPOCH;
    let mut incident = Incident::open(IncidentId("i".into()), &Entry { at, fact: opened }).unwrap();
    let mut done = action(Origin::Model);
    done.proposal.undo = Some(call(2));
    let done = done.with_safeguards(Safeguards { before, ..Safeguards::default() });
    let record = ActionRecord { state: ActionState::Unverified, attempts: 1, after, ..ActionRecord::new(done, at) };
    incident.actions.push(record);
    let mut undo = action(Origin::Undo { action: ActionId("a1".into()) });
    undo.proposal.call = call(2);
    let undo = undo.with_safeguards(Safeguards { before: now, ..Safeguards::default() });
    check_undo(&incident, &undo).unwrap()
}

#[test]
fn only_the_hosts_own_change_and_nobody_elses_is_restored() {
    let gen_at = |generation, value| seen("u", Some(generation), Some(value));
    assert_eq!(held(gen_at(4, 2), gen_at(5, 5), gen_at(5, 5)), UndoCheck::Restores);
    let refused = |before, after, now| matches!(held(before, after, now), UndoCheck::Refused(_));
    assert!(refused(gen_at(4, 2), gen_at(4, 2), gen_at(4, 2)), "nothing was changed");
    assert!(refused(gen_at(4, 2), gen_at(6, 5), gen_at(6, 5)), "two changes");
    assert!(refused(gen_at(4, 2), gen_at(5, 5), gen_at(6, 5)), "one since");
    assert!(refused(gen_at(i64::MAX, 2), gen_at(i64::MIN, 5), gen_at(i64::MIN, 5)), "no number above");
    assert!(refused(gen_at(4, 2), gen_at(5, 5), seen("v", Some(5), Some(5))), "another object");
    assert!(refused(gen_at(4, 2), gen_at(5, 5), seen("u", None, Some(5))), "it cannot be told");
    assert!(refused(gen_at(4, 3), gen_at(5, 5), gen_at(5, 5)), "the undo sets 2, and 3 was seen");
    // Where there is no generation, what would be restored tells.
    let without = |value| seen("u", None, value);
    assert_eq!(held(without(Some(2)), without(Some(5)), without(Some(5))), UndoCheck::Restores);
    assert!(refused(without(Some(2)), without(Some(2)), without(Some(2))), "nothing was changed");
    assert!(refused(without(Some(2)), without(Some(5)), without(Some(7))), "changed since");
    assert!(refused(without(Some(2)), without(None), without(None)), "it cannot be told");
    let unproven = |before, after, now| matches!(held(before, after, now), UndoCheck::Unproven(_));
    assert!(unproven(None, None, None), "the proposer's word");
    assert!(unproven(gen_at(4, 2), None, gen_at(5, 5)), "not seen after");
    assert!(unproven(gen_at(4, 2), gen_at(5, 5), None), "not seen now");
}

#[test]
fn a_snapshot_is_of_the_object_that_is_touched() {
    let touches = Target { names: vec!["web".into()], ..Target::default() };
    let of = |object: Value| Snapshot::of(&object, &touches, None);
    let web = of(json!({ "metadata": { "name": "web", "uid": "u", "generation": 3 } })).unwrap();
    assert_eq!((web.uid.as_deref(), web.generation), (Some("u"), Some(3)));
    assert_eq!(of(json!({ "metadata": { "name": "api", "generation": 3 } })), None);
    assert_eq!(of(json!({ "metadata": { "generation": "3" } })).unwrap().generation, None);
}
