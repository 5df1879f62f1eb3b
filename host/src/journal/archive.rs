//! What has come to rest: runs of consecutive entries, compressed, in the journal's own file.
//!
//! Segments hold the beginning of the journal and the table of entries its rest, without a hole
//! between them; one transaction moves a run, so that a reader finds every entry in exactly one of
//! both places. An index names the segments of each stream.

pub(super) mod cache;
pub(super) mod mover;
pub(super) mod segment;
pub(super) mod table;

pub(super) use segment::{Record, Segment};

/// A stream's name in the index: ids of incidents as the number that they write, in the order of
/// time; other names by a hash, below zero.
pub(super) fn key(stream: &str) -> i64 {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
    let number = stream.bytes().try_fold(0i64, |number, byte| {
        let digit = i64::try_from(digit(byte)?).ok()?;
        number.checked_mul(32)?.checked_add(digit)
    });
    match number {
        Some(number) if stream.len() == ID_LENGTH => number,
        _ => {
            // FNV-1a: whoever shares a number with another is told apart when the segment is read.
            let hash = stream
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            -1 - (hash >> 1).cast_signed()
        }
    }
}

/// Letters of an incident's id.
const ID_LENGTH: usize = 13;

#[cfg(test)]
mod tests;
