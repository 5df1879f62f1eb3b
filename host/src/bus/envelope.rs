//! Messages as CloudEvents, as they go onto the wire: what this host tells, and events that it sends on.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::announcement::Announcement;
use crate::domain::event::Forward;

/// A message as it goes out: the members in the order of ops, `data` before what is no attribute of CloudEvents.
#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    datacontenttype: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    time: String,
    data: &'a Value,
    cluster: &'a str,
    /// Who has sent it on, the last one last.
    #[serde(skip_serializing_if = "str::is_empty")]
    tidegatevia: &'a str,
}

/// Writes an announcement.
pub fn of_announcement(announcement: &Announcement, source: &str, subject: &str) -> String {
    let envelope = Envelope {
        specversion: "1.0",
        id: &announcement.id,
        source,
        kind: announcement.kind,
        subject,
        datacontenttype: "application/json",
        time: announcement.at.to_string(),
        data: &announcement.data,
        cluster: &announcement.object.cluster,
        tidegatevia: "",
    };
    serde_json::to_string(&envelope).unwrap_or_default()
}

/// The name of an event that is sent on, the same each time.
pub fn forward_id(forward: &Forward) -> String {
    let Forward { subject, said, .. } = forward;
    let mut hash = Sha256::new();
    let mut part = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    [&said.source, &said.id, subject].into_iter().for_each(|text| part(text));
    // A stream would take two events without a number for one.
    if said.id.is_empty() {
        part(&said.kind);
        part(&said.time.map(|time| time.to_string()).unwrap_or_default());
        part(&said.data.to_string());
    }
    hex::encode(hash.finalize().get(..16).unwrap_or_default())
}

/// Writes an event that is sent on: its name, and the message. Sender, kind, time and data stay.
pub fn of_forward(forward: &Forward, by: &str) -> (String, String) {
    let Forward { subject, said, .. } = forward;
    let via: Vec<&str> = said.via.iter().map(String::as_str).chain([by]).collect();
    let (id, via) = (forward_id(forward), via.join(","));
    let envelope = Envelope {
        specversion: "1.0",
        id: &id,
        source: &said.source,
        kind: &said.kind,
        subject,
        datacontenttype: "application/json",
        time: said.time.map(|time| time.to_string()).unwrap_or_default(),
        data: &said.data,
        cluster: &said.cluster,
        tidegatevia: &via,
    };
    let text = serde_json::to_string(&envelope).unwrap_or_default();
    (id, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::own::is_own;
    use crate::domain::Labels;

    fn names(own: &str) -> Vec<String> {
        vec![own.to_string()]
    }

    #[test]
    fn what_is_sent_on_stays_as_it_was_and_is_known_again() {
        let said = r#"{"specversion":"1.0","id":"7","source":"s","type":"Kube","subject":"ops.clusters.k.nodes.n1.findings","time":"2026-11-27T04:13:00Z","data":{"status":"alerting"},"cluster":"k"}"#;
        let event = crate::events::cloudevent::structured(said).unwrap();
        let forward = event.forwarded("alerts");
        let (id, text) = of_forward(&forward, "tidegate/k");
        assert_eq!(
            (forward.subject.as_str(), id == of_forward(&forward, "tidegate/k").0),
            ("ops.clusters.k.nodes.n1.alerts", true)
        );
        let read = crate::events::cloudevent::structured(&text).unwrap().said;
        assert_eq!((read.source.as_str(), &read.data, read.time), ("s", &event.said.data, event.said.time));
        assert!(
            is_own(&Labels::new(), &text, &names("tidegate/k")) && !is_own(&Labels::new(), said, &names("tidegate/k"))
        );
        let again = crate::events::cloudevent::structured(&text).unwrap().forwarded("ops.copy");
        let (_, second) = of_forward(&again, "tidegate/other");
        assert!(
            ["tidegate/k", "tidegate/other"].iter().all(|host| is_own(&Labels::new(), &second, &names(host))),
            "{second}"
        );
        assert_eq!(event.forwarded("ops.copy").subject, "ops.copy");
        assert_ne!(of_forward(&event.forwarded("ops.copy"), "x").0, id, "a name is one of the whole stream");
        let unnumbered = |more: &str| {
            let said = format!(r#"{{"specversion":"1.0","source":"s","type":"t","subject":"ops.a"{more}}}"#);
            of_forward(&crate::events::cloudevent::structured(&said).unwrap().forwarded("ops.copy"), "x").0
        };
        let first = unnumbered(r#","data":{"n":1}"#);
        assert_eq!(first, unnumbered(r#","data":{"n":1}"#));
        assert_ne!(first, unnumbered(r#","data":{"n":2}"#), "events without a number are several");
    }
}
