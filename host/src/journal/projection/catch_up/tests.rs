//! Listings that follow a journal, fall behind it, or belong to another one.

use futures::FutureExt;
use serde_json::json;

use super::*;
use crate::domain::action::{Action, ActionId, Origin, Proposal, Risk};
use crate::domain::call::{Call, Target};
use crate::domain::entry::Usage;
use crate::domain::{Fact, Outcome, State};
use crate::journal::rows::testing::{chain, seal, tail};
use crate::journal::sqlite::tests::Place;
use crate::journal::{Filter, Memory};

fn append(journal: &Memory, entries: Vec<Sealed>) {
    journal.append(entries).now_or_never().unwrap().unwrap();
}

fn open(place: &Place) -> Projection {
    Projection::open(&place.0.join("projection.db")).unwrap()
}

fn ids(incidents: &[Incident]) -> Vec<&str> {
    incidents.iter().map(|incident| incident.id.0.as_ref()).collect()
}

/// What a repair leaves in the journal.
fn repaired() -> Vec<Fact> {
    let call = Call { tool: "k.delete".into(), arguments: json!({"name": "web"}).as_object().unwrap().clone() };
    let proposal = Proposal {
        call,
        target: "pod web".into(),
        reason: String::new(),
        evidence: Vec::new(),
        root_cause: String::new(),
        verify: None,
        undo: None,
    };
    let id = ActionId("a1".into());
    // Counted is what the arguments name, whatever the proposer calls it.
    let touches = Target { server: "k".into(), names: vec!["web".into()], ..Target::default() };
    let action = Action::new(id.clone(), proposal, Origin::Model, Risk::Low, touches);
    vec![
        Fact::Proposed { action: Box::new(action) },
        Fact::Intent {
            action: id.clone(),
            attempt: "t1".into(),
            spends: vec!["budget|web".into()],
            counts: Default::default(),
        },
        Fact::Result { action: id.clone(), attempt: "t1".into(), ok: true, text: "gone".into(), took_ms: 5 },
        Fact::Verified { action: id, ok: true, reason: "it runs".into() },
        Fact::Concluded { outcome: Outcome::Fixed, reason: "repaired".into() },
        Fact::Closed { reason: "all alerts resolved".into() },
    ]
}

#[test]
fn what_the_model_cost_lately_is_found() {
    let place = Place::new("asked");
    let (journal, projection) = (Memory::new(), open(&place));
    let one = chain("i1", 1);
    append(&journal, [one.clone(), chain("i2", 1)].concat());
    let usage = Usage { calls: 2, prompt_tokens: 70, ..Usage::default() };
    append(&journal, seal("i1", &one, vec![Fact::ModelFailed { reason: "down".into(), usage }]));
    projection.catch_up(&journal).unwrap();
    let asked = projection.asked(jiff::Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(
        asked.iter().map(|incident| (incident.model.calls, incident.model.prompt_tokens)).collect::<Vec<_>>(),
        [(2, 70)]
    );
    let after = asked[0].updated_at + jiff::SignedDuration::from_secs(1);
    assert_eq!(ids(&projection.asked(after).unwrap()), [""; 0]);
}

#[test]
fn listings_follow_the_journal_and_answer_questions() {
    let place = Place::new("listings");
    let (journal, projection) = (Memory::new(), open(&place));
    let one = chain("i1", 2);
    append(&journal, one.clone());
    append(&journal, chain("i2", 1));
    assert_eq!(projection.catch_up(&journal).unwrap(), 3);
    assert_eq!(ids(&projection.active().unwrap()), ["i1", "i2"]);
    append(&journal, seal("i1", &one, repaired()));
    append(&journal, chain("i3", 1));
    assert_eq!(projection.catch_up(&journal).unwrap(), 10);
    assert_eq!(projection.applied().unwrap(), 10);

    let closed = projection.get(&IncidentId("i1".into())).unwrap().unwrap();
    assert_eq!(closed.version, 8);
    assert_eq!(closed.outcome(), Some(Outcome::Fixed));
    assert_eq!(ids(&projection.active().unwrap()), ["i2", "i3"]);
    let list = |filter: Filter| ids(&projection.list(&filter).unwrap()).join(" ");
    assert_eq!(list(Filter::default()), "i3 i2 i1");
    assert_eq!(list(Filter { limit: 1, before: Some(IncidentId("i3".into())), ..Filter::default() }), "i2");
    assert_eq!(list(Filter { state: Some(State::Closed), ..Filter::default() }), "i1");
    assert_eq!(list(Filter { outcome: Some(Outcome::NeedsPerson), ..Filter::default() }), "");
    assert_eq!(projection.count(&Filter { source: Some("test".into()), ..Filter::default() }).unwrap(), 3);

    let past = projection.past(jiff::Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(past.len(), 3);
    assert_eq!(past[0].fixes, [("k:web".to_string(), true)]);
    let gate_events = projection.gate_events(jiff::Timestamp::UNIX_EPOCH).unwrap();
    let [(_, GateEvent::Begun { attempt, spends, .. }), (_, ended)] = gate_events.as_slice() else {
        panic!("{gate_events:?}")
    };
    assert_eq!((attempt.as_str(), spends.as_slice()), ("t1", ["budget|web".to_string()].as_slice()));
    assert_eq!(*ended, GateEvent::Ended { origin: Some("model".into()), helped: true, canaries: Vec::new() });
    let old = projection.gate_events(jiff::Timestamp::MAX).unwrap();
    assert_eq!(old, gate_events[1..], "what was spent long ago is forgotten, what was learned is not");
}

#[test]
fn a_projection_that_is_behind_or_took_entries_twice_comes_out_the_same() {
    let place = Place::new("behind");
    let (journal, projection) = (Memory::new(), open(&place));
    let one = chain("i1", 2);
    append(&journal, one.clone());
    projection.catch_up(&journal).unwrap();
    append(&journal, seal("i1", &one, repaired()));
    projection.catch_up(&journal).unwrap();
    let want = projection.list(&Filter::default()).unwrap();
    let learned = projection.gate_events(jiff::Timestamp::UNIX_EPOCH).unwrap();
    // As if the mark had been lost and the incidents not.
    projection.take(&journal, 0).unwrap();
    assert_eq!(projection.list(&Filter::default()).unwrap(), want);
    drop(projection);
    let projection = open(&place);
    assert_eq!(projection.catch_up(&journal).unwrap(), 8);
    projection.rebuild(&journal).unwrap();
    assert_eq!(projection.list(&Filter::default()).unwrap(), want);
    assert_eq!(projection.gate_events(jiff::Timestamp::UNIX_EPOCH).unwrap(), learned);
}

#[test]
fn another_journal_means_another_projection() {
    let place = Place::new("another");
    let projection = open(&place);
    let old = Memory::new();
    append(&old, chain("i1", 5));
    projection.catch_up(&old).unwrap();
    // From a backup: shorter, and with entries of its own at the same positions.
    let restored = Memory::new();
    append(&restored, chain("i7", 2));
    assert_eq!(projection.catch_up(&restored).unwrap(), 2);
    assert_eq!(ids(&projection.list(&Filter::default()).unwrap()), ["i7"]);
    append(&restored, tail(&restored.entries(), 4));
    projection.catch_up(&restored).unwrap();
    assert_eq!(projection.active().unwrap()[0].version, 6);
}

#[test]
fn a_broken_or_foreign_file_is_made_new() {
    let place = Place::new("broken");
    let journal = Memory::new();
    append(&journal, chain("i1", 2));
    open(&place).catch_up(&journal).unwrap();
    let path = place.0.join("projection.db");
    let meddler = rusqlite::Connection::open(&path).unwrap();
    meddler.execute_batch("UPDATE meta SET value = '0 0.0.1' WHERE key = 'version'").unwrap();
    drop(meddler);
    assert_eq!(open(&place).applied().unwrap(), 0);
    std::fs::write(&path, "garbage ".repeat(5000)).unwrap();
    let projection = open(&place);
    assert_eq!(projection.applied().unwrap(), 0);
    projection.catch_up(&journal).unwrap();
    assert_eq!(ids(&projection.active().unwrap()), ["i1"]);
}
