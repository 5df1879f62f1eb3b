//! What a listing costs when there are many incidents: derived from the journal, kept on disk, and
//! asked: `cargo bench -p tidegate --bench listing [INCIDENTS]`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/alert.rs"]
mod alert;
#[path = "common/measure.rs"]
mod measure;

use std::path::Path;
use std::time::Instant;

use alert::{alert, opened};
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use measure::{head, line, measure, ratio};
use tidegate::domain::listing::{FacetFilter, Range};
use tidegate::domain::{Decision, Entry, Fact, Incident, IncidentId, Mode, Outcome, Sealed, State, Verdict};
use tidegate::journal::{self, Projection, Sqlite};
use tidegate::ports::Journal;

/// Incidents a page.
const PAGE: usize = 50;
/// One in so many needs a person.
const RARE: u64 = 10_000;

fn main() {
    let wanted = std::env::args().filter_map(|word| word.parse().ok()).next_back();
    lists("2026-07-06T12:00:00Z".parse().expect("it is a time"), wanted.unwrap_or(50_000));
}

/// Ten incidents a second, each of a group of its own: suppressed and closed, but for a few.
fn story(n: u64, now: Timestamp) -> Vec<Sealed> {
    let at = now + SignedDuration::from_millis(i64::try_from(n).expect("it is small") * 100);
    let id = IncidentId::new(at, n).0;
    let decision = Decision {
        verdict: Verdict::Suppress,
        rule: Some(format!("quiet-{}", n % 20)),
        reason: "nobody needs to know".into(),
        mode: Mode::Observe,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: "recorded".into(),
    };
    let outcome = if n.is_multiple_of(RARE) { Outcome::NeedsPerson } else { Outcome::Suppressed };
    let Fact::Opened { source, alerts, .. } = opened(alert(&format!("Quiet{}", n % 50), &format!("web-{n}"))) else {
        unreachable!("that is how incidents begin")
    };
    let group_key = format!("alertname=Quiet{},cluster=eu-1,namespace=ns-{n}", n % 50);
    let facts = vec![
        Fact::Opened { group_key, source, alerts },
        Fact::Decided { decision: decision.into() },
        Fact::Concluded { outcome, reason: "by rule".into() },
        Fact::Closed { reason: "all alerts resolved".into() },
    ];
    let seal = |(place, fact)| Sealed::new(&id, place, &Entry { at, fact }).expect("it can be written");
    (1..).zip(facts).map(seal).collect()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

fn lists(now: Timestamp, incidents: u64) {
    let folder = tempfile::tempdir().expect("there is room");
    let journal_file = folder.path().join("journal.db");
    let journal = Sqlite::open(&journal_file, journal::Options::default()).expect("it opens");
    let mut entries = 0;
    for start in (0..incidents).step_by(1000) {
        let batch: Vec<Sealed> = (start..incidents.min(start + 1000)).flat_map(|n| story(n, now)).collect();
        entries += batch.len() as u64;
        block_on(journal.append(batch)).expect("it is written");
    }
    let file = folder.path().join("projection.db");
    let projection = Projection::open(&file).expect("it opens");
    let started = Instant::now();
    projection.catch_up(&journal).expect("it is derived");
    let took = started.elapsed();
    println!(
        "{incidents} incidents derived in {took:.1?}: {:.1} µs an entry, {:.1} µs an incident",
        took.as_micros() as f64 / entries as f64,
        took.as_micros() as f64 / incidents as f64
    );
    // Closing empties the log into the file.
    drop(projection);
    let each = size(&file) / incidents;
    let part = ratio(size(&file) as f64, size(&journal_file) as f64);
    println!("{each} bytes an incident, {part} of the journal");
    assert!(each <= 250, "a closed incident takes {each} bytes");

    let projection = Projection::open(&file).expect("it opens");
    let started = Instant::now();
    let past = projection.past(Timestamp::MIN).expect("it can be read");
    assert_eq!(past.len() as u64, incidents);
    println!(
        "the past read in {:.1?}: {:.1} µs an incident",
        started.elapsed(),
        started.elapsed().as_micros() as f64 / incidents as f64
    );

    let (any, ever) = (FacetFilter::default(), Range::default());
    let middle = now + SignedDuration::from_millis(i64::try_from(incidents).expect("it is small") * 50);
    let middle = IncidentId::first_at(middle);
    let questions = [
        ("the newest", any.clone(), ever.clone()),
        ("before the middle", any.clone(), ever.clone().before(&middle)),
        ("by a beginning of 9 letters", any.clone(), ever.clone().beginning(&middle)),
        ("closed", FacetFilter { state: Some(State::Closed), ..any.clone() }, ever.clone()),
        ("open, of which there are none", FacetFilter { state: Some(State::Open), ..any.clone() }, ever.clone()),
        ("who need a person", FacetFilter { outcome: Some(Outcome::NeedsPerson), ..any.clone() }, ever.clone()),
        (
            "by a rule, before the middle",
            FacetFilter { rule: Some("quiet-7".into()), ..any.clone() },
            ever.clone().before(&middle),
        ),
        ("by a source that there is not", FacetFilter { source: Some("none".into()), ..any }, ever),
    ];
    head("found");
    for (what, wanted, range) in questions {
        let mut found = 0;
        let took = measure(200, || {
            let ids = projection.newest(&wanted, &range, PAGE).expect("it can be read");
            let read =
                |id: &IncidentId| Incident::read(&journal.stream(&id.0).expect("it can be read")).expect("it is known");
            found = ids.iter().filter_map(read).count();
            assert_eq!(found, ids.len());
        });
        line(&format!("a page of {PAGE}: {what}"), took, &found.to_string());
    }
}
