//! Where the journal and its streams end, so that appending need not look it up in the file.
//!
//! Only the writer changes the file, so what it remembers holds until a transaction is lost.

use std::collections::HashMap;

use rusqlite::Connection;

use super::rows;
use crate::domain::Head;

/// Streams that are remembered; what is beyond is looked up again. Entries of an incident come close together or
/// hours apart.
const REMEMBERED: usize = 1 << 13;

#[derive(Default)]
pub(super) struct Heads {
    journal: Option<Head>,
    streams: HashMap<String, u64>,
}

impl Heads {
    /// The journal's own.
    pub fn journal(&mut self, connection: &Connection) -> rusqlite::Result<Head> {
        match self.journal {
            Some(head) => Ok(head),
            None => Ok(*self.journal.insert(rows::head(connection)?)),
        }
    }

    /// Entries of a stream so far.
    pub fn stream(&self, connection: &Connection, stream: &str) -> rusqlite::Result<u64> {
        match self.streams.get(stream) {
            Some(last) => Ok(*last),
            None => rows::last_of(connection, stream),
        }
    }

    /// Entries were written behind everything.
    pub fn set_journal(&mut self, head: Head) {
        self.journal = Some(head);
    }

    /// A stream has so many entries now.
    pub fn set_stream(&mut self, stream: &str, last: u64) {
        match self.streams.get_mut(stream) {
            Some(place) => *place = last,
            None => {
                if self.streams.len() >= REMEMBERED {
                    self.streams.clear();
                }
                self.streams.insert(stream.to_string(), last);
            }
        }
    }

    /// What was written last is not there.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}
