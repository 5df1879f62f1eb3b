//! What a journal as a whole tells about its surroundings: targets that were told, a model that answered.

use std::collections::BTreeSet;

use crate::domain::{Fact, Stream};
use crate::ports::{Journal, JournalError};

/// Read off a whole journal before it is replayed.
#[derive(Debug, Default)]
pub struct Record {
    /// Notifier targets that were ever told.
    pub targets: BTreeSet<String>,
    /// Whether a model ever answered.
    pub model: bool,
    /// Entries in all.
    pub entries: u64,
}

/// Only these kinds of entries are parsed: the others say nothing about the surroundings.
const TELLING: [&str; 2] = ["\"told\"", "\"answered\""];

/// Where in an entry its kind stands at the latest: behind the time.
const HEAD: usize = 80;

impl Record {
    /// Reads it.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn read(journal: &dyn Journal) -> Result<Self, JournalError> {
        let mut record = Self::default();
        journal.replay(0, &mut |_, sealed| {
            record.entries += 1;
            match Stream::of(&sealed.stream) {
                Stream::Host | Stream::Conversation => return Ok(()),
                Stream::Incident => {}
            }
            let head = sealed.body.get(..HEAD).unwrap_or(&sealed.body);
            if !TELLING.iter().any(|kind| head.contains(kind)) {
                return Ok(());
            }
            match sealed.open::<Fact>().map(|entry| entry.fact) {
                Ok(Fact::Told { deliveries, .. }) => {
                    record.targets.extend(deliveries.into_iter().map(|delivery| delivery.target));
                }
                Ok(Fact::Answered { .. }) => record.model = true,
                _ => {}
            }
            Ok(())
        })?;
        Ok(record)
    }
}
