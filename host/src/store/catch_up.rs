//! Waits until the journal holds what is known.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::Store;
use crate::domain::IncidentId;
use crate::ports::JournalError;

impl Store {
    /// Resolves when everything that is known of an incident by now is durable; none when it is already.
    pub fn catches_up(self: &Arc<Self>, id: &IncidentId) -> Option<BoxFuture<'static, Result<(), JournalError>>> {
        let mut live = self.live();
        live.written.get(id).filter(|written| **written > live.durable)?;
        if let Err(error) = self.whole() {
            return Some(ready(Err(error)).boxed());
        }
        // An empty batch is a barrier.
        let (append, mark) = (self.journal.append(Vec::new()), live.mark(true, &[]));
        drop(live);
        let store = Arc::clone(self);
        Some(async move { store.durable(append, &[], mark).await }.boxed())
    }
}
