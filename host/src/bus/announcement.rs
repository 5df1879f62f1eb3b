//! What of the record is told on a bus, and in which words: pure.
//!
//! Alerts and findings have the form of ops' reports of scripts, so that whoever hears those hears these. Each message has
//! the place of its entry in the journal as its name, so that it is the same message however often it is sent.

mod incidents;
mod reports;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::control::Control;
use crate::domain::event::ObjectRef;
use crate::domain::stream::Stream;
use crate::domain::{Fact, Incident, Sealed};
use crate::redact::redact_json;

/// Bytes of a text.
const TEXT: usize = 1 << 10;

/// What may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// That incidents are opened, concluded and closed, and that people are asked.
    Incidents,
    /// Alerts that were made of events.
    Alerts,
    /// What inspections find.
    Findings,
}

/// A message about what the record holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// The same each time.
    pub id: String,
    /// What kind it is.
    pub kind: &'static str,
    /// When it happened.
    pub at: Timestamp,
    /// What it is about; the cluster is empty where nothing says which.
    pub object: ObjectRef,
    /// The last word of its subject.
    pub observation: &'static str,
    /// The rest.
    pub data: Value,
}

/// What an entry of the journal has to tell. `incident` finds the incident as it stands now.
pub fn announcements(
    sealed: &Sealed,
    topics: &[Topic],
    incident: &dyn Fn(&str) -> Option<Incident>,
) -> Vec<Announcement> {
    let mut all = match Stream::of(&sealed.stream) {
        Stream::Conversation => Vec::new(),
        Stream::Host if topics.contains(&Topic::Findings) => {
            sealed.open::<Control>().map(|entry| reports::of_control(entry.at, &entry.fact)).unwrap_or_default()
        }
        Stream::Host => Vec::new(),
        Stream::Incident => {
            let id = sealed.stream.as_str();
            let entry = sealed.open::<Fact>();
            entry.map(|entry| incidents::of_fact(id, entry.at, &entry.fact, topics, incident)).unwrap_or_default()
        }
    };
    for (place, announcement) in all.iter_mut().enumerate() {
        announcement.id = format!("{}-{}-{place}", sealed.stream, sealed.n);
        redact_json(&mut announcement.data);
    }
    all
}

impl Announcement {
    fn new(kind: &'static str, at: Timestamp, object: ObjectRef, observation: &'static str, data: Value) -> Self {
        Self { id: String::new(), kind, at, object, observation, data }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::reports::REPORT;
    use super::*;
    use crate::bus::envelope::of_announcement;
    use crate::bus::own::{is_of_a_host, is_own};
    use crate::domain::alert::Status;
    use crate::domain::event;
    use crate::domain::{Alert, Entry, IncidentId, Labels, Outcome};

    const ALL: [Topic; 3] = [Topic::Incidents, Topic::Alerts, Topic::Findings];

    fn sealed(fact: Fact) -> Sealed {
        let at = Timestamp::from_second(1_764_000_000).unwrap();
        Sealed::new("0i1", 3, &Entry { at, fact }).unwrap()
    }

    fn alert() -> Alert {
        let labels: Labels = [("alertname", "NodeDown"), ("node", "n1.lan"), ("cluster", "kestrel")].into();
        let annotations: Labels = [
            ("event_subject", "ops.clusters.kestrel.nodes.n1.lan.events"),
            ("summary", "password=hunter2hunter2 gone"),
        ]
        .into();
        Alert {
            source: event::SOURCE.into(),
            name: "NodeDown".into(),
            status: Status::Firing,
            severity: crate::domain::alert::Severity::Critical,
            labels,
            annotations,
            starts_at: None,
            ends_at: None,
            fingerprint: "f".into(),
            link: None,
        }
    }

    fn opened() -> Fact {
        Fact::Opened { group_key: "g".into(), source: event::SOURCE.into(), alerts: vec![alert()] }
    }

    fn names(own: &str) -> Vec<String> {
        vec![own.to_string()]
    }

    fn none(_: &str) -> Option<Incident> {
        None
    }

    #[test]
    fn an_opened_incident_and_its_alert_are_told_the_same_each_time() {
        let known =
            |id: &str| Incident::open(IncidentId(id.into()), &Entry { at: Timestamp::UNIX_EPOCH, fact: opened() });
        let all = announcements(&sealed(opened()), &ALL, &known);
        assert_eq!(all, announcements(&sealed(opened()), &ALL, &known));
        let [alert, incident] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((alert.id.as_str(), incident.id.as_str()), ("0i1-3-0", "0i1-3-1"));
        assert_eq!(
            (alert.kind, &alert.data["status"], &alert.data["host"]),
            (REPORT, &json!("alerting"), &json!("n1.lan"))
        );
        assert_eq!((alert.object.kind.as_str(), alert.object.name.as_str()), ("node", "n1.lan"));
        assert!(!all.iter().any(|one| one.data.to_string().contains("hunter2")), "{all:?}");
        assert_eq!((incident.observation, &incident.data["severity"]), ("opened", &json!("critical")));
        let text = of_announcement(alert, "tidegate/k", "ops.clusters.kestrel.nodes.n1.lan.alerts");
        let beginning = "{\"specversion\":\"1.0\",\"id\":\"0i1-3-0\",\"source\":\"tidegate/k\",\"type\":\"TaskRunReport\",\"subject\":";
        assert!(text.starts_with(beginning) && text.ends_with("\"cluster\":\"kestrel\"}"), "{text}");
        let read = crate::events::cloudevent::structured(&text).unwrap();
        assert_eq!((read.observation.as_str(), read.object.name.as_str()), ("alerts", "n1.lan"));
        assert!(
            is_own(&Labels::new(), &text, &names("tidegate/k"))
                && !is_own(&Labels::new(), &text, &names("tidegate/other"))
        );
        let by = |name: &str| -> Labels { [("tidegate-source", name)].into() };
        assert!(is_own(&by("tidegate/k"), "no event", &names("tidegate/k")));
        assert!(!is_own(&by("tidegate/other"), "no event", &names("tidegate/k")));
        assert!(is_of_a_host(&by("tidegate/other")) && !is_of_a_host(&Labels::new()));
        // A host that tells on two buses has two names.
        assert!(is_own(&Labels::new(), &text, &["tidegate/a".to_string(), "tidegate/k".into()]));
    }

    #[test]
    fn topics_say_what_is_told() {
        let kinds = |fact: Fact, topics: &[Topic]| -> Vec<&'static str> {
            announcements(&sealed(fact), topics, &none).iter().map(|one| one.kind).collect()
        };
        assert_eq!(kinds(opened(), &[Topic::Alerts]), [REPORT]);
        assert_eq!(kinds(opened(), &[Topic::Incidents]), ["tidegate.incident.opened"]);
        let concluded = Fact::Concluded { outcome: Outcome::Fixed, reason: "seen".into() };
        let all = announcements(&sealed(concluded), &ALL, &none);
        assert_eq!((all[0].observation, &all[0].data["outcome"]), ("concluded", &json!("fixed")));
        assert_eq!(kinds(Fact::Reported { markdown: "x".into() }, &ALL), [""; 0]);
    }
}
