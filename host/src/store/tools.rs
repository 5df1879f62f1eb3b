//! The tools on which decisions rest, as the journal knows them: a replay then decides with the same.

use std::sync::{Arc, PoisonError};

use super::Store;
use crate::domain::Catalogue;
use crate::domain::control::Control;
use crate::ports::{JournalError, Tools};

/// What is known about the tools.
#[derive(Default)]
pub(super) struct RecordedTools {
    /// By the journal.
    pub journaled: Catalogue,
    /// The same whole.
    whole: Option<Arc<Catalogue>>,
}

impl Store {
    /// The tools that were last noted; none before the first time.
    pub fn tools(&self) -> Option<Arc<Catalogue>> {
        self.known_tools().whole.clone()
    }

    /// Journals how the tools have changed, if they have.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn note_tools(&self, tools: &dyn Tools) -> Result<(), JournalError> {
        if self.is_noted(&tools.catalogue()) {
            return Ok(());
        }
        let _one_at_a_time = self.ordering().await;
        let now = tools.catalogue();
        if self.is_noted(&now) {
            return Ok(());
        }
        let change = self.known_tools().journaled.change_to(&now);
        if let Some(change) = &change {
            self.control(Control::Tools(change.clone())).await?;
        }
        let mut known = self.known_tools();
        change.iter().for_each(|change| known.journaled.follow(change));
        known.whole = Some(now);
        Ok(())
    }

    /// Whether the journal knows these tools.
    pub fn knows(&self, tools: &dyn Tools) -> bool {
        self.is_noted(&tools.catalogue())
    }

    fn is_noted(&self, catalogue: &Arc<Catalogue>) -> bool {
        self.known_tools().whole.as_ref().is_some_and(|whole| Arc::ptr_eq(whole, catalogue))
    }

    pub(super) fn known_tools(&self) -> std::sync::MutexGuard<'_, RecordedTools> {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
