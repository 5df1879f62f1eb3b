//! How a permitted request gets to its target. The wire is one way; a test of a plugin has
//! another.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::network::{self, Network, ReadError};

/// A request that was permitted, with its secrets in. It has no `Debug` for that reason.
#[derive(Clone)]
pub struct HttpRequest {
    /// In upper case.
    pub method: String,
    /// The whole URL.
    pub url: Url,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// For the whole exchange.
    pub timeout: Duration,
    /// Whether the target may lie at a private address.
    pub private: bool,
    /// Bytes of the answer's body.
    pub cap: usize,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    /// At most as long as was asked for.
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The target lies at an address that is not granted; the text says which.
    Refused(String),
    /// No request that can be sent.
    Invalid(String),
    /// No whole answer in time.
    Timeout,
    /// No connection, or none that lasted until the answer was whole: the request may have arrived.
    Unreachable(String),
    /// More bytes than this.
    TooLarge(usize),
    /// Anything else.
    Other(String),
}

/// Sends requests.
pub trait Transport: Send + Sync {
    /// Sends one request and reads its answer.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>>;
    /// Whether anything leaves this process on this way.
    fn leaves(&self) -> bool {
        true
    }
}

/// The real network.
pub struct Wire(pub Arc<Network>);

impl Transport for Wire {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let guarded = self.0.guarded(request.private).map_err(|error| TransportError::Other(error.to_string()))?;
            let method: reqwest::Method =
                request.method.parse().map_err(|_| TransportError::Invalid("the method is no HTTP method".into()))?;
            let sent = guarded
                .request(method, request.url)
                .map_err(|refused| TransportError::Refused(refused.to_string()))?
                .headers(headers(&request.headers)?)
                .timeout(request.timeout)
                .body(request.body)
                .send()
                .await;
            let response = sent.map_err(failed)?;
            let status = response.status().as_u16();
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
            let body = network::read_capped(response, request.cap).await.map_err(|error| match error {
                ReadError::TooLarge(cap) => TransportError::TooLarge(cap),
                ReadError::Broken(error) => failed(error),
            })?;
            Ok(HttpResponse { status, headers, body })
        })
    }
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, TransportError> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let wrong = |what: &str| TransportError::Invalid(format!("the {what} of header `{name}` is not allowed"));
        let parsed: HeaderName = name.parse().map_err(|_| wrong("name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong("value"))?;
        value.set_sensitive(true);
        // A map that is full would panic.
        headers.try_append(parsed, value).map_err(|_| TransportError::Invalid("there are too many headers".into()))?;
    }
    Ok(headers)
}

fn failed(error: reqwest::Error) -> TransportError {
    if let Some(refused) = network::refusal(&error) {
        TransportError::Refused(refused.to_string())
    } else if error.is_timeout() {
        TransportError::Timeout
    } else if error.is_builder() {
        TransportError::Invalid(network::describe(error))
    } else {
        // Whatever else happens between two machines may be over the next time: no connection, one that is
        // closed or reset before the answer, one that ends within it, a handshake that fails.
        TransportError::Unreachable(network::describe(error))
    }
}
