//! An archived journal reads like one that is not, whatever is in it and wherever the process dies.

use std::time::{Duration, Instant};

use super::*;
use crate::domain::{ChainHash, Head, Sealed};
use crate::journal::rows::testing::{chain, replayed, tail};
use crate::journal::sqlite::tests::Place;
use crate::journal::{Options, Sqlite, verify};
use crate::ports::Journal;

/// Entries that are in the table still.
fn hot(place: &Place) -> u64 {
    let connection = rusqlite::Connection::open(place.journal()).unwrap();
    connection.query_row("SELECT count(*) FROM entries", [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
}

fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let started = Instant::now();
    while !reached() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn ids_of_incidents_are_numbers_in_the_order_of_time() {
    assert!(key("1m8edhmkd2bxb") < key("1m8edhmke0000"));
    assert!(key("1m8edhmkd2bxb") > 0);
    assert!(key("host") < 0);
    assert!(key("1m8edhmkd2bx") < 0, "a shorter name is none of them");
    assert!(key("zzzzzzzzzzzzz") < 0, "nor one that is no 63 bits");
}

#[test]
fn a_segment_reads_back_as_it_was_and_cut_off_ones_are_refused() {
    let mut segment = Segment::after(Head::default());
    for sealed in [chain("i1", 3), chain("host", 1), tail(&chain("i1", 3), 2)].concat() {
        segment.push(sealed);
    }
    segment.push_gap(2, ChainHash::GENESIS);
    segment.push_gap(3, ChainHash::from_bytes(&[7; 32]).unwrap());
    segment.push(chain("i2", 1).remove(0));
    assert_eq!(segment.gaps().collect::<Vec<_>>(), [(7, 11, ChainHash::from_bytes(&[7; 32]).unwrap())]);
    assert_eq!(segment.entries().map(|(seq, _)| seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 12]);
    let packed = segment.pack().unwrap();
    assert_eq!(Segment::unpack(segment.before, segment.after, &packed), Ok(segment.clone()));
    assert!(segment.chain().1);
    for cut in 0..packed.len() {
        assert!(Segment::unpack(segment.before, segment.after, &packed[..cut]).is_err(), "{cut}");
    }
    let longer = Head { position: 13, ..segment.after };
    assert!(Segment::unpack(segment.before, longer, &packed).unwrap_err().contains("12 places instead of 13"));
}

#[tokio::test]
async fn an_archived_journal_reads_like_any_other_and_gives_its_room_back() {
    let place = Place::new("archive");
    let (count, mut want) = (1500, Vec::new());
    let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
    for i in 0..count {
        want.extend(chain(&format!("i{i}"), 3));
    }
    for i in 0..count {
        want.extend(tail(&chain(&format!("i{i}"), 3), 2));
    }
    for some in want.chunks(700) {
        journal.append(some.to_vec()).await.unwrap();
    }
    let head = journal.reader().head().unwrap();
    until("all but the newest are archived", || hot(&place) < 1500);
    let expected: Vec<(u64, Sealed)> = (1..).zip(want.clone()).collect();
    assert_eq!(replayed(&journal), expected);
    for i in [0, 700, count - 1] {
        let id = format!("i{i}");
        let of: Vec<Sealed> = want.iter().filter(|sealed| sealed.stream == id).cloned().collect();
        assert_eq!(journal.stream(&id).unwrap(), of);
    }
    // Every place has the hash that it had.
    let mut known = Head::default();
    for (seq, sealed) in expected.iter().take(2000) {
        known = known.next(sealed);
        if seq % 97 == 0 {
            assert_eq!(journal.place(*seq).unwrap(), crate::domain::Slot::Entry(known.chain));
        }
    }
    let report = verify(journal.reader(), &[(head.into(), "a note".into())]).unwrap();
    assert_eq!((report.entries, report.problems), (7500, vec![]));

    // A stream goes on whose entries are all archived, also after a restart, and no place is taken twice.
    drop(journal);
    let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
    assert_eq!(journal.reader().head().unwrap(), head);
    let first = want[..3].to_vec();
    journal.append(first.clone()).await.unwrap();
    let mut other = first;
    other[1].body = "{}".into();
    assert!(journal.append(other).await.unwrap_err().0.contains("read the stream again"));
    let more = tail(&chain("i0", 5), 1);
    journal.append(more.clone()).await.unwrap();
    assert_eq!(journal.stream("i0").unwrap().last(), more.last());
    drop(journal);
    let bytes: usize = want.iter().map(|sealed| sealed.body.len()).sum();
    let size = usize::try_from(std::fs::metadata(place.journal()).unwrap().len()).unwrap();
    assert!(size < bytes / 2, "{size} bytes for {bytes} of bodies");
}

#[tokio::test]
async fn what_is_changed_in_the_archive_is_found() {
    let tampers: [(&str, &str, &str); 5] = [
        (
            "removed",
            "DELETE FROM segments WHERE first = (SELECT min(first) FROM segments WHERE first > 1)",
            "are missing",
        ),
        (
            "renamed",
            "UPDATE segments SET before = zeroblob(32) WHERE first = (SELECT min(first) FROM segments WHERE first > 1)",
            "does not continue the chain",
        ),
        ("ended", "UPDATE segments SET after = zeroblob(32) WHERE first = 1", "does not end with the hash"),
        ("garbled", "UPDATE segments SET content = substr(content, 1, 100) WHERE first = 1", "cannot be unpacked"),
        ("unnamed", "DELETE FROM archived WHERE segment = 1", "is not named in the index"),
    ];
    let place = Place::new("archive-tamper");
    let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
    for i in 0..10 {
        journal.append(chain(&format!("i{i}"), 300)).await.unwrap();
    }
    until("some are archived", || hot(&place) < 2000);
    drop(journal);
    let whole = std::fs::read(place.journal()).unwrap();
    for (name, sql, want) in tampers {
        let copy = Place::new(&format!("archive-tamper-{name}"));
        std::fs::create_dir_all(&copy.0).unwrap();
        std::fs::write(copy.journal(), &whole).unwrap();
        rusqlite::Connection::open(copy.journal()).unwrap().execute_batch(sql).unwrap();
        let reader = crate::journal::Reader::open(&copy.journal()).unwrap();
        let problems = verify(&reader, &[]).unwrap().problems;
        assert!(problems.iter().any(|problem| problem.contains(want)), "{name}: {want} in {problems:#?}");
    }
}

#[tokio::test]
async fn a_move_that_fails_at_any_step_changes_nothing_and_stops_nobody() {
    let steps = [
        "BEFORE INSERT ON segments",
        "BEFORE INSERT ON archived",
        "BEFORE DELETE ON entries",
        "AFTER DELETE ON entries",
    ];
    for (number, step) in steps.iter().enumerate() {
        let place = Place::new(&format!("archive-fails-{number}"));
        drop(Sqlite::open(&place.journal(), Options::default()).unwrap());
        let meddler = rusqlite::Connection::open(place.journal()).unwrap();
        meddler.execute_batch(&format!("CREATE TRIGGER no {step} BEGIN SELECT RAISE(ABORT, 'no'); END")).unwrap();
        let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
        let mut want = Vec::new();
        for n in 0..8 {
            let more = chain(&format!("i{n}"), 250);
            journal.append(more.clone()).await.unwrap();
            want.extend(more);
        }
        tokio::time::sleep(Duration::from_millis(1200)).await;
        journal.append(chain("later", 1)).await.unwrap();
        want.extend(chain("later", 1));
        let want: Vec<(u64, Sealed)> = (1..).zip(want).collect();
        assert_eq!(hot(&place), 2001, "{step}");
        assert_eq!(replayed(&journal), want, "{step}");
        drop(journal);
        meddler.execute_batch("DROP TRIGGER no").unwrap();
        let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
        until("it is archived after all", || hot(&place) < 1500);
        assert_eq!(replayed(&journal), want, "{step}");
        assert_eq!(verify(journal.reader(), &[]).unwrap().problems, [""; 0], "{step}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_a_segment_holds_reads_back(
        records in proptest::collection::vec((0..9u8, 1..u64::MAX / 4, ".{0,40}", 0..5u64), 0..60),
    ) {
        let mut segment = Segment::after(Head { position: 41, ..Head::default() });
        for (stream, n, body, gap) in records {
            match gap {
                0 => segment.push_gap(n % 1000 + 1, ChainHash::from_bytes(&[stream; 32]).unwrap()),
                _ => segment.push(Sealed { stream: format!("s{stream}"), n, body }),
            }
        }
        let packed = segment.pack().unwrap();
        let read = Segment::unpack(segment.before, segment.after, &packed).unwrap();
        proptest::prop_assert!(read.chain().1);
        proptest::prop_assert_eq!(read, segment);
    }
}
