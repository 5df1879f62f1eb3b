//! Ways to tamper with a journal, each of which the check must name.

use rusqlite::Connection;

use super::*;
use crate::journal::rows::testing::chain;
use crate::journal::sqlite::tests::Place;
use crate::journal::{Options, Sqlite};
use crate::ports::Journal;

/// Writes a journal, does something to its file, and gives what the check finds.
fn after(name: &str, sql: &str) -> VerifyReport {
    let place = Place::new(&format!("verify-{name}"));
    let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
    let both = [chain("i1", 4), chain("i2", 3)].concat();
    futures_lite(journal.append(both));
    drop(journal);
    Connection::open(place.journal()).unwrap().execute_batch(sql).unwrap();
    verify(&Reader::open(&place.journal()).unwrap()).unwrap()
}

fn futures_lite(append: impl Future<Output = Result<(), crate::ports::JournalError>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(append).unwrap();
}

#[test]
fn an_untouched_journal_is_well() {
    let report = after("well", "");
    let want = VerifyReport { entries: 7, streams: 2, position: 7, ..VerifyReport::default() };
    assert_eq!(report, want);
}

#[test]
fn every_way_to_tamper_is_found_and_named() {
    let changed = "UPDATE entries SET body = replace(body, 'PodNotReady', 'Fine') WHERE seq = 2";
    let resealed = "UPDATE entries SET hash = 'ab' WHERE seq = 7";
    let swapped = "UPDATE entries SET n = 9 WHERE seq = 3; UPDATE entries SET n = 3 WHERE seq = 4;
                   UPDATE entries SET n = 4 WHERE seq = 3";
    for (name, sql, wants) in [
        ("changed", changed, vec!["position 2 of i1 (entry 2) does not continue its chain"]),
        ("resealed", resealed, vec!["position 3 of i2 (entry 7) does not continue"]),
        (
            "removed",
            "DELETE FROM entries WHERE seq = 3",
            vec![
                "entries 3 to 3 of the whole journal are missing",
                "positions 3 to 3 of i1 are missing before entry 4",
            ],
        ),
        ("tail", "DELETE FROM entries WHERE seq > 5", vec!["entries 6 to 7 at the end of the journal were removed"]),
        ("stream", "DELETE FROM entries WHERE stream = 'i1'", vec!["entries 1 to 4 of the whole journal are missing"]),
        ("swapped", swapped, vec!["position 3 of i1 (entry 4) does not", "stands before the entry that it follows"]),
        (
            "time",
            "UPDATE entries SET at = 5 WHERE seq = 1",
            vec!["position 1 of i1 (entry 1) is filed under another time"],
        ),
        ("number", "UPDATE entries SET n = -4 WHERE seq = 4", vec!["of i1"]),
        (
            "unknown",
            "UPDATE entries SET body = '{\"at\":\"2026-01-01T00:00:00Z\",\"kind\":\"sang\"}' WHERE seq = 7",
            vec!["is no entry that this program knows"],
        ),
        ("all", "DELETE FROM entries", vec!["entries 1 to 7 at the end of the journal were removed"]),
    ] {
        let problems = after(name, sql).problems;
        for want in wants {
            assert!(problems.iter().any(|problem| problem.contains(want)), "{name}: {want} in {problems:#?}");
        }
    }
}
