//! A journal that lacks what the projection has seen in it.

use sha2::{Digest, Sha256};

use crate::domain::Sealed;
use crate::ports::{Journal, JournalError};

/// Entries were there and are not any more: the journal's newest part was lost, or it is an older
/// copy, or another journal. What was approved, spent and begun in them is not known any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Position of the journal's last entry.
    pub ends: u64,
    /// Position up to which the listing knows the journal.
    pub known: u64,
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ends, known } = self;
        match known.saturating_sub(*ends) {
            0 => write!(
                f,
                "entry {known} of the journal is another than the one that the listing knows: it is an older copy \
                 that has gone on, or another journal"
            )?,
            1 => write!(f, "the journal ends at {ends}, the listing knows {known}: 1 entry is missing")?,
            missing => write!(f, "the journal ends at {ends}, the listing knows {known}: {missing} entries are missing")?,
        }
        f.write_str(
            "; what was approved, spent and begun in them is not known, so nothing is taken or done. Stop tidegate \
             and put the whole journal back (journal.db with its -wal file), or go on without them with \
             `tidegate serve --accept-loss`",
        )
    }
}

/// What tells the entry at a position from any other.
pub(super) fn fingerprint(sealed: &Sealed) -> String {
    let mut hash = Sha256::new();
    for part in [&sealed.stream, &sealed.body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(sealed.n.to_be_bytes());
    hex::encode(hash.finalize())
}

/// What the journal lacks of what was seen in it up to an entry.
pub(super) fn lost(journal: &dyn Journal, known: u64, entry: &str) -> Result<Option<Lost>, JournalError> {
    let mut found = None;
    let looked = journal.replay(known.saturating_sub(1), &mut |at, sealed| {
        // One that was removed by rule leaves a gap, and later entries behind it.
        found = Some(at > known || at == known && fingerprint(&sealed) == entry);
        Err(JournalError(String::new()))
    });
    match (found, looked) {
        (Some(true), _) => Ok(None),
        (None, Err(error)) => Err(error),
        (Some(false) | None, _) => Ok(Some(Lost { ends: journal.position()?, known })),
    }
}
