//! Copies under load, and what is put back where.

use super::*;
use crate::journal::rows::testing::{chain, tail};
use crate::journal::sqlite::tests::Place;
use crate::journal::{Options, Sqlite};
use crate::ports::Journal;

#[tokio::test]
async fn a_copy_is_one_state_of_a_journal_that_is_being_written() {
    let place = Place::new("backup");
    let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
    journal.append(chain("i1", 3)).await.unwrap();
    let writing = (0..200).map(|n| journal.append(chain(&format!("j{n}"), 5)));
    let writing = futures::future::join_all(writing);
    let (from, to) = (place.journal(), place.0.join("copy.db"));
    let (copied, written) = tokio::join!(tokio::task::spawn_blocking(move || back_up(&from, &to)), writing);
    assert!(written.iter().all(Result::is_ok));
    let head = copied.unwrap().unwrap();
    let reader = Reader::open(&place.0.join("copy.db")).unwrap();
    assert_eq!(reader.head().unwrap(), head);
    assert_eq!(verify(&reader, &[]).unwrap().problems, [""; 0]);
    assert_eq!((head.position - 3) % 5, 0, "no append is torn");
    let again = back_up(&place.journal(), &place.0.join("copy.db")).unwrap_err();
    assert!(again.to_string().contains("exists already"), "{again}");
}

#[tokio::test]
async fn a_backup_takes_the_place_of_a_journal_that_nobody_has_open() {
    let place = Place::new("restore");
    let copy = place.0.join("copy.db");
    let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
    let one = chain("i1", 3);
    journal.append(one.clone()).await.unwrap();
    let head = back_up(&place.journal(), &copy).unwrap();
    journal.append(tail(&one, 4)).await.unwrap();
    assert!(matches!(restore(&copy, &place.journal()), Err(Error::Owned { .. })));
    drop(journal);
    let restored = restore(&copy, &place.journal()).unwrap();
    assert_eq!((restored.head, restored.replaced.map(|head| head.position)), (head, Some(7)));
    let kept = Reader::open(&restored.kept.unwrap()).unwrap();
    assert_eq!(kept.stream("i1").unwrap().len(), 7);
    let journal = Sqlite::open(&place.journal(), Options::default()).unwrap();
    assert_eq!(journal.stream("i1").unwrap(), one);
    journal.append(tail(&one, 1)).await.unwrap();
    drop(journal);

    let damaged = rusqlite::Connection::open(&copy).unwrap();
    damaged.execute("UPDATE entries SET body = '{}' WHERE seq = 2", []).unwrap();
    drop(damaged);
    assert!(restore(&copy, &place.journal()).unwrap_err().to_string().contains("does not continue the chain"));
    assert_eq!(Reader::open(&place.journal()).unwrap().head().unwrap().position, 4, "nothing was touched");
}
