//! Confirmations: an address that a sender wants to have fetched once, to prove that its messages are wanted here.
//!
//! A source has no network; it hands the address over with what it decoded. The host fetches it beside the
//! answer, which does not wait for it, at an origin that the plugin asks for and the operator granted, and looks at the status alone.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::sync::Semaphore;

use super::grants::{Origin, OutboundRequest};
use super::registry::Plugins;
use super::transport::{HttpRequest, TransportError};
use crate::network;

/// For the whole exchange.
const WITHIN: Duration = Duration::from_secs(10);

/// Bytes of an answer that nobody reads.
const ANSWER: usize = 256 << 10;

/// Of an address.
const LONGEST: usize = 4096;

/// Confirmations under way.
const AT_ONCE: usize = 4;

/// The places of confirmations.
pub(super) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

impl Plugins {
    /// Begins to fetch an address for a source, without waiting for it. A sentence for the sender and the
    /// operator: that it is done, or what would allow it. It names the origin alone, because who has the rest of
    /// the address can confirm.
    pub fn confirm(&self, source: &str, url: &str) -> String {
        self.begin(source, url).unwrap_or_else(|refusal| {
            tracing::warn!(source, "the sender's confirmation was not fetched: {refusal}");
            format!("not confirmed: {refusal}; or open the address in the sender's message by hand")
        })
    }

    fn begin(&self, source: &str, url: &str) -> Result<String, String> {
        let unit = self.sources.get(source).ok_or("a source that is built in confirms nothing")?;
        let url = url.trim();
        if url.len() > LONGEST {
            return Err(format!("the address to fetch has more than {LONGEST} bytes"));
        }
        let url: Url = url.parse().map_err(|_| "the address to fetch cannot be read".to_string())?;
        let origin = Origin::of(&url).ok_or("the address to fetch is not http or https")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("the address to fetch at {origin} holds a user's name"));
        }
        let (binding, method) = (unit.binding(), "GET".to_string());
        let path = url.path().to_string();
        let wanted = OutboundRequest {
            origin: &origin,
            path: Some(&path),
            // Who has the rest of the address can confirm.
            told: "",
            method: &method,
            secrets: &[],
            marked: false,
        };
        let permitted = binding.grants.permit(&wanted)?;
        network::check_link_local(&url).map_err(|refused| format!("{refused}, where no sender sends the host"))?;
        let busy = || format!("too many confirmations are under way to fetch the one at {origin}");
        let place = Arc::clone(&self.confirmations).try_acquire_owned().map_err(|_| busy())?;
        let request = HttpRequest {
            method: method.clone(),
            url,
            headers: Vec::new(),
            body: String::new(),
            timeout: WITHIN,
            private: permitted.private,
            cap: ANSWER,
        };
        let (source, at) = (source.to_string(), origin.to_string());
        tokio::spawn(async move {
            let _place = place;
            match binding.outside.transport.send(request).await {
                Ok(returned) if (200..300).contains(&returned.status) => {
                    tracing::info!(source, %origin, status = returned.status, "the sender's confirmation was fetched");
                }
                Ok(returned) => {
                    let status = returned.status;
                    tracing::warn!(source, %origin, status, "the sender's confirmation was fetched and not accepted");
                }
                Err(error) => {
                    let why = match error {
                        TransportError::Refused(why) => binding.grants.private_needed(&origin, &method, &[], &why),
                        TransportError::Timeout => format!("there was no answer within {} s", WITHIN.as_secs()),
                        TransportError::Invalid(text)
                        | TransportError::Unreachable(text)
                        | TransportError::Other(text) => text,
                        TransportError::TooLarge(most) => {
                            format!("it was fetched, and whether that was accepted stands in more than {most} bytes")
                        }
                    };
                    tracing::warn!(source, %origin, "nobody knows whether the sender's confirmation was accepted: {why}");
                }
            }
        });
        Ok(format!("being confirmed at {at}"))
    }
}
