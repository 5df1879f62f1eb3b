//! Readers of what comes from outside: nothing panics, and one broken item costs no other.

use std::time::Duration;

use serde_json::json;
use tidegate_tests::fuzz::{Effort, List, ReadOutcome, Reader, readers, run};

#[test]
fn no_body_makes_a_reader_panic_and_no_item_costs_another() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let effort = Effort { rounds: 4_000, within: Duration::from_secs(18), seed: 1 };
    let mut wrong = Vec::new();
    for reader in readers::all(&runtime, cache.path()).unwrap() {
        match run(&reader, effort) {
            Ok(rounds) => assert!(rounds > 20, "{} had {rounds} rounds", reader.name),
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_body_makes_a_bundled_source_stop() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let effort = Effort { rounds: 2_000, within: Duration::from_secs(1), seed: 1 };
    let mut wrong = Vec::new();
    let sources = readers::sources(&runtime, cache.path()).unwrap();
    assert!(sources.len() >= 40, "{} sources", sources.len());
    for reader in sources {
        match run(&reader, effort) {
            Ok(rounds) => assert!(rounds > 5, "{} had {rounds} rounds", reader.name),
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A reader of a list of texts, wrong in one way.
fn reader(read: impl Fn(&str) -> ReadOutcome + 'static) -> Reader {
    let list = List {
        around: Box::new(|items| json!(items)),
        item: Box::new(|mark| json!(mark)),
        items: vec![json!({"a": [1, 2]})],
    };
    Reader { name: "of a test", bodies: vec!["[\"a\"]".into()], list: Some(list), read: Box::new(read) }
}

#[test]
fn a_reader_that_takes_all_or_nothing_or_panics_is_found() {
    let effort = Effort { rounds: 500, within: Duration::from_secs(5), seed: 1 };
    let whole = reader(|body| match serde_json::from_str::<Vec<String>>(body) {
        Ok(taken) => ReadOutcome::Taken { taken, left_out: Some(0) },
        Err(error) => ReadOutcome::Refused(error.to_string()),
    });
    assert!(run(&whole, effort).unwrap_err().contains("one item costs all"));
    let silent = reader(|body| {
        let items: Vec<serde_json::Value> = serde_json::from_str(body).unwrap_or_default();
        ReadOutcome::Taken {
            taken: items.iter().filter_map(|item| item.as_str()).map(str::to_string).collect(),
            left_out: Some(0),
        }
    });
    assert!(run(&silent, effort).unwrap_err().contains("were taken and 0 named"));
    let again = reader(|_| ReadOutcome::Again("later".into()));
    assert!(run(&again, effort).unwrap_err().contains("to be sent again"));
    let panics = reader(|body| match body.len() {
        0..=3 => panic!("too short"),
        _ => ReadOutcome::Taken { taken: vec![body.to_string()], left_out: None },
    });
    assert!(run(&panics, effort).unwrap_err().contains("it panics on"));
}
