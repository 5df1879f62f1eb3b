//! Amounts of money, in whatever unit the operator counts in.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// More than this is a slip.
const MOST: f64 = 1e9;

/// An amount in millionths, written as a number such as `5` or `0.25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(i64),
    Decimal(f64),
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom("write an amount from 0 to 1000000000, such as 5 or 0.25");
        let amount = match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Whole(whole) => whole as f64,
            Written::Decimal(decimal) => decimal,
        };
        if (0.0..=MOST).contains(&amount) { Ok(Self((amount * 1e6).round() as u64)) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_numbers() {
        #[derive(Deserialize)]
        struct File {
            a: Money,
        }
        let read = |text: &str| toml::from_str::<File>(text).map(|file| file.a.0);
        assert_eq!((read("a = 5"), read("a = 0.25"), read("a = 0")), (Ok(5_000_000), Ok(250_000), Ok(0)));
        for wrong in ["a = -1", "a = nan", "a = inf", "a = 1e10", "a = \"5\"", "a = true"] {
            assert!(read(wrong).unwrap_err().to_string().contains("such as 5 or 0.25"), "{wrong}");
        }
    }
}
