//! What of the record is told on a bus, and in which words: pure.
//!
//! Alerts and findings have the form of ops' reports of scripts, so that whoever hears those hears these. Each message has
//! the place of its entry in the journal as its name, so that it is the same message however often it is sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::publish::SENDER;
use crate::domain::alert::Status;
use crate::domain::control::Control;
use crate::domain::decision::RulingKind;
use crate::domain::event::{self, Forward, Object};
use crate::domain::inspection::Finding;
use crate::domain::job::JobEvent;
use crate::domain::stream::Stream;
use crate::domain::subject::Subject;
use crate::domain::text::cut;
use crate::domain::{ActionId, Alert, Fact, Incident, Labels, Sealed};
use crate::redact::redact_json;

/// Alerts of an incident that are told with it.
const ALERTS: usize = 20;
/// Bytes of a text.
const TEXT: usize = 1 << 10;
/// The kind of a report of a script in ops.
const REPORT: &str = "TaskRunReport";

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

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The same each time.
    pub id: String,
    /// What kind it is.
    pub kind: &'static str,
    /// When it happened.
    pub at: Timestamp,
    /// What it is about; the cluster is empty where nothing says which.
    pub object: Object,
    /// The last word of its subject.
    pub observation: &'static str,
    /// The rest.
    pub data: Value,
}

/// What an entry has to tell. `incident` finds the incident as it stands now.
pub fn of(sealed: &Sealed, topics: &[Topic], incident: &dyn Fn(&str) -> Option<Incident>) -> Vec<Told> {
    let mut all = match Stream::of(&sealed.stream) {
        Stream::Conversation => Vec::new(),
        Stream::Host if topics.contains(&Topic::Findings) => {
            sealed.open::<Control>().map(|entry| of_control(entry.at, &entry.fact)).unwrap_or_default()
        }
        Stream::Host => Vec::new(),
        Stream::Incident => {
            let id = sealed.stream.as_str();
            let entry = sealed.open::<Fact>();
            entry.map(|entry| of_fact(id, entry.at, &entry.fact, topics, incident)).unwrap_or_default()
        }
    };
    for (place, told) in all.iter_mut().enumerate() {
        told.id = format!("{}-{}-{place}", sealed.stream, sealed.n);
        redact_json(&mut told.data);
    }
    all
}

fn told(kind: &'static str, at: Timestamp, object: Object, observation: &'static str, data: Value) -> Told {
    Told { id: String::new(), kind, at, object, observation, data }
}

fn of_control(at: Timestamp, control: &Control) -> Vec<Told> {
    let Control::Inspection(event) = control else { return Vec::new() };
    let JobEvent::Ended { job, end, .. } = event.as_ref() else { return Vec::new() };
    end.new.iter().map(|finding| of_finding(at, job, finding)).collect()
}

fn of_finding(at: Timestamp, inspection: &str, finding: &Finding) -> Told {
    let Finding { kind, namespace, name, severity, what, more, .. } = finding;
    let object =
        Object { cluster: String::new(), namespace: namespace.clone(), kind: kind.clone(), name: name.clone() };
    let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
    let place = if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") };
    let data = json!({
        "host": if kind == "node" { name } else { "" },
        "kind": what.name(),
        "status": "alerting",
        "message": format!("{}: {kind} {place}{more}", what.name()),
        "severity": severity.as_str(),
        "inspection": inspection,
        "finding": finding,
    });
    told(REPORT, at, object, "findings", data)
}

fn of_fact(
    id: &str,
    at: Timestamp,
    fact: &Fact,
    topics: &[Topic],
    incident: &dyn Fn(&str) -> Option<Incident>,
) -> Vec<Told> {
    let mut all = Vec::new();
    if let Fact::Opened { alerts, .. } | Fact::AlertsChanged { alerts } = fact
        && topics.contains(&Topic::Alerts)
    {
        let of_events = alerts.iter().filter(|alert| alert.source == event::SOURCE);
        all.extend(of_events.map(|alert| of_alert(id, at, alert)));
    }
    if !topics.contains(&Topic::Incidents) {
        return all;
    }
    let why = |reason: &str| Map::from_iter([("why".to_string(), Value::from(cut(reason, TEXT)))]);
    let said = match fact {
        Fact::Opened { .. } => Some(("tidegate.incident.opened", "opened", Map::new())),
        Fact::Ruled { action, ruling } if ruling.kind == RulingKind::Ask => {
            let mut rest = why(&ruling.reason);
            rest.insert("rule".into(), ruling.rule.as_str().into());
            rest.insert("until".into(), ruling.until.map(|until| until.to_string()).into());
            Some(("tidegate.action.asked", "asked", of_action(action, incident(id).as_ref(), rest)))
        }
        Fact::Concluded { outcome, reason } => {
            let mut rest = why(reason);
            rest.insert("outcome".into(), outcome.as_str().into());
            Some(("tidegate.incident.concluded", "concluded", rest))
        }
        Fact::Closed { reason } => Some(("tidegate.incident.closed", "closed", why(reason))),
        _ => None,
    };
    if let Some((kind, observation, rest)) = said {
        let known = incident(id);
        let alerts = match fact {
            Fact::Opened { alerts, .. } => alerts.iter().take(ALERTS).map(shown).collect(),
            _ => Vec::new(),
        };
        all.push(of_incident(id, at, (kind, observation), known.as_ref(), alerts, rest));
    }
    all
}

fn of_incident(
    id: &str,
    at: Timestamp,
    (kind, observation): (&'static str, &'static str),
    incident: Option<&Incident>,
    alerts: Vec<Value>,
    rest: Map<String, Value>,
) -> Told {
    let mut data = Map::new();
    let mut say = |name: &str, value: Value| drop(data.insert(name.into(), value));
    say("incident", id.into());
    say("status", observation.into());
    if let Some(incident) = incident {
        say("title", cut(&incident.title(), TEXT).into());
        say("severity", incident.severity().as_str().into());
        say("source", incident.source.as_ref().into());
        say("alert_count", incident.alert_count().into());
        say("outcome", incident.outcome().map(|outcome| outcome.as_str()).into());
    }
    if !alerts.is_empty() {
        say("alerts", alerts.into());
    }
    rest.into_iter().for_each(|(name, value)| say(&name, value));
    let cluster = incident.and_then(Incident::subject).and_then(|subject| subject.cluster).unwrap_or_default();
    let object = Object { cluster, namespace: String::new(), kind: "incident".into(), name: id.into() };
    told(kind, at, object, observation, data.into())
}

/// What is asked about an action: what it would change, and not with which arguments.
fn of_action(id: &ActionId, incident: Option<&Incident>, mut rest: Map<String, Value>) -> Map<String, Value> {
    rest.insert("action".into(), id.to_string().into());
    if let Some(record) = incident.and_then(|incident| incident.action(id)) {
        rest.insert("tool".into(), record.action.proposal.call.tool.as_str().into());
        rest.insert("target".into(), cut(&record.action.touches.to_string(), TEXT).into());
        rest.insert("digest".into(), record.action.digest.as_str().into());
    }
    rest
}

fn shown(alert: &Alert) -> Value {
    let labels: Map<String, Value> =
        alert.labels.iter().map(|(key, value)| (key.to_string(), Value::from(value))).collect();
    json!({
        "name": alert.name, "status": alert.status, "severity": alert.severity.as_str(), "labels": labels,
        "message": cut(alert.annotations.get("summary").unwrap_or_default(), TEXT),
    })
}

/// An alert in the form in which scripts of ops report one: all members are texts.
fn of_alert(id: &str, at: Timestamp, alert: &Alert) -> Told {
    let annotation = |name: &str| cut(alert.annotations.get(name).unwrap_or_default(), TEXT);
    let subject = annotation("event_subject");
    let cluster = alert.labels.get("cluster").unwrap_or_default();
    let (mut object, _) = Object::read(&subject, cluster, &Value::Null);
    if object.kind.is_empty()
        && let Some(of) = Subject::of(alert)
    {
        object.kind = of.kind.into();
        (object.name, object.namespace) = (of.name, of.namespace.unwrap_or_default());
    }
    object.cluster = cluster.to_string();
    let host = alert.labels.get("host").or_else(|| alert.labels.get("node")).unwrap_or(&object.name);
    let data = json!({
        "host": host,
        "kind": alert.name,
        "threshold": annotation("threshold"),
        "operator": annotation("operator"),
        "value": annotation("value"),
        "status": if alert.status == Status::Firing { "alerting" } else { "normal" },
        "message": annotation("summary"),
        "cluster": cluster,
        "severity": alert.severity.as_str(),
        "incident": id,
    });
    told(REPORT, at, object, "alerts", data)
}

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

/// Writes a message down.
pub fn written(told: &Told, source: &str, subject: &str) -> String {
    let envelope = Envelope {
        specversion: "1.0",
        id: &told.id,
        source,
        kind: told.kind,
        subject,
        datacontenttype: "application/json",
        time: told.at.to_string(),
        data: &told.data,
        cluster: &told.object.cluster,
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

/// Writes an event down that is sent on: its name, and the message. Sender, kind, time and data stay.
pub fn forwarded(forward: &Forward, by: &str) -> (String, String) {
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

/// Whether a host like this one has published it, as a message that a plugin made.
pub fn is_of_a_host(headers: &Labels) -> bool {
    headers.get(&SENDER.to_ascii_lowercase()).is_some()
}

/// Whether a message is one of this very host, or one that it has sent on. It may have several names. What a plugin has
/// published may be no event: that says so in a header.
pub fn is_own(headers: &Labels, body: &str, own: &[String]) -> bool {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        source: Option<std::borrow::Cow<'a, str>>,
        #[serde(borrow)]
        tidegatevia: Option<std::borrow::Cow<'a, str>>,
    }
    // Most are others', and need not be read twice.
    let is_one = |name: &str| own.iter().any(|own| own == name);
    if headers.get(&SENDER.to_ascii_lowercase()).is_some_and(is_one) {
        return true;
    }
    let is = |said: Said<'_>| {
        said.source.is_some_and(|name| is_one(&name)) || said.tidegatevia.is_some_and(|via| via.split(',').any(is_one))
    };
    own.iter().any(|own| body.contains(own.as_str())) && serde_json::from_str::<Said<'_>>(body).is_ok_and(is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Entry, IncidentId, Outcome};

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

    fn named(own: &str) -> Vec<String> {
        vec![own.to_string()]
    }

    fn none(_: &str) -> Option<Incident> {
        None
    }

    #[test]
    fn an_opened_incident_and_its_alert_are_told_the_same_each_time() {
        let known =
            |id: &str| Incident::open(IncidentId(id.into()), &Entry { at: Timestamp::UNIX_EPOCH, fact: opened() });
        let all = of(&sealed(opened()), &ALL, &known);
        assert_eq!(all, of(&sealed(opened()), &ALL, &known));
        let [alert, incident] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((alert.id.as_str(), incident.id.as_str()), ("0i1-3-0", "0i1-3-1"));
        assert_eq!(
            (alert.kind, &alert.data["status"], &alert.data["host"]),
            (REPORT, &json!("alerting"), &json!("n1.lan"))
        );
        assert_eq!((alert.object.kind.as_str(), alert.object.name.as_str()), ("node", "n1.lan"));
        assert!(!all.iter().any(|told| told.data.to_string().contains("hunter2")), "{all:?}");
        assert_eq!((incident.observation, &incident.data["severity"]), ("opened", &json!("critical")));
        let text = written(alert, "tidegate/k", "ops.clusters.kestrel.nodes.n1.lan.alerts");
        let beginning = "{\"specversion\":\"1.0\",\"id\":\"0i1-3-0\",\"source\":\"tidegate/k\",\"type\":\"TaskRunReport\",\"subject\":";
        assert!(text.starts_with(beginning) && text.ends_with("\"cluster\":\"kestrel\"}"), "{text}");
        let read = crate::events::cloudevent::structured(&text).unwrap();
        assert_eq!((read.observation.as_str(), read.object.name.as_str()), ("alerts", "n1.lan"));
        assert!(
            is_own(&Labels::new(), &text, &named("tidegate/k"))
                && !is_own(&Labels::new(), &text, &named("tidegate/other"))
        );
        let by = |name: &str| -> Labels { [("tidegate-source", name)].into() };
        assert!(is_own(&by("tidegate/k"), "no event", &named("tidegate/k")));
        assert!(!is_own(&by("tidegate/other"), "no event", &named("tidegate/k")));
        assert!(is_of_a_host(&by("tidegate/other")) && !is_of_a_host(&Labels::new()));
        // A host that tells on two buses has two names.
        assert!(is_own(&Labels::new(), &text, &["tidegate/a".to_string(), "tidegate/k".into()]));
    }

    #[test]
    fn what_is_sent_on_stays_as_it_was_and_is_known_again() {
        let said = r#"{"specversion":"1.0","id":"7","source":"s","type":"Kube","subject":"ops.clusters.k.nodes.n1.findings","time":"2026-11-27T04:13:00Z","data":{"status":"alerting"},"cluster":"k"}"#;
        let event = crate::events::cloudevent::structured(said).unwrap();
        let forward = event.forwarded("alerts");
        let (id, text) = forwarded(&forward, "tidegate/k");
        assert_eq!(
            (forward.subject.as_str(), id == forwarded(&forward, "tidegate/k").0),
            ("ops.clusters.k.nodes.n1.alerts", true)
        );
        let read = crate::events::cloudevent::structured(&text).unwrap().said;
        assert_eq!((read.source.as_str(), &read.data, read.time), ("s", &event.said.data, event.said.time));
        assert!(
            is_own(&Labels::new(), &text, &named("tidegate/k")) && !is_own(&Labels::new(), said, &named("tidegate/k"))
        );
        let again = crate::events::cloudevent::structured(&text).unwrap().forwarded("ops.copy");
        let (_, second) = forwarded(&again, "tidegate/other");
        assert!(
            ["tidegate/k", "tidegate/other"].iter().all(|host| is_own(&Labels::new(), &second, &named(host))),
            "{second}"
        );
        assert_eq!(event.forwarded("ops.copy").subject, "ops.copy");
        assert_ne!(forwarded(&event.forwarded("ops.copy"), "x").0, id, "a name is one of the whole stream");
        let unnumbered = |more: &str| {
            let said = format!(r#"{{"specversion":"1.0","source":"s","type":"t","subject":"ops.a"{more}}}"#);
            forwarded(&crate::events::cloudevent::structured(&said).unwrap().forwarded("ops.copy"), "x").0
        };
        let first = unnumbered(r#","data":{"n":1}"#);
        assert_eq!(first, unnumbered(r#","data":{"n":1}"#));
        assert_ne!(first, unnumbered(r#","data":{"n":2}"#), "events without a number are several");
    }

    #[test]
    fn topics_say_what_is_told() {
        let kinds = |fact: Fact, topics: &[Topic]| -> Vec<&'static str> {
            of(&sealed(fact), topics, &none).iter().map(|told| told.kind).collect()
        };
        assert_eq!(kinds(opened(), &[Topic::Alerts]), [REPORT]);
        assert_eq!(kinds(opened(), &[Topic::Incidents]), ["tidegate.incident.opened"]);
        let concluded = Fact::Concluded { outcome: Outcome::Fixed, reason: "seen".into() };
        let all = of(&sealed(concluded), &ALL, &none);
        assert_eq!((all[0].observation, &all[0].data["outcome"]), ("concluded", &json!("fixed")));
        assert_eq!(kinds(Fact::Reported { markdown: "x".into() }, &ALL), [""; 0]);
    }
}
