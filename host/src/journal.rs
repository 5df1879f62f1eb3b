//! The journal: the append-only record on disk, and what is derived from it.
//!
//! Guarantees: an append that has resolved without an error survives power loss; appends stand in
//! the order in which they were made; no entry stands behind a missing one; one process at a time
//! writes. Everything but [`Sqlite`] can be rebuilt from it: [`Projection`] holds listings,
//! [`Memory`] stands in for it in simulations, [`verify`] finds what somebody changed behind its
//! back.
//!
//! SQL and the types of its library never leave this module. Nothing here reads a clock.

mod archive;
mod backup;
mod check;
mod error;
mod file;
mod heads;
mod lock;
mod memory;
mod projection;
mod reader;
pub mod retention;
mod rows;
mod schema;
mod sqlite;
mod state;
mod verify;
mod walk;
mod writer;

pub use backup::{Restored, back_up, restore};
pub use check::{Check, CheckResult};
pub use error::Error;
pub use memory::{Fault, Memory};
pub use projection::{CatchUpError, LostEntries, Projection};
pub use reader::Reader;
pub use sqlite::{Options, Sqlite};
pub use verify::{VerifyReport, verify};
