//! How ids of incidents are made, so that they sort by time.

use jiff::Timestamp;

use super::IncidentId;

/// How many letters of an id are time, and how many of them are chance.
const OF_TIME: u32 = 9;
const OF_CHANCE: u32 = 4;
/// The bits of a letter.
const BITS: u32 = 5;

impl IncidentId {
    /// The id of an incident that is opened at this time; `chance` tells those of a millisecond apart.
    pub fn new(at: Timestamp, chance: u64) -> Self {
        let mut id = Self::first_at(at);
        id.push_str(&base32(chance, OF_CHANCE));
        Self(id.into())
    }

    /// Whether a text has the form of a whole id.
    pub fn is_one(text: &str) -> bool {
        let of_alphabet = |b: u8| ALPHABET.contains(&b);
        text.len() == (OF_TIME + OF_CHANCE) as usize && text.bytes().all(of_alphabet)
    }

    /// The beginning of the ids of incidents that are opened at this time: those opened earlier sort
    /// below it, all others above.
    pub fn first_at(at: Timestamp) -> String {
        let latest = (1_u64 << (OF_TIME * BITS)) - 1;
        base32(u64::try_from(at.as_millisecond()).unwrap_or(0).min(latest), OF_TIME)
    }
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn base32(value: u64, letters: u32) -> String {
    let letter = |place: u32| {
        let digit = usize::try_from((value >> (place * BITS)) & 31).unwrap_or(0);
        char::from(ALPHABET.get(digit).copied().unwrap_or(b'0'))
    };
    (0..letters).rev().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let early = IncidentId::new(Timestamp::from_millisecond(1_763_000_000_000).unwrap(), 1);
        let late = IncidentId::new(Timestamp::from_millisecond(1_763_000_000_001).unwrap(), 1);
        assert!(early < late, "{early} {late}");
        assert_eq!(early.0.len(), 13);
        let between = IncidentId::first_at(Timestamp::from_millisecond(1_763_000_000_001).unwrap());
        assert!(*early.0 < *between && *between < *late.0, "{early} {between} {late}");
    }
}
