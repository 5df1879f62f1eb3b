//! The journal on disk: order, ownership, full disks, recovery, and files that cannot be used.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use futures::future::join_all;

use super::*;
use crate::journal::rows::testing::{chain, tail};
use crate::journal::{Error, verify};
use crate::ports::PluginState;

/// A directory that is gone after the test.
pub(crate) struct Place(pub PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tidegate-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal.db")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(place: &Place) -> Sqlite {
    Sqlite::open(&place.journal(), Options::default()).unwrap()
}

#[tokio::test]
async fn entries_survive_a_restart_in_the_order_of_the_calls() {
    let place = Place::new("restart");
    let (one, two) = (chain("i1", 3), chain("i2", 2));
    {
        let journal = open(&place);
        let first = journal.append(one[..2].to_vec());
        let second = journal.append(two.clone());
        let third = journal.append(one[2..].to_vec());
        // The futures are polled in another order than the calls were made in.
        third.await.unwrap();
        second.await.unwrap();
        first.await.unwrap();
        assert_eq!(journal.position(), 5);
        assert_eq!(journal.queued(), 0);
    }
    let journal = open(&place);
    assert_eq!(journal.stream("i1").unwrap(), one);
    let mut seen = Vec::new();
    journal
        .replay(1, &mut |seq, sealed| {
            seen.push((seq, sealed.stream, sealed.n));
            Ok(())
        })
        .unwrap();
    let want = [(2, "i1", 2), (3, "i2", 1), (4, "i2", 2), (5, "i1", 3)];
    assert_eq!(seen, want.map(|(seq, stream, n)| (seq, stream.to_string(), n)));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.0), mode(&place.journal())), (0o700, 0o600));
}

#[tokio::test]
async fn many_at_once_share_transactions_and_all_get_through() {
    let place = Place::new("many");
    let journal = open(&place);
    let appends = (0..500).map(|i| journal.append(chain(&format!("i{i}"), 3)));
    assert!(join_all(appends).await.into_iter().all(|result| result.is_ok()));
    assert_eq!(journal.beyond(1499).await, 1500);
    let report = verify(journal.reader(), &[]).unwrap();
    assert_eq!((report.entries, report.streams, report.problems), (1500, 500, vec![]));
}

#[tokio::test]
async fn a_second_owner_is_refused_by_name_while_readers_are_welcome() {
    let place = Place::new("owner");
    let journal = open(&place);
    journal.append(chain("i1", 1)).await.unwrap();
    let refused = Sqlite::open(&place.journal(), Options::default()).unwrap_err();
    assert!(matches!(&refused, Error::Owned { owner, .. } if owner.contains("process")), "{refused}");
    assert!(refused.to_string().contains("journal.db"));
    let reader = Reader::open(&place.journal()).unwrap();
    assert_eq!(reader.stream("i1").unwrap().len(), 1);
    journal.append(chain("i2", 1)).await.unwrap();
    assert_eq!(reader.position().unwrap(), 2);
    assert!(Journal::append(&reader, chain("i3", 1)).await.is_err());
    drop(journal);
    open(&place);
}

#[tokio::test]
async fn what_does_not_continue_its_stream_is_refused_alone_and_a_repeat_is_harmless() {
    let place = Place::new("fit");
    let journal = open(&place);
    let one = chain("i1", 3);
    let gap = journal.append(one[1..].to_vec());
    let first = journal.append(one[..1].to_vec());
    assert!(gap.await.unwrap_err().0.contains("cannot come next"));
    first.await.unwrap();
    journal.append(one.clone()).await.unwrap();
    journal.append(one.clone()).await.unwrap();
    let mut other = one[1].clone();
    other.body = other.body.replace("PodNotReady", "Fine");
    assert!(journal.append(vec![other]).await.unwrap_err().0.contains("read the stream again"));
    assert_eq!(journal.position(), 3);
}

#[tokio::test]
async fn a_full_disk_stops_everything_until_there_is_room() {
    let place = Place::new("full");
    let options = Options { max_bytes: Some(200 << 10), ..Options::default() };
    let journal = Sqlite::open(&place.journal(), options).unwrap();
    let mut entries = chain("i1", 1);
    journal.append(entries.clone()).await.unwrap();
    let error = loop {
        let more = tail(&entries, 20);
        match journal.append(more.clone()).await {
            Ok(()) => entries.extend(more),
            Err(error) => break error,
        }
    };
    assert!(error.0.contains("no space is left"), "{error}");
    // A small one would fit, but nothing may stand behind a missing one.
    assert!(journal.append(chain("i2", 1)).await.is_err());
    assert!(PluginState::set(&journal, "p", "k", "v").is_err());
    assert!(journal.recover().await.unwrap_err().0.contains("no space is left"));
    assert_eq!(journal.stream("i1").unwrap(), entries);
    drop(journal);

    let journal = open(&place);
    journal.append(tail(&entries, 1)).await.unwrap();
    assert!(verify(journal.reader(), &[]).unwrap().problems.is_empty());
}

#[tokio::test]
async fn a_lost_transaction_fails_all_of_its_appends_and_recovery_lets_them_come_again() {
    let place = Place::new("recover");
    let journal = open(&place);
    journal.append(chain("i1", 1)).await.unwrap();
    let meddler = rusqlite::Connection::open(place.journal()).unwrap();
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON entries WHEN new.stream = 'bad'
                   BEGIN SELECT RAISE(ROLLBACK, 'no'); END";
    meddler.execute_batch(trigger).unwrap();
    let results =
        join_all([journal.append(chain("bad", 1)), journal.append(chain("i2", 1)), journal.append(chain("i3", 1))]);
    assert!(results.await.iter().all(Result::is_err));
    meddler.execute_batch("DROP TRIGGER no").unwrap();
    assert!(journal.append(chain("i2", 1)).await.is_err(), "nothing before a recovery");
    // What is queued behind a recovery comes after it.
    let (recovered, appended) = (journal.recover(), journal.append(chain("i2", 1)));
    appended.await.unwrap();
    recovered.await.unwrap();
    assert_eq!(journal.position(), 2);
}

#[tokio::test]
async fn a_queue_that_is_full_refuses_and_recovers_once_it_is_written() {
    let place = Place::new("queue");
    let journal = Sqlite::open(&place.journal(), Options { max_queued_bytes: 4096, max_bytes: None }).unwrap();
    let results = join_all((0..200).map(|i| journal.append(chain(&format!("i{i}"), 4)))).await;
    let first_error = results.iter().position(Result::is_err).unwrap();
    assert!(results[first_error].as_ref().unwrap_err().0.contains("overloaded"));
    assert!(results[first_error..].iter().all(Result::is_err));
    journal.recover().await.unwrap();
    assert!(!journal.crowded());
    let taken = verify(journal.reader(), &[]).unwrap();
    assert_eq!((taken.entries, taken.problems), (first_error as u64 * 4, vec![]));
    journal.append(chain("later", 1)).await.unwrap();
}

#[tokio::test]
async fn what_was_answered_waits_for_nothing_any_more() {
    let place = Place::new("answered");
    // Room for one append, so that any weight that is left of the one before refuses the next.
    let journal = Sqlite::open(&place.journal(), Options { max_queued_bytes: 1, max_bytes: None }).unwrap();
    for i in 0..2_000 {
        journal.append(chain(&format!("i{i}"), 1)).await.unwrap();
        assert_eq!(journal.queued(), 0, "after {i} answers");
        let refused = journal.append(tail(&chain("gap", 3), 1)).await.unwrap_err();
        assert!(refused.0.contains("cannot come next"), "{refused}");
        assert_eq!(journal.queued(), 0, "after {i} refusals");
    }
    for i in 0..50 {
        journal.set("plugin", "key", &i.to_string()).unwrap();
        assert_eq!(journal.queued(), 0, "after {i} changes of a plugin's state");
    }
}

#[tokio::test]
async fn the_log_does_not_grow_without_bound() {
    let place = Place::new("log");
    let journal = open(&place);
    let mut previous = chain("i1", 1);
    journal.append(previous.clone()).await.unwrap();
    for _ in 0..60 {
        let more = tail(&previous, 2000);
        journal.append(more.clone()).await.unwrap();
        previous = more;
    }
    let log = std::fs::metadata(place.journal().with_extension("db-wal")).unwrap().len();
    assert!(log < 24 << 20, "{log} bytes of log for 120000 entries");
}

#[test]
fn files_that_cannot_be_used_say_so() {
    let place = Place::new("files");
    assert!(matches!(Reader::open(&place.journal()), Err(Error::Missing(_))));
    std::fs::create_dir_all(&place.0).unwrap();
    let refused = |path: &Path| Sqlite::open(path, Options::default()).unwrap_err();

    let garbage = place.0.join("garbage.db");
    std::fs::write(&garbage, "no database at all, but long enough to look at ".repeat(50)).unwrap();
    assert!(matches!(refused(&garbage), Error::Damaged(..)));

    let foreign = place.0.join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE songs (id)").unwrap();
    assert!(matches!(refused(&foreign), Error::Foreign(_)));

    drop(open(&place));
    let meddler = rusqlite::Connection::open(place.journal()).unwrap();
    meddler.pragma_update(None, "user_version", 9).unwrap();
    assert!(refused(&place.journal()).to_string().contains("newer tidegate"));
    assert!(matches!(Reader::open(&place.journal()), Err(Error::Newer { found: 9, .. })));

    assert!(matches!(refused(Path::new("/proc/tidegate/journal.db")), Error::Unavailable(_)));
}

#[test]
fn plugins_keep_a_little_state_across_restarts() {
    let place = Place::new("state");
    {
        let journal = open(&place);
        assert_eq!(PluginState::get(&journal, "chat", "thread"), Ok(None));
        journal.set("chat", "thread", "1").unwrap();
        journal.set("chat", "thread", "2").unwrap();
        journal.set("other", "thread", "3").unwrap();
        assert!(journal.set("chat", "big", &"x".repeat(64 << 10)).unwrap_err().contains("64 KiB"));
        journal.set("chat", "more", &"x".repeat(60 << 10)).unwrap();
    }
    let journal = open(&place);
    assert_eq!(PluginState::get(&journal, "chat", "thread"), Ok(Some("2".into())));
    assert_eq!(PluginState::get(&journal, "other", "thread"), Ok(Some("3".into())));
    assert_eq!(PluginState::get(&journal, "chat", "big"), Ok(None));
}
