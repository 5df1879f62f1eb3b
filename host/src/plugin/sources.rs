//! Source plugins as the pipeline sees them.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::authority::Authority;
use super::error::Failure;
use super::kind::CallError;
use super::kind::source::{Decoding, normalise};
use super::lane::Exports;
use super::registry::Plugins;
use crate::domain::alert::normalised::{Normalised, Reply};
use crate::domain::text::json::repaired;
use crate::ports::{DecodeError, Inbound, Sources};

/// Bytes of what a source answers its sender.
const REPLY: usize = 16 << 10;

/// Whether an answer may be sent. The host's own goes out in place of a longer one, and the log says so.
fn fits(source: &str, reply: &Reply) -> bool {
    let (bytes, most) = (reply.body.len(), REPLY);
    if bytes > most {
        tracing::warn!(source, bytes, most, "a source's answer to its sender is too long and is not sent");
    }
    bytes <= most
}

impl Plugins {
    /// Whether there is a source of this name that can be used.
    pub fn has_source(&self, name: &str) -> bool {
        self.sources.contains_key(name)
    }

    /// Logs and counts what any source could not take of a request.
    ///
    /// # Errors
    /// When there are alerts and none of them could be taken: a sentence that names the place.
    pub fn note_left_out(&self, source: &str, normalised: Normalised) -> Result<Normalised, String> {
        self.left_out.note(source, &normalised);
        normalised.readable()
    }

    /// Whether a source takes requests of this method.
    pub fn takes(&self, source: &str, method: &str) -> bool {
        let package = self.sources.get(source).map(|unit| unit.installed.package());
        method == "POST" || package.is_some_and(|package| package.manifest.methods.iter().any(|one| one == method))
    }

    /// Lets a source decode a request and hands on what it returned as it is. None when there is no such source.
    pub async fn call_decoder(
        &self,
        source: &str,
        request: &Inbound,
    ) -> Option<Result<Result<Decoding, CallError>, Failure>> {
        let ready = match self.sources.get(source)?.ready().await {
            Ok(ready) => ready,
            Err(not_ready) => return Some(not_ready.answer()),
        };
        let loaded = Arc::clone(&ready.loaded);
        let Exports::Source(exports) = &loaded.exports else { return None };
        let call = loaded.code.call(&self.runtime, ready.state(Authority::look()), |store, instance, _| {
            exports.decode(store, instance, request)
        });
        let answer = call.await;
        ready.note(&answer);
        Some(answer)
    }

    /// Lets a source decode a request, and tells apart what the plugin said and what befell it.
    /// None when there is no such source.
    pub async fn call_source(
        &self,
        source: &str,
        request: &Inbound,
    ) -> Option<Result<Result<Normalised, CallError>, Failure>> {
        let unit = self.sources.get(source)?;
        Some(match self.call_decoder(source, request).await? {
            Ok(Ok(mut decoding)) => {
                let package = unit.installed.package();
                if request.method == "OPTIONS" {
                    // It asks what may be sent, and sends nothing.
                    decoding.alerts.clear();
                }
                decoding.alerts.iter_mut().for_each(|alert| alert.annotate(&package.manifest.volatile_labels));
                let mut normalised = normalise(source, decoding, request.received_at);
                normalised.reply = normalised.reply.filter(|reply| fits(source, reply));
                Ok(self.note_left_out(source, normalised).map_err(CallError::InvalidInput))
            }
            Ok(Err(error)) => Ok(Err(error)),
            Err(failure) => Err(failure),
        })
    }
}

impl Sources for Plugins {
    fn names(&self) -> Vec<String> {
        self.sources.keys().cloned().collect()
    }

    fn decode<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Normalised, DecodeError>> {
        Box::pin(async move {
            let unknown = || DecodeError::UnknownSource(format!("there is no source `{source}`"));
            let unit = self.sources.get(source).ok_or_else(unknown)?;
            let mut answer = self.call_source(source, &request).await.ok_or_else(unknown)?;
            if let Ok(Err(CallError::InvalidInput(_))) = answer
                && let Some(body) = repaired(&request.body)
            {
                answer = self.call_source(source, &Inbound { body, ..request }).await.ok_or_else(unknown)?;
            }
            let error = match answer.map_err(Failure::without_printed) {
                Ok(Ok(normalised)) => return Ok(normalised),
                Ok(Err(CallError::InvalidInput(text))) => return Err(DecodeError::Invalid(text)),
                Ok(Err(error)) => error,
                // Decoding is a function of the request alone: the same one would fail the same way for ever.
                Err(failure) if failure.cause.is_lasting() => return Err(DecodeError::Invalid(failure.to_string())),
                Err(failure) => return Err(DecodeError::Unavailable(failure.to_string())),
            };
            let text = format!("plugin {}: {error}", unit.installed.package().manifest.label());
            Err(match error {
                CallError::Other(_) => DecodeError::Invalid(text),
                // The sender did nothing wrong and keeps the alerts until this is mended.
                _ => DecodeError::Unavailable(text),
            })
        })
    }
}
