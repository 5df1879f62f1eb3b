//! The host's own stream: what concerns no incident alone.

use futures::future::BoxFuture;

use super::{Store, redacted, unwritable};
use crate::domain::control::{self, Control};
use crate::domain::{Entry, Sealed};
use crate::ports::JournalError;

impl Store {
    /// Waits until no other order is being journaled, and every permit given so far has its intent.
    pub async fn ordering(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.orders.write().await
    }

    /// Waits until no order is being journaled; none is until the guard is gone.
    pub async fn permitting(&self) -> tokio::sync::RwLockReadGuard<'_, ()> {
        self.orders.read().await
    }

    /// Appends to the host's own stream; see [`crate::pipeline::order`].
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn control(&self, fact: Control) -> Result<(), JournalError> {
        self.control_with(fact, |sealed| self.journal.append(vec![sealed])).await
    }

    /// The same, where more than an append goes with the entry.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn control_with(
        &self,
        fact: Control,
        append: impl FnOnce(Sealed) -> BoxFuture<'static, Result<(), JournalError>>,
    ) -> Result<(), JournalError> {
        let fact = redacted::control(fact);
        let (append, mark) = {
            let mut live = self.live();
            self.whole()?;
            let at = self.clock.now();
            if let Control::Silence(event) = &fact {
                live.history.silence(event, at);
                live.hidden.restore(event, at);
            }
            let entry = Entry { at, fact };
            let sealed = Sealed::new(control::STREAM, live.control + 1, &entry).map_err(unwritable)?;
            live.control = sealed.n;
            (append(sealed), live.mark(true, &[]))
        };
        self.durable(append, &[], mark).await
    }
}
