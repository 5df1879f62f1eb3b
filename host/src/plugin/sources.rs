//! Source plugins as the pipeline sees them.

use futures::future::BoxFuture;

use super::authority::Authority;
use super::error::Failure;
use super::kind::CallError;
use super::kind::source::normalise;
use super::lane::Exports;
use super::registry::Plugins;
use crate::domain::Alert;
use crate::domain::alert::normalised::Normalised;
use crate::ports::{DecodeError, Inbound, Sources};

impl Plugins {
    /// Logs and counts what any source could not take of a request, and gives the alerts that it could.
    ///
    /// # Errors
    /// When there are alerts and none of them could be taken: a sentence that names the place.
    pub fn note_left_out(&self, source: &str, normalised: Normalised) -> Result<Vec<Alert>, String> {
        self.left_out.note(source, normalised)
    }

    /// Lets a source decode a request, and tells apart what the plugin said and what befell it.
    /// None when there is no such source.
    pub async fn call_source(
        &self,
        source: &str,
        request: &Inbound,
    ) -> Option<Result<Result<Vec<Alert>, CallError>, Failure>> {
        let unit = self.sources.get(source)?;
        let Exports::Source(exports) = &unit.loaded.exports else { return None };
        let code = &unit.loaded.code;
        let call = code.call(&self.runtime, unit.state(Authority::look()), |store, instance, _| {
            exports.decode(store, instance, request)
        });
        let answer = match call.await {
            Ok((Ok(mut decoded), _)) => {
                let volatile = &unit.loaded.manifest.volatile_labels;
                decoded.iter_mut().for_each(|alert| alert.annotate(volatile));
                let normalised = normalise(source, decoded, request.received_at);
                Ok(self.note_left_out(source, normalised).map_err(CallError::InvalidInput))
            }
            Ok((Err(error), _)) => Ok(Err(error)),
            Err(failure) => Err(failure),
        };
        unit.note(&answer);
        Some(answer)
    }
}

impl Sources for Plugins {
    fn names(&self) -> Vec<String> {
        self.sources.keys().cloned().collect()
    }

    fn decode<'a>(&'a self, source: &'a str, request: Inbound) -> BoxFuture<'a, Result<Vec<Alert>, DecodeError>> {
        Box::pin(async move {
            let unknown = || DecodeError::UnknownSource(format!("there is no source `{source}`"));
            let unit = self.sources.get(source).ok_or_else(unknown)?;
            match self.call_source(source, &request).await.ok_or_else(unknown)? {
                Ok(Ok(alerts)) => Ok(alerts),
                Ok(Err(CallError::InvalidInput(text))) => Err(DecodeError::Invalid(text)),
                // The sender did nothing wrong and keeps the alerts until this is mended.
                Ok(Err(error)) => {
                    Err(DecodeError::Unavailable(format!("plugin {}: {error}", unit.loaded.manifest.label())))
                }
                Err(failure) => Err(DecodeError::Unavailable(failure.to_string())),
            }
        })
    }
}
