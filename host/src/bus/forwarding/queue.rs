//! Events that rules send on, from when what else they mean is durable until the bus has them.
//!
//! They wait in memory, so many and so long at most. What a stream has brought stays in that stream meanwhile, by its message
//! that is not acknowledged yet ([`super::Completion`]), and whoever reads that stream waits for a while where there is no room
//! for more; then the oldest are given up. What has come otherwise is kept nowhere else: of that nobody waits, and what there is
//! no room for is left out.

mod state;

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{join_all, select};
use tokio::sync::Notify;

use super::completion::{AckFlag, CompletionGuard, Redelivery};
use crate::bus::publish::PublishFailure;
use crate::domain::event::Forward;
use crate::ports::Clock;
use state::{QueuedForward, State};

/// How many of each kind wait for one bus, and bytes of these: senders of requests leave those who read streams their room.
const MAX_QUEUED: usize = 2_000;
const MAX_BYTES: usize = 16 << 20;
/// Bytes of one beside its data.
const OVERHEAD: usize = 1 << 10;
/// How long the oldest of those that a stream has brought may keep others out of room. No copy holds up alerts for longer.
pub(in crate::bus) const MAX_BLOCKING: Duration = Duration::from_secs(30);
/// How long one is tried.
pub(in crate::bus) const GIVE_UP_AFTER: Duration = Duration::from_secs(600);
/// How many are under way at a time.
const CONCURRENCY: usize = 32;
/// The shortest and the longest pause before what was not taken is sent again.
const MIN_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// What becomes of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bus) enum ForwardOutcome {
    /// The bus has it.
    Sent,
    /// It can never be sent on.
    Rejected,
    /// It was tried for as long as any is.
    TimedOut,
}

/// An event that waits no longer.
pub(in crate::bus) struct FinishedForward<'a> {
    pub forward: &'a Forward,
    /// Of what a stream has still.
    pub ack: Option<&'a AckFlag>,
}

/// Those that wait for one bus.
#[derive(Default)]
pub(in crate::bus) struct ForwardQueue {
    state: Mutex<State>,
    came: Notify,
    /// Some of them wait no longer.
    left: Notify,
}

/// What had not arrived at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::bus) struct Discarded {
    /// Comes again from its stream.
    pub redelivered: u64,
    /// Does not come again.
    pub lost: u64,
}

impl ForwardQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more; false where too many wait already.
    pub fn try_push(
        &self,
        forward: &Arc<Forward>,
        guard: &CompletionGuard,
        redelivery: Redelivery,
        now: Duration,
    ) -> bool {
        let mut state = self.state();
        let (number, forward) = (state.numbers, Arc::clone(forward));
        let (since, guard) = (now, guard.clone());
        let mut one =
            QueuedForward { number, forward, redelivery, since, guard, due: now, pause: MIN_BACKOFF, done: false };
        let size = one.size();
        let usage = state.usage(redelivery);
        // However large one is, it is no more than one.
        if usage.count >= MAX_QUEUED || usage.count > 0 && usage.bytes + size > MAX_BYTES {
            // Whoever asked knows, and may ask again.
            one.done = true;
            return false;
        }
        usage.hold(&one);
        state.numbers += 1;
        state.all.push_back(one);
        drop(state);
        self.came.notify_one();
        true
    }

    /// One more, once there is room for it; how many others were given up for that, because they had kept it out for long
    /// enough.
    pub async fn push(
        &self,
        forward: &Arc<Forward>,
        guard: &CompletionGuard,
        redelivery: Redelivery,
        clock: &dyn Clock,
    ) -> u64 {
        let mut given_up = 0;
        loop {
            let mut left = pin!(self.left.notified());
            left.as_mut().enable();
            let now = clock.elapsed();
            if self.try_push(forward, guard, redelivery, now) {
                return given_up;
            }
            match self.evict_oldest(redelivery, now) {
                None => given_up += 1,
                Some(pause) => {
                    select(left, clock.sleep(pause)).await;
                }
            }
        }
    }

    /// Gives up the oldest of a kind, or says after how long that may be done.
    fn evict_oldest(&self, redelivery: Redelivery, now: Duration) -> Option<Duration> {
        let mut state = self.state();
        let mut all = state.all.iter().enumerate();
        let Some((at, oldest)) = all.find(|(_, one)| one.redelivery == redelivery) else { return Some(MAX_BLOCKING) };
        let age = now.saturating_sub(oldest.since);
        if age < MAX_BLOCKING {
            return Some(MAX_BLOCKING - age);
        }
        if let Some(mut one) = state.all.remove(at) {
            one.done = true;
            state.usage(redelivery).free(&one);
        }
        drop(state);
        self.left.notify_waiters();
        None
    }

    /// How many have not arrived yet.
    pub fn len(&self) -> usize {
        let state = self.state();
        state.all.len() + state.under_way.len()
    }

    /// Waits until all that are there now have arrived or were given up.
    pub async fn drained(&self) {
        let end = self.state().numbers;
        loop {
            let mut left = pin!(self.left.notified());
            left.as_mut().enable();
            let first = self.state().first();
            if first.is_none_or(|first| first >= end) {
                return;
            }
            left.await;
        }
    }

    /// Lets go of all of them.
    pub fn discard_all(&self) -> Discarded {
        let mut discarded = Discarded::default();
        let State { all, under_way, .. } = {
            let mut state = self.state();
            let numbers = state.numbers;
            std::mem::replace(&mut *state, State { numbers, ..State::default() })
        };
        for redelivery in
            all.iter().map(|one| one.redelivery).chain(under_way.into_iter().map(|(_, redelivery)| redelivery))
        {
            match redelivery {
                Redelivery::ByStream => discarded.redelivered += 1,
                Redelivery::Never => discarded.lost += 1,
            }
        }
        discarded
    }

    /// Takes out those that are due and have waited longest; where none is, when one will be.
    fn take_due(&self, now: Duration) -> Result<Vec<QueuedForward>, Option<Duration>> {
        let mut state = self.state();
        let mut group = Vec::new();
        let mut at = 0;
        while group.len() < CONCURRENCY {
            match state.all.get(at).map(|one| one.due <= now) {
                None => break,
                Some(false) => at += 1,
                Some(true) => {
                    let Some(one) = state.all.remove(at) else { break };
                    state.usage(one.redelivery).free(&one);
                    group.push(one);
                }
            }
        }
        if group.is_empty() {
            return Err(state.all.iter().map(|one| one.due).min());
        }
        state.under_way = group.iter().map(|one| (one.number, one.redelivery)).collect();
        drop(state);
        self.left.notify_waiters();
        Ok(group)
    }

    /// Puts back those that are sent again later, each to its place.
    fn requeue(&self, later: Vec<QueuedForward>) {
        let mut state = self.state();
        state.under_way.clear();
        for one in later {
            state.usage(one.redelivery).hold(&one);
            let at = state.all.partition_point(|other| other.number < one.number);
            state.all.insert(at, one);
        }
        drop(state);
        self.left.notify_waiters();
    }

    /// Sends them for ever, the oldest first, several at a time; what is not taken lets others pass. `finished` hears what became of
    /// each.
    pub async fn run<F>(
        &self,
        clock: &dyn Clock,
        send: impl Fn(Arc<Forward>) -> F,
        finished: impl Fn(ForwardOutcome, &FinishedForward<'_>),
    ) where
        F: Future<Output = Result<(), PublishFailure>>,
    {
        loop {
            let mut group = match self.take_due(clock.elapsed()) {
                Ok(group) => group,
                Err(None) => {
                    self.came.notified().await;
                    continue;
                }
                Err(Some(due)) => {
                    let pause = due.saturating_sub(clock.elapsed());
                    select(pin!(self.came.notified()), clock.sleep(pause)).await;
                    continue;
                }
            };
            let sent = join_all(group.iter().map(|one| send(Arc::clone(&one.forward)))).await;
            let now = clock.elapsed();
            let mut later = Vec::new();
            for (mut one, sent) in group.drain(..).zip(sent) {
                let outcome = match sent {
                    // A stream may be on its way, as after an election or when it is made anew.
                    Err(PublishFailure::Rejected(_)) => ForwardOutcome::Rejected,
                    Err(_) if now.saturating_sub(one.since) < GIVE_UP_AFTER => {
                        one.due = now + one.pause;
                        one.pause = (one.pause * 2).min(MAX_BACKOFF);
                        later.push(one);
                        continue;
                    }
                    Err(_) => ForwardOutcome::TimedOut,
                    Ok(()) => ForwardOutcome::Sent,
                };
                one.done = true;
                let by_stream = one.redelivery == Redelivery::ByStream;
                let ack = by_stream.then(|| one.guard.ack_flag());
                finished(outcome, &FinishedForward { forward: &one.forward, ack });
            }
            self.requeue(later);
        }
    }
}

#[cfg(test)]
mod tests;
