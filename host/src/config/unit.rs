//! Durations and sizes as people write them: `30m`, `8MiB`.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const PERIODS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

impl Period {
    /// Reads `500ms`, `90s`, `30m`, `1h30m`, `7d`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut total = 0u64;
        let mut rest = text.trim();
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let (number, unit, after) = amount(rest)?;
            let (_, factor) = PERIODS.iter().find(|(name, _)| *name == unit)?;
            total = total.checked_add(number.checked_mul(*factor)?)?;
            rest = after;
        }
        Some(Self(Duration::from_millis(total)))
    }
}

impl Size {
    /// Reads `1048576B`, `512KiB`, `8MiB`, `1GB`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit, rest) = amount(text.trim())?;
        let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit)?;
        rest.is_empty().then_some(Self(number.checked_mul(*factor)?))
    }

    /// As a length in memory.
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A leading number, its unit, and what follows.
fn amount(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = text.split_at(digits);
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(letters);
    Some((number.parse().ok()?, unit, rest))
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = SIZES.iter().take(4).rev().find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor));
        let (unit, factor) = fits.copied().unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let what = "a length of time such as \"90s\", \"30m\" or \"1h30m\"";
        deserializer.deserialize_str(Text { what, parse: Self::parse })
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let what = "a size such as \"512KiB\" or \"8MiB\"";
        deserializer.deserialize_str(Text { what, parse: Self::parse })
    }
}

/// Reads a text and says what it should have been.
pub(super) struct Text<T> {
    /// What is expected.
    pub what: &'static str,
    /// Reads it.
    pub parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::custom(format!("{text:?} is not {}", self.what)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_and_sizes_as_people_write_them() {
        let seconds = |text| Period::parse(text).map(|period| period.0.as_secs());
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("1h30m"), Some(5_400));
        assert_eq!(seconds("2d"), Some(172_800));
        assert_eq!(Period::parse("250ms"), Some(Period(Duration::from_millis(250))));
        for wrong in ["", "5", "m", "5 m", "-5m", "5x", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(Period::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Size::parse("8MiB"), Some(Size(8 << 20)));
        assert_eq!(Size::parse("8MiBs"), None);
        assert_eq!(Size(8 << 20).to_string(), "8MiB");
        assert_eq!(Size(1_500).to_string(), "1500B");
    }
}
