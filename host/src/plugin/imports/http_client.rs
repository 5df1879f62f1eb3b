//! `http-client`: the only way out.
//!
//! The order is the point: what the plugin wrote is checked while it still holds placeholders; only
//! then are secrets put in, and the target is checked again, so that no value can move it. What
//! comes back is scrubbed before the plugin sees it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use crate::network::{self, ReadError};
use crate::plugin::grants::Origin;
use crate::plugin::imports::{Binding, State};
use crate::plugin::secrets::{Place, names};

/// A request as a plugin writes it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// In upper case.
    pub method: String,
    /// With placeholders.
    pub url: String,
    /// With placeholders in the values.
    pub headers: Vec<(String, String)>,
    /// With placeholders.
    pub body: String,
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

/// The longest request, whatever the plugin asks for.
const LONGEST: Duration = Duration::from_secs(30);

/// Bytes of a request's body.
const REQUEST: usize = 1 << 20;

/// Headers that belong to the connection and not to the request.
const CONNECTION: [&str; 9] = [
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te",
    "trailer", "expect",
];

/// Sends one request.
pub async fn send(state: &mut State, request: Request) -> Result<Response, HttpError> {
    let binding = std::sync::Arc::clone(&state.binding);
    let most = binding.limits.requests;
    if state.requests >= most {
        return Err(HttpError::Denied(format!(
            "plugin {} has used up its {most} requests of this call",
            binding.name
        )));
    }
    state.requests += 1;
    let ready = prepare(&binding, request)?;
    let reflected = ready.reflected.clone();
    transfer(&binding, ready).await.map_err(|error| match error {
        HttpError::Unreachable(text) => HttpError::Unreachable(binding.secrets.scrub(&text, &reflected)),
        HttpError::Other(text) => HttpError::Other(binding.secrets.scrub(&text, &reflected)),
        other => other,
    })
}

/// A request that was permitted, with its secrets in.
struct Ready {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: String,
    timeout: Duration,
    origin: Origin,
    used: Vec<String>,
    private: bool,
    /// Texts made of secrets that a server may reflect.
    reflected: Vec<String>,
}

fn prepare(binding: &Binding, request: Request) -> Result<Ready, HttpError> {
    let invalid = |text: &str| HttpError::Invalid(text.to_string());
    if request.body.len() > REQUEST {
        return Err(HttpError::Invalid(format!("the body has more than {REQUEST} bytes")));
    }
    let method: Method =
        request.method.to_uppercase().parse().map_err(|_| invalid("the method is no HTTP method"))?;
    let origin_of = |url: &str| {
        let url: Url = url.parse().map_err(|_| invalid("the URL cannot be read"))?;
        let origin = Origin::of(&url).ok_or_else(|| invalid("the URL is not http or https"))?;
        Ok((url, origin))
    };
    let (_, origin) = origin_of(&request.url)?;

    let mut used = names(&request.url);
    used.extend(request.headers.iter().flat_map(|(_, value)| names(value)));
    used.extend(names(&request.body));
    used.sort_unstable();
    used.dedup();
    let permitted = binding
        .grants
        .permit(&origin, method.as_str(), &used)
        .map_err(HttpError::Denied)?;

    let expand = |text: &str, place| {
        binding
            .secrets
            .expand(text, place)
            .map_err(|name| HttpError::Denied(binding.grants.secret_needed(&name)))
    };
    let (url, target) = origin_of(&expand(&request.url, Place::Plain)?)?;
    if target != origin {
        return Err(HttpError::Denied("a secret in the URL changes where it leads".into()));
    }
    network::check_literal(&url, permitted.private).map_err(|refused| {
        let why = refused.to_string();
        HttpError::Denied(binding.grants.private_needed(&origin, method.as_str(), &used, &why))
    })?;

    let place = body_place(&request.headers);
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name: HeaderName =
            name.to_lowercase().parse().map_err(|_| invalid("a header's name is not allowed"))?;
        if CONNECTION.contains(&name.as_str()) || name.as_str().starts_with("proxy-") {
            return Err(HttpError::Invalid(format!("the header `{name}` is set by the host")));
        }
        let mut value = HeaderValue::from_str(&expand(value, Place::Plain)?)
            .map_err(|_| HttpError::Invalid(format!("the value of header `{name}` is not allowed")))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    let reflected = credentials(&url).into_iter().collect();
    let timeout = request.timeout.unwrap_or(LONGEST).min(LONGEST);
    let body = expand(&request.body, place)?;
    Ok(Ready {
        method, url, headers, body, timeout, origin, used, private: permitted.private, reflected,
    })
}

/// How secrets are written into the body: as its content type needs.
fn body_place(headers: &[(String, String)]) -> Place {
    let kind = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    match kind.map(|(_, value)| value.to_lowercase()) {
        Some(kind) if kind.contains("json") => Place::Json,
        Some(kind) if kind.contains("x-www-form-urlencoded") => Place::Form,
        _ => Place::Plain,
    }
}

/// What the client will make of user and password in the URL.
fn credentials(url: &Url) -> Option<String> {
    let password = url.password()?;
    Some(STANDARD.encode(format!("{}:{password}", url.username())))
}

async fn transfer(binding: &Binding, ready: Ready) -> Result<Response, HttpError> {
    let client = binding
        .outside
        .network
        .guarded(ready.private)
        .map_err(|error| HttpError::Other(error.to_string()))?;
    let host = ready.origin.to_string();
    tracing::debug!(target: "plugin", plugin = binding.name, method = %ready.method, origin = host, "request");
    let request = client
        .request(ready.method.clone(), ready.url)
        .headers(ready.headers)
        .timeout(ready.timeout)
        .body(ready.body);
    let response = request.send().await.map_err(|error| {
        if let Some(refused) = network::refusal(&error) {
            let (method, why) = (ready.method.as_str(), refused.to_string());
            return HttpError::Denied(binding.grants.private_needed(&ready.origin, method, &ready.used, &why));
        }
        if error.is_timeout() {
            HttpError::Timeout
        } else if error.is_connect() {
            HttpError::Unreachable(network::describe(error))
        } else {
            HttpError::Other(network::describe(error))
        }
    })?;

    let status = response.status().as_u16();
    let scrub = |text: &str| binding.secrets.scrub(text, &ready.reflected);
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (scrub(name.as_str()), scrub(&String::from_utf8_lossy(value.as_bytes())))
        })
        .collect();
    let most = (binding.limits.response_kib as usize) << 10;
    let body = network::read_capped(response, most).await.map_err(|error| match error {
        ReadError::TooLarge(cap) => HttpError::TooLarge(cap as u64),
        ReadError::Broken(error) if error.is_timeout() => HttpError::Timeout,
        ReadError::Broken(error) => HttpError::Other(network::describe(error)),
    })?;
    Ok(Response { status, headers, body: scrub(&String::from_utf8_lossy(&body)) })
}
