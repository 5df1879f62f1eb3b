//! CloudEvents as they come over HTTP: one with its attributes in the body (structured), one with its attributes in
//! headers (binary), or a list of structured ones.
//!
//! What a message is goes by what is in it: those of ops are structured and say so nowhere.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::Labels;
use crate::domain::alert::normalised::{LeftOut, Reason};
use crate::domain::event::{ATTRIBUTE, DATA, Envelope, Event, time};
use crate::domain::text::json::repaired;
use crate::domain::text::truncate;

/// Events of one request. What is beyond is left out, and counted.
const MOST: usize = 10_000;

/// The events of a message, and those of it that could not be read.
#[derive(Debug, Default, PartialEq)]
pub struct ParsedEvents {
    /// In the order in which they stand.
    pub events: Vec<Event>,
    /// None of them costs another.
    pub left_out: Vec<LeftOut>,
}

/// Reads a message.
///
/// # Errors
/// When it is no CloudEvent at all.
pub fn read(headers: &Labels, body: &str) -> Result<ParsedEvents, String> {
    if headers.contains_key("ce-specversion") && !is_structured(body) {
        return one(binary(headers, body));
    }
    let whole = match serde_json::from_str::<&RawValue>(body) {
        Ok(whole) => Cow::Borrowed(whole.get()),
        Err(error) => Cow::Owned(repaired(body).ok_or_else(|| format!("the body is no JSON: {error}"))?),
    };
    if !whole.trim_start().starts_with('[') {
        return one(structured(&whole));
    }
    let items: Vec<&RawValue> =
        serde_json::from_str(&whole).map_err(|error| format!("the body is no list: {error}"))?;
    let mut read = ParsedEvents::default();
    let beyond = items.len().saturating_sub(MOST);
    for (n, item) in items.into_iter().take(MOST).enumerate() {
        match structured(item.get()) {
            Ok(event) => read.events.push(event),
            Err(why) => {
                let text = format!("event {} of the list: {why}", n + 1);
                read.left_out.push(LeftOut { name: String::new(), reason: Reason::Unreadable, text, count: 1 });
            }
        }
    }
    if beyond > 0 {
        let text = format!("{beyond} events are beyond the {MOST} of one request");
        let count = beyond as u64;
        read.left_out.push(LeftOut { name: String::new(), reason: Reason::TooMany, text, count });
    }
    Ok(read)
}

fn one(event: Result<Event, String>) -> Result<ParsedEvents, String> {
    event.map(|event| ParsedEvents { events: vec![event], left_out: Vec::new() })
}

/// The members of a structured one, unread. Extensions besides the cluster say nothing here.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    specversion: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    cluster: Option<&'a RawValue>,
    #[serde(borrow)]
    tidegatevia: Option<&'a RawValue>,
    #[serde(borrow)]
    datacontenttype: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    data_base64: Option<&'a RawValue>,
}

fn is_structured(body: &str) -> bool {
    serde_json::from_str::<Members<'_>>(body).is_ok_and(|members| members.specversion.is_some())
}

/// Reads one with its attributes in the body.
pub fn structured(text: &str) -> Result<Event, String> {
    let members: Members<'_> = serde_json::from_str(text).map_err(|error| format!("it is no object: {error}"))?;
    supported(&attribute("specversion", members.specversion)?)?;
    let content_type = attribute("datacontenttype", members.datacontenttype)?;
    let size = members.data.or(members.data_base64).map_or(0, |data| data.get().len());
    let data = match (members.data, members.data_base64) {
        (Some(_), Some(_)) => return Err("it has both data and data_base64".into()),
        (Some(data), None) => {
            small(data.get().len())?;
            serde_json::from_str(data.get()).map_err(|error| format!("its data cannot be read: {error}"))?
        }
        (None, Some(data)) => {
            small(data.get().len() / 4 * 3)?;
            let data: Cow<'_, str> = serde_json::from_str(data.get()).map_err(|_| "data_base64 is no text")?;
            let bytes = STANDARD.decode(data.trim()).map_err(|error| format!("data_base64: {error}"))?;
            of_text(&content_type, &String::from_utf8_lossy(&bytes))
        }
        (None, None) => Value::Null,
    };
    event(
        [
            attribute("id", members.id)?,
            attribute("source", members.source)?,
            attribute("type", members.kind)?,
            attribute("subject", members.subject)?,
            attribute("cluster", members.cluster)?,
            attribute("time", members.time)?,
            attribute("tidegatevia", members.tidegatevia)?,
        ],
        data,
        size,
    )
}

/// Reads one with its attributes in headers.
fn binary(headers: &Labels, body: &str) -> Result<Event, String> {
    let header = |name: &str| {
        let value = headers.get(&format!("ce-{name}")).map(unescaped).unwrap_or_default();
        bounded(name, value)
    };
    supported(&header("specversion")?)?;
    small(body.len())?;
    // Over HTTP it is the one header, over NATS the other.
    let content_type = headers.get("content-type").or_else(|| headers.get("ce-datacontenttype")).unwrap_or_default();
    let data = of_text(content_type, body);
    event(
        [
            header("id")?,
            header("source")?,
            header("type")?,
            header("subject")?,
            header("cluster")?,
            header("time")?,
            header("tidegatevia")?,
        ],
        data,
        body.len(),
    )
}

fn event(
    [id, source, kind, subject, cluster, at, via]: [Cow<'_, str>; 7],
    data: Value,
    size: usize,
) -> Result<Event, String> {
    if kind.is_empty() {
        return Err("it has no type, which every CloudEvent has".into());
    }
    // A time that cannot be read costs the time and not the event.
    let time = time(&at);
    Ok(Event::new(Envelope {
        id: id.into(),
        source: source.into(),
        kind: kind.into(),
        subject: subject.into(),
        cluster: cluster.into(),
        via: via.split(',').filter(|host| !host.is_empty()).map(str::to_string).collect(),
        time,
        data,
        size,
    }))
}

fn supported(version: &str) -> Result<(), String> {
    match version {
        "1.0" | "0.3" => Ok(()),
        "" => Err("it is no CloudEvent: it has no specversion".into()),
        other => Err(format!("CloudEvents of version {:?} are not known here, only 1.0 and 0.3", truncate(other, 20))),
    }
}

fn small(bytes: usize) -> Result<(), String> {
    if bytes <= DATA { Ok(()) } else { Err(format!("its data has {bytes} bytes, and {DATA} are the most")) }
}

/// An attribute that may be missing.
fn attribute<'a>(name: &str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, String> {
    raw.map_or(Ok(Cow::Borrowed("")), |raw| text_of(name, raw))
}

/// An attribute: a text, or what an extension may be besides.
fn text_of<'a>(name: &str, raw: &'a RawValue) -> Result<Cow<'a, str>, String> {
    let raw = raw.get();
    let value = match raw.as_bytes().first() {
        Some(b'"') if raw.len() <= 6 * ATTRIBUTE => {
            let text = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
            if text.contains('\\') {
                Cow::Owned(serde_json::from_str(raw).map_err(|error| format!("{name}: {error}"))?)
            } else {
                Cow::Borrowed(text)
            }
        }
        Some(b'"') => Cow::Borrowed(raw),
        Some(b'n') => Cow::Borrowed(""),
        Some(b'{' | b'[') => return Err(format!("its {name} is no text")),
        _ => Cow::Borrowed(raw),
    };
    bounded(name, value)
}

fn bounded<'a>(name: &str, value: Cow<'a, str>) -> Result<Cow<'a, str>, String> {
    if value.len() <= ATTRIBUTE {
        return Ok(value);
    }
    Err(format!("its {name} has {} bytes, and {ATTRIBUTE} are the most", value.len()))
}

/// Data by what it says that it is; without a word it is JSON.
fn of_text(content_type: &str, text: &str) -> Value {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = kind.is_empty() || kind.ends_with("/json") || kind.ends_with("+json");
    if text.is_empty() {
        return Value::Null;
    }
    let json = if is_json { serde_json::from_str(text).ok() } else { None };
    json.unwrap_or_else(|| Value::String(text.into()))
}

/// A header's value, in which what a header cannot hold is written as `%` and two digits.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
#[path = "cloudevent_tests.rs"]
mod tests;
