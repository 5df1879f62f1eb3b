//! Moves what has come to rest into the archive, beside the work: a thread that reads and packs, and
//! asks the writer for one short transaction a segment.
//!
//! It moves whole segments only, and leaves the newest entries where they are. While appends wait for
//! the disk it holds back, though not for ever: in a storm without an end it keeps up slowly.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use serde::Deserialize;

use super::table::Stored;
use super::{Segment, table};
use crate::domain::Sealed;
use crate::journal::error::{Error, sentence};
use crate::journal::writer::Job;
use crate::journal::{rows, schema, walk};

/// Bytes of bodies that make a segment: enough to repeat themselves, and read in a millisecond.
const SEGMENT: usize = 256 << 10;
/// The newest entries stay in their table: they are asked for most, and a short journal is a plain table.
const RECENT: u64 = 256;
/// Pause between two looks when there is nothing to do.
const PAUSE: Duration = Duration::from_millis(500);
/// How long appends that wait for the disk hold a segment back.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long closing may take for the sake of the archive.
const CLOSING: Duration = Duration::from_secs(1);
/// Free pages that are kept for what comes next, and how many are given back at once.
const SPARE: i64 = 64;
const GIVEN_BACK: u32 = 256;

/// The thread; it ends when it is dropped.
#[derive(Debug)]
pub(in crate::journal) struct Mover {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    asked: Mutex<bool>,
    bell: Condvar,
}

impl Mover {
    /// Begins to look after a journal whose writer takes `jobs`; `queued` are the bytes that wait.
    pub fn start(path: &Path, jobs: Sender<Job>, queued: Arc<AtomicUsize>) -> Result<Self, Error> {
        let connection = schema::open_reader(path)?;
        let stop = Arc::new(Stop::default());
        let work = Work { path: path.to_path_buf(), connection, jobs, queued, again_at: 0, refused: 0 };
        let asked = Arc::clone(&stop);
        let thread = thread::Builder::new().name("journal-archive".into()).spawn(move || work.run(&asked));
        let thread = thread.map_err(|error| {
            Error::Unavailable(format!("the thread that archives {} cannot start: {error}", path.display()))
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        *self.stop.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.bell.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that archives the journal ended with a panic");
        }
    }
}

impl Stop {
    /// Waits; whether it is time to end.
    fn wait(&self, pause: Duration) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *self.bell.wait_timeout_while(asked, pause, |asked| !*asked).unwrap_or_else(PoisonError::into_inner).0
    }
}

struct Work {
    path: PathBuf,
    connection: Connection,
    jobs: Sender<Job>,
    queued: Arc<AtomicUsize>,
    /// Where the journal must have come before a look is worth it.
    again_at: u64,
    /// Position behind which something does not fit, so that it is said once.
    refused: u64,
}

impl Work {
    fn run(mut self, stop: &Stop) {
        let mut pause = PAUSE;
        while !stop.wait(pause) {
            pause = match self.turn(stop) {
                Ok(true) => Duration::ZERO,
                Ok(false) => PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "entries of the journal could not be archived");
                    PAUSE * 10
                }
            };
        }
        let closing = Instant::now();
        while closing.elapsed() < CLOSING && matches!(self.turn(stop), Ok(true)) {}
    }

    /// Moves a segment, or gives free pages back; whether there may be more to do.
    fn turn(&mut self, stop: &Stop) -> Result<bool, String> {
        let explain = |error: rusqlite::Error| sentence(&self.path, &error).to_string();
        let head = rows::head(&self.connection).map_err(explain)?;
        if head.position >= self.again_at {
            if let Some(stored) = self.segment(head.position)? {
                let quiet = Instant::now();
                while self.queued.load(Ordering::Relaxed) > 0 && quiet.elapsed() < PATIENCE {
                    if stop.wait(Duration::from_millis(10)) {
                        break;
                    }
                }
                self.ask(|reply| Job::Archive { stored: Box::new(stored), reply })?;
                return Ok(true);
            }
            self.again_at = head.position + RECENT / 4;
        }
        let free: i64 = self
            .connection
            .pragma_query_value(None, "freelist_count", |row| row.get(0))
            .map_err(|error| sentence(&self.path, &error).to_string())?;
        if free <= SPARE || self.queued.load(Ordering::Relaxed) > 0 {
            return Ok(false);
        }
        self.ask(|reply| Job::Shrink { pages: GIVEN_BACK, reply })?;
        Ok(true)
    }

    /// The next segment, when there are entries for a whole one; none where the journal does not fit together.
    fn segment(&mut self, head: u64) -> Result<Option<Stored>, String> {
        let explain = |error: rusqlite::Error| sentence(&self.path, &error).to_string();
        let end = table::end(&self.connection).map_err(explain)?;
        let last = head.saturating_sub(RECENT);
        if end.position >= last || end.position + 1 == self.refused {
            return Ok(None);
        }
        let mut segment = Segment::after(end);
        let (mut bytes, mut closing) = (0, 0);
        while bytes < SEGMENT && segment.after.position < last {
            let page = walk::entries(&self.connection, segment.after.position, 128).map_err(explain)?;
            if page.is_empty() {
                return Ok(None);
            }
            for walk::Stored { seq, sealed, chain } in page {
                if bytes >= SEGMENT || seq > last {
                    break;
                }
                bytes += sealed.body.len();
                closing = closing.max(time_of(&sealed));
                segment.push(sealed);
                if (segment.after.position, segment.after.chain) != (seq, chain) {
                    self.refused = end.position + 1;
                    tracing::error!(
                        position = seq,
                        "the journal's chain is broken and nothing behind this place is archived; \
                         `tidegate journal verify` says more"
                    );
                    return Ok(None);
                }
            }
        }
        if bytes < SEGMENT {
            return Ok(None);
        }
        Stored::pack(&segment, closing).map(Some).map_err(|error| error.to_string())
    }

    fn ask(&self, job: impl FnOnce(Box<dyn FnOnce(Result<(), String>) + Send>) -> Job) -> Result<(), String> {
        let (reply, answer) = mpsc::sync_channel(1);
        let stopped = || "its writer has stopped".to_string();
        self.jobs.send(job(Box::new(move |result| drop(reply.send(result))))).map_err(|_| stopped())?;
        answer.recv().unwrap_or_else(|_| Err(stopped()))
    }
}

/// When an entry was written, in milliseconds; 0 where it does not say.
pub(in crate::journal) fn time_of(sealed: &Sealed) -> i64 {
    #[derive(Deserialize)]
    struct Dated {
        at: Timestamp,
    }
    serde_json::from_str::<Dated>(&sealed.body).map_or(0, |dated| dated.at.as_millisecond())
}
