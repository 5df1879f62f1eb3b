//! What other policies would have done: the journal replayed against another set of rules.
//!
//! Guarantees: nothing but the journal is read and nothing at all is written or called. Every
//! question is put with the clock, the alerts, the history, the looks, the plans and the model's
//! answers that were recorded; the gate starts empty and spends in the order of time what the *new*
//! policies would have spent. The policies that the journal was recorded with change nothing.
//!
//! The way of an entry: while both sides go the same way, `lane` lets the record say when things
//! happen and asks the new policies at the same moments. Once the new policies go another way,
//! `course` follows the state machine itself as far as recorded answers reach, and says where the
//! record knows none. `compare` then holds the two ends of an incident against each other.
//!
//! Not in a journal, and so read off its decisions: the host's mode, whether a model was configured.
//! An execution that the record does not know is taken to succeed at once, and says nothing to the
//! circuit breakers.

mod compare;
mod decisions;
mod divergence;
mod follow;
mod incident_replay;
mod looks;
mod record;
mod replay;
pub mod report;
#[cfg(test)]
pub(crate) mod tests;
mod world;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::Mode;
use crate::domain::incident::Limits;
use crate::gate;
use crate::ports::{Journal, JournalError};
use crate::rules::Policies;

pub use report::Report;

/// What a replay takes for granted where the journal does not say it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Incidents opened before this happened as they did, and spend what the new policies would have; they are not compared.
    pub since: Timestamp,
    /// The host's mode, until the record shows another.
    pub mode: Mode,
    /// Whether a model can be asked, until the record shows it.
    pub model: bool,
    /// Notifier targets that exist besides those that were ever told; none for all.
    pub targets: Option<BTreeSet<String>>,
    /// Bounds of the handling.
    pub limits: Limits,
    /// Bounds of the gate.
    pub gate: gate::Options,
    /// Whom gates may ask.
    pub people: gate::People,
}

impl Options {
    /// The usual bounds.
    pub fn new(since: Timestamp, mode: Mode) -> Self {
        let (limits, gate) = (Limits::default(), gate::Options::default());
        Self { since, mode, model: false, targets: None, limits, gate, people: gate::People::default() }
    }
}

/// Replays a journal against `policies`.
///
/// # Errors
/// When the journal cannot be read.
pub fn run(
    journal: &dyn Journal,
    policies: &dyn Policies,
    options: Options,
    progress: &dyn Fn(&str),
) -> Result<Report, JournalError> {
    progress("reading which tools the journal knows");
    let record = record::Record::read(journal)?;
    let world = world::World::new(journal, policies, options, record);
    let total = world.entries();
    let mut replay = replay::Replay::new(world);
    let mut entries = 0_u64;
    journal.replay(0, &mut |_, sealed| {
        entries += 1;
        if entries.is_multiple_of(20_000) {
            progress(&format!("{entries} of {total} entries, {} incidents compared", replay.compared()));
        }
        replay.take(&sealed)
    })?;
    Ok(replay.finish())
}
