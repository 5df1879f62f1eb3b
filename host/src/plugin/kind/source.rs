//! Source plugins: one request in, alerts out.
//!
//! What a guest returns is not taken on trust: times and severities are read by the host, and what is
//! too long is cut, the same for every source. An alert that cannot be taken costs none beside it.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use jiff::Timestamp;
use wasmtime::Store;
use wasmtime::component::Instance;

use super::CallError;
use crate::domain::alert::fingerprint;
use crate::domain::alert::limits::fit;
pub use crate::domain::alert::normalised::{LeftOut, Normalised, Reason, Reply};
use crate::domain::parsed_time::ParsedTime;
use crate::domain::text::truncate;
use crate::domain::{Alert, Labels, Severity, Status};
use crate::plugin::imports::State;
use crate::ports::Inbound;

/// The exported interface.
pub(in crate::plugin) trait Decode: Send + Sync {
    fn decode<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        request: &'a Inbound,
    ) -> BoxFuture<'a, wasmtime::Result<Result<Decoding, CallError>>>;
}

/// An alert as a guest returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What fired.
    pub name: String,
    /// Whether it fires.
    pub firing: bool,
    /// The sender's word.
    pub severity: Option<String>,
    /// Identity and dimensions.
    pub labels: Vec<(String, String)>,
    /// Details.
    pub annotations: Vec<(String, String)>,
    /// When it started.
    pub starts_at: Option<GuestTime>,
    /// When it ended.
    pub ends_at: Option<GuestTime>,
    /// The sender's identity.
    pub fingerprint: Option<String>,
    /// Where to look.
    pub link: Option<String>,
}

/// What a guest says that it could not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omitted {
    /// The alert's name, where it has one.
    pub name: String,
    /// A sentence that names the place.
    pub reason: String,
    /// How many alerts it stands for.
    pub count: u64,
    /// The sender itself left them out.
    pub by_sender: bool,
}

/// A request as a guest decodes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoding {
    /// What it holds.
    pub alerts: Vec<Decoded>,
    /// What of it could not be taken.
    pub left_out: Vec<Omitted>,
    /// What the sender is answered.
    pub reply: Option<Reply>,
    /// What the sender wants to have fetched.
    pub confirm: Option<String>,
}

/// A time as a guest tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestTime {
    /// Milliseconds since the Unix epoch.
    Millis(u64),
    /// What the sender wrote.
    Text(String),
}

impl Decoded {
    /// Makes annotations of labels whose values change while the alert stays the same. What it has under such a
    /// name already stays.
    pub fn annotate(&mut self, volatile: &[String]) {
        if volatile.is_empty() {
            return;
        }
        let labels = std::mem::take(&mut self.labels);
        let (moved, kept): (Vec<_>, Vec<_>) = labels.into_iter().partition(|(key, _)| volatile.contains(key));
        self.labels = kept;
        // Of annotations of one name the first counts.
        self.annotations.extend(moved);
    }
}

/// Alerts of one request.
const ALERTS: usize = 10_000;

/// The name of an alert that has labels and no name.
const UNNAMED: &str = "unnamed";

/// Turns what a guest returned into alerts, cut to the [`limits`](crate::domain::alert::limits) that
/// hold for every source.
pub fn normalise(source: &str, decoding: Decoding, received: Timestamp) -> Normalised {
    let confirm = decoding.confirm.filter(|url| !url.trim().is_empty());
    let mut normalised = Normalised { reply: decoding.reply, confirm, ..Normalised::default() };
    // What the sender left out stands before the others, of which only the first are named.
    let (by_sender, own): (Vec<_>, Vec<_>) = decoding.left_out.into_iter().take(ALERTS).partition(|one| one.by_sender);
    let by_sender = by_sender.into_iter().fold(0u64, |all, one| all.saturating_add(one.count));
    normalised.left_out.extend(LeftOut::truncated(by_sender));
    normalised.left_out.extend(own.into_iter().map(|one| LeftOut {
        name: truncate(one.name.trim(), 200),
        reason: Reason::Unreadable,
        text: truncate(&one.reason, 500),
        count: one.count.max(1),
    }));
    for (i, one) in decoding.alerts.into_iter().enumerate() {
        let name = truncate(one.name.trim(), 200);
        let taken = if normalised.alerts.len() < ALERTS {
            alert(source, one, received)
        } else {
            Err((Reason::TooMany, format!(" is beyond the {ALERTS} that one request may hold")))
        };
        match taken {
            Ok(alert) => normalised.alerts.push(alert),
            Err((reason, what)) => {
                normalised.left_out.push(LeftOut { name, reason, text: format!("alerts[{i}]{what}"), count: 1 });
            }
        }
    }
    normalised
}

fn alert(source: &str, decoded: Decoded, received: Timestamp) -> Result<Alert, (Reason, String)> {
    let labels = labels(decoded.labels)?;
    let name = match decoded.name.trim() {
        "" if labels.is_empty() => return Err((Reason::Nameless, " has neither a name nor labels".into())),
        "" => UNNAMED.to_string(),
        name => name.to_string(),
    };
    let mut annotations: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in decoded.annotations {
        annotations.entry(key).or_insert(value);
    }
    let severity = Severity::from_word(decoded.severity.as_deref());
    if let Some(word) = &decoded.severity
        && !word.eq_ignore_ascii_case(severity.as_str())
        && !labels.values().any(|value| value == word)
    {
        // The mapping loses the sender's own word, which people may look for.
        annotations.entry("severity_raw".into()).or_insert_with(|| word.clone());
    }
    // A beginning that nobody can read is none: the time of receipt would be another one with each repeat.
    let starts_at = match time("starts_at", decoded.starts_at, &mut annotations) {
        Some(ParsedTime::At(time)) => Some(time),
        _ => None,
    };
    let ends_at = time("ends_at", decoded.ends_at, &mut annotations).and_then(|end| end.or_received(received));
    let given = decoded.fingerprint.map(|text| text.trim().to_string()).filter(|text| !text.is_empty());
    Ok(fit(Alert {
        source: source.to_string(),
        status: if decoded.firing { Status::Firing } else { Status::Resolved },
        severity,
        starts_at,
        // Some senders give the time at which they would give up waiting for the next evaluation.
        ends_at: ends_at.filter(|_| !decoded.firing),
        fingerprint: given.unwrap_or_else(|| fingerprint(source, &name, &labels)),
        link: decoded.link.filter(|link| !link.trim().is_empty()),
        name,
        labels,
        annotations: annotations.into(),
    }))
}

fn time(place: &str, told: Option<GuestTime>, annotations: &mut BTreeMap<String, String>) -> Option<ParsedTime> {
    let (moment, text) = match told? {
        GuestTime::Millis(millis) => (ParsedTime::from_millis(millis), millis.to_string()),
        GuestTime::Text(text) => (ParsedTime::from_text(&text), text),
    };
    if moment == ParsedTime::Unreadable {
        annotations.entry(format!("{place}_raw")).or_insert(text);
    }
    Some(moment)
}

/// What decisions rest on cannot have two values; saying the same twice is harmless.
fn labels(pairs: Vec<(String, String)>) -> Result<Labels, (Reason, String)> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in pairs {
        match labels.get(&key) {
            Some(known) if *known != value => {
                let text =
                    format!(".labels has the key `{}` twice, with two values", truncate(&key, 200).escape_debug());
                return Err((Reason::TwoValues, text));
            }
            _ => labels.insert(key, value),
        };
    }
    Ok(labels.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded() -> Decoded {
        Decoded {
            name: " DiskFull ".into(),
            firing: true,
            severity: Some("P1".into()),
            labels: vec![("host".into(), "a".into())],
            annotations: vec![],
            starts_at: Some(GuestTime::Text("2026-02-15T14:59:03Z".into())),
            ends_at: Some(GuestTime::Text("0001-01-01T00:00:00Z".into())),
            fingerprint: Some("".into()),
            link: Some(" ".into()),
        }
    }

    fn received() -> Timestamp {
        "2026-11-01T00:00:00Z".parse().unwrap()
    }

    fn of(alerts: Vec<Decoded>) -> Decoding {
        Decoding { alerts, ..Decoding::default() }
    }

    fn one(decoded: Decoded) -> Result<Alert, String> {
        normalise("demo", of(vec![decoded]), received()).taken().map(|mut alerts| alerts.remove(0))
    }

    #[test]
    fn volatile_labels_of_a_format_are_no_identity() {
        let with = |value: &str| {
            let mut alert = decoded();
            alert.labels.push(("value".into(), value.into()));
            alert
        };
        assert_ne!(one(with("1")).unwrap().fingerprint, one(with("2")).unwrap().fingerprint);
        let annotated = |value: &str| {
            let mut alert = with(value);
            alert.annotate(&["value".to_string()]);
            one(alert).unwrap()
        };
        let (first, second) = (annotated("1"), annotated("2"));
        assert_eq!((&first.fingerprint, &first.labels), (&second.fingerprint, &second.labels));
        assert_eq!(second.annotations.get("value"), Some("2"));
    }

    #[test]
    fn the_host_reads_times_and_words_the_same_for_every_source() {
        let alert = one(decoded()).unwrap();
        assert_eq!(alert.name, "DiskFull");
        assert_eq!(alert.severity, Severity::Critical);
        assert_eq!(&alert.annotations["severity_raw"], "P1");
        assert_eq!(alert.starts_at, Some("2026-02-15T14:59:03Z".parse().unwrap()));
        assert_eq!((alert.ends_at, alert.link), (None, None));
        assert_eq!(alert.fingerprint, fingerprint("demo", "DiskFull", &alert.labels));
    }

    #[test]
    fn a_time_that_cannot_be_read_costs_no_alert() {
        let alert = one(Decoded { starts_at: Some(GuestTime::Text("noonish".into())), ..decoded() }).unwrap();
        assert_eq!(alert.starts_at, None, "another one with each repeat would be a new beginning");
        assert_eq!(&alert.annotations["starts_at_raw"], "noonish");
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn what_cannot_be_taken_is_left_out_by_name_and_costs_no_other() {
        let two = Decoded { labels: pairs(&[("a", "1"), ("a", "2")]), ..decoded() };
        let nobody = Decoded { name: " ".into(), labels: vec![], ..decoded() };
        for (bad, reason, want) in [
            (two, Reason::TwoValues, "alerts[1].labels has the key `a` twice"),
            (nobody, Reason::Nameless, "alerts[1] has neither a name nor labels"),
        ] {
            let taken = normalise("demo", of(vec![decoded(), bad.clone(), decoded()]), received());
            assert_eq!((taken.alerts.len(), taken.left_out.len(), taken.left_out[0].reason), (2, 1, reason));
            assert!(taken.left_out[0].text.starts_with(want), "{:?}", taken.left_out);
            assert!(one(bad).unwrap_err().contains(&want[9..]), "alone, it is said to the sender");
        }
        let taken = normalise("demo", of(vec![decoded(); ALERTS + 5]), received());
        assert_eq!((taken.alerts.len(), taken.left_out.len()), (ALERTS, 5));
        assert_eq!(normalise("demo", of(vec![]), received()).taken(), Ok(vec![]));
    }

    #[test]
    fn what_the_source_or_its_sender_left_out_is_told_apart() {
        let omitted =
            |reason: &str, count, by_sender| Omitted { name: " A ".into(), reason: reason.into(), count, by_sender };
        let with =
            |alerts, left_out| normalise("hooks", Decoding { alerts, left_out, ..Decoding::default() }, received());
        let bad = || omitted("alerts[0].status: expected a word", 0, false);
        let taken = with(vec![decoded()], vec![bad(), omitted("", 40, true), omitted("", 2, true)]);
        let kinds: Vec<_> = taken.left_out.iter().map(|one| (one.reason, one.count)).collect();
        assert_eq!((taken.alerts.len(), kinds), (1, vec![(Reason::Truncated, 42), (Reason::Unreadable, 1)]));
        assert!(taken.sentences()[0].contains("left 42 more alerts out"), "{:?}", taken.sentences());
        assert_eq!(taken.left_out[1].sentence(), "A: alerts[0].status: expected a word");
        assert!(with(vec![], vec![omitted("", 40, true)]).readable().is_ok());
        assert_eq!(with(vec![], vec![bad()]).readable(), Err("alerts[0].status: expected a word".into()));
    }

    #[test]
    fn limits_of_content_cost_no_alert() {
        let long = |n: usize| "x".repeat(n);
        for odd in [
            Decoded { name: long(2000), ..decoded() },
            Decoded { name: String::new(), ..decoded() },
            Decoded { severity: Some(long(70_000)), ..decoded() },
            Decoded { labels: vec![(long(2000), "v".into())], ..decoded() },
            Decoded { labels: vec![("k".into(), long(70_000))], ..decoded() },
            Decoded { labels: (0..600).map(|i| (format!("l{i}"), "v".into())).collect(), ..decoded() },
            Decoded { labels: pairs(&[("a", "1"), ("a", "1")]), ..decoded() },
            Decoded { labels: pairs(&[("", "1")]), ..decoded() },
            Decoded { annotations: pairs(&[("a", "1"), ("a", "2")]), ..decoded() },
            Decoded { annotations: vec![("log".into(), long(7_000_000))], ..decoded() },
            Decoded { starts_at: Some(GuestTime::Text(long(70_000))), ..decoded() },
            Decoded { starts_at: Some(GuestTime::Millis(u64::MAX)), ..decoded() },
            Decoded { fingerprint: Some(long(70_000)), ..decoded() },
            Decoded { link: Some(long(70_000)), ..decoded() },
        ] {
            let alert = one(odd).unwrap();
            assert!(serde_json::to_string(&alert).unwrap().len() < 100_000);
            assert!(!alert.name.is_empty() && alert.fingerprint.len() <= 1024);
        }
        let same = |text: &str| {
            let alert = one(Decoded { labels: vec![("k".into(), text.into())], ..decoded() }).unwrap();
            alert.fingerprint
        };
        let (a, b) = (format!("{}a", long(70_000)), format!("{}b", long(70_000)));
        assert_ne!(same(&a), same(&b), "what is cut still tells alerts apart");
    }
}
