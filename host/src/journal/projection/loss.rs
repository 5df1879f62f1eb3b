//! A journal that lacks what the projection has seen in it.

use crate::domain::{Head, Slot};
use crate::ports::{Journal, JournalError};

/// Entries were there and are not any more: the journal's newest part was lost, or it is an older
/// copy, or another journal. What was approved, spent and begun in them is not known any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostEntries {
    /// Position of the journal's last entry.
    pub ends: u64,
    /// Position up to which the listing knows the journal.
    pub known: u64,
}

impl std::fmt::Display for LostEntries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ends, known } = self;
        match known.saturating_sub(*ends) {
            0 => write!(
                f,
                "entry {known} of the journal is another than the one that the listing knows: it is an older copy \
                 that has gone on, or another journal"
            )?,
            1 => write!(f, "the journal ends at {ends}, the listing knows {known}: 1 entry is missing")?,
            missing => {
                write!(f, "the journal ends at {ends}, the listing knows {known}: {missing} entries are missing")?
            }
        }
        f.write_str(
            "; what was approved, spent and begun in them is not known, so nothing is taken or done. Stop tidegate \
             and put the whole journal back (journal.db with its -wal file), or go on without them with \
             `tidegate serve --accept-loss`",
        )
    }
}

/// What the journal lacks of what was seen in it up to this head.
pub(super) fn lost(journal: &dyn Journal, seen: Head) -> Result<Option<LostEntries>, JournalError> {
    let known = seen.position;
    Ok(match journal.place(known)? {
        Slot::Entry(chain) if chain == seen.chain => None,
        // By a rule that is in the record, and what came behind it is there.
        Slot::Removed => None,
        Slot::Entry(_) => Some(LostEntries { ends: known, known }),
        Slot::Beyond { last } => Some(LostEntries { ends: last, known }),
    })
}

/// Position of the journal's last entry.
pub(super) fn last(journal: &dyn Journal) -> Result<u64, JournalError> {
    Ok(match journal.place(u64::MAX)? {
        Slot::Beyond { last } => last,
        Slot::Entry(_) | Slot::Removed => u64::MAX,
    })
}
