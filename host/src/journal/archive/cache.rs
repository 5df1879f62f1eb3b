//! Segments that were read lately: neighbours of what somebody looks at are looked at next.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::Connection;

use super::{Segment, table};

/// Segments that are kept unpacked, about a quarter of a mebibyte each, for as long as the journal is open.
const KEPT: usize = 6;

/// A segment, its first position and its gaps: retention may have rewritten it since.
type CachedSegment = (u64, Option<Vec<u8>>, Arc<Segment>);

#[derive(Debug, Default)]
pub(in crate::journal) struct Cache(VecDeque<CachedSegment>);

impl Cache {
    /// The segment with this position, or the first one behind it.
    pub fn at(&mut self, connection: &Connection, position: u64) -> rusqlite::Result<Option<Arc<Segment>>> {
        let Some(stored) = table::at(connection, position)? else { return Ok(None) };
        let is = |known: &CachedSegment| {
            known.0 == stored.first() && known.2.after == stored.after && known.1 == stored.gaps
        };
        if let Some(place) = self.0.iter().position(is)
            && let Some(known) = self.0.remove(place)
        {
            let segment = Arc::clone(&known.2);
            self.0.push_front(known);
            return Ok(Some(segment));
        }
        let segment = Arc::new(stored.unpack()?);
        self.0.truncate(KEPT - 1);
        self.0.push_front((stored.first(), stored.gaps, Arc::clone(&segment)));
        Ok(Some(segment))
    }
}
