//! The replay as a whole: incidents under way, and what was found about those that are over.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::incident_replay::IncidentReplay;
use super::report::{Changed, Report, Summary};
use super::world::World;
use super::{compare, divergence};
use crate::domain::control::Control;
use crate::domain::{Fact, IncidentId, Sealed, Stream};
use crate::ports::JournalError;

/// A journal that is replayed entry by entry.
pub struct Replay<'a> {
    world: World<'a>,
    replays: HashMap<IncidentId, IncidentReplay>,
    until: Option<Timestamp>,
    summary: Summary,
    changes: Vec<Changed>,
    not_reproduced: Vec<Changed>,
}

impl<'a> Replay<'a> {
    /// Before the first entry.
    pub fn new(world: World<'a>) -> Self {
        Self {
            world,
            replays: HashMap::new(),
            until: None,
            summary: Summary::default(),
            changes: Vec::new(),
            not_reproduced: Vec::new(),
        }
    }

    /// Incidents compared so far.
    pub fn compared(&self) -> u64 {
        self.summary.incidents
    }

    /// Takes the next entry of the journal.
    pub fn take(&mut self, sealed: &Sealed) -> Result<(), JournalError> {
        match Stream::of(&sealed.stream) {
            Stream::Host => {
                if let Ok(entry) = sealed.open::<Control>() {
                    self.world.apply_control(&entry.fact, entry.at);
                }
                return Ok(());
            }
            // It decides nothing.
            Stream::Conversation => return Ok(()),
            Stream::Incident => {}
        }
        let entry = sealed.open::<Fact>().map_err(|error| {
            JournalError(format!("entry {} of {} cannot be read: {error}", sealed.n, sealed.stream))
        })?;
        self.until = Some(entry.at);
        self.look_again(entry.at)?;
        let id = IncidentId(sealed.stream.as_str().into());
        let replay = match self.replays.remove(&id) {
            Some(mut replay) => {
                replay.take(&mut self.world, &entry)?;
                Some(replay)
            }
            None => IncidentReplay::open(&id, &entry, self.world.warm_from),
        };
        let Some(replay) = replay else { return Ok(()) };
        Arc::make_mut(&mut self.world.history).note(&replay.recorded, [&entry.fact]);
        if replay.recorded.settled() && replay.timer.is_none() {
            self.close(&replay);
        } else {
            self.replays.insert(id, replay);
        }
        Ok(())
    }

    /// Looks at everything that was to be looked at by `now`.
    fn look_again(&mut self, now: Timestamp) -> Result<(), JournalError> {
        while let Some((at, id)) = self.world.due(now) {
            let Some(mut replay) = self.replays.remove(&id) else { continue };
            if replay.timer == Some(at) {
                replay.timer = None;
                divergence::advance(&mut replay, &mut self.world, at)?;
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
        if replay.recorded.opened_at < self.world.options.since {
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
            since: self.world.options.since,
            until: self.until,
            policies: self.world.digest,
            summary: self.summary,
            changes: self.changes,
            not_reproduced: self.not_reproduced,
        }
    }
}
