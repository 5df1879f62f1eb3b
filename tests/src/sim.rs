//! A seeded random world in simulated time around the real store, runner, gate and pipeline.
//!
//! One seed is one history: chance comes from the seed, time from a paused runtime. A process lives in
//! a runtime of its own; a crash drops it with everything in it, and the next one starts from what is
//! durable. The world around it (cluster, mailboxes, disk, senders) goes on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a simulation is test code: a broken assumption must stop it at once"
)]

mod advisers;
mod bus;
mod checker;
mod clock;
mod cluster;
mod dice;
mod exhaust;
mod host;
mod journal;
mod lies;
mod life;
mod mutant;
mod notifiers;
mod persons;
mod plan;
mod policies;
mod propose;
mod senders;
mod shrink;
mod stats;
mod world;

pub(crate) use dice::Dice;
pub use exhaust::crash_everywhere;
pub use life::{Run, run};
pub use mutant::Mutant;
pub use plan::{Event, Plan, generate};
pub use shrink::{explain, shrink};
pub use stats::Stats;
pub use world::Violation;
