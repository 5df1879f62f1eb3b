//! A journal in memory, with everything that disks do: take their time, run full, fail, and lose
//! what was not flushed when the process dies.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tidegate::domain::{Head, Sealed, Slot};
use tidegate::ports::{Journal, JournalError};

use super::checker::WriteContext;
use super::dice::Dice;
use super::mutant::Mutant;
use super::world::{State, World};

/// What is durable, and what is on its way there.
pub struct Disk {
    dice: Dice,
    /// All durable entries in order.
    pub durable: Vec<Sealed>,
    /// The head behind each of them.
    heads: Vec<Head>,
    streams: BTreeMap<String, Vec<usize>>,
    pending: VecDeque<Batch>,
    /// Batches that failed and whose writer has not heard of it.
    lost: BTreeSet<u64>,
    next_batch: u64,
    /// An append has failed: nothing is taken until somebody recovers the journal.
    failed: bool,
    /// Nothing can be written until then.
    pub full_until: Duration,
    /// The next append fails; `true` when its entries stay nevertheless.
    pub fails_next: Option<bool>,
    /// How often it has failed, to tell quiet stretches from others.
    pub failures: u64,
}

struct Batch {
    id: u64,
    entries: Vec<Sealed>,
    written: WriteContext,
    due: Duration,
    /// It will fail; `Some(true)`: and stay nevertheless.
    fails: Option<bool>,
}

impl Disk {
    /// An empty disk.
    pub fn new(dice: Dice) -> Self {
        Self {
            dice,
            durable: Vec::new(),
            heads: Vec::new(),
            streams: BTreeMap::new(),
            pending: VecDeque::new(),
            lost: BTreeSet::new(),
            next_batch: 0,
            failed: false,
            full_until: Duration::ZERO,
            fails_next: None,
            failures: 0,
        }
    }

    /// Whether every entry that the host wrote is durable.
    pub fn at_rest(&self) -> bool {
        self.pending.is_empty() && !self.failed
    }

    /// How far it goes and what it holds.
    pub fn head(&self) -> Head {
        self.heads.last().copied().unwrap_or_default()
    }

    /// Whether it takes nothing until somebody recovers the journal.
    pub fn is_broken(&self) -> bool {
        self.failed
    }

    /// Takes a batch: its number and the time at which it is durable or has failed.
    fn take(state: &mut State, entries: Vec<Sealed>) -> (u64, Duration) {
        let now = state.mono();
        let written = WriteContext { policies: state.policies_in_force, mode: state.mode, mono: now };
        let (percent, most, quiet) = (state.plan.temper.appends, state.plan.temper.append_ms, state.quiet);
        let disk = &mut state.disk;
        disk.next_batch += 1;
        let id = disk.next_batch;
        let behind = disk.pending.back().map_or(now, |batch| batch.due);
        let due = behind.max(now + Duration::from_millis(disk.dice.skewed(most)));
        if disk.failed {
            disk.lost.insert(id);
            return (id, due);
        }
        let full = now < disk.full_until;
        let by_chance = disk.dice.chance(percent);
        let kept = disk.dice.chance(30);
        let fails = match disk.fails_next.take() {
            _ if quiet => None,
            Some(kept) => Some(kept && !full),
            None => (full || by_chance).then_some(kept && !full),
        };
        disk.pending.push_back(Batch { id, entries, written, due, fails });
        (id, due)
    }

    /// Makes durable what is due.
    fn flush(state: &mut State) {
        let now = state.mono();
        while state.disk.pending.front().is_some_and(|batch| batch.due <= now) {
            let Some(batch) = state.disk.pending.pop_front() else { return };
            let Some(kept) = batch.fails else {
                Self::store(state, batch);
                continue;
            };
            // Whatever was written behind it is gone as well.
            state.disk.failed = true;
            state.disk.failures += 1;
            state.stats.append_failures += 1;
            state.disk.lost.insert(batch.id);
            let behind: Vec<u64> = state.disk.pending.drain(..).map(|batch| batch.id).collect();
            state.disk.lost.extend(behind);
            state.note(|| format!("JOURNAL fails{}", if kept { ", but the entries stay" } else { "" }));
            if kept {
                Self::store(state, batch);
            }
        }
    }

    fn store(state: &mut State, batch: Batch) {
        for sealed in batch.entries {
            let place = state.disk.durable.len();
            state.disk.streams.entry(sealed.stream.clone()).or_default().push(place);
            let head = state.disk.head().next(&sealed);
            state.disk.heads.push(head);
            state.disk.durable.push(sealed);
            super::checker::take_entry(state, place, batch.written);
        }
    }

    /// The process died: of what was on its way, some may have arrived.
    pub fn crash(state: &mut State) {
        Self::flush(state);
        let arrived = state.disk.dice.within(0..state.disk.pending.len() as u64 + 1);
        for _ in 0..arrived {
            match state.disk.pending.pop_front() {
                Some(batch) if batch.fails.is_none() => Self::store(state, batch),
                _ => break,
            }
        }
        state.disk.pending.clear();
        state.disk.lost.clear();
        state.disk.failed = false;
    }
}

/// The journal room of one process.
pub struct SimJournal(pub Arc<World>);

fn error() -> JournalError {
    JournalError("input/output error".into())
}

impl Journal for SimJournal {
    fn append(&self, mut entries: Vec<Sealed>) -> BoxFuture<'static, Result<(), JournalError>> {
        let world = Arc::clone(&self.0);
        let mut state = world.state();
        if state.dead {
            return pending().boxed();
        }
        if world.mutant == Some(Mutant::JournalDropsEntries) && state.dice.chance(5) {
            entries.pop();
        }
        let (id, due) = Disk::take(&mut state, entries);
        drop(state);
        async move {
            if world.mutant == Some(Mutant::JournalAnswersEarly) {
                return Ok(());
            }
            world.point("append, not yet durable").await;
            world.wait_until(due).await;
            let lost = {
                let mut state = world.state();
                Disk::flush(&mut state);
                state.disk.lost.remove(&id)
            };
            world.point("append, durable").await;
            if lost { Err(error()) } else { Ok(()) }
        }
        .boxed()
    }

    fn recover(&self) -> BoxFuture<'_, Result<(), JournalError>> {
        async {
            self.0.point("journal recovery").await;
            let mut state = self.0.state();
            if state.mono() < state.disk.full_until && !state.quiet {
                return Err(error());
            }
            Disk::flush(&mut state);
            state.disk.failed = false;
            state.note(|| "JOURNAL recovered".into());
            Ok(())
        }
        .boxed()
    }

    fn stream(&self, stream: &str) -> Result<Vec<Sealed>, JournalError> {
        let mut state = self.0.state();
        Disk::flush(&mut state);
        if state.disk.failed && state.disk.dice.chance(25) {
            return Err(error());
        }
        let places = state.disk.streams.get(stream).cloned().unwrap_or_default();
        Ok(places.into_iter().map(|place| state.disk.durable[place].clone()).collect())
    }

    fn replay(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, Sealed) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let durable = {
            let mut state = self.0.state();
            Disk::flush(&mut state);
            state.disk.durable.clone()
        };
        for (place, sealed) in durable.into_iter().enumerate().skip(after as usize) {
            visit(place as u64 + 1, sealed)?;
        }
        Ok(())
    }

    fn place(&self, position: u64) -> Result<Slot, JournalError> {
        let mut state = self.0.state();
        Disk::flush(&mut state);
        let Some(before) = position.checked_sub(1) else { return Ok(Slot::Entry(Head::default().chain)) };
        let last = state.disk.head().position;
        let found = state.disk.heads.get(before as usize);
        Ok(found.map_or(Slot::Beyond { last }, |head| Slot::Entry(head.chain)))
    }
}
