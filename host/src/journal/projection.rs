//! Listings of incidents in a file of their own, derived from the journal and never the truth.
//!
//! It holds what incidents are found and counted by, and not the incidents: these are read from the
//! journal. [`Projection::catch_up`] reads what the journal has got since the last time. Whatever
//! happens to the file (it is lost, damaged, of another format or behind the journal), the next
//! catching up makes it right again, if need be from the first entry on. So writing it need not wait
//! for the disk.
//!
//! One thing it does not make right: a journal that lacks entries which the projection has seen. That
//! is [`LostEntries`], and the projection stays as it is until somebody has accepted the loss.

mod catch_up;
mod conversations;
mod forget;
mod history;
mod list;
mod loss;
mod store;
mod tables;
mod texts;
mod undelivered;

use jiff::Timestamp;

use crate::domain::GateEvent;

pub use catch_up::CatchUpError;
pub use loss::LostEntries;
pub use store::Projection;

/// What an entry teaches the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GateLesson {
    /// Position of its entry in the journal.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub gate_event: GateEvent,
}
