//! What the file holds has a number, and takes little room.

use futures::FutureExt;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use super::*;
use crate::domain::{Fact, Outcome};
use crate::journal::Memory;
use crate::journal::projection::Projection;
use crate::journal::projection::catch_up::tests::repaired;
use crate::journal::rows::testing::{chain, seal};
use crate::journal::sqlite::tests::Place;
use crate::ports::Journal;

/// The format and the SHA-256 of its tables with what is put into them.
const KNOWN: (i64, &str) = (9, "cbc9e3fac559ed661316d5c4bca9e6e6f4362754aa67247525569cc1f3002ade");

fn filled(place: &Place, journal: &Memory) -> Connection {
    let path = place.0.join("projection.db");
    Projection::open(&path).unwrap().catch_up(journal).unwrap();
    Connection::open(path).unwrap()
}

/// All rows of all tables as text.
fn dump(connection: &Connection) -> String {
    let mut text = String::new();
    for table in ["texts", "facets", "incidents", "asked", "gate_events"] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let shown = |at| match row.get_ref(at).unwrap() {
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                other => format!("{other:?}"),
            };
            let values: Vec<String> = (0..columns).map(shown).collect();
            text.push_str(&format!("{table} {}\n", values.join(" ")));
        }
    }
    text
}

#[test]
fn the_format_has_a_number() {
    let place = Place::new("format");
    let journal = Memory::new();
    let one = chain("i1", 2);
    let usage = crate::domain::entry::Usage {
        calls: 1,
        prompt_tokens: 2,
        completion_tokens: 3,
        took_ms: 4,
        ..Default::default()
    };
    let two = chain("i2", 1);
    let entries = [
        one.clone(),
        seal("i1", &one, repaired()),
        two.clone(),
        seal("i2", &two, vec![Fact::ModelFailed { reason: String::new(), usage }]),
    ];
    journal.append(entries.concat()).now_or_never().unwrap().unwrap();
    let dump = dump(&filled(&place, &journal));
    let digest = hex::encode(Sha256::digest(format!("{TABLES}{dump}")));
    assert_eq!(
        (FORMAT, digest.as_str()),
        KNOWN,
        "the tables or what is put into them are others than this format's: give FORMAT the next number, and both \
         to KNOWN.\n{dump}"
    );
}

#[test]
fn a_closed_incident_takes_250_bytes() {
    let place = Place::new("size");
    let count = 20_000_u64;
    let entries = (0..count).flat_map(|n| {
        let id = crate::domain::IncidentId::new(jiff::Timestamp::from_second(1_800_000_000).unwrap(), n).0;
        let mut opened = chain(&id, 1).remove(0).open::<Fact>().unwrap().fact;
        // As long as groups are in a cluster, and one for each incident.
        if let Fact::Opened { group_key, .. } = &mut opened {
            *group_key = format!("alertname=KubePodNotReady,cluster=eu-1,namespace=ns-{n}");
        }
        let facts = vec![
            opened,
            Fact::Concluded { outcome: Outcome::Suppressed, reason: "quiet".into() },
            Fact::Closed { reason: "all alerts resolved".into() },
        ];
        seal(&id, &[], facts)
    });
    let connection = filled(&place, &Memory::with_entries(entries.collect()));
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let bytes = std::fs::metadata(place.0.join("projection.db")).unwrap().len();
    assert!(bytes / count <= 250, "{} bytes an incident", bytes / count);
}
