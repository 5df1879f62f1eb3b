//! `http-client`: the only way out.
//!
//! The order is the point: what the plugin wrote is checked while it still holds placeholders; only
//! then are secrets put in, and the target is checked again, so that no value can move it. What
//! comes back is scrubbed before the plugin sees it. A call that only looks sends only what reads.

mod size;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use crate::plugin::authority::Authority;
use crate::plugin::grants::{Origin, OutboundRequest, PermittedRequest};
use crate::plugin::imports::{Binding, QuotaExceeded, State};
use crate::plugin::reading;
use crate::plugin::secrets::{PlaceholderContext, PlaceholderError, names, starts_with_secret};
use crate::plugin::transport::{HttpRequest, TransportError};
use crate::traces::context::HEADER as TRACE;

/// A request as a plugin writes it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// In upper case.
    pub method: String,
    /// With placeholders.
    pub url: String,
    /// With placeholders in the values.
    pub headers: Vec<(String, String)>,
    /// With placeholders, if `body_secrets` says so.
    pub body: String,
    /// Whether `{{secret:name}}` in the body is a placeholder. Else it is text.
    pub body_secrets: bool,
    /// At most the host's own.
    pub timeout: Option<Duration>,
}

/// What came back, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    /// What is not UTF-8 has been replaced.
    pub body: String,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// Not asked for or not granted.
    Denied(String),
    /// No request that can be sent.
    Invalid(String),
    /// No whole answer in time.
    Timeout,
    /// No connection.
    Unreachable(String),
    /// More bytes than this.
    TooLarge(u64),
    /// Anything else.
    Other(String),
}

/// The longest request, whatever the plugin asks for; one that would outlast its call is shorter.
const LONGEST: Duration = Duration::from_secs(30);

/// Headers that belong to the connection and not to the request.
const CONNECTION: [&str; 9] =
    ["host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"];

/// Beginnings of such names: a request never becomes another protocol.
const CONNECTIONS: [&str; 3] = ["proxy-", "sec-websocket", "http2-"];

/// Sends one request.
pub async fn send(state: &mut State, request: Request) -> Result<Response, HttpError> {
    let binding = Arc::clone(&state.binding);
    state.count_request().map_err(|spent| match spent {
        QuotaExceeded::Call(sentence) => HttpError::Denied(sentence),
        QuotaExceeded::Minute(used) => HttpError::Unreachable(used.sentence),
    })?;
    let mut ready = prepare(&binding, state.authority, request)?;
    let reflected: Vec<String> = credentials(&ready.outgoing.url).into_iter().collect();
    let scrub = |text: &str| binding.secrets.scrub(text, &reflected);
    let (method, origin) = (ready.outgoing.method.clone(), &ready.origin);
    tracing::debug!(target: "plugin", plugin = binding.name, method, %origin, "request");
    let host = ready.outgoing.url.host_str().unwrap_or_default().to_string();
    let timeout = state.deadline.within(ready.outgoing.timeout);
    ready.outgoing.timeout = timeout;
    let headers = &mut ready.outgoing.headers;
    if let Some(trace) = &state.trace
        && !headers.iter().any(|(name, _)| name == TRACE)
    {
        headers.push((TRACE.into(), trace.clone()));
    }
    // What no time is left for may not leave either.
    let sent = match timeout.is_zero() {
        true => Err(TransportError::Timeout),
        false => binding.outside.transport.send(ready.outgoing).await,
    };
    match sent {
        Ok(returned) => Ok(Response {
            status: returned.status,
            headers: returned.headers.iter().map(|(name, value)| (scrub(name), scrub(value))).collect(),
            body: scrub(&String::from_utf8_lossy(&returned.body)),
        }),
        Err(error) => Err(match error {
            TransportError::Refused(why) => {
                HttpError::Denied(binding.grants.private_needed(origin, &method, &ready.secrets, &why))
            }
            TransportError::Invalid(text) => HttpError::Invalid(scrub(&text)),
            TransportError::Timeout => {
                // Where nothing leaves, it is played that nobody answers.
                if binding.outside.transport.leaves() {
                    state.deadline.did_not_answer(&scrub(&host), timeout);
                }
                HttpError::Timeout
            }
            TransportError::Unreachable(text) => HttpError::Unreachable(scrub(&text)),
            TransportError::TooLarge(cap) => HttpError::TooLarge(cap as u64),
            TransportError::Other(text) => HttpError::Other(scrub(&text)),
        }),
    }
}

/// A permitted request, with its secrets in.
struct PreparedRequest {
    outgoing: HttpRequest,
    origin: Origin,
    /// The names of the secrets in it.
    secrets: Vec<String>,
}

fn prepare(binding: &Binding, authority: Authority, request: Request) -> Result<PreparedRequest, HttpError> {
    size::check(&request)?;
    let method = request.method.to_ascii_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(HttpError::Invalid("the method is no HTTP method such as GET".into()));
    }
    let plain = reading::METHODS.contains(&method.as_str()) && request.body.is_empty();
    let marked = !authority.acts() && !plain;
    let mut secrets = names(&request.url);
    secrets.extend(request.headers.iter().flat_map(|(_, value)| names(value)));
    if request.body_secrets {
        secrets.extend(names(&request.body));
    }
    secrets.sort_unstable();
    secrets.dedup();
    let permit = |url: &Url, origin: &Origin, told: &str| -> Result<PermittedRequest, HttpError> {
        let (path, method, secrets) = (Some(url.path()), method.as_str(), secrets.as_slice());
        binding
            .grants
            .permit(&OutboundRequest { origin, path, told, method, secrets, marked })
            .map_err(HttpError::Denied)
    };

    // Where the whole address is a secret, only its value can say where it leads; the plugin must
    // be entitled to that secret before it hears anything about it.
    let written = if starts_with_secret(&request.url) {
        binding.grants.permit_any(&secrets).map_err(HttpError::Denied)?;
        None
    } else {
        let (url, origin) = origin(&request.url)?;
        permit(&url, &origin, &decoded(url.path()))?;
        Some((url, origin))
    };
    let expand = |text: &str, place, most, what| {
        binding.secrets.expand(text, place, most).map_err(|unfilled| match unfilled {
            PlaceholderError::Unknown(name) => HttpError::Denied(binding.grants.secret_needed(&name)),
            PlaceholderError::TooLong => size::too_large(most, what),
        })
    };
    let (url, origin) = origin(&expand(&request.url, PlaceholderContext::Plain, size::URL, "bytes in its URL")?)?;
    if written.as_ref().is_some_and(|(_, written)| *written != origin) {
        return Err(HttpError::Denied("a secret in the URL changes where it leads".into()));
    }
    // What is told is what the plugin wrote: the path may hold a secret now.
    let told = written.as_ref().map_or_else(|| "/…".to_string(), |(url, _)| decoded(url.path()));
    let permitted = permit(&url, &origin, &told)?;

    let place = body_place(&request.headers);
    let mut headers = Vec::with_capacity(request.headers.len());
    let mut bytes = 0;
    for (name, value) in &request.headers {
        let name = name.to_lowercase();
        if CONNECTION.contains(&name.as_str()) || CONNECTIONS.iter().any(|prefix| name.starts_with(prefix)) {
            return Err(HttpError::Invalid(format!("the header `{name}` is set by the host")));
        }
        let value = expand(value, PlaceholderContext::Plain, size::HEADER_BYTES, "bytes in its headers")?;
        bytes += name.len() + value.len();
        if bytes > size::HEADER_BYTES {
            return Err(size::too_large(size::HEADER_BYTES, "bytes in its headers"));
        }
        headers.push((name, value));
    }
    let body = match request.body_secrets {
        true => expand(&request.body, place, size::BODY, "bytes in its body")?,
        false => request.body.clone(),
    };
    // The secrets are in: what they make of it counts.
    if let Some(why) = reading::disguise(&url, &headers, &body).filter(|_| !authority.acts()) {
        return Err(HttpError::Denied(format!("plugin {} only looks here: {why}", binding.name)));
    }
    let outgoing = HttpRequest {
        method,
        url,
        headers,
        body,
        timeout: request.timeout.unwrap_or(LONGEST).min(LONGEST),
        private: permitted.private,
        cap: (binding.limits.response_kib as usize) << 10,
    };
    Ok(PreparedRequest { outgoing, origin, secrets })
}

fn origin(url: &str) -> Result<(Url, Origin), HttpError> {
    // Spaces and line breaks at its ends would be dropped without a word.
    let url: Url = url.trim().parse().map_err(|_| HttpError::Invalid("the URL cannot be read".into()))?;
    let origin = Origin::of(&url).ok_or_else(|| HttpError::Invalid("the URL is not http or https".into()))?;
    Ok((url, origin))
}

/// A written path with its placeholders as they were written.
fn decoded(path: &str) -> String {
    path.replace("%7B", "{").replace("%7D", "}")
}

/// How secrets are written into the body: as its content type needs.
fn body_place(headers: &[(String, String)]) -> PlaceholderContext {
    let kind = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    match kind.map(|(_, value)| value.to_lowercase()) {
        Some(kind) if kind.contains("json") => PlaceholderContext::Json,
        Some(kind) if kind.contains("x-www-form-urlencoded") => PlaceholderContext::Form,
        _ => PlaceholderContext::Plain,
    }
}

/// What the client will make of user and password in the URL.
fn credentials(url: &Url) -> Option<String> {
    let password = url.password()?;
    Some(STANDARD.encode(format!("{}:{password}", url.username())))
}
