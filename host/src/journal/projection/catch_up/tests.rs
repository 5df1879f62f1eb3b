//! Listings that follow a journal, fall behind it, or belong to another one.

use std::path::PathBuf;

use futures::FutureExt;
use serde_json::json;

use super::*;
use crate::domain::action::{Action, ActionId, Origin, Proposal, Risk};
use crate::domain::call::{Call, Target};
use crate::domain::entry::Usage;
use crate::domain::listing::{FacetFilter, Range};
use crate::domain::{Fact, IncidentId, Outcome, State};
use crate::journal::Memory;
use crate::journal::rows::testing::{chain, seal, tail};
use crate::journal::sqlite::tests::Place;

fn append(journal: &Memory, entries: Vec<Sealed>) {
    journal.append(entries).now_or_never().unwrap().unwrap();
}

fn path(place: &Place) -> PathBuf {
    place.0.join("projection.db")
}

fn open(place: &Place) -> Projection {
    Projection::open(&path(place)).unwrap()
}

fn ids(incidents: &[IncidentId]) -> String {
    incidents.iter().map(|id| &*id.0).collect::<Vec<_>>().join(" ")
}

fn all(projection: &Projection) -> String {
    ids(&projection.newest(&FacetFilter::default(), &Range::default(), 1000).unwrap())
}

/// What a repair leaves in the journal.
pub(in crate::journal::projection) fn repaired() -> Vec<Fact> {
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

/// Damages pages in the middle of the file, as a disk does.
fn damage(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let from = bytes.len() / 3 / 4096 * 4096;
    let to = bytes.len() * 2 / 3;
    assert!(to > from + 4096, "{} bytes are too few to damage", bytes.len());
    bytes[from..to].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
}

/// Enough incidents for many pages.
fn many(journal: &Memory) {
    append(journal, (0..3000).flat_map(|n| chain(&format!("i{n:04}"), 1)).collect());
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
    let updated_at = Incident::read(&journal.stream("i1").unwrap()).unwrap().unwrap().updated_at;
    assert_eq!(projection.asked(updated_at).unwrap(), [crate::domain::IncidentId("i1".into())]);
    let opened = projection.opened_by_day(jiff::Timestamp::MIN).unwrap();
    assert_eq!(opened.iter().map(|day| (day.incidents, day.asked)).collect::<Vec<_>>(), [(2, 1)]);
    let after = updated_at + jiff::SignedDuration::from_secs(1);
    assert_eq!(projection.asked(after).unwrap(), []);
}

#[test]
fn listings_follow_the_journal_and_answer_questions() {
    let place = Place::new("listings");
    let (journal, projection) = (Memory::new(), open(&place));
    let one = chain("i1", 2);
    append(&journal, one.clone());
    append(&journal, chain("i2", 1));
    assert_eq!(projection.catch_up(&journal).unwrap(), 3);
    assert_eq!(ids(&projection.unsettled().unwrap()), "i1 i2");
    append(&journal, seal("i1", &one, repaired()));
    append(&journal, chain("i3", 1));
    assert_eq!(projection.catch_up(&journal).unwrap(), 10);
    assert_eq!(projection.applied().unwrap(), 10);
    assert_eq!(ids(&projection.unsettled().unwrap()), "i2 i3");

    assert_eq!(all(&projection), "i3 i2 i1");
    let newest = |wanted: &FacetFilter, range: &Range, limit| ids(&projection.newest(wanted, range, limit).unwrap());
    let (any, ever) = (FacetFilter::default(), Range::default());
    assert_eq!(newest(&any, &ever.clone().before("i3"), 1), "i2");
    assert_eq!(newest(&any, &ever.clone().beginning("i2"), 9), "i2");
    assert_eq!(newest(&any, &ever.clone().beginning("i"), 2), "i3 i2");
    assert_eq!(newest(&any, &ever, 0), "");
    assert_eq!(newest(&FacetFilter { state: Some(State::Closed), ..any.clone() }, &ever, 9), "i1");
    assert_eq!(newest(&FacetFilter { outcome: Some(Outcome::Fixed), ..any.clone() }, &ever, 9), "i1");
    assert_eq!(newest(&FacetFilter { outcome: Some(Outcome::NeedsPerson), ..any.clone() }, &ever, 9), "");
    assert_eq!(newest(&FacetFilter { source: Some("test".into()), ..any.clone() }, &ever, 2), "i3 i2");
    assert_eq!(newest(&FacetFilter { source: Some("other".into()), ..any.clone() }, &ever, 2), "");
    assert_eq!(newest(&FacetFilter { rule: Some("r".into()), ..any }, &ever, 2), "");

    let past = projection.past(Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(past.iter().map(|past| &*past.incident.0).collect::<Vec<_>>(), ["i1", "i2", "i3"]);
    let folded = Incident::read(&journal.stream("i1").unwrap()).unwrap().unwrap();
    assert_eq!(past[0], crate::domain::history::Past::of(&folded));
    let fix = &past[0].fixes[0];
    assert_eq!((fix.target.as_str(), fix.helped, fix.tool.is_empty()), ("k:web", true, false));
    let gate_events = projection.gate_events(Timestamp::UNIX_EPOCH).unwrap();
    let [(_, GateEvent::Begun { attempt, spends, .. }), (_, ended)] = gate_events.as_slice() else {
        panic!("{gate_events:?}")
    };
    assert_eq!((attempt.as_str(), spends.as_slice()), ("t1", ["budget|web".to_string()].as_slice()));
    assert_eq!(*ended, GateEvent::Ended { origin: Some("model".into()), helped: true, canaries: Vec::new() });
    let old = projection.gate_events(Timestamp::MAX).unwrap();
    assert_eq!(old, gate_events[1..], "what was spent long ago is forgotten, what was learned is not");
}

#[test]
fn a_settled_incident_that_goes_on_is_read_from_the_journal() {
    let place = Place::new("goes-on");
    let (journal, projection) = (Memory::new(), open(&place));
    let mut one = chain("i1", 2);
    append(&journal, one.clone());
    projection.catch_up(&journal).unwrap();
    for fact in repaired() {
        let next = seal("i1", &one, vec![fact]);
        one.extend(next.clone());
        append(&journal, next);
        projection.catch_up(&journal).unwrap();
    }
    let incremental = (projection.past(Timestamp::MIN).unwrap(), projection.gate_events(Timestamp::MIN).unwrap());
    let elsewhere = Place::new("goes-on-at-once");
    let at_once = open(&elsewhere);
    at_once.catch_up(&journal).unwrap();
    assert_eq!(incremental, (at_once.past(Timestamp::MIN).unwrap(), at_once.gate_events(Timestamp::MIN).unwrap()));
}

#[test]
fn two_who_take_in_the_same_entries_do_not_disturb_each_other() {
    let place = Place::new("two");
    let journal = Memory::new();
    many(&journal);
    let (host, command) = (open(&place), Projection::open_shared(&path(&place)).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| host.catch_up(&journal).unwrap());
        scope.spawn(|| command.catch_up(&journal).unwrap());
    });
    assert_eq!(host.applied().unwrap(), 3000);
    append(&journal, chain("j1", 1));
    assert_eq!(command.catch_up(&journal).unwrap(), 3001);
    append(&journal, chain("j2", 1));
    assert_eq!(host.catch_up(&journal).unwrap(), 3002);
    let newest = host.newest(&FacetFilter::default(), &Range::default(), 2).unwrap();
    assert_eq!(ids(&newest), "j2 j1");
    assert_eq!(host.past(Timestamp::MIN).unwrap().len(), 3002);
}

#[test]
fn a_journal_that_lacks_entries_is_told_and_the_listing_stays_until_the_loss_is_accepted() {
    let place = Place::new("lost");
    let projection = open(&place);
    let old = Memory::new();
    append(&old, chain("i1", 5));
    append(&old, chain("i2", 1));
    projection.catch_up(&old).unwrap();
    let shorter = Memory::with_entries(old.entries()[..4].to_vec());
    for _ in 0..2 {
        let Err(CatchUpError::Lost(lost)) = projection.catch_up(&shorter) else { panic!("nothing is lost") };
        assert_eq!(lost, LostEntries { ends: 4, known: 6 });
        assert!(lost.to_string().contains("ends at 4, the listing knows 6: 2 entries are missing"), "{lost}");
        assert_eq!(all(&projection), "i2 i1", "the only copy was wiped");
    }
    // From a backup, and gone on since: as long, with an entry of its own at the same position.
    let other = Memory::new();
    append(&other, chain("i7", 2));
    append(&other, tail(&other.entries(), 6));
    let Err(CatchUpError::Lost(lost)) = projection.catch_up(&other) else { panic!("nothing is lost") };
    assert!(lost.to_string().contains("entry 6 of the journal is another"), "{lost}");
    let Err(CatchUpError::Lost(lost)) = projection.catch_up(&Memory::new()) else { panic!("nothing is lost") };
    assert_eq!((lost.ends, lost.known), (0, 6));

    let aside = projection.set_aside().unwrap();
    assert_eq!(aside, place.0.join("projection.db.1"));
    assert_eq!(projection.catch_up(&other).unwrap(), 8);
    assert_eq!(all(&projection), "i7");
    let evidence = Projection::open_shared(&aside).unwrap();
    assert_eq!(all(&evidence), "i2 i1");
    assert_eq!(projection.set_aside().unwrap(), place.0.join("projection.db.2"));
}

#[test]
fn a_foreign_file_or_one_of_another_format_is_made_new() {
    let place = Place::new("foreign");
    let journal = Memory::new();
    append(&journal, chain("i1", 2));
    open(&place).catch_up(&journal).unwrap();
    let meddler = rusqlite::Connection::open(path(&place)).unwrap();
    meddler.pragma_update(None, "user_version", 3).unwrap();
    drop(meddler);
    let command = Projection::open_shared(&path(&place)).unwrap();
    assert_eq!(command.catch_up(&journal).unwrap(), 2, "a command lists it all the same");
    assert_eq!(all(&command), "i1");
    let projection = open(&place);
    assert_eq!((projection.applied().unwrap(), projection.deriving()), (0, Some(0)));
    projection.catch_up(&journal).unwrap();
    assert_eq!((all(&projection).as_str(), projection.deriving()), ("i1", None));
}

#[test]
fn a_damaged_file_is_derived_anew_when_it_is_opened() {
    let place = Place::new("damaged");
    let journal = Memory::new();
    many(&journal);
    for garbage in [false, true] {
        open(&place).catch_up(&journal).unwrap();
        let path = path(&place);
        if garbage {
            std::fs::write(&path, "garbage ".repeat(5000)).unwrap();
        } else {
            damage(&path);
        }
        let projection = open(&place);
        assert_eq!(projection.applied().unwrap(), 0);
        assert!(place.0.join("projection.db.damaged").exists());
        projection.catch_up(&journal).unwrap();
        assert_eq!(projection.past(Timestamp::MIN).unwrap().len(), 3000);
    }
}

#[test]
fn a_file_that_is_damaged_or_removed_while_it_is_used_is_derived_anew() {
    let place = Place::new("damaged-later");
    let journal = Memory::new();
    many(&journal);
    let projection = open(&place);
    projection.catch_up(&journal).unwrap();
    // What is in the log reaches the file, and is read from there.
    let other = rusqlite::Connection::open(path(&place)).unwrap();
    other.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(other);
    damage(&path(&place));
    let mut errors = Vec::new();
    while errors.is_empty() {
        errors.extend(projection.past(Timestamp::MIN).err().map(|error| error.to_string()));
        errors.extend(projection.newest(&FacetFilter::default(), &Range::default(), 5000).err().map(|e| e.to_string()));
        append(&journal, chain(&format!("j{:04}", journal.position()), 1));
        if errors.is_empty() {
            projection.catch_up(&journal).unwrap();
            break;
        }
    }
    assert!(errors.iter().all(|error| error.contains("projection.db is damaged")), "{errors:?}");
    assert!(errors.iter().all(|error| !error.contains("restore")), "{errors:?}");
    projection.catch_up(&journal).unwrap();
    assert!(projection.is_whole());
    assert_eq!(projection.past(Timestamp::MIN).unwrap().len() as u64, journal.position());

    std::fs::remove_file(path(&place)).unwrap();
    assert_eq!(projection.catch_up(&journal).unwrap(), journal.position());
    assert!(path(&place).exists());
    assert_eq!(projection.past(Timestamp::MIN).unwrap().len() as u64, journal.position());
}

#[test]
fn a_file_that_cannot_be_written_is_read_as_it_is() {
    let place = Place::new("read-only");
    let journal = Memory::new();
    append(&journal, chain("i1", 2));
    open(&place).catch_up(&journal).unwrap();
    append(&journal, chain("i2", 1));
    let read = Projection::read_only(&path(&place)).unwrap().unwrap();
    assert_eq!(read.catch_up(&journal).unwrap(), 2);
    assert_eq!(all(&read), "i1");
}
