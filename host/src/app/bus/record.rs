//! The journal as what is told on buses.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::bus::{Announcement, Record, Topic, announcements};
use crate::domain::Incident;
use crate::domain::IncidentId;
use crate::journal::Sqlite;
use crate::ports::{Journal, JournalError};
use crate::store::Store;

/// Entries that are read at once.
const AT_ONCE: usize = 500;

/// The journal, and the incidents as they stand.
pub struct Entries {
    /// The record.
    pub journal: Arc<Sqlite>,
    /// The live ones.
    pub store: Arc<Store>,
}

impl Record for Entries {
    fn end(&self) -> u64 {
        self.journal.position()
    }

    fn behind<'a>(&'a self, position: u64, topics: &'a [Topic]) -> BoxFuture<'a, (u64, Vec<Announcement>)> {
        Box::pin(async move {
            self.journal.beyond(position).await;
            let (journal, store, topics) = (Arc::clone(&self.journal), Arc::clone(&self.store), topics.to_vec());
            let read = tokio::task::spawn_blocking(move || read(&journal, &store, position, &topics));
            read.await.unwrap_or_else(|_| (position, Vec::new()))
        })
    }
}

fn read(journal: &Arc<Sqlite>, store: &Store, position: u64, topics: &[Topic]) -> (u64, Vec<Announcement>) {
    let mut entries = Vec::new();
    let mut last = position;
    let end = journal.position();
    let ended = journal.replay(position, &mut |at, sealed| {
        if entries.len() >= AT_ONCE {
            return Err(JournalError("enough for once".into()));
        }
        last = at;
        entries.push(sealed);
        Ok(())
    });
    if ended.is_ok() {
        // What retention has removed at the end is passed over.
        last = last.max(end);
    } else if let Err(error) = ended
        && entries.len() < AT_ONCE
    {
        tracing::warn!(%error, "the journal cannot be read for the bus; it is tried again");
        std::thread::sleep(std::time::Duration::from_secs(2));
    }
    let incident = |id: &str| -> Option<Incident> {
        if let Some(incident) = store.get(&IncidentId(id.into())) {
            return Some(incident.as_ref().clone());
        }
        Incident::read(&journal.stream(id).ok()?).ok().flatten()
    };
    (last, entries.iter().flat_map(|sealed| announcements(sealed, topics, &incident)).collect())
}
