//! Source plugins: one request in, alerts out.
//!
//! What a guest returns is not taken on trust: names, keys, counts and sizes are checked, and times
//! and severities are read by the host, the same for every source.

use futures::future::BoxFuture;
use jiff::Timestamp;
use wasmtime::Store;
use wasmtime::component::Instance;

use super::CallError;
use crate::domain::alert::fingerprint;
use crate::domain::moment::Moment;
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
    ) -> BoxFuture<'a, wasmtime::Result<Result<Vec<Decoded>, CallError>>>;
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
    pub starts_at: Option<Told>,
    /// When it ended.
    pub ends_at: Option<Told>,
    /// The sender's identity.
    pub fingerprint: Option<String>,
    /// Where to look.
    pub link: Option<String>,
}

/// A time as a guest tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Milliseconds since the Unix epoch.
    Millis(u64),
    /// What the sender wrote.
    Text(String),
}

/// Alerts of one request.
const ALERTS: usize = 10_000;
/// Pairs of one list.
const PAIRS: usize = 512;
/// Bytes of a name, key or fingerprint, and of a value or link.
const NAME: usize = 1 << 10;
const VALUE: usize = 64 << 10;

/// Turns what a guest returned into alerts. The error is a sentence that names the place.
pub fn normalise(source: &str, decoded: Vec<Decoded>, received: Timestamp) -> Result<Vec<Alert>, String> {
    if decoded.len() > ALERTS {
        return Err(format!("{} alerts where {ALERTS} are allowed", decoded.len()));
    }
    let each = decoded.into_iter().enumerate();
    each.map(|(i, one)| alert(source, one, received).map_err(|what| format!("alerts[{i}].{what}"))).collect()
}

fn alert(source: &str, decoded: Decoded, received: Timestamp) -> Result<Alert, String> {
    let name = short("name", decoded.name.trim().to_string(), NAME)?;
    if name.is_empty() {
        return Err("name is empty".into());
    }
    let labels = unique("labels", decoded.labels)?;
    let mut annotations = unique("annotations", decoded.annotations)?;
    let severity = Severity::from_word(decoded.severity.as_deref());
    if let Some(word) = &decoded.severity
        && !word.eq_ignore_ascii_case(severity.as_str())
        && !labels.values().any(|value| value == word)
    {
        // The mapping loses the sender's own word, which people may look for.
        annotations.entry("severity_raw".into()).or_insert(short("severity", word.clone(), NAME)?);
    }
    let starts_at = time("starts_at", decoded.starts_at, received, &mut annotations)?;
    let ends_at = time("ends_at", decoded.ends_at, received, &mut annotations)?;
    let given = decoded.fingerprint.map(|text| text.trim().to_string()).filter(|text| !text.is_empty());
    let fingerprint = match given {
        Some(given) => short("fingerprint", given, NAME)?,
        None => fingerprint(source, &name, &labels),
    };
    let link = decoded.link.filter(|link| !link.trim().is_empty());
    Ok(Alert {
        source: source.to_string(),
        name,
        status: if decoded.firing { Status::Firing } else { Status::Resolved },
        severity,
        labels,
        annotations,
        starts_at,
        // Some senders give the time at which they would give up waiting for the next evaluation.
        ends_at: ends_at.filter(|_| !decoded.firing),
        fingerprint,
        link: link.map(|link| short("link", link, VALUE)).transpose()?,
    })
}

fn time(
    place: &str,
    told: Option<Told>,
    received: Timestamp,
    annotations: &mut Labels,
) -> Result<Option<Timestamp>, String> {
    let (moment, text) = match told {
        None => return Ok(None),
        Some(Told::Millis(millis)) => (Moment::from_millis(millis), millis.to_string()),
        Some(Told::Text(text)) => (Moment::from_text(&text), text),
    };
    if moment == Moment::Unreadable {
        let text = short(place, text, VALUE)?;
        annotations.entry(format!("{place}_raw")).or_insert(text);
    }
    Ok(moment.or_received(received))
}

fn unique(place: &str, pairs: Vec<(String, String)>) -> Result<Labels, String> {
    if pairs.len() > PAIRS {
        return Err(format!("{place} has {} entries where {PAIRS} are allowed", pairs.len()));
    }
    let mut labels = Labels::new();
    for (key, value) in pairs {
        let key = short(place, key, NAME)?;
        if key.is_empty() {
            return Err(format!("{place} has an empty key"));
        }
        let value = short(place, value, VALUE)?;
        if labels.insert(key.clone(), value).is_some() {
            return Err(format!("{place} has the key `{key}` twice"));
        }
    }
    Ok(labels)
}

fn short(place: &str, text: String, most: usize) -> Result<String, String> {
    if text.len() > most {
        return Err(format!("{place} has a text of {} bytes where {most} are allowed", text.len()));
    }
    Ok(text)
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
            starts_at: Some(Told::Text("2026-02-15T14:59:03Z".into())),
            ends_at: Some(Told::Text("0001-01-01T00:00:00Z".into())),
            fingerprint: Some("".into()),
            link: Some(" ".into()),
        }
    }

    fn received() -> Timestamp {
        "2026-11-01T00:00:00Z".parse().unwrap()
    }

    fn one(decoded: Decoded) -> Result<Alert, String> {
        normalise("demo", vec![decoded], received()).map(|mut alerts| alerts.remove(0))
    }

    #[test]
    fn the_host_reads_times_and_words_the_same_for_every_source() {
        let alert = one(decoded()).unwrap();
        assert_eq!(alert.name, "DiskFull");
        assert_eq!(alert.severity, Severity::Critical);
        assert_eq!(alert.annotations["severity_raw"], "P1");
        assert_eq!(alert.starts_at, Some("2026-02-15T14:59:03Z".parse().unwrap()));
        assert_eq!((alert.ends_at, alert.link), (None, None));
        assert_eq!(alert.fingerprint, fingerprint("demo", "DiskFull", &alert.labels));
    }

    #[test]
    fn a_time_that_cannot_be_read_costs_no_alert() {
        let alert = one(Decoded { starts_at: Some(Told::Text("noonish".into())), ..decoded() }).unwrap();
        assert_eq!(alert.starts_at, Some(received()));
        assert_eq!(alert.annotations["starts_at_raw"], "noonish");
    }

    #[test]
    fn what_the_contract_forbids_is_refused_with_its_place() {
        let pair = |key: &str| (key.to_string(), "v".to_string());
        for (bad, want) in [
            (Decoded { name: " ".into(), ..decoded() }, "alerts[0].name is empty"),
            (Decoded { labels: vec![pair("a"), pair("a")], ..decoded() }, "key `a` twice"),
            (Decoded { annotations: vec![pair("")], ..decoded() }, "empty key"),
            (Decoded { labels: vec![pair("a"); 513], ..decoded() }, "513 entries"),
            (Decoded { name: "x".repeat(2000), ..decoded() }, "2000 bytes"),
        ] {
            let error = one(bad).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
        let many = vec![decoded(); ALERTS + 1];
        assert!(normalise("demo", many, received()).unwrap_err().contains("10001 alerts"));
    }
}
