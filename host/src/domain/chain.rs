//! One hash over everything that a journal holds, in its order.
//!
//! Each entry's hash covers the one before it, so the last one (the [`Head`]) stands for the whole
//! record: whoever keeps a head elsewhere can tell later whether everything up to it is still the
//! same. There is no secret in it; who can rewrite the whole file can compute it anew, and is found
//! only by a head that was kept elsewhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Sealed;

/// SHA-256 over an entry and all entries before it; lower-case hex as text.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// Before the first entry.
    pub const GENESIS: Self = Self([0; 32]);

    /// The hash of the entry at `position`, whose predecessor in the journal has this one.
    #[must_use]
    pub fn next(self, position: u64, sealed: &Sealed) -> Self {
        let Sealed { stream, n, body } = sealed;
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(position.to_be_bytes());
        hash.update((stream.len() as u64).to_be_bytes());
        hash.update(stream);
        hash.update(n.to_be_bytes());
        hash.update((body.len() as u64).to_be_bytes());
        hash.update(body);
        Self(hash.finalize().into())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From its bytes; none when there are not 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ChainHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = hex::decode(text).ok().and_then(|bytes| Self::from_bytes(&bytes));
        bytes.ok_or_else(|| format!("{text:?} is no hash of 64 hexadecimal digits"))
    }
}

impl TryFrom<String> for ChainHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ChainHash> for String {
    fn from(hash: ChainHash) -> Self {
        hash.to_string()
    }
}

/// How far a journal goes and what it holds up to there; `POSITION:HASH` as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Position of the last entry; 0 when there is none.
    pub position: u64,
    /// Its hash.
    pub chain: ChainHash,
}

impl Head {
    /// The head after one more entry.
    #[must_use]
    pub fn next(self, sealed: &Sealed) -> Self {
        let position = self.position + 1;
        Self { position, chain: self.chain.next(position, sealed) }
    }
}

impl fmt::Display for Anchor {
    /// As short as an anchor may be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, self.beginning.get(..ANCHOR_DIGITS).unwrap_or(&self.beginning))
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, self.chain)
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is no head of a journal; it has the form POSITION:HASH");
        let (position, chain) = text.trim().split_once(':').ok_or_else(form)?;
        Ok(Self { position: position.parse().map_err(|_| form())?, chain: chain.parse()? })
    }
}

/// A head that was kept elsewhere: its position and the beginning of its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Position of the entry.
    pub position: u64,
    beginning: String,
}

/// Digits of a hash that must be kept: 52 bits, as many as a metric holds exactly.
pub const ANCHOR_DIGITS: usize = 13;

impl Anchor {
    /// Whether the journal with this hash at the anchor's position is the same up to there.
    pub fn fits(&self, chain: ChainHash) -> bool {
        chain.to_string().starts_with(&self.beginning)
    }
}

impl From<Head> for Anchor {
    fn from(head: Head) -> Self {
        Self { position: head.position, beginning: head.chain.to_string() }
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            format!(
                "{text:?} is no head of a journal; it has the form POSITION:HASH with at least {ANCHOR_DIGITS} \
                 hexadecimal digits of the hash"
            )
        };
        let (position, hash) = text.trim().split_once(':').ok_or_else(form)?;
        let length = (ANCHOR_DIGITS..=64).contains(&hash.len());
        let beginning = hash.to_ascii_lowercase();
        if !length || !beginning.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(form());
        }
        Ok(Self { position: position.parse().map_err(|_| form())?, beginning })
    }
}

impl ChainHash {
    /// Its first 52 bits, which a gauge of a metric holds exactly: [`ANCHOR_DIGITS`] digits of it.
    pub fn gauge(&self) -> u64 {
        self.0.iter().take(7).fold(0, |number, byte| number << 8 | u64::from(*byte)) >> 4
    }
}

/// What stands at a position of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// An entry with this hash; before the first entry, [`ChainHash::GENESIS`].
    Entry(ChainHash),
    /// An entry that was removed by a rule of retention, as one of many.
    Removed,
    /// Nothing yet: the journal ends before.
    Beyond {
        /// Position of its last entry; 0 when it has none.
        last: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(stream: &str, n: u64, body: &str) -> Sealed {
        Sealed { stream: stream.into(), n, body: body.into() }
    }

    #[test]
    fn the_hash_binds_everything_before_the_place_and_the_body() {
        let head = Head::default().next(&sealed("i1", 1, "{}"));
        let others = [
            Head::default().next(&sealed("i1", 1, "{ }")),
            Head::default().next(&sealed("i1", 2, "{}")),
            Head::default().next(&sealed("i2", 1, "{}")),
            Head::default().next(&sealed("i1{", 1, "}")),
            Head { position: 1, ..Head::default() }.next(&sealed("i1", 1, "{}")),
            Head { chain: head.chain, ..Head::default() }.next(&sealed("i1", 1, "{}")),
        ];
        for other in others {
            assert_ne!(other.chain, head.chain);
        }
    }

    #[test]
    fn a_head_survives_being_written_down() {
        let head = Head::default().next(&sealed("i1", 1, "{}"));
        assert_eq!(head.to_string().parse(), Ok(head));
        assert!("7".parse::<Head>().unwrap_err().contains("POSITION:HASH"));
        assert!("7:ab".parse::<Head>().unwrap_err().contains("64 hexadecimal digits"));
        let short = format!("1:{:013X}", head.chain.gauge());
        assert!(short.parse::<Anchor>().unwrap().fits(head.chain), "{short} of {head}");
        assert!(!short.parse::<Anchor>().unwrap().fits(ChainHash::GENESIS));
        assert!(Anchor::from(head).fits(head.chain));
        assert_eq!(Anchor::from(head).to_string(), short.to_ascii_lowercase());
        for wrong in ["1:0123456789ab", "1:0123456789abz", "x:0123456789abc", "0123456789abc"] {
            assert!(wrong.parse::<Anchor>().is_err(), "{wrong}");
        }
    }
}
