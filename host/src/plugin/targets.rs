//! Notifier targets as the pipeline sees them.

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::lane::Exports;
use super::registry::Plugins;
use crate::ports::{Message, Notifiers, NotifyError};

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
            let unit = self.targets.get(target).ok_or_else(unknown)?;
            let Exports::Notifier(exports) = &unit.loaded.exports else { return Err(unknown()) };
            let answer = unit
                .loaded
                .code
                .call(&self.runtime, unit.state(), |store, instance, _| {
                    exports.notify(store, instance, message, now)
                })
                .await
                .map(|(answer, _)| answer);
            unit.note(&answer);
            answer.map_err(NotifyError::from)?.map_err(NotifyError::from)
        })
    }
}
