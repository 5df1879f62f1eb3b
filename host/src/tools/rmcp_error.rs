//! Errors of the MCP library in the words of whoever must fix them.

use std::error::Error;

use rmcp::service::ClientInitializeError;
use rmcp::transport::streamable_http_client::StreamableHttpError;

use crate::redact::known;

type Http = StreamableHttpError<reqwest::Error>;

/// A failed handshake.
pub(super) fn handshake(error: ClientInitializeError) -> String {
    let why = match error {
        ClientInitializeError::TransportError { error, .. } => chain(error.error.as_ref()),
        ClientInitializeError::JsonRpcError(error) => error.message.into_owned(),
        other => other.to_string(),
    };
    format!("the handshake failed: {why}")
}

/// An error with what caused it, in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let part = error.to_string();
        if text.is_empty() {
            text = part;
        } else if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        next = cause(error);
    }
    without_urls(error, text)
}

/// The text of an error without what gives access in the addresses that it names.
fn without_urls(error: &(dyn Error + 'static), mut text: String) -> String {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(url) = error.downcast_ref::<reqwest::Error>().and_then(reqwest::Error::url) {
            text = text.replace(url.as_str(), &known::shown_url(url.as_str()));
        }
        next = cause(error);
    }
    text
}

/// Whether an error says that not even a connection came about.
pub(super) fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect) {
            return true;
        }
        next = cause(error);
    }
    false
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<Http>() {
        // The library does not name this one as the source.
        Some(StreamableHttpError::Client(error)) => Some(error),
        _ => error.source(),
    }
}
