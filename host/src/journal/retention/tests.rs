//! What goes and what stays, and that a gap which no rule made is found.

use super::*;
use crate::domain::control::Control;
use crate::domain::{Entry, Fact, Slot};
use crate::journal::rows::testing::{chain, replayed, seal};
use crate::journal::sqlite::tests::Place as Folder;
use crate::journal::{Options, Sqlite, verify};
use crate::ports::Journal;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// When the entries of the tests begin.
const BEGIN: i64 = 1_750_000_001;

fn ended(stream: &str, outcome: Outcome) -> Vec<Sealed> {
    let mut all = chain(stream, 3);
    let facts =
        vec![Fact::Concluded { outcome, reason: "so".into() }, Fact::Closed { reason: "all alerts resolved".into() }];
    all.extend(seal(stream, &all, facts));
    all
}

fn rule(outcomes: &[Outcome]) -> Rule {
    Rule { words: "keep 40d (test)".into(), outcomes: outcomes.to_vec(), keep: Duration::ZERO }
}

/// A thousand incidents of each kind, archived but for the newest entries, and one that stays open.
async fn archived(name: &str) -> (Folder, Sqlite) {
    let folder = Folder::new(name);
    let journal = Sqlite::open(&folder.journal(), Options::default()).unwrap();
    journal.append(chain("open", 4)).await.unwrap();
    let breaker = Fact::BreakerOpened { key: "rule:fix".into(), because: "the last 3 fixes did not help".into() };
    let mut kept = chain("breaker", 1);
    kept.extend(seal("breaker", &kept, vec![breaker, Fact::Closed { reason: "done".into() }]));
    journal.append(kept).await.unwrap();
    for n in 0..500 {
        journal.append(ended(&format!("s{n}"), Outcome::Suppressed)).await.unwrap();
        journal.append(ended(&format!("f{n}"), Outcome::Fixed)).await.unwrap();
    }
    let filler = (0..60).flat_map(|n| chain(&format!("filler{n}"), 50));
    journal.append(filler.collect()).await.unwrap();
    let started = std::time::Instant::now();
    while table::end(&schema::open_reader(&folder.journal()).unwrap()).unwrap().position < 5010 {
        assert!(started.elapsed() < Duration::from_secs(60), "it is not archived");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (folder, journal)
}

async fn remove_all(journal: &Sqlite, rule: &Rule, before: Timestamp, n: &mut u64) -> Vec<Removed> {
    let (mut from, mut all) = (Some(0), Vec::new());
    while let Some(position) = from {
        let step = plan(journal.reader(), rule, before, position).unwrap();
        from = step.next;
        let Some(removal) = step.removal else { continue };
        all.push(removal.removed.clone());
        *n += 1;
        let entry = Entry { at: at(BEGIN + 100), fact: Control::Removed(removal.removed.clone()) };
        journal.remove(Sealed::new(control::STREAM, *n, &entry).unwrap(), removal).await.unwrap();
    }
    all
}

#[tokio::test]
async fn what_is_over_goes_by_outcome_and_everything_else_reads_as_before() {
    let (_folder, journal) = archived("retention").await;
    let before = replayed(&journal);
    let head = journal.head();
    let size = journal.size().unwrap();
    let mut n = 0;
    assert!(remove_all(&journal, &rule(&[Outcome::Suppressed]), at(BEGIN), &mut n).await.is_empty(), "none is so old");
    let removed = remove_all(&journal, &rule(&[Outcome::Suppressed]), at(BEGIN + 50), &mut n).await;
    let count = |of: fn(&Removed) -> u64| removed.iter().map(of).sum::<u64>();
    assert_eq!((count(|one| one.incidents), count(|one| one.entries)), (500, 2500));
    assert!(journal.stream("s7").unwrap().is_empty());
    assert_eq!(journal.stream("f7").unwrap(), ended("f7", Outcome::Fixed));
    let kept: Vec<(u64, Sealed)> =
        before.iter().filter(|(_, sealed)| !sealed.stream.starts_with('s')).cloned().collect();
    let now: Vec<(u64, Sealed)> = replayed(&journal).into_iter().filter(|(seq, _)| *seq <= head.position).collect();
    assert_eq!(now, kept);
    let report = verify(journal.reader(), &[(head.into(), "a note".into())]).unwrap();
    assert_eq!(report.problems, [""; 0]);
    let gone = before.iter().find(|(_, sealed)| sealed.stream == "s7").unwrap().0;
    assert_eq!(journal.place(gone).unwrap(), Slot::Removed);
    assert!(matches!(journal.place(gone + 5).unwrap(), Slot::Entry(_)));

    // The rest goes by another rule; what is open and what opened a breaker stays.
    remove_all(&journal, &rule(&[]), at(BEGIN + 50), &mut n).await;
    assert!(journal.stream("f7").unwrap().is_empty());
    assert_eq!((journal.stream("open").unwrap().len(), journal.stream("breaker").unwrap().len()), (4, 3));
    assert_eq!(verify(journal.reader(), &[(head.into(), "a note".into())]).unwrap().problems, [""; 0]);
    assert!(journal.size().unwrap() < size, "{} of {size} bytes", journal.size().unwrap());
    assert!(remove_all(&journal, &rule(&[]), at(BEGIN + 50), &mut n).await.is_empty());
}

#[tokio::test]
async fn a_gap_that_no_rule_made_is_found() {
    let (folder, journal) = archived("retention-by-hand").await;
    let step = plan(journal.reader(), &rule(&[Outcome::Suppressed]), at(BEGIN + 50), 0).unwrap();
    let removal = step.removal.unwrap();
    drop(journal);
    // Somebody who has read the source removes as retention does, but writes no entry about it.
    let meddler = Connection::open(folder.journal()).unwrap();
    rewrite(&meddler, &removal).unwrap();
    drop(meddler);
    let journal = Sqlite::open(&folder.journal(), Options::default()).unwrap();
    let problems = verify(journal.reader(), &[]).unwrap().problems;
    assert!(problems[0].contains("is not what retention says it removed"), "{problems:?}");
    // A later removal does not take it over.
    let step = plan(journal.reader(), &rule(&[Outcome::Fixed]), at(BEGIN + 50), 0);
    assert!(step.unwrap_err().to_string().contains("journal verify"));
}

#[tokio::test]
async fn a_removal_that_fails_at_any_step_removes_nothing() {
    let (folder, journal) = archived("retention-fails").await;
    let before = replayed(&journal);
    let steps = [
        "BEFORE INSERT ON entries",
        "BEFORE DELETE ON segments",
        "BEFORE DELETE ON archived",
        "BEFORE INSERT ON segments",
    ];
    for step in steps {
        let meddler = Connection::open(folder.journal()).unwrap();
        meddler.execute_batch(&format!("CREATE TRIGGER no {step} BEGIN SELECT RAISE(ABORT, 'no'); END")).unwrap();
        let removal = plan(journal.reader(), &rule(&[]), at(BEGIN + 50), 0).unwrap().removal.unwrap();
        let entry = Entry { at: at(BEGIN + 100), fact: Control::Removed(removal.removed.clone()) };
        let refused = journal.remove(Sealed::new(control::STREAM, 1, &entry).unwrap(), removal).await;
        assert!(refused.is_err(), "{step}");
        assert!(journal.append(chain("more", 1)).await.is_err(), "{step}: nothing goes on before a recovery");
        meddler.execute_batch("DROP TRIGGER no").unwrap();
        journal.recover().await.unwrap();
        assert_eq!(replayed(&journal), before, "{step}");
        assert_eq!(verify(journal.reader(), &[]).unwrap().problems, [""; 0], "{step}");
    }
}
