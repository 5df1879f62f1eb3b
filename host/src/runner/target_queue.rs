//! The messages to one target: which is sent next, and when.
//!
//! Critical messages go first and have a place that nothing else takes. A call that hangs gives its
//! place up after [`SLOW`], so that the next message finds out whether the target is well again; while
//! a target fails, only so many are tried as that needs. A target that asks to be left in peace is,
//! and gets its messages slowly afterwards, and faster with each one that it takes.
//!
//! Pure: time comes in, by [`crate::ports::Clock::elapsed`], which nobody sets.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::IncidentId;
use crate::domain::delivery::Priority;

/// Calls under way at once, of messages of any weight.
const PLACES: usize = 3;
/// Besides these, for urgent ones alone.
const URGENT: usize = 1;
/// After this a call counts as hanging.
pub const SLOW: Duration = Duration::from_secs(5);
/// Calls under way at once, those that hang included.
const MOST: usize = 6;
/// Pauses between two messages to a target that has asked to be left in peace.
const FIRST_GAP: Duration = Duration::from_secs(1);
const LONGEST_GAP: Duration = Duration::from_secs(60);
const SHORTEST_GAP: Duration = Duration::from_millis(100);

/// The place of a message in the order of its target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuedMessage {
    weight: Reverse<Priority>,
    told_at: Option<Timestamp>,
    /// The delivery.
    pub delivery: String,
    /// Its incident.
    pub incident: IncidentId,
}

impl QueuedMessage {
    /// The place of a delivery that people were to be told of at this time.
    pub fn new(delivery: &str, incident: &IncidentId, weight: Priority, told_at: Option<Timestamp>) -> Self {
        Self { weight: Reverse(weight), told_at, delivery: delivery.to_string(), incident: incident.clone() }
    }

    fn urgent(&self) -> bool {
        self.weight.0.urgent
    }
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this one.
    Send(QueuedMessage),
    /// Ask again at this time.
    Later(Duration),
    /// Ask again when something has changed.
    Nothing,
}

/// How a call ended, as far as it concerns the others to the same target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The target took the message.
    Taken,
    /// The target did not take it, and would not have taken another either.
    Failed {
        /// Why.
        reason: String,
        /// For how long the target wants to be left in peace.
        hold: Option<Duration>,
        /// When.
        at: Timestamp,
    },
    /// Nothing that says how the target is.
    Other,
}

/// A target that takes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingTarget {
    /// Since when.
    pub since: Timestamp,
    /// Attempts since then.
    pub attempts: u32,
    /// Why the last one failed.
    pub reason: String,
}

/// The messages to one target.
#[derive(Debug, Default)]
pub struct TargetQueue {
    ready: BTreeSet<QueuedMessage>,
    /// By delivery, where it stands in `ready`: what becomes more urgent moves, and is not sent twice.
    places: BTreeMap<String, QueuedMessage>,
    /// By delivery; the number tells an old alarm from the one that holds.
    waiting: BTreeMap<String, (QueuedMessage, u64)>,
    /// By delivery; whether it hangs.
    running: BTreeMap<String, bool>,
    tickets: u64,
    held_until: Option<Duration>,
    gap: Duration,
    last: Option<Duration>,
    failing: Option<FailingTarget>,
    /// When somebody will ask again.
    pub alarm: Option<Duration>,
}

impl TargetQueue {
    /// Takes in a message that is due. One that stands here already keeps its place, unless it has become more
    /// or less urgent.
    pub fn due(&mut self, turn: QueuedMessage) {
        if self.running.contains_key(&turn.delivery) {
            return;
        }
        self.waiting.remove(&turn.delivery);
        self.place(turn);
    }

    fn place(&mut self, turn: QueuedMessage) {
        if let Some(earlier) = self.places.insert(turn.delivery.clone(), turn.clone()) {
            self.ready.remove(&earlier);
        }
        self.ready.insert(turn);
    }

    /// Whether it is known that this is to be delivered.
    pub fn knows(&self, delivery: &str) -> bool {
        let waits = self.waiting.contains_key(delivery) || self.places.contains_key(delivery);
        waits || self.running.contains_key(delivery)
    }

    /// Takes in a message that has to wait; a ticket for the end of its wait, unless it is known already.
    pub fn wait(&mut self, turn: QueuedMessage) -> Option<u64> {
        if self.knows(&turn.delivery) {
            return None;
        }
        self.tickets += 1;
        self.waiting.insert(turn.delivery.clone(), (turn, self.tickets));
        Some(self.tickets)
    }

    /// A wait is over.
    pub fn ripe(&mut self, delivery: &str, ticket: u64) {
        if self.waiting.get(delivery).is_some_and(|(_, of)| *of == ticket)
            && let Some((turn, _)) = self.waiting.remove(delivery)
        {
            self.place(turn);
        }
    }

    /// Whether a call for this delivery is under way.
    pub fn runs(&self, delivery: &str) -> bool {
        self.running.contains_key(delivery)
    }

    /// What to send now, if anything.
    pub fn step(&mut self, now: Duration) -> Step {
        let Some(first) = self.ready.first() else { return Step::Nothing };
        let paced = self.last.filter(|_| !self.gap.is_zero()).map(|last| last + self.gap);
        if let Some(at) = self.held_until.max(paced).filter(|at| *at > now) {
            return Step::Later(at);
        }
        let urgent = if first.urgent() { URGENT } else { 0 };
        let hanging = self.running.values().filter(|hangs| **hangs).count();
        let troubled = hanging > 0 || self.failing.is_some() || !self.gap.is_zero();
        let places = if troubled { 1 } else { PLACES };
        let fresh = self.running.len() - hanging;
        if fresh >= places + urgent || self.running.len() >= MOST + urgent {
            return Step::Nothing;
        }
        match self.ready.pop_first() {
            Some(turn) => {
                self.places.remove(&turn.delivery);
                self.running.insert(turn.delivery.clone(), false);
                self.last = Some(now);
                Step::Send(turn)
            }
            None => Step::Nothing,
        }
    }

    /// A call takes long: it gives its place up.
    pub fn hangs(&mut self, delivery: &str) {
        if let Some(hangs) = self.running.get_mut(delivery) {
            *hangs = true;
        }
    }

    /// A call has ended.
    pub fn ended(&mut self, delivery: &str, ended: DeliveryOutcome, now: Duration) {
        self.running.remove(delivery);
        match ended {
            DeliveryOutcome::Other => {}
            DeliveryOutcome::Taken => {
                self.gap = self.gap * 3 / 4;
                if self.gap < SHORTEST_GAP {
                    self.gap = Duration::ZERO;
                }
                // It is well again: what waits for another attempt need not wait any longer.
                if self.failing.take().is_some() {
                    let waiting = std::mem::take(&mut self.waiting);
                    waiting.into_values().for_each(|(turn, _)| self.place(turn));
                }
            }
            DeliveryOutcome::Failed { reason, hold, at } => {
                let failing =
                    self.failing.get_or_insert(FailingTarget { since: at, attempts: 0, reason: String::new() });
                failing.attempts = failing.attempts.saturating_add(1);
                failing.reason = reason;
                if let Some(hold) = hold {
                    // Calls that were under way together are told the same.
                    if self.held_until.is_none_or(|until| until <= now) {
                        self.gap = (self.gap * 2).clamp(FIRST_GAP, LONGEST_GAP);
                    }
                    self.held_until = self.held_until.max(Some(now + hold));
                }
            }
        }
    }

    /// Forgets what is not under way: it is named again once the journal has been read anew.
    pub fn forget(&mut self) {
        self.ready.clear();
        self.places.clear();
        self.waiting.clear();
    }

    /// Whether nothing is under way and nothing could be.
    pub fn idle(&self, now: Duration) -> bool {
        let held = self.held_until.is_some_and(|until| until > now);
        self.running.is_empty() && (self.ready.is_empty() || held)
    }

    /// Messages that were not taken yet.
    pub fn queued(&self) -> usize {
        self.ready.len() + self.waiting.len() + self.running.len()
    }

    /// Incidents with messages that wait for their turn or their next attempt.
    pub fn incidents(&self) -> impl Iterator<Item = &IncidentId> {
        let waiting = self.waiting.values().map(|(turn, _)| &turn.incident);
        self.ready.iter().map(|turn| &turn.incident).chain(waiting)
    }

    /// Why and since when the target takes nothing.
    pub fn failing(&self) -> Option<&FailingTarget> {
        self.failing.as_ref()
    }
}

#[cfg(test)]
mod tests;
