//! The thread that writes: everything that is queued in one transaction, one wait for the disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

use super::archive::table::{self, Stored};
use super::error::sentence;
use super::heads::Heads;
use super::retention::{self, Removal};
use super::rows::{self, AppendPosition};
use super::{schema, state};
use crate::domain::{Head, Sealed};

/// Called once with what became of a job; gives its weight back.
pub(super) type Reply = Box<dyn FnOnce(Result<(), String>) + Send>;

/// What the thread is asked to do, in the order of the queue.
pub(super) enum Job {
    /// Write entries, all or none.
    Append { entries: Vec<Sealed>, bytes: usize, reply: Reply },
    /// Remove what a rule of retention removes, and say so in the record.
    Remove { entry: Sealed, removal: Box<Removal>, reply: Reply },
    /// Set a plugin's state.
    State { plugin: String, key: String, value: String, bytes: usize, reply: Reply },
    /// An append was refused for want of room: refuse what comes behind it.
    Break { reason: String },
    /// Move a run of entries into the archive, in a transaction of its own.
    Archive { stored: Box<Stored>, reply: Reply },
    /// Give free pages back to the file system.
    Shrink { pages: u32, reply: Reply },
    /// Make writing possible again.
    Recover { reply: Reply },
}

/// A transaction ends when it holds this much, so that nobody waits long for others.
const BATCH_BYTES: usize = 8 << 20;
const BATCH_JOBS: usize = 8192;

/// After this many written bytes the log is emptied even if readers are busy.
const LOG_BYTES: usize = 48 << 20;

pub(super) struct Writer {
    path: PathBuf,
    max_bytes: Option<u64>,
    /// None after a recovery that could not open the file.
    connection: Option<Connection>,
    /// Why nothing is written until a recovery.
    broken: Option<String>,
    announce: watch::Sender<Head>,
    /// Written in the open transaction, waiting for the disk.
    waiting: Vec<Reply>,
    /// The last entry in the open transaction.
    last: Option<Head>,
    heads: Heads,
    since_emptied: usize,
}

impl Writer {
    pub(super) fn new(
        path: &Path,
        max_bytes: Option<u64>,
        connection: Connection,
        announce: watch::Sender<Head>,
    ) -> Self {
        Self {
            path: path.to_path_buf(),
            max_bytes,
            connection: Some(connection),
            broken: None,
            announce,
            waiting: Vec::new(),
            last: None,
            heads: Heads::default(),
            since_emptied: 0,
        }
    }

    /// Works until nobody can send jobs any more and the queue is empty.
    pub(super) fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let (mut bytes, mut jobs) = (self.work(first), 1);
            while bytes < BATCH_BYTES && jobs < BATCH_JOBS {
                let Ok(job) = queue.try_recv() else { break };
                bytes += self.work(job);
                jobs += 1;
            }
            self.commit();
            self.since_emptied += bytes;
            if self.since_emptied > LOG_BYTES {
                self.empty_log();
            }
        }
        self.empty_log();
    }

    /// Does one job within the open transaction; returns its weight.
    fn work(&mut self, job: Job) -> usize {
        match job {
            Job::Append { entries, bytes, reply } => {
                self.write(reply, |connection, heads| append(connection, heads, &entries));
                bytes
            }
            Job::Remove { entry, removal, reply } => {
                self.write(reply, |connection, heads| {
                    let appended = append(connection, heads, std::slice::from_ref(&entry))?;
                    if appended.is_ok() {
                        retention::rewrite(connection, &removal)?;
                    }
                    Ok(appended)
                });
                BATCH_BYTES
            }
            Job::State { plugin, key, value, bytes, reply } => {
                self.write(reply, |connection, _| {
                    let set = state::set(connection, &plugin, &key, &value)?;
                    Ok(set.map(|()| None))
                });
                bytes
            }
            Job::Break { reason } => {
                self.commit();
                self.broken.get_or_insert(reason);
                0
            }
            Job::Archive { stored, reply } => {
                reply(self.alone(|connection| move_entries(connection, &stored)));
                0
            }
            Job::Shrink { pages, reply } => {
                reply(self.alone(|connection| shrink(connection, pages).map(Ok)));
                0
            }
            Job::Recover { reply } => {
                self.commit();
                reply(self.recover());
                0
            }
        }
    }

    /// Writes within the open transaction. The outer error of `change` loses the transaction, the
    /// inner one refuses this job alone and must have written nothing.
    fn write(
        &mut self,
        reply: Reply,
        change: impl FnOnce(&Connection, &mut Heads) -> rusqlite::Result<Result<Option<Head>, String>>,
    ) {
        if let Some(broken) = &self.broken {
            return reply(Err(broken.clone()));
        }
        let Some(connection) = &self.connection else {
            return reply(Err(format!("{} is not open", self.path.display())));
        };
        let begun = if connection.is_autocommit() { connection.execute_batch("BEGIN IMMEDIATE") } else { Ok(()) };
        match begun.and_then(|()| change(connection, &mut self.heads)) {
            Ok(Ok(last)) => {
                self.last = last.or(self.last);
                self.waiting.push(reply);
            }
            Ok(Err(refused)) => reply(Err(refused)),
            Err(error) => {
                self.waiting.push(reply);
                self.lose(&error);
            }
        }
    }

    /// Changes the file in a transaction of its own, behind what was written before. What fails here
    /// changes nothing and breaks nothing: the next append finds out how the disk is.
    fn alone(
        &mut self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<Result<(), String>>,
    ) -> Result<(), String> {
        self.commit();
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let Some(connection) = &self.connection else { return Err("it is not open".into()) };
        let done = connection.unchecked_transaction().and_then(|transaction| {
            let done = change(&transaction)?;
            if done.is_ok() {
                transaction.commit()?
            } else {
                transaction.rollback()?
            }
            Ok(done)
        });
        done.map_err(|error| sentence(&self.path, &error).to_string())?
    }

    fn commit(&mut self) {
        let Some(connection) = &self.connection else { return };
        if connection.is_autocommit() {
            return;
        }
        if let Err(error) = connection.execute_batch("COMMIT") {
            return self.lose(&error);
        }
        if let Some(last) = self.last.take() {
            self.announce.send_replace(last);
        }
        // Who waits for several waits for the first, and finds the others answered then.
        self.waiting.drain(..).rev().for_each(|reply| reply(Ok(())));
    }

    /// The open transaction is lost, and nothing is written until a recovery.
    fn lose(&mut self, error: &rusqlite::Error) {
        let reason = sentence(&self.path, error).to_string();
        tracing::error!(%reason, "the journal cannot be written");
        if let Some(connection) = &self.connection
            && !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            // A recovery opens the file anew, which rolls back as well.
            tracing::warn!(%error, "a transaction of the journal could not be rolled back");
        }
        self.last = None;
        self.heads.forget();
        self.waiting.drain(..).for_each(|reply| reply(Err(reason.clone())));
        self.broken = Some(reason);
    }

    /// Opens the file anew and tries a write that grows it and one that lasts.
    fn recover(&mut self) -> Result<(), String> {
        if self.broken.is_none() {
            return Ok(());
        }
        self.connection = None;
        let attempt = schema::open_writer(&self.path, self.max_bytes).and_then(|connection| {
            probe(&connection).map_err(|error| sentence(&self.path, &error))?;
            Ok(connection)
        });
        match attempt {
            Ok(connection) => {
                self.connection = Some(connection);
                self.broken = None;
                tracing::info!("the journal can be written again");
                Ok(())
            }
            Err(error) => {
                let reason = error.to_string();
                self.broken = Some(reason.clone());
                Err(reason)
            }
        }
    }

    /// Moves the log into the file and cuts it to nothing. While a reader is in the way it grows
    /// on, and the next turn tries again.
    fn empty_log(&mut self) {
        self.since_emptied = 0;
        let Some(connection) = &self.connection else { return };
        let emptied = connection
            .busy_timeout(Duration::from_millis(100))
            .and_then(|()| checkpoint(connection))
            .and_then(|()| connection.busy_timeout(schema::BUSY));
        if let Err(error) = emptied {
            tracing::warn!(%error, "the journal's log could not be emptied");
        }
    }
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn probe(connection: &Connection) -> rusqlite::Result<()> {
    // What a failed disk may have kept from an append is made durable or is gone after this.
    checkpoint(connection)?;
    connection.execute_batch(
        "BEGIN IMMEDIATE;
         INSERT OR REPLACE INTO probe VALUES (1, zeroblob(65536));
         ROLLBACK;
         INSERT OR REPLACE INTO probe VALUES (1, randomblob(8));",
    )
}

/// Puts a segment in the place of its entries.
fn move_entries(connection: &Connection, stored: &Stored) -> rusqlite::Result<Result<(), String>> {
    if table::end(connection)? != stored.before {
        return Ok(Err("the archive ends elsewhere by now".into()));
    }
    let (first, last) = (stored.first(), stored.after.position);
    let places = (rows::int(first), rows::int(last));
    let removed = connection.prepare_cached("DELETE FROM entries WHERE seq BETWEEN ?1 AND ?2")?.execute(places)?;
    if removed as u64 != last.saturating_sub(first) + 1 {
        return Ok(Err(format!("between {first} and {last} there are {removed} entries")));
    }
    table::insert(connection, stored)?;
    Ok(Ok(()))
}

fn shrink(connection: &Connection, pages: u32) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut freed = statement.query([])?;
    // Each step frees one page.
    while freed.next()?.is_some() {}
    Ok(())
}

/// Checks and writes the entries of one append; the last one, where any is new.
fn append(
    connection: &Connection,
    heads: &mut Heads,
    entries: &[Sealed],
) -> rusqlite::Result<Result<Option<Head>, String>> {
    let mut fresh = Vec::with_capacity(entries.len());
    // What this append itself has got so far; it counts for nothing if the append is refused.
    let mut ahead: HashMap<&str, u64> = HashMap::new();
    for sealed in entries {
        let stream = sealed.stream.as_str();
        let last = match ahead.get(stream) {
            Some(last) => *last,
            None => heads.stream(connection, stream)?,
        };
        let there = if sealed.n <= last { rows::body_at(connection, stream, sealed.n)? } else { None };
        match rows::fit(sealed, last, there.as_deref()) {
            Ok(AppendPosition::AlreadyThere) => {}
            Ok(AppendPosition::Next) => {
                ahead.insert(stream, sealed.n);
                fresh.push(sealed);
            }
            Err(refused) => return Ok(Err(refused)),
        }
    }
    if fresh.is_empty() {
        return Ok(Ok(None));
    }
    let mut head = heads.journal(connection)?;
    for sealed in fresh {
        head = head.next(sealed);
        rows::insert(connection, sealed, head)?;
    }
    heads.set_journal(head);
    ahead.into_iter().for_each(|(stream, last)| heads.set_stream(stream, last));
    Ok(Ok(Some(head)))
}
