//! Notifier plugins: one message to one target.

use futures::future::BoxFuture;
use jiff::Timestamp;
use wasmtime::Store;
use wasmtime::component::Instance;

use super::CallError;
use crate::plugin::error::{Cause, Failure};
use crate::plugin::imports::State;
use crate::ports::{Message, NotifyError};

/// The exported interface.
pub(in crate::plugin) trait Notify: Send + Sync {
    fn notify<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        message: &'a Message,
        now: Timestamp,
    ) -> BoxFuture<'a, wasmtime::Result<Result<Option<String>, CallError>>>;
}

impl From<CallError> for NotifyError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Unavailable { reason, after } => Self::Retry { reason, after },
            // What the plugin cannot read or cannot send is the same the next time; what a target said about
            // it may have been said by something before it.
            error @ CallError::Misconfigured(_) => Self::Permanent(error.to_string()),
            error @ (CallError::InvalidInput(_) | CallError::Other(_)) => Self::Refused(error.to_string()),
        }
    }
}

impl From<Failure> for NotifyError {
    /// A call that the host ended may succeed the next time: nobody said that it cannot.
    fn from(failure: Failure) -> Self {
        match failure.cause {
            Cause::Answer(_) => Self::Refused(failure.to_string()),
            _ => Self::Retry { reason: failure.to_string(), after: None },
        }
    }
}
