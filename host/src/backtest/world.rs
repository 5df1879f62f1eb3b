//! What a replayed moment rests on: the new policies, the gate, the tools, the past.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Options;
use super::record::Record;
use crate::domain::control::Control;
use crate::domain::history::REMEMBERED;
use crate::domain::{Catalogue, History, IncidentId, Mode};
use crate::gate::Gate;
use crate::ports::Journal;
use crate::rules::{Context, Policies};

/// Everything that a question to the new policies needs.
pub struct World<'a> {
    pub journal: &'a dyn Journal,
    pub policies: &'a dyn Policies,
    /// Digest of the new policies.
    pub digest: String,
    pub options: Options,
    pub record: Record,
    /// The tools that there were at each moment.
    pub catalogue: Arc<Catalogue>,
    /// The gate under the new policies: what they would have spent.
    pub gate: Gate,
    /// The past as it was known at each moment.
    pub history: Arc<History>,
    /// The host's mode, as far as the record shows it.
    pub mode: Mode,
    /// Whether a model was configured, as far as the record shows it.
    pub model: bool,
    /// When which incident is looked at again.
    timers: BinaryHeap<Reverse<(Timestamp, IncidentId)>>,
    /// Incidents opened before this spend nothing that any budget still counts.
    pub warm_from: Timestamp,
    /// Whether other policies have led any incident another way, which later ones may feel.
    pub swerved: bool,
}

impl<'a> World<'a> {
    pub fn new(journal: &'a dyn Journal, policies: &'a dyn Policies, options: Options, record: Record) -> Self {
        Self {
            journal,
            policies,
            digest: policies.digest(),
            catalogue: Arc::default(),
            gate: Gate::new(options.gate).with_people(options.people.clone()),
            history: Arc::default(),
            mode: options.mode,
            model: options.model || record.model,
            timers: BinaryHeap::new(),
            warm_from: options.since.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN),
            swerved: false,
            record,
            options,
        }
    }

    /// Entries in the journal.
    pub fn entries(&self) -> u64 {
        self.record.entries
    }

    /// What the new policies may know at a moment.
    pub fn context(&self, now: Timestamp) -> Context<'_> {
        Context { now, mode: self.mode, history: &self.history, catalogue: &self.catalogue }
    }

    /// Takes in what concerns the host as a whole.
    pub fn apply_control(&mut self, control: &Control, at: Timestamp) {
        self.gate.apply_control(control);
        if let Control::Silence(event) = control {
            Arc::make_mut(&mut self.history).silence(event, at);
        }
        if let Control::Tools(change) = control {
            Arc::make_mut(&mut self.catalogue).follow(change);
        }
    }

    /// Lets an incident that has left the record's way be looked at again at `at`.
    pub fn wake(&mut self, id: IncidentId, at: Timestamp) {
        self.timers.push(Reverse((at, id)));
    }

    /// The incident that was to be looked at first, if that was by `now`.
    pub fn due(&mut self, now: Timestamp) -> Option<(Timestamp, IncidentId)> {
        let first = self.timers.peek().filter(|Reverse((at, _))| *at <= now)?;
        let Reverse(due) = first.clone();
        self.timers.pop();
        Some(due)
    }
}
