//! Notifier targets as the pipeline sees them.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::authority::Authority;
use super::error::Failure;
use super::kind::CallError;
use super::lane::Exports;
use super::registry::Plugins;
use super::unit::NotReady;
use crate::ports::{Message, Notifiers, NotifyError};

/// Bytes of what a target says that a later message may refer to; it is journaled.
const REFERENCE: usize = 4 << 10;

/// What came of a call of a target.
#[derive(Clone, Debug, PartialEq)]
pub enum Notified {
    /// It was not called: it is left alone for a while, because it has said again and again that it is misconfigured.
    LeftAlone(String),
    /// It was called; what the plugin said, or what befell it.
    Called(Result<Result<Option<String>, CallError>, Failure>),
}

impl Plugins {
    /// Lets a target deliver a message, and tells apart what the plugin said and what befell it.
    /// None when there is no such target.
    pub async fn call_notifier(
        &self,
        target: &str,
        message: &Message,
        now: Timestamp,
    ) -> Option<Result<Result<Option<String>, CallError>, Failure>> {
        Some(match self.notify(target, message, now).await? {
            Notified::LeftAlone(text) => Ok(Err(CallError::Misconfigured(text))),
            Notified::Called(answer) => answer,
        })
    }

    /// The same, where whoever asks wants to know whether it was called at all.
    pub async fn notify(&self, target: &str, message: &Message, now: Timestamp) -> Option<Notified> {
        let ready = match self.targets.get(target)?.ready().await {
            Ok(ready) => ready,
            Err(NotReady::Failed(failure)) => return Some(Notified::Called(Err(failure))),
            Err(NotReady::Disabled(text)) => return Some(Notified::LeftAlone(text)),
        };
        let loaded = Arc::clone(&ready.loaded);
        let Exports::Notifier(exports) = &loaded.exports else { return None };
        let mut state = ready.state(Authority::deliver(message));
        state.delivery = Some(message.delivery.clone());
        let call = loaded.code.call_in(ready.places(), &self.runtime, state, |store, instance, _| {
            exports.notify(store, instance, message, now)
        });
        let answer = call.await;
        ready.note(&answer);
        Some(Notified::Called(answer))
    }
}

impl Notifiers for Plugins {
    fn has(&self, target: &str) -> bool {
        self.targets.contains_key(target)
    }

    fn deliver<'a>(
        &'a self,
        target: &'a str,
        message: &'a Message,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<String>, NotifyError>> {
        Box::pin(async move {
            let unknown = || NotifyError::Permanent(format!("there is no notifier target `{target}`"));
            let answer = self.call_notifier(target, message, now).await.ok_or_else(unknown)?;
            let reference = answer.map_err(NotifyError::from)?.map_err(NotifyError::from)?;
            // A part of a reference refers to nothing.
            let kept = reference.filter(|reference| {
                let fits = reference.len() <= REFERENCE;
                if !fits {
                    let bytes = reference.len();
                    tracing::warn!(%target, bytes, most = REFERENCE, "a reference is too long and was dropped: no later message can refer to it");
                }
                fits
            });
            Ok(kept)
        })
    }
}
