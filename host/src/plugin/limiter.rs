//! What ends a call before it is done: its memory, or a word of the host.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

use super::error::Cause;

/// Why the host itself ended a call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Halt(pub Cause);

/// Entries of all tables of an instance together; compilers make some thousands, one for each function that is
/// called by its address.
pub(super) const TABLES: usize = 64 << 10;

/// Bytes that the memories of all calls under way may have together. It bounds what plugins can take from the machine;
/// that each of their calls has a limit of its own would not, because there may be many at the same time.
const ALL_MEMORIES: usize = 4 << 30;

/// What the memories of all calls under way have.
#[derive(Clone, Debug, Default)]
pub(super) struct AllMemories(Arc<AtomicUsize>);

impl AllMemories {
    fn take(&self, bytes: usize) -> bool {
        let more = |all: usize| all.checked_add(bytes).filter(|all| *all <= ALL_MEMORIES);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Holds all linear memories of an instance together below a limit, and all tables below another.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    /// Bytes that all of them may take together.
    pub most: usize,
    /// Where they are counted with those of all other calls.
    pub all: AllMemories,
    used: usize,
    entries: usize,
    /// What more was asked for and refused, as the cause of a call's end.
    pub denied: Option<Cause>,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, now: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.used.saturating_sub(now).saturating_add(wanted);
        if total > self.most {
            self.denied = Some(Cause::Memory(self.most));
        } else if !self.all.take(total.saturating_sub(self.used)) {
            self.denied = Some(Cause::Crowded(ALL_MEMORIES));
        } else {
            self.used = total;
            return Ok(true);
        }
        Ok(false)
    }

    fn table_growing(&mut self, now: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.entries.saturating_sub(now).saturating_add(wanted);
        let granted = total <= TABLES;
        if granted {
            self.entries = total;
        } else {
            self.denied = Some(Cause::Tables(TABLES));
        }
        Ok(granted)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.all.give(self.used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(most: usize, all: &AllMemories) -> Limiter {
        let mut limiter = Limiter::default();
        (limiter.most, limiter.all) = (most, all.clone());
        limiter
    }

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = limiter(100, &AllMemories::default());
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert_eq!(limiter.denied, None);
        assert!(!limiter.memory_growing(40, 41, None).unwrap());
        assert_eq!(limiter.denied, Some(Cause::Memory(100)));
    }

    #[test]
    fn memories_of_all_calls_are_counted_together_until_these_end() {
        let all = AllMemories::default();
        let call = || limiter(ALL_MEMORIES, &all);
        let (mut first, mut second) = (call(), call());
        assert!(first.memory_growing(0, ALL_MEMORIES - 10, None).unwrap());
        assert!(second.memory_growing(0, 10, None).unwrap());
        assert!(!second.memory_growing(10, 11, None).unwrap());
        assert_eq!(second.denied, Some(Cause::Crowded(ALL_MEMORIES)));
        drop(first);
        assert!(second.memory_growing(10, 11, None).unwrap());
        drop(second);
        assert_eq!(all.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn tables_are_counted_together() {
        let mut limiter = limiter(100, &AllMemories::default());
        assert!(limiter.table_growing(0, TABLES - 10, None).unwrap());
        assert!(limiter.table_growing(0, 10, None).unwrap());
        assert!(limiter.table_growing(10, 10, None).unwrap());
        assert_eq!(limiter.denied, None);
        assert!(!limiter.table_growing(10, 11, None).unwrap());
        assert_eq!(limiter.denied, Some(Cause::Tables(TABLES)));
    }
}
