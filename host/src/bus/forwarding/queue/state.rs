//! What waits, and the room that it takes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::OVERHEAD;
use crate::bus::forwarding::completion::{CompletionGuard, Redelivery};
use crate::domain::event::Forward;

/// An event that waits.
pub(super) struct QueuedForward {
    /// Its number since the start.
    pub(super) number: u64,
    pub(super) forward: Arc<Forward>,
    pub(super) redelivery: Redelivery,
    pub(super) since: Duration,
    pub(super) guard: CompletionGuard,
    /// When it is sent next, and how long after that once more.
    pub(super) due: Duration,
    pub(super) pause: Duration,
    /// It has arrived, or was given up.
    pub(super) done: bool,
}

impl Drop for QueuedForward {
    fn drop(&mut self) {
        if !self.done {
            self.guard.abandon();
        }
    }
}

impl QueuedForward {
    pub(super) fn size(&self) -> usize {
        self.forward.said.size + OVERHEAD
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) all: VecDeque<QueuedForward>,
    /// By [`Redelivery`].
    pub(super) usage: [Usage; 2],
    /// How many there were since the start.
    pub(super) numbers: u64,
    /// Those that were taken out and have not arrived yet: their numbers, and who has them still.
    pub(super) under_way: Vec<(u64, Redelivery)>,
}

/// The room that those of one kind take.
#[derive(Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) count: usize,
    pub(super) bytes: usize,
}

impl Usage {
    pub(super) fn hold(&mut self, one: &QueuedForward) {
        self.count += 1;
        self.bytes += one.size();
    }

    pub(super) fn free(&mut self, one: &QueuedForward) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(one.size());
    }
}

impl State {
    /// The number of the one that has waited longest: it may be under way, or wait to be sent again while newer ones are.
    pub(super) fn first(&self) -> Option<u64> {
        let under_way = self.under_way.iter().map(|(number, _)| *number);
        under_way.chain(self.all.front().map(|one| one.number)).min()
    }

    pub(super) fn usage(&mut self, redelivery: Redelivery) -> &mut Usage {
        let [by_stream, never] = &mut self.usage;
        match redelivery {
            Redelivery::ByStream => by_stream,
            Redelivery::Never => never,
        }
    }
}
