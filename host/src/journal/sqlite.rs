//! The journal in one file, written by one thread.
//!
//! `append` puts its entries into a queue before it returns, so that the order of calls is the
//! order in the journal. The thread takes all that is queued, writes it in one transaction, waits
//! for the disk once, and answers everybody: the more appends come at the same time, the fewer
//! waits each of them costs.
//!
//! After an error every append fails until [`Journal::recover`] has succeeded. An append that
//! failed may be in the journal all the same, when the disk failed late; so an append of entries
//! that are there already succeeds, and one that does not continue its stream is refused alone.

mod plugin_state;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use futures::future::BoxFuture;
use tokio::sync::{oneshot, watch};

use super::archive::mover::Mover;
use super::error::{Error, io_sentence};
use super::lock::Lock;
use super::reader::Reader;
use super::retention::Removal;
use super::writer::{Job, Reply, Writer};
use super::{file, schema};
use crate::domain::{Head, Sealed, Slot};
use crate::ports::{Journal, JournalError};

/// Bounds of a journal.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes that may wait to be written. Beyond it appends are refused: the disk cannot keep up.
    pub max_queued_bytes: usize,
    /// How large the file may become; none leaves that to the disk.
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_queued_bytes: 64 << 20, max_bytes: None }
    }
}

/// A journal that is open for writing; dropping it writes what is queued and closes the file.
#[derive(Debug)]
pub struct Sqlite {
    jobs: Option<Sender<Job>>,
    /// Ends before the writer, whose jobs it sends.
    mover: Option<Mover>,
    writer: Option<JoinHandle<()>>,
    queued: Arc<AtomicUsize>,
    head: watch::Receiver<Head>,
    reader: Reader,
    options: Options,
    /// Given back last, when nothing writes any more.
    _lock: Lock,
}

impl Sqlite {
    /// Opens or creates a journal, and takes it for this process alone.
    ///
    /// # Errors
    /// When another process has it, when the file cannot be used, or when a newer program wrote it.
    pub fn open(path: &Path, options: Options) -> Result<Self, Error> {
        file::create_private(path)?;
        let path = &path.canonicalize().map_err(|error| io_sentence("found", path, &error))?;
        let lock = Lock::take(path)?;
        let connection = schema::open_writer(path, options.max_bytes)?;
        let reader = Reader::open(path)?;
        let (announce, head) = watch::channel(reader.head()?);
        let queued = Arc::new(AtomicUsize::new(0));
        let writer = Writer::new(path, options.max_bytes, connection, announce);
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new().name("journal".into()).spawn(move || writer.run(&queue));
        let thread = thread.map_err(|error| {
            Error::Unavailable(format!("the thread that writes {} cannot start: {error}", path.display()))
        })?;
        let mover = Some(Mover::start(path, jobs.clone(), Arc::clone(&queued))?);
        Ok(Self { jobs: Some(jobs), mover, writer: Some(thread), queued, head, reader, options, _lock: lock })
    }

    /// Bytes that wait to be written. What has been answered does not count any more.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Whether so much waits that new work should be turned away while what is under way goes on.
    pub fn crowded(&self) -> bool {
        self.queued() > self.options.max_queued_bytes / 2
    }

    /// Position of the last durable entry; 0 when there is none.
    pub fn position(&self) -> u64 {
        self.head().position
    }

    /// The last durable entry.
    pub fn head(&self) -> Head {
        *self.head.borrow()
    }

    /// Waits until there are durable entries behind `after`, and returns the last one's position.
    /// Never resolves once the journal is closed.
    pub fn beyond(&self, after: u64) -> impl Future<Output = u64> + Send + use<> {
        let mut head = self.head.clone();
        async move {
            let reached = head.wait_for(|head| head.position > after).await.map(|head| head.position);
            match reached {
                Ok(position) => position,
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// For reading beside the writing.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Removes what a step of retention found, together with the entry that says so.
    ///
    /// # Errors
    /// As an append: nothing is removed then.
    pub fn remove(&self, entry: Sealed, removal: Removal) -> BoxFuture<'static, Result<(), JournalError>> {
        let (reply, answer) = oneshot::channel();
        let reply = self.reply(0, move |result| drop(reply.send(result)));
        let queued = self.enqueue(Job::Remove { entry, removal: Box::new(removal), reply }, 0);
        Box::pin(answered(queued, answer))
    }

    /// Bytes that the file holds, without its free pages.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn size(&self) -> Result<u64, Error> {
        self.reader.size()
    }

    /// How a job of this weight is answered. Its weight is given back before anybody hears of it, or
    /// whoever is quick to go on could be refused for what is done.
    fn reply(&self, bytes: usize, tell: impl FnOnce(Result<(), String>) + Send + 'static) -> Reply {
        let queued = Arc::clone(&self.queued);
        Box::new(move |result| {
            queued.fetch_sub(bytes, Ordering::Relaxed);
            tell(result);
        })
    }

    /// Queues a job whose weight is `bytes`. Over the bound it is refused, and so is every later
    /// append, in the order of the queue, until a recovery has come through it.
    fn enqueue(&self, job: Job, bytes: usize) -> Result<(), String> {
        let stopped = || "its writer has stopped; restart tidegate".to_string();
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        let waiting = self.queued.fetch_add(bytes, Ordering::Relaxed);
        // A single job is taken whatever its size: it could never be taken otherwise.
        if waiting > 0 && waiting.saturating_add(bytes) > self.options.max_queued_bytes {
            self.queued.fetch_sub(bytes, Ordering::Relaxed);
            let reason = format!("overloaded, {waiting} bytes wait for the disk; try again later");
            jobs.send(Job::Break { reason: reason.clone() }).map_err(|_| stopped())?;
            return Err(reason);
        }
        jobs.send(job).map_err(|_| stopped())
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.mover = None;
        // Without a sender the thread finishes what is queued and ends.
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that writes the journal ended with a panic");
        }
    }
}

impl Journal for Sqlite {
    fn append(&self, entries: Vec<Sealed>) -> BoxFuture<'static, Result<(), JournalError>> {
        let bytes = entries.iter().map(weight).sum();
        let (reply, answer) = oneshot::channel();
        // Whoever no longer waits for the answer does not need it.
        let reply = self.reply(bytes, move |result| drop(reply.send(result)));
        let queued = self.enqueue(Job::Append { entries, bytes, reply }, bytes);
        Box::pin(answered(queued, answer))
    }

    fn recover(&self) -> BoxFuture<'_, Result<(), JournalError>> {
        let (reply, answer) = oneshot::channel();
        let reply = self.reply(0, move |result| drop(reply.send(result)));
        let queued = self.enqueue(Job::Recover { reply }, 0);
        Box::pin(answered(queued, answer))
    }

    fn stream(&self, stream: &str) -> Result<Vec<Sealed>, JournalError> {
        Ok(self.reader.stream(stream)?)
    }

    fn replay(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, Sealed) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.reader.replay(after, visit)
    }

    fn place(&self, position: u64) -> Result<Slot, JournalError> {
        Ok(self.reader.place(position)?)
    }

    fn head(&self) -> Option<Head> {
        Some(Self::head(self))
    }
}

async fn answered(
    queued: Result<(), String>,
    answer: oneshot::Receiver<Result<(), String>>,
) -> Result<(), JournalError> {
    queued.map_err(JournalError)?;
    let answer = answer.await;
    answer.unwrap_or_else(|_| Err("its writer has stopped; restart tidegate".into())).map_err(JournalError)
}

/// What an entry weighs in the queue, with something for its place in it.
fn weight(sealed: &Sealed) -> usize {
    sealed.stream.len() + sealed.body.len() + 128
}

#[cfg(test)]
pub(super) mod tests;
