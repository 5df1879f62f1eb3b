//! A signal from a bus, a cluster or a script, before a policy makes an alert of it.
//!
//! An event says that something happened, not that something is wrong: most of them mean nothing, and what the
//! policies do not name leaves no trace. Whom it is about is read once, when it comes in ([`object`]).

pub mod object;
pub mod pattern;
mod rendered;

use jiff::Timestamp;
use serde_json::Value;

pub use object::ObjectRef;
pub use pattern::Pattern;
pub use rendered::rendered;

use super::alert::Labels;

/// The source under whose name events come in, and that of the alerts which are made of them.
pub const SOURCE: &str = "events";

/// Bytes of the data of an event as JSON. What is larger is not taken.
pub const DATA: usize = 256 << 10;

/// Bytes of each of its attributes.
pub const ATTRIBUTE: usize = 1 << 10;

/// What the source of an event begins with by which a host tells what it does itself.
pub const HOST: &str = "tidegate/";

/// What Kubernetes puts before the words of an event that stands for several.
const COMBINED: &str = "(combined from similar events): ";

/// The annotation of an alert that says how long it lasts without another event.
pub const ENDS_AFTER: &str = "ends_after";

/// The annotation of an alert that has ended which says by what: a rule and the reason of its event, or silence.
pub const ENDED_BY: &str = "ended_by";

/// An event that a rule sends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Under this subject: a whole one, in lower case.
    pub subject: String,
    /// The rule names all of the subject; else the sender of the event has chosen all but its last word.
    pub whole: bool,
    /// The event as it came.
    pub said: Envelope,
}

/// What a sender says, before anybody has read whom it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's number of it; the same event may come under several.
    pub id: String,
    /// Who says it, usually an address.
    pub source: String,
    /// What kind of event it is.
    pub kind: String,
    /// What it is about, in the sender's words.
    pub subject: String,
    /// The cluster that the sender names.
    pub cluster: String,
    /// The hosts that have sent it on, the last one last.
    pub via: Vec<String>,
    /// When it was sent, or happened.
    pub time: Option<Timestamp>,
    /// Everything else.
    pub data: Value,
    /// Bytes of the data as they came.
    pub size: usize,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// As it came.
    pub said: Envelope,
    /// Whom it is about.
    pub object: ObjectRef,
    /// What kind of observation it is: `events`, `status`, `findings`, `alerts`; empty where nothing says so.
    pub observation: String,
}

impl Event {
    /// Reads whom an event is about.
    pub fn new(said: Envelope) -> Self {
        let (object, observation) = ObjectRef::read(&said.subject, &said.cluster, &said.data);
        Self { said, object, observation }
    }

    /// The event under another subject: a whole one, or one word in place of the last of its own.
    pub fn forwarded(&self, to: &str) -> Forward {
        let own = self.said.subject.to_lowercase();
        let (subject, whole) = match own.rsplit_once('.').filter(|_| !to.contains('.')) {
            Some((before, _)) => (format!("{before}.{to}"), false),
            None => (to.to_string(), true),
        };
        Forward { subject, whole, said: self.said.clone() }
    }

    /// Whether a host tells by it what it does itself: its incidents, its alerts, what it finds.
    pub fn is_of_a_host(&self) -> bool {
        self.said.source.starts_with(HOST)
    }

    /// A text among its data.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.said.data.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The word for what happened, such as `BackOff`.
    pub fn reason(&self) -> Option<&str> {
        self.text("reason")
    }

    /// What happened, for people: where one event of Kubernetes stands for several that differ in their words, the words
    /// of the last.
    pub fn message(&self) -> Option<&str> {
        let text = self.text("message").or_else(|| self.text("note"))?;
        Some(text.strip_prefix(COMBINED).unwrap_or(text))
    }

    /// When it happened for the last time, by its own word: an event that Kubernetes repeats keeps its first time, and
    /// says in its series or in its last time when that was.
    pub fn occurred(&self) -> Option<Timestamp> {
        let data = &self.said.data;
        let at = |value: Option<&Value>| value.and_then(Value::as_str).and_then(time);
        at(data.pointer("/series/lastObservedTime"))
            .or_else(|| at(data.get("lastTimestamp")))
            .or_else(|| at(data.get("deprecatedLastTimestamp")))
            .or_else(|| at(data.get("eventTime")))
            .or(self.said.time)
            .or_else(|| at(data.pointer("/metadata/creationTimestamp")))
    }

    /// Whether it says by itself that it has come so often within so long: Kubernetes tells of one that repeats by a count
    /// and its first time, so that one message may stand for hundreds. Between the two it is taken to have come evenly.
    pub fn repeats(&self, times: u32, within_ms: u64) -> bool {
        let data = &self.said.data;
        let count =
            ["/series/count", "/count", "/deprecatedCount"].iter().find_map(|path| data.pointer(path)?.as_u64());
        let first = ["firstTimestamp", "deprecatedFirstTimestamp", "eventTime"];
        let first = first.iter().find_map(|member| time(data.get(*member)?.as_str()?));
        let (Some(count), Some(first), Some(last)) = (count, first, self.occurred()) else { return false };
        let lasted = u128::try_from(last.duration_since(first).as_millis()).unwrap_or(0);
        let between = u128::from(count.saturating_sub(1)).max(1);
        count >= u64::from(times) && lasted * u128::from(times.saturating_sub(1)) <= u128::from(within_ms) * between
    }

    /// What tells the trouble `name` of its object from all others: the same each time, whoever tells of it under
    /// whatever number. Of an event that is about no object it is the subject that counts.
    pub fn fingerprint(&self, name: &str) -> String {
        let ObjectRef { cluster, namespace, kind, name: object } = &self.object;
        let subject = if kind.is_empty() { self.said.subject.as_str() } else { "" };
        let parts = [
            ("cluster", cluster.as_str()),
            ("namespace", namespace.as_str()),
            ("kind", kind.as_str()),
            ("object", object.as_str()),
            ("subject", subject),
        ];
        super::alert::fingerprint(SOURCE, name, &parts.into_iter().collect::<Labels>())
    }
}

/// A time as senders write it: RFC 3339, with any zone.
pub fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(data: Value) -> Event {
        let subject = "ops.clusters.kestrel.namespaces.shop.pods.cart-1.events".to_string();
        Event::new(Envelope { subject, cluster: "kestrel".into(), data, ..Envelope::default() })
    }

    #[test]
    fn the_last_time_counts() {
        let at = |data: Value| event(data).occurred().map(|at| at.to_string()).unwrap_or_default();
        assert_eq!(at(json!({ "eventTime": "2026-11-27T12:12:08+08:00" })), "2026-11-27T04:12:08Z");
        let series = json!({ "eventTime": "2026-11-27T04:00:00Z", "lastTimestamp": null, "series": { "lastObservedTime": "2026-11-27T05:00:00.5Z" } });
        assert_eq!(at(series), "2026-11-27T05:00:00.5Z");
        assert_eq!(at(json!({ "eventTime": null, "lastTimestamp": "2026-11-27T06:00:00Z" })), "2026-11-27T06:00:00Z");
        assert_eq!(at(json!({ "eventTime": "yesterday" })), "");
    }

    #[test]
    fn an_event_that_stands_for_several_says_what_they_say() {
        let message = |text: &str| event(json!({ "message": text })).message().map(str::to_string);
        assert_eq!(message("(combined from similar events): Error: x").as_deref(), Some("Error: x"));
        assert_eq!(
            message("Error: (combined from similar events): x").as_deref(),
            Some("Error: (combined from similar events): x")
        );
    }

    #[test]
    fn one_message_may_stand_for_many_times() {
        let of = |count: u64, first: &str| {
            let last = "2026-11-27T05:00:00Z";
            [
                json!({ "count": count, "firstTimestamp": first, "lastTimestamp": last }),
                json!({ "series": { "count": count, "lastObservedTime": last }, "eventTime": first }),
            ]
            .map(|data| event(data).repeats(3, 600_000))
        };
        assert_eq!(of(3, "2026-11-27T04:50:00Z"), [true; 2], "three times in ten minutes");
        assert_eq!(of(142, "2026-11-27T01:00:00Z"), [true; 2], "every two minutes for hours");
        assert_eq!(of(3, "2026-11-27T04:00:00Z"), [false; 2], "three times in an hour");
        assert_eq!(of(1, "2026-11-27T05:00:00Z"), [false; 2]);
        assert_eq!(of(2, "2026-11-27T06:00:00Z"), [false; 2], "a first time behind the last");
        assert!(!event(json!({ "count": 9 })).repeats(3, 600_000) && !event(json!({ "count": -9 })).repeats(3, 1));
    }

    #[test]
    fn a_trouble_of_an_object_is_the_same_under_every_number_and_in_every_subject() {
        let first = event(json!({ "reason": "BackOff" }));
        let mut second = first.clone();
        second.said.id = "other".into();
        second.said.subject = "ops.clusters.kestrel.namespaces.shop.pods.cart-1.event".into();
        assert_eq!(first.fingerprint("A"), Event::new(second.said).fingerprint("A"));
        assert_ne!(first.fingerprint("A"), first.fingerprint("B"));
        let other = |subject: &str, cluster: &str| {
            let said = Envelope { subject: subject.into(), cluster: cluster.into(), ..Envelope::default() };
            Event::new(said).fingerprint("A")
        };
        let all = [
            other("ops.clusters.osprey.namespaces.shop.pods.cart-1.events", "osprey"),
            other("ops.clusters.kestrel.namespaces.shop.pods.cart-2.events", "kestrel"),
            other("ops.clusters.kestrel.namespaces.live.pods.cart-1.events", "kestrel"),
            other("ops.clusters.kestrel.namespaces.shop.jobs.cart-1.events", "kestrel"),
            other("something", ""),
            other("something.else", ""),
            first.fingerprint("A"),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }
}
