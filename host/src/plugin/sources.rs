//! Source plugins as the pipeline sees them.

use futures::future::BoxFuture;

use super::error::{Cause, Failure};
use super::kind::CallError;
use super::kind::source::normalise;
use super::lane::Exports;
use super::registry::Plugins;
use crate::domain::Alert;
use crate::ports::{DecodeError, Inbound, Sources};

impl Sources for Plugins {
    fn names(&self) -> Vec<String> {
        self.sources.keys().cloned().collect()
    }

    fn decode<'a>(
        &'a self,
        source: &'a str,
        request: Inbound,
    ) -> BoxFuture<'a, Result<Vec<Alert>, DecodeError>> {
        Box::pin(async move {
            let unknown = || DecodeError::UnknownSource(format!("there is no source `{source}`"));
            let unit = self.sources.get(source).ok_or_else(unknown)?;
            let Exports::Source(exports) = &unit.loaded.exports else { return Err(unknown()) };
            let answer = unit
                .loaded
                .code
                .call(&self.runtime, unit.state(), |store, instance, _| {
                    exports.decode(store, instance, &request)
                })
                .await;
            let answer = match answer {
                Ok((Ok(decoded), _)) => normalise(source, decoded, request.received_at)
                    .map(Ok)
                    .map_err(|text| Failure::new(&unit.loaded.manifest, Cause::Answer(text))),
                Ok((Err(error), _)) => Ok(Err(error)),
                Err(failure) => Err(failure),
            };
            unit.note(&answer);
            match answer {
                Ok(Ok(alerts)) => Ok(alerts),
                Ok(Err(CallError::InvalidInput(text))) => Err(DecodeError::Invalid(text)),
                // The sender did nothing wrong and keeps the alerts until this is mended.
                Ok(Err(error)) => Err(DecodeError::Unavailable(format!(
                    "plugin {}: {error}",
                    unit.loaded.manifest.label()
                ))),
                Err(failure) => Err(DecodeError::Unavailable(failure.to_string())),
            }
        })
    }
}
