//! A handling as its trace has it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::{otlp, spans};
use crate::domain::entry::Purpose;
use crate::domain::{Call, Entry, Fact, Incident, IncidentId, Outcome};
use crate::ports::IncidentRecord;

fn story() -> IncidentRecord {
    let at = |second: i64| Timestamp::from_second(1_000 + second).unwrap();
    let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
    let look = Fact::Looked {
        purpose: Purpose::Evidence,
        call: Call { tool: "k.get".into(), arguments: Map::new() },
        ok: true,
        text: "password=hunter2".into(),
        took_ms: 1_500,
        refused: None,
    };
    let collected = Fact::Collected { causes: None, incomplete: None };
    let concluded = Fact::Concluded { outcome: Outcome::NeedsPerson, reason: "why".into() };
    let facts = [(0, opened), (3, look), (4, collected), (5, concluded)];
    let entries: Vec<Entry> = facts.into_iter().map(|(second, fact)| Entry { at: at(second), fact }).collect();
    let mut incident = Incident::open(IncidentId("i1".into()), &entries[0]).unwrap();
    entries[1..].iter().for_each(|entry| incident.apply(entry));
    IncidentRecord { incident, entries }
}

#[test]
fn looks_last_as_long_as_they_took_and_all_stand_under_the_incident() {
    let sender = Context::read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
    let story = story();
    let spans = spans::of(&story, &[sender]);
    let told: Vec<(&str, i64, usize)> = spans
        .iter()
        .map(|span| (span.name.as_str(), span.end.duration_since(span.start).as_millis() as i64, span.entry))
        .collect();
    assert_eq!(told, [("look k.get", 1_500, 2), ("evidence", 2_500, 3), ("incident", 5_000, 4)]);
    let root = spans.last().unwrap();
    assert_eq!((root.parent, root.id, &root.links), (None, Context::of(&story.incident.id).span, &vec![sender]));
    assert!(spans[..2].iter().all(|span| span.parent == Some(root.id)));
}

#[test]
fn what_is_sent_is_otlp_and_holds_no_text_of_others() {
    let story = story();
    let trace = super::context::trace_of(&story.incident.id);
    let spans = spans::of(&story, &[]);
    let body = otlp::request(spans.iter().map(|span| (&trace, span)), "here");
    assert!(!body.to_string().contains("hunter2"));
    let sent = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
    assert_eq!(sent[0]["startTimeUnixNano"], "1001500000000");
    assert_eq!((&sent[0]["kind"], &sent[1]["kind"]), (&json!(3), &json!(1)));
    assert_eq!(sent[2].get("parentSpanId"), None);
    assert_eq!(sent[0]["traceId"].as_str().map(str::len), Some(32));
    let outcome = sent[2]["attributes"].as_array().unwrap().iter().find(|one| one["key"] == "tidegate.outcome");
    assert_eq!(outcome.map(|one| &one["value"]), Some(&json!({"stringValue": "needs_person"})));
    assert_eq!(body["resourceSpans"].as_array().map(Vec::len), Some(1));
    assert_ne!(body, Value::Null);
}

#[test]
fn what_a_collector_does_not_take_is_read_off_its_answer() {
    let read = |body: &str| {
        let otlp::Partial { rejected, why } = otlp::partial(body.as_bytes());
        (rejected, why)
    };
    for (body, wanted) in [
        (r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#, (3, "too old")),
        (r#"{"partialSuccess":{"rejectedSpans":3}}"#, (3, "")),
        // A warning of one that takes all.
        (r#"{"partialSuccess":{"rejectedSpans":"0","errorMessage":"old"}}"#, (0, "old")),
        (r#"{"partialSuccess":{"rejectedSpans":-3,"errorMessage":[]}}"#, (0, "")),
        (r#"{"partialSuccess":null}"#, (0, "")),
        ("{}", (0, "")),
        ("", (0, "")),
        ("<html>", (0, "")),
    ] {
        assert_eq!(read(body), (wanted.0, wanted.1.to_string()), "{body}");
    }
}
