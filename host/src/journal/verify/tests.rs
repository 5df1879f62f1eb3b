//! Ways to tamper with a journal, each of which the check must name, and those that it cannot see.

use rusqlite::Connection;

use super::*;
use crate::journal::rows::testing::chain;
use crate::journal::sqlite::tests::Place;
use crate::journal::{Options, Sqlite};
use crate::ports::Journal;

/// Writes a journal, does something to its file, and gives what the check finds; the head before is
/// an anchor if `anchored`.
fn after(name: &str, anchored: bool, tamper: impl FnOnce(&Connection)) -> VerifyReport {
    let place = Place::new(&format!("verify-{name}"));
    let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
    let all = [chain("i1", 4), chain("i2", 3)].concat();
    futures_lite(journal.append(all));
    let anchor = (Anchor::from(journal.reader().head().unwrap()), "a note".to_string());
    drop(journal);
    tamper(&Connection::open(place.journal()).unwrap());
    let anchors = if anchored { vec![anchor] } else { vec![] };
    verify(&Reader::open(&place.journal()).unwrap(), &anchors).unwrap()
}

fn futures_lite(append: impl Future<Output = Result<(), crate::ports::JournalError>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(append).unwrap();
}

/// Gives the entries consecutive positions again, and the database its note of the highest.
fn renumber(connection: &Connection, order: &str) {
    let sql = format!("SELECT seq FROM entries ORDER BY {order}");
    let rows: Vec<i64> =
        connection.prepare(&sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    connection.execute("UPDATE entries SET seq = -seq", []).unwrap();
    for (new, old) in (1i64..).zip(&rows) {
        connection.execute("UPDATE entries SET seq = ?1 WHERE seq = ?2", (new, -old)).unwrap();
    }
    connection.execute("UPDATE sqlite_sequence SET seq = ?1", [rows.len() as i64]).unwrap();
}

/// Computes the chain anew, as somebody would who has read the source.
fn rechain(connection: &Connection) {
    let mut head = Head::default();
    for Stored { seq, sealed, .. } in walk::entries(connection, 0, 100).unwrap() {
        head = head.next(&sealed);
        connection
            .execute("UPDATE entries SET chain = ?1 WHERE seq = ?2", (head.chain.bytes(), rows::int(seq)))
            .unwrap();
    }
}

fn run(connection: &Connection, sql: &str) {
    connection.execute_batch(sql).unwrap();
}

#[test]
fn an_untouched_journal_is_well() {
    let report = after("well", true, |_| {});
    assert_eq!((report.entries, report.streams, report.head.position), (7, 2, 7));
    assert_eq!(report.problems, [""; 0]);
}

/// Name, what is done, and what the check says without an anchor.
type Row = (&'static str, fn(&Connection), &'static [&'static str]);

#[test]
fn every_way_to_tamper_is_found_and_named() {
    let table: [Row; 11] = [
        (
            "changed",
            |c| run(c, "UPDATE entries SET body = replace(body, 'PodNotReady', 'Fine') WHERE seq = 2"),
            &["entry 2 (position 2 of i1) does not continue the chain"],
        ),
        (
            "resealed",
            |c| run(c, "UPDATE entries SET chain = zeroblob(32) WHERE seq = 7"),
            &["entry 7 (position 3 of i2) does not continue the chain"],
        ),
        (
            "no hash",
            |c| run(c, "UPDATE entries SET chain = 'ab' WHERE seq = 7"),
            &["behind entry 0 nothing can be read"],
        ),
        (
            "removed",
            |c| run(c, "DELETE FROM entries WHERE seq = 3"),
            &["entries 3 to 3 are missing", "entry 4 (position 4 of i1) does not continue the chain"],
        ),
        (
            "tail",
            |c| run(c, "DELETE FROM entries WHERE seq > 5"),
            &["entries 6 to 7 at the end of the journal were removed"],
        ),
        ("stream", |c| run(c, "DELETE FROM entries WHERE stream = 'i1'"), &["entries 1 to 4 are missing"]),
        (
            "renumbered stream",
            |c| {
                run(c, "DELETE FROM entries WHERE stream = 'i1'");
                renumber(c, "seq");
            },
            &["entry 1 (position 1 of i2) does not continue the chain"],
        ),
        (
            "another order",
            |c| renumber(c, "stream DESC, n"),
            &["entry 1 (position 1 of i2) does not continue the chain"],
        ),
        ("number", |c| run(c, "UPDATE entries SET n = -4 WHERE seq = 4"), &["entry 4 (position 0 of i1) does not"]),
        (
            "unknown",
            |c| run(c, r#"UPDATE entries SET body = '{"at":"2026-01-01T00:00:00Z","kind":"sang"}' WHERE seq = 7"#),
            &["is no entry that this program knows"],
        ),
        ("all", |c| run(c, "DELETE FROM entries"), &["entries 1 to 7 at the end of the journal were removed"]),
    ];
    for (name, tamper, wants) in table {
        let problems = after(name, false, tamper).problems;
        for want in wants {
            assert!(problems.iter().any(|problem| problem.contains(want)), "{name}: {want} in {problems:#?}");
        }
    }
}

#[test]
fn a_chain_that_was_computed_anew_is_found_by_an_anchor_alone() {
    let table: [Row; 4] = [
        (
            "rechained change",
            |c| {
                run(c, "UPDATE entries SET body = replace(body, 'PodNotReady', 'Fine') WHERE seq = 2");
                rechain(c);
            },
            &["entry 7 is not the one that a note knows"],
        ),
        (
            "rechained removal",
            |c| {
                run(c, "DELETE FROM entries WHERE stream = 'i1'");
                renumber(c, "seq");
                rechain(c);
            },
            &["the journal ends at entry 3, but a note knows entry 7"],
        ),
        (
            "rechained order",
            |c| {
                renumber(c, "stream DESC, n");
                rechain(c);
            },
            &["entry 7 is not the one that a note knows"],
        ),
        (
            "tail with its note",
            |c| run(c, "DELETE FROM entries WHERE seq > 5; UPDATE sqlite_sequence SET seq = 5"),
            &["the journal ends at entry 5, but a note knows entry 7"],
        ),
    ];
    for (name, tamper, wants) in table {
        assert_eq!(after(name, false, tamper).problems, [""; 0], "{name}: the help says that this is not seen");
        let problems = after(name, true, tamper).problems;
        for want in wants {
            assert!(problems.iter().any(|problem| problem.contains(want)), "{name}: {want} in {problems:#?}");
        }
    }
}
