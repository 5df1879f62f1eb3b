//! The replay as a whole: incidents under way, the gate, the past, and what time it is.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::incident_replay::IncidentReplay;
use super::record::Record;
use super::report::{Changed, Report, Summary};
use super::{Options, compare, divergence};
use crate::domain::control::{self, Control};
use crate::domain::history::REMEMBERED;
use crate::domain::{Catalogue, Fact, History, IncidentId, Mode, Sealed};
use crate::gate::Gate;
use crate::ports::{Journal, JournalError};
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
    replays: HashMap<IncidentId, IncidentReplay>,
    timers: BinaryHeap<Reverse<(Timestamp, IncidentId)>>,
    /// Incidents opened before this spend nothing that any budget still counts.
    warm_from: Timestamp,
    until: Option<Timestamp>,
    /// Whether other policies have led any incident another way, which later ones may feel.
    pub swerved: bool,
    summary: Summary,
    changes: Vec<Changed>,
    not_reproduced: Vec<Changed>,
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
            replays: HashMap::new(),
            timers: BinaryHeap::new(),
            warm_from: options.since.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN),
            until: None,
            swerved: false,
            summary: Summary::default(),
            changes: Vec::new(),
            not_reproduced: Vec::new(),
            record,
            options,
        }
    }

    /// Entries in the journal.
    pub fn entries(&self) -> u64 {
        self.record.entries
    }

    /// Incidents compared so far.
    pub fn compared(&self) -> u64 {
        self.summary.incidents
    }

    /// What the new policies may know at a moment.
    pub fn context(&self, now: Timestamp) -> Context<'_> {
        Context { now, mode: self.mode, history: &self.history, catalogue: &self.catalogue }
    }

    /// Takes the next entry of the journal.
    pub fn take(&mut self, sealed: &Sealed) -> Result<(), JournalError> {
        if sealed.stream == control::STREAM {
            if let Ok(entry) = sealed.open::<Control>() {
                self.apply_control(&entry.fact);
            }
            return Ok(());
        }
        let entry = sealed.open::<Fact>().map_err(|error| {
            JournalError(format!("entry {} of {} cannot be read: {error}", sealed.n, sealed.stream))
        })?;
        self.until = Some(entry.at);
        self.ring(entry.at)?;
        let id = IncidentId(sealed.stream.clone());
        let replay = match self.replays.remove(&id) {
            Some(mut replay) => {
                replay.take(self, &entry)?;
                Some(replay)
            }
            None => IncidentReplay::open(&id, &entry, self.warm_from),
        };
        let Some(replay) = replay else { return Ok(()) };
        Arc::make_mut(&mut self.history).note(&replay.recorded, [&entry.fact]);
        if replay.recorded.settled() && replay.timer.is_none() {
            self.close(&replay);
        } else {
            self.replays.insert(id, replay);
        }
        Ok(())
    }

    fn apply_control(&mut self, control: &Control) {
        self.gate.apply_control(control);
        if let Control::Tools(change) = control {
            Arc::make_mut(&mut self.catalogue).follow(change);
        }
    }

    /// Lets an incident that has left the record's way be looked at again at `at`.
    pub fn wake(&mut self, replay: &mut IncidentReplay, at: Timestamp) {
        replay.timer = Some(at);
        self.timers.push(Reverse((at, replay.fresh.id.clone())));
    }

    /// Looks at everything that was to be looked at by `now`.
    fn ring(&mut self, now: Timestamp) -> Result<(), JournalError> {
        while let Some(Reverse((at, _))) = self.timers.peek()
            && *at <= now
        {
            let Some(Reverse((at, id))) = self.timers.pop() else { break };
            let Some(mut replay) = self.replays.remove(&id) else { continue };
            if replay.timer == Some(at) {
                replay.timer = None;
                divergence::advance(&mut replay, self, at)?;
            }
            if replay.recorded.settled() && replay.timer.is_none() {
                self.close(&replay);
            } else {
                self.replays.insert(id, replay);
            }
        }
        Ok(())
    }

    fn close(&mut self, replay: &IncidentReplay) {
        if replay.recorded.opened_at < self.options.since {
            return;
        }
        let (changed, actions) = compare::compare(replay);
        self.summary.incidents += 1;
        self.summary.actions += actions;
        if changed.is_empty() {
            return;
        }
        if replay.same_policies && !replay.shaken {
            self.not_reproduced.push(changed);
        } else {
            self.summary.add(&changed);
            self.changes.push(changed);
        }
    }

    /// The end of the journal.
    pub fn finish(mut self) -> Report {
        for replay in std::mem::take(&mut self.replays).into_values() {
            self.close(&replay);
        }
        for list in [&mut self.changes, &mut self.not_reproduced] {
            list.sort_by(|a, b| (a.opened_at, &a.incident).cmp(&(b.opened_at, &b.incident)));
        }
        Report {
            mode: "recorded",
            since: self.options.since,
            until: self.until,
            policies: self.digest,
            summary: self.summary,
            changes: self.changes,
            not_reproduced: self.not_reproduced,
        }
    }
}
