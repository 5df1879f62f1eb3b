//! Listings of incidents in a file of their own, derived from the journal and never the truth.
//!
//! [`Projection::catch_up`] reads what the journal has got since the last time. Whatever happens to
//! the file — it is lost, broken, of another version, behind the journal or of another journal —
//! the next catching up makes it right again, if need be from the first entry on. So writing it
//! need not wait for the disk.

mod catch_up;
mod forget;
mod history;
mod list;
mod store;

use jiff::Timestamp;

use crate::domain::GateEvent;

pub use list::Filter;
pub use store::Projection;

/// What an entry teaches the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Learned {
    /// Position of its entry in the journal.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub gate_event: GateEvent,
}
