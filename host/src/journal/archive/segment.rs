//! One run of entries and how it is written down: the bodies of a run repeat a lot, so it is
//! compressed as a whole.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::domain::{ChainHash, Head, Sealed};

/// What stands at one place of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::journal) enum Record {
    /// An entry.
    Entry(Sealed),
    /// Entries that a rule of retention removed, one behind the other.
    Gap {
        /// How many.
        count: u64,
        /// The hash of the last of them.
        after: ChainHash,
    },
}

/// A run of places without a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::journal) struct Segment {
    /// The head behind which it begins.
    pub before: Head,
    /// The head with which it ends.
    pub after: Head,
    /// What stands there, in order.
    pub records: Vec<Record>,
}

/// What a segment may hold when it is unpacked, in bytes; more is damage.
const LARGEST: u64 = 1 << 30;
const ENTRY: u8 = 0;
const GAP: u8 = 1;

impl Segment {
    /// One that begins behind this head and holds nothing yet.
    pub fn after(before: Head) -> Self {
        Self { before, after: before, records: Vec::new() }
    }

    /// Adds an entry.
    pub fn push(&mut self, sealed: Sealed) {
        self.after = self.after.next(&sealed);
        self.records.push(Record::Entry(sealed));
    }

    /// Adds removed entries, of which `after` is the hash of the last; next to others they become one gap.
    pub fn push_gap(&mut self, count: u64, chain: ChainHash) {
        self.after = Head { position: self.after.position + count, chain };
        match self.records.last_mut() {
            Some(Record::Gap { count: known, after }) => {
                *known += count;
                *after = chain;
            }
            _ => self.records.push(Record::Gap { count, after: chain }),
        }
    }

    /// Its entries with their positions.
    pub fn entries(&self) -> impl Iterator<Item = (u64, &Sealed)> {
        let mut position = self.before.position;
        self.records.iter().filter_map(move |record| match record {
            Record::Entry(sealed) => {
                position += 1;
                Some((position, sealed))
            }
            Record::Gap { count, .. } => {
                position += count;
                None
            }
        })
    }

    /// Its gaps: first and last position, and the hash of the last entry in it.
    pub fn gaps(&self) -> impl Iterator<Item = (u64, u64, ChainHash)> {
        let mut position = self.before.position;
        self.records.iter().filter_map(move |record| match record {
            Record::Entry(_) => {
                position += 1;
                None
            }
            Record::Gap { count, after } => {
                let first = position + 1;
                position += count;
                Some((first, position, *after))
            }
        })
    }

    /// Recomputes its chain; the hash of each place that has one, and whether it ends as it says.
    pub fn chain(&self) -> (Vec<Head>, bool) {
        let mut head = self.before;
        let heads = self.records.iter().map(|record| {
            head = match record {
                Record::Entry(sealed) => head.next(sealed),
                Record::Gap { count, after } => Head { position: head.position + count, chain: *after },
            };
            head
        });
        let heads: Vec<Head> = heads.collect();
        let whole = head == self.after;
        (heads, whole)
    }

    /// Its records, packed.
    ///
    /// # Errors
    /// When the packing fails, which memory alone can cause.
    pub fn pack(&self) -> std::io::Result<Vec<u8>> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(7));
        let mut streams: std::collections::HashMap<&str, u64> = std::collections::HashMap::new();
        let mut line = Vec::new();
        for record in &self.records {
            line.clear();
            match record {
                Record::Entry(Sealed { stream, n, body }) => {
                    line.push(ENTRY);
                    let next = streams.len() as u64;
                    let known = *streams.entry(stream).or_insert(next);
                    number(&mut line, known);
                    if known == next {
                        number(&mut line, stream.len() as u64);
                        line.extend_from_slice(stream.as_bytes());
                    }
                    number(&mut line, *n);
                    number(&mut line, body.len() as u64);
                    line.extend_from_slice(body.as_bytes());
                }
                Record::Gap { count, after } => {
                    line.push(GAP);
                    number(&mut line, *count);
                    line.extend_from_slice(after.bytes());
                }
            }
            packed.write_all(&line)?;
        }
        packed.finish()
    }

    /// Reads records back.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn unpack(before: Head, after: Head, packed: &[u8]) -> Result<Self, String> {
        let mut raw = Vec::new();
        let read = ZlibDecoder::new(packed).take(LARGEST).read_to_end(&mut raw);
        read.map_err(|error| format!("it cannot be unpacked: {error}"))?;
        let records = read_records(&raw).ok_or("its records are cut off or garbled")?;
        let segment = Self { before, after, records };
        let places: u64 = segment
            .records
            .iter()
            .map(|record| match record {
                Record::Entry(_) => 1,
                Record::Gap { count, .. } => *count,
            })
            .fold(0, u64::saturating_add);
        let due = after.position.saturating_sub(before.position);
        if places == due { Ok(segment) } else { Err(format!("it holds {places} places instead of {due}")) }
    }
}

fn number(line: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        line.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    line.push(u8::try_from(value).unwrap_or(0));
}

fn read_records(raw: &[u8]) -> Option<Vec<Record>> {
    let mut rest = Rest(raw);
    let mut streams: Vec<String> = Vec::new();
    let mut records = Vec::new();
    while !rest.0.is_empty() {
        records.push(match rest.byte()? {
            ENTRY => {
                let stream = usize::try_from(rest.number()?).ok()?;
                if stream == streams.len() {
                    streams.push(rest.text()?);
                }
                let stream = streams.get(stream)?.clone();
                Record::Entry(Sealed { stream, n: rest.number()?, body: rest.text()? })
            }
            GAP => {
                let count = rest.number()?;
                Record::Gap { count, after: ChainHash::from_bytes(rest.take(32)?)? }
            }
            _ => return None,
        });
    }
    Some(records)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}
