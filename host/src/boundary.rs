//! A journal that kills the process at a named boundary: how crash tests meet every instruction
//! between two entries with the real binary.
//!
//! `TIDEGATE_TEST_CRASH=before:<kind>[:<nth>]` dies when the nth entry of this kind is about to be
//! written, `after:<kind>[:<nth>]` when it is durable and nobody has been told yet. The kinds are
//! those of the journal's entries, such as `intent` or `result`.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::domain::{Head, Sealed, Slot};
use crate::ports::{Journal, JournalError};

/// Where to die.
#[derive(Debug)]
pub struct Boundary {
    before: bool,
    /// How the entry's JSON says its kind.
    marker: String,
    left: AtomicU64,
}

impl Boundary {
    /// Reads `before|after:<kind>[:<nth>]`.
    ///
    /// # Errors
    /// A sentence that shows the form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is no boundary; write before:intent or after:result:2");
        let mut parts = text.split(':');
        let before = match parts.next() {
            Some("before") => true,
            Some("after") => false,
            _ => return Err(form()),
        };
        let kind = parts.next().filter(|kind| !kind.is_empty()).ok_or_else(form)?;
        let nth = parts.next().map_or(Ok(1), str::parse).map_err(|_| form())?;
        Ok(Self { before, marker: format!("\"kind\":\"{kind}\""), left: AtomicU64::new(nth) })
    }

    /// Whether this batch reaches the boundary.
    fn reached(&self, entries: &[Sealed]) -> bool {
        // The entry's own kind comes before any nested one: `at` and `kind` are its first keys.
        let is = |entry: &&Sealed| {
            let kind = entry.body.find("\"kind\":");
            kind.and_then(|at| entry.body.get(at..)).is_some_and(|rest| rest.starts_with(&self.marker))
        };
        let hits = entries.iter().filter(is).count() as u64;
        if hits == 0 {
            return false;
        }
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return false;
        }
        self.left.store(left.saturating_sub(hits), Ordering::SeqCst);
        left <= hits
    }
}

/// The decorated journal.
pub struct CrashingJournal {
    inner: Arc<dyn Journal>,
    boundary: Arc<Boundary>,
}

impl CrashingJournal {
    /// Dies at `boundary`.
    pub fn new(inner: Arc<dyn Journal>, boundary: Boundary) -> Self {
        Self { inner, boundary: Arc::new(boundary) }
    }
}

/// SIGKILL, as a power cut would have it: no destructor and no handler runs.
fn die() -> ! {
    let _ = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
    std::process::abort()
}

impl Journal for CrashingJournal {
    fn append(&self, entries: Vec<Sealed>) -> BoxFuture<'static, Result<(), JournalError>> {
        let reached = self.boundary.reached(&entries);
        if reached && self.boundary.before {
            die();
        }
        let append = self.inner.append(entries);
        async move {
            let result = append.await;
            if reached {
                die();
            }
            result
        }
        .boxed()
    }

    fn recover(&self) -> BoxFuture<'_, Result<(), JournalError>> {
        self.inner.recover()
    }

    fn stream(&self, stream: &str) -> Result<Vec<Sealed>, JournalError> {
        self.inner.stream(stream)
    }

    fn replay(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, Sealed) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.inner.replay(after, visit)
    }

    fn place(&self, position: u64) -> Result<Slot, JournalError> {
        self.inner.place(position)
    }

    fn head(&self) -> Option<Head> {
        self.inner.head()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Entry, Fact};

    fn closed(n: u64) -> Sealed {
        let entry =
            Entry { at: jiff::Timestamp::UNIX_EPOCH, fact: Fact::Closed { reason: "\"kind\":\"intent\"".into() } };
        Sealed::new("i", n, &entry).unwrap()
    }

    #[test]
    fn a_boundary_is_the_nth_entry_of_its_kind() {
        let boundary = Boundary::parse("after:closed:2").unwrap();
        assert!(!boundary.reached(&[closed(1)]));
        assert!(boundary.reached(&[closed(2)]));
        assert!(!boundary.reached(&[closed(3)]));
        assert!(!Boundary::parse("before:intent").unwrap().reached(&[closed(1)]));
        assert!(Boundary::parse("sometime:intent").is_err());
    }
}
