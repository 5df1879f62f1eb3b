//! The last entry of each stream, so that appending need not look it up in the file.
//!
//! Only the writer changes the file, so what it remembers holds until a transaction is lost.

use std::collections::HashMap;

use rusqlite::Connection;

use super::rows;
use crate::domain::Sealed;

/// Streams that are remembered; what is beyond is looked up again.
const REMEMBERED: usize = 1 << 16;

#[derive(Default)]
pub(super) struct Heads(HashMap<String, (u64, String)>);

impl Heads {
    /// Position and hash of the last entry of a stream; none where it has none.
    pub fn get(&self, connection: &Connection, stream: &str) -> rusqlite::Result<Option<(u64, String)>> {
        match self.0.get(stream) {
            Some(head) => Ok(Some(head.clone())),
            None => rows::head(connection, stream),
        }
    }

    /// An entry was written at the end of its stream.
    pub fn set(&mut self, sealed: &Sealed) {
        let head = (sealed.n, sealed.hash.clone());
        match self.0.get_mut(&sealed.stream) {
            Some(place) => *place = head,
            None => {
                if self.0.len() >= REMEMBERED {
                    self.0.clear();
                }
                self.0.insert(sealed.stream.clone(), head);
            }
        }
    }

    /// What was written last is not there.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}
