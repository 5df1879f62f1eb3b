//! A journal in memory with faults to order, for simulations and tests.
//!
//! It keeps the same promises as the one on disk: the same entries are taken and refused, and after
//! an error every append fails until a recovery. It commits inside `append`, so that a simulation
//! is the same every time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;

use super::rows::{self, AppendPosition};
use crate::domain::{ChainHash, Head, Sealed, Slot};
use crate::ports::{Journal, JournalError, PluginState};

/// How an append fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was written.
    Before,
    /// All was written, and the answer is an error all the same: the disk failed late.
    After,
}

/// A journal in memory.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Sealed>,
    /// The hash behind each of them.
    chain: Vec<ChainHash>,
    state: BTreeMap<(String, String), String>,
    broken: Option<String>,
    dead: bool,
    faults: Vec<Fault>,
    /// The journal takes this many entries in all and then none, as a full disk would.
    room: Option<usize>,
    failing_recoveries: u32,
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that holds these entries, such as those that survived a crash.
    pub fn with_entries(entries: Vec<Sealed>) -> Self {
        let mut inner = Inner::default();
        inner.write(entries);
        Self { inner: Mutex::new(inner) }
    }

    /// Lets the next `count` appends fail that are not refused already.
    pub fn fail_next(&self, count: usize, fault: Fault) {
        self.lock().faults.extend(std::iter::repeat_n(fault, count));
    }

    /// Lets every append fail, and every recovery too, once `entries` more have been taken; none
    /// gives room again.
    pub fn fail_after(&self, entries: Option<usize>) {
        let mut inner = self.lock();
        inner.room = entries.map(|more| inner.entries.len() + more);
    }

    /// Lets the next `count` recoveries fail.
    pub fn fail_recoveries(&self, count: u32) {
        self.lock().failing_recoveries = count;
    }

    /// The process dies: this journal takes and gives nothing any more, and what was durable stands
    /// in the one that is returned. Orders for faults do not survive.
    pub fn crash(&self) -> Self {
        let mut inner = self.lock();
        inner.dead = true;
        let (entries, chain, state) = (inner.entries.clone(), inner.chain.clone(), inner.state.clone());
        Self { inner: Mutex::new(Inner { entries, chain, state, ..Inner::default() }) }
    }

    /// Everything that is durable, in order.
    pub fn entries(&self) -> Vec<Sealed> {
        self.lock().entries.clone()
    }

    /// Position of the last durable entry; 0 when there is none.
    pub fn position(&self) -> u64 {
        self.lock().entries.len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn append(&mut self, new: Vec<Sealed>) -> Result<(), String> {
        self.alive()?;
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let fresh = self.fresh(new)?;
        if self.is_full(fresh.len()) {
            return self.fail("no space is left");
        }
        let fault = if self.faults.is_empty() { None } else { Some(self.faults.remove(0)) };
        if fault != Some(Fault::Before) {
            self.write(fresh);
        }
        if fault.is_some() { self.fail("a fault was ordered") } else { Ok(()) }
    }

    fn write(&mut self, entries: Vec<Sealed>) {
        for sealed in entries {
            self.chain.push(self.head().next(&sealed).chain);
            self.entries.push(sealed);
        }
    }

    fn head(&self) -> Head {
        Head { position: self.chain.len() as u64, chain: self.chain.last().copied().unwrap_or_default() }
    }

    /// The entries that are not there yet, when each of them continues its stream.
    fn fresh(&self, new: Vec<Sealed>) -> Result<Vec<Sealed>, String> {
        let mut fresh: Vec<Sealed> = Vec::new();
        for sealed in new {
            let known = || self.entries.iter().chain(&fresh).filter(|known| known.stream == sealed.stream);
            let last = known().next_back().map_or(0, |last| last.n);
            let there = if sealed.n <= last { known().find(|known| known.n == sealed.n) } else { None };
            if rows::fit(&sealed, last, there.map(|known| known.body.as_str()))? == AppendPosition::Next {
                fresh.push(sealed);
            }
        }
        Ok(fresh)
    }

    fn is_full(&self, more: usize) -> bool {
        self.room.is_some_and(|room| self.entries.len() + more > room)
    }

    fn fail(&mut self, reason: &str) -> Result<(), String> {
        self.broken = Some(reason.to_string());
        Err(reason.to_string())
    }

    fn alive(&self) -> Result<(), String> {
        if self.dead { Err("its process has died".into()) } else { Ok(()) }
    }

    fn recover(&mut self) -> Result<(), String> {
        self.alive()?;
        if self.failing_recoveries > 0 {
            self.failing_recoveries -= 1;
            return Err("a fault was ordered".into());
        }
        if self.is_full(1) {
            return Err("no space is left".into());
        }
        self.broken = None;
        Ok(())
    }
}

impl Journal for Memory {
    fn append(&self, entries: Vec<Sealed>) -> BoxFuture<'static, Result<(), JournalError>> {
        let result = self.lock().append(entries).map_err(JournalError);
        Box::pin(async { result })
    }

    fn recover(&self) -> BoxFuture<'_, Result<(), JournalError>> {
        let result = self.lock().recover().map_err(JournalError);
        Box::pin(async { result })
    }

    fn stream(&self, stream: &str) -> Result<Vec<Sealed>, JournalError> {
        let inner = self.lock();
        inner.alive().map_err(JournalError)?;
        Ok(inner.entries.iter().filter(|sealed| sealed.stream == stream).cloned().collect())
    }

    fn replay(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, Sealed) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        // A copy, because `visit` may come back to this journal.
        let behind: Vec<Sealed> = {
            let inner = self.lock();
            inner.alive().map_err(JournalError)?;
            inner.entries.iter().skip(skipped).cloned().collect()
        };
        (after + 1..).zip(behind).try_for_each(|(seq, sealed)| visit(seq, sealed))
    }

    fn place(&self, position: u64) -> Result<Slot, JournalError> {
        let inner = self.lock();
        inner.alive().map_err(JournalError)?;
        let Some(before) = position.checked_sub(1) else { return Ok(Slot::Entry(ChainHash::GENESIS)) };
        let found = usize::try_from(before).ok().and_then(|before| inner.chain.get(before));
        Ok(found.map_or(Slot::Beyond { last: inner.head().position }, |chain| Slot::Entry(*chain)))
    }
}

impl PluginState for Memory {
    fn get(&self, plugin: &str, key: &str) -> Result<Option<String>, String> {
        Ok(self.lock().state.get(&(plugin.to_string(), key.to_string())).cloned())
    }

    fn set(&self, plugin: &str, key: &str, value: &str) -> Result<(), String> {
        let mut inner = self.lock();
        inner.alive()?;
        if let Some(broken) = &inner.broken {
            return Err(broken.clone());
        }
        inner.state.insert((plugin.to_string(), key.to_string()), value.to_string());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::journal::rows::testing::{chain, tail};

    fn append(journal: &Memory, entries: &[Sealed]) -> Result<(), JournalError> {
        journal.append(entries.to_vec()).now_or_never().unwrap()
    }

    #[test]
    fn after_a_fault_everything_fails_until_recovery() {
        let journal = Memory::new();
        let first = chain("i1", 2);
        append(&journal, &first).unwrap();
        journal.fail_next(1, Fault::Before);
        let more = tail(&first, 1);
        assert!(append(&journal, &more).is_err());
        assert!(append(&journal, &chain("i2", 1)).is_err());
        journal.recover().now_or_never().unwrap().unwrap();
        append(&journal, &more).unwrap();
        assert_eq!(journal.stream("i1").unwrap().len(), 3);
        assert!(journal.stream("i2").unwrap().is_empty());
    }

    #[test]
    fn an_append_that_failed_late_can_be_repeated_but_not_replaced() {
        let journal = Memory::new();
        journal.fail_next(1, Fault::After);
        let first = chain("i1", 2);
        assert!(append(&journal, &first).is_err());
        journal.recover().now_or_never().unwrap().unwrap();
        append(&journal, &first).unwrap();
        assert_eq!(journal.position(), 2);
        let mut other = first;
        other[1].body = "{}".into();
        assert!(append(&journal, &other).unwrap_err().0.contains("read the stream again"));
    }

    #[test]
    fn a_crash_keeps_what_is_durable_and_silences_the_old_one() {
        let journal = Memory::new();
        journal.fail_after(Some(2));
        let first = chain("i1", 2);
        append(&journal, &first).unwrap();
        assert!(append(&journal, &tail(&first, 1)).is_err());
        assert!(journal.recover().now_or_never().unwrap().is_err());
        PluginState::set(&journal, "p", "k", "v").unwrap_err();
        let after = journal.crash();
        assert!(journal.stream("i1").is_err());
        assert_eq!(after.entries(), first);
        append(&after, &tail(&first, 1)).unwrap();
    }
}
