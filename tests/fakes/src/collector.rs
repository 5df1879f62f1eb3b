//! A collector of traces: OTLP over HTTP in JSON, decoded as strictly as the format is written: members that are not its own,
//! ids that are not hex of their length, and times that are not texts of digits are refused.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer};

use crate::clock::lock;
use crate::server::Server;

/// A running collector.
#[derive(Debug)]
pub struct FakeCollector {
    server: Server,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    spans: Vec<Span>,
    refusals: Vec<String>,
    authorization: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    attributes: Vec<KeyValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeSpans {
    scope: Scope,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    name: String,
    #[serde(rename = "version")]
    _version: String,
}

/// A span as it came.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Span {
    /// Its trace, in hex.
    #[serde(deserialize_with = "hex::<_, 16>")]
    pub trace_id: String,
    /// Its own name, in hex.
    #[serde(deserialize_with = "hex::<_, 8>")]
    pub span_id: String,
    /// The span that it belongs to; empty for a root.
    #[serde(default, deserialize_with = "hex::<_, 8>")]
    pub parent_span_id: String,
    /// What it is.
    pub name: String,
    /// 1 internal, 2 server, 3 client.
    pub kind: u8,
    /// When it began, in nanoseconds since 1970.
    #[serde(deserialize_with = "nanos")]
    pub start_time_unix_nano: u64,
    /// When it ended.
    #[serde(deserialize_with = "nanos")]
    pub end_time_unix_nano: u64,
    /// What is said of it.
    #[serde(default)]
    pub attributes: Vec<KeyValue>,
    /// Spans that led to it.
    #[serde(default)]
    pub links: Vec<Link>,
    /// How it ended.
    #[serde(default)]
    pub status: Status,
}

/// An attribute.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyValue {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: AnyValue,
}

/// The value of an attribute.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum AnyValue {
    /// A text.
    StringValue(String),
    /// A number, as a text of digits.
    IntValue(#[serde(deserialize_with = "digits")] String),
    /// Yes or no.
    BoolValue(bool),
}

/// A span of somebody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// Its trace.
    #[serde(deserialize_with = "hex::<_, 16>")]
    pub trace_id: String,
    /// Its name.
    #[serde(deserialize_with = "hex::<_, 8>")]
    pub span_id: String,
}

/// How a span ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// 0 nothing is said, 1 well, 2 badly.
    pub code: u8,
}

fn hex<'de, D: Deserializer<'de>, const BYTES: usize>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let good = text.len() == 2 * BYTES && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let zero = text.bytes().all(|b| b == b'0');
    if good && !zero { Ok(text) } else { Err(serde::de::Error::custom(format!("{text:?} is no id of {BYTES} bytes"))) }
}

fn digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.parse::<i64>().is_ok() { Ok(text) } else { Err(serde::de::Error::custom(format!("{text:?} is no number"))) }
}

fn nanos<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    digits(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl Span {
    /// The text of an attribute; numbers as their digits.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let found = self.attributes.iter().find(|attribute| attribute.key == name)?;
        Some(match &found.value {
            AnyValue::StringValue(text) | AnyValue::IntValue(text) => text.clone(),
            AnyValue::BoolValue(flag) => flag.to_string(),
        })
    }
}

impl FakeCollector {
    /// Starts a collector.
    pub async fn start() -> anyhow::Result<Self> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let server = Server::start(Router::new().fallback(handle).with_state(Arc::clone(&seen)), 0).await?;
        Ok(Self { server, seen })
    }

    /// Its address, without the path.
    pub fn url(&self) -> String {
        self.server.url().to_string()
    }

    /// The spans it took, in order.
    pub fn spans(&self) -> Vec<Span> {
        lock(&self.seen).spans.clone()
    }

    /// Why it refused what it refused.
    pub fn refusals(&self) -> Vec<String> {
        lock(&self.seen).refusals.clone()
    }

    /// What stood in `Authorization`, request by request.
    pub fn authorizations(&self) -> Vec<String> {
        lock(&self.seen).authorization.clone()
    }
}

async fn handle(
    State(seen): State<Arc<Mutex<Seen>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut seen = lock(&seen);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_string();
    seen.authorization.push(text("authorization"));
    let read = || {
        if (method.as_str(), uri.path()) != ("POST", "/v1/traces") || text("content-type") != "application/json" {
            return Err(format!("{method} {uri} {}", text("content-type")));
        }
        let request: Request = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        let mut spans = Vec::new();
        for of_resource in request.resource_spans {
            if !of_resource.resource.attributes.iter().any(|attribute| attribute.key == "service.name") {
                return Err("a resource without service.name".into());
            }
            for of_scope in of_resource.scope_spans {
                if of_scope.scope.name.is_empty() {
                    return Err("a scope without a name".into());
                }
                spans.extend(of_scope.spans);
            }
        }
        match spans
            .iter()
            .find(|span| span.end_time_unix_nano < span.start_time_unix_nano || !(1..=5).contains(&span.kind))
        {
            Some(span) => Err(format!("a span that cannot be: {span:?}")),
            None => Ok(spans),
        }
    };
    match read() {
        Ok(spans) => {
            seen.spans.extend(spans);
            ([("content-type", "application/json")], "{}").into_response()
        }
        Err(why) => {
            seen.refusals.push(why);
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}
