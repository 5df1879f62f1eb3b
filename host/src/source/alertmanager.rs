//! Prometheus Alertmanager: the webhook body (versions 3 and 4, and what others send in its form),
//! and the bare list of its API.
//!
//! Each alert has a status of its own; the one of the message only says whether any alert fires. Alertmanager
//! knows an alert by its `endsAt` alone (`Alert.ResolvedAt` of prometheus/common: resolved from that moment
//! on) and derives the status from it: in a webhook it leaves `endsAt` out of what fires, while its API, and
//! Prometheus when it posts there, give the moment at which they would give up waiting. So an end that has
//! passed means *resolved* where an alert has no status of its own, and nothing where it has one.
//! What the message repeats about its group (`groupLabels`, `commonLabels`, `groupKey`) is derived,
//! sometimes wrong, and not read. A body is read straight into its final form; only one that does
//! not fit is read again, slowly and alert by alert: what is no text becomes one, and what cannot be read is
//! named by its place and costs no other.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::path::Located;
use crate::domain::alert::fingerprint;
use crate::domain::alert::limits::fit;
use crate::domain::alert::normalised::{LeftOut, Normalised, Reason};
use crate::domain::parsed_time::ParsedTime;
use crate::domain::text::json::repaired;
use crate::domain::text::truncate;
use crate::domain::{Alert, Labels, Severity, Status};
use crate::ports::Inbound;

/// The source's name.
pub const NAME: &str = "alertmanager";

/// The name of an alert without the label `alertname`.
const UNNAMED: &str = "unnamed";

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    alerts: Vec<Item<'a>>,
    /// Alerts that Alertmanager left out of this message (`max_alerts` of the receiver).
    #[serde(default, rename = "truncatedAlerts")]
    truncated: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Item<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    labels: Option<Labels>,
    annotations: Option<Labels>,
    #[serde(borrow)]
    starts_at: Option<Text<'a>>,
    #[serde(borrow)]
    ends_at: Option<Text<'a>>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
    fingerprint: Option<String>,
}

/// Text that is borrowed from the body where it holds no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    fn given(text: Option<&Self>) -> Option<&str> {
        text.map(|text| text.0.trim()).filter(|text| !text.is_empty())
    }
}

/// A body that was read the slow way: an alert, or its name and what is wrong with it.
struct Parts {
    status: Option<Text<'static>>,
    alerts: Vec<Result<Item<'static>, LeftOut>>,
    truncated: u64,
}

/// Reads the alerts of one request. One that cannot be read costs no other.
///
/// # Errors
/// When the body as a whole is not what Alertmanager sends: a sentence that names the place.
pub fn decode(request: &Inbound) -> Result<Normalised, String> {
    let body = request.body.trim_start_matches('\u{feff}');
    let bare = match body.trim_start().as_bytes().first() {
        None => return Err("the body is empty; an Alertmanager message is JSON with a list of alerts".into()),
        Some(first) => *first == b'[',
    };
    let quick = if bare {
        serde_json::from_str(body).map(|alerts| Message { status: None, alerts, truncated: 0 })
    } else {
        serde_json::from_str::<Message>(body)
    };
    let (before, now) = (if bare { "" } else { "alerts" }, request.received_at);
    match quick {
        Ok(Message { status, alerts, truncated }) => {
            Ok(taken(status.as_ref(), alerts.into_iter().map(Ok), truncated, before, now))
        }
        Err(_) => {
            let value: Value = match serde_json::from_str(body) {
                Ok(value) => value,
                Err(error) => repaired(body)
                    .and_then(|body| serde_json::from_str(&body).ok())
                    .ok_or_else(|| format!("the body is not JSON: {error}"))?,
            };
            let Parts { status, alerts, truncated } = read(Located::root(&value))?;
            Ok(taken(status.as_ref(), alerts.into_iter(), truncated, before, now))
        }
    }
}

fn taken<'a>(
    status: Option<&Text<'_>>,
    items: impl Iterator<Item = Result<Item<'a>, LeftOut>>,
    truncated: u64,
    before: &str,
    now: Timestamp,
) -> Normalised {
    // A word that nobody knows says nothing about the alerts.
    let root = Text::given(status).and_then(|word| status_of(word, &"status").ok());
    let mut normalised =
        Normalised { left_out: LeftOut::truncated(truncated).into_iter().collect(), ..Normalised::default() };
    for (i, item) in items.enumerate() {
        let alert = item.and_then(|item| {
            let name = name_of(&item).unwrap_or_default().to_string();
            normalise(item, root, &format_args!("{before}[{i}]"), now).map_err(|text| left_out(&name, text))
        });
        match alert {
            Ok(alert) => normalised.alerts.push(alert),
            Err(left_out) => normalised.left_out.push(left_out),
        }
    }
    normalised
}

fn left_out(name: &str, text: String) -> LeftOut {
    LeftOut { name: truncate(name.trim(), 200), reason: Reason::Unreadable, text: truncate(&text, 500), count: 1 }
}

fn name_of<'a>(item: &'a Item<'_>) -> Option<&'a str> {
    item.labels.as_ref()?.get("alertname")
}

fn normalise(item: Item<'_>, root: Option<Status>, place: &dyn fmt::Display, now: Timestamp) -> Result<Alert, String> {
    let labels = item.labels.unwrap_or_default();
    let mut annotations = item.annotations.unwrap_or_default();
    if labels.is_empty() {
        return Err(format!("{place}.labels: is missing or empty; an alert is known by its labels"));
    }
    let mut time = |key: &str, text: &Option<Text<'_>>| {
        let text = Text::given(text.as_ref())?;
        match ParsedTime::from_text(text) {
            ParsedTime::At(time) => Some(time),
            ParsedTime::Absent => None,
            ParsedTime::Unreadable => {
                // An alert is not lost over a time that nobody can read.
                annotations.insert(key, text);
                None
            }
        }
    };
    let starts_at = time("startsAt", &item.starts_at);
    let ends_at = time("endsAt", &item.ends_at);
    let name = labels.get("alertname").filter(|name| !name.is_empty());
    let own =
        Text::given(item.status.as_ref()).map(|word| status_of(word, &format_args!("{place}.status"))).transpose()?;
    let ended = own.is_none() && ends_at.is_some_and(|end| end <= now);
    let status = match (own.or(root), name) {
        (Some(Status::Firing), _) | (None, Some(_)) if ended => Status::Resolved,
        (Some(status), _) => status,
        (None, Some(_)) => Status::Firing,
        (None, None) => {
            return Err(format!(
                "{place}: has neither a status, its own or the message's, nor the label alertname, \
                 so it cannot be told what it says"
            ));
        }
    };
    let name = name.unwrap_or(UNNAMED).to_string();
    let given = item.fingerprint.filter(|given| !given.trim().is_empty());
    Ok(fit(Alert {
        source: NAME.into(),
        status,
        severity: Severity::from_word(labels.get("severity")),
        starts_at,
        ends_at: ends_at.filter(|_| status == Status::Resolved),
        fingerprint: given.unwrap_or_else(|| fingerprint(NAME, &name, &labels)),
        link: item.generator_url.filter(|link| is_link(link)),
        name,
        labels,
        annotations,
    }))
}

/// `active`, `suppressed` and `unprocessed` are the words of the API's own listing.
fn status_of(word: &str, place: &dyn fmt::Display) -> Result<Status, String> {
    if word.eq_ignore_ascii_case("resolved") {
        return Ok(Status::Resolved);
    }
    let firing = ["firing", "active", "suppressed", "unprocessed"];
    if firing.iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return Ok(Status::Firing);
    }
    Err(format!("{place}: expected \"firing\" or \"resolved\", found {:?}", truncate(word, 40)))
}

/// A link is shown to people: `javascript:` and the like are none. Some senders leave the scheme out.
fn is_link(text: &str) -> bool {
    match text.split_once("://") {
        Some((scheme, rest)) => matches!(scheme, "http" | "https") && !rest.is_empty(),
        None => !text.is_empty() && !text.contains(':'),
    }
}

/// The slow way, which says what is wrong where.
fn read(root: Located<'_>) -> Result<Parts, String> {
    if root.value().is_array() {
        return Ok(Parts { status: None, alerts: items(root)?, truncated: 0 });
    }
    root.object()?;
    let status = root.get("status").and_then(text);
    let truncated = root.get("truncatedAlerts").and_then(|at| at.text()?.trim().parse().ok()).unwrap_or_default();
    match root.get("alerts") {
        // Some senders leave the list out where there is one.
        Some(one) if one.value().get("labels").is_some() => Ok(Parts { status, alerts: vec![named(&one)], truncated }),
        Some(list) => Ok(Parts { status, alerts: items(list)?, truncated }),
        None if root.value().get("labels").is_some() => {
            Ok(Parts { status: None, alerts: vec![named(&root)], truncated })
        }
        None => Err("alerts: is missing; an Alertmanager message has a list of alerts".into()),
    }
}

fn items(list: Located<'_>) -> Result<Vec<Result<Item<'static>, LeftOut>>, String> {
    Ok(list.list()?.iter().enumerate().map(|(i, value)| named(&list.element(i, value))).collect())
}

fn named(at: &Located<'_>) -> Result<Item<'static>, LeftOut> {
    item(at).map_err(|text| {
        let name = at.value().pointer("/labels/alertname").and_then(Value::as_str);
        left_out(name.unwrap_or_default(), text)
    })
}

fn item(at: &Located<'_>) -> Result<Item<'static>, String> {
    at.object()?;
    // The API's own listing has an object here.
    let status = at.get("status");
    let state = status.as_ref().and_then(|status| status.get("state"));
    // What is no set of annotations is one.
    let annotations = at.get("annotations").map(|at| {
        let alone = |_| at.text().map(|text| [("annotations".to_string(), text)].into()).unwrap_or_default();
        at.labels().unwrap_or_else(alone)
    });
    Ok(Item {
        status: state.or(status).and_then(text),
        labels: at.get("labels").map(|at| at.labels()).transpose()?,
        annotations,
        starts_at: at.get("startsAt").and_then(text),
        ends_at: at.get("endsAt").and_then(text),
        generator_url: at.get("generatorURL").and_then(|at| at.value().as_str().map(str::to_string)),
        fingerprint: at.get("fingerprint").and_then(|at| at.text()),
    })
}

fn text(at: Located<'_>) -> Option<Text<'static>> {
    at.text().map(|text| Text(text.into()))
}

#[cfg(test)]
mod tests;
