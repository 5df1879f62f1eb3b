//! Quantities of storage and memory, as the API writes them.

/// Bytes of a quantity; none for what is no whole number of them.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// So many whole GiB as are at least this many bytes.
pub fn gib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 30)
}

/// So many whole MiB as are at least this many bytes.
pub fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read() {
        for (text, want) in [
            ("10Gi", Some(10 << 30)),
            ("500M", Some(500_000_000)),
            ("1024", Some(1024)),
            ("1.5Gi", None),
            ("", None),
            ("-1Gi", None),
            ("99999999999Ti", None),
            ("10GiB", None),
            ("１０Gi", None),
        ] {
            assert_eq!(bytes(text), want, "{text}");
        }
        assert_eq!((gib((10 << 30) + 1), mib((10 << 20) + 1), mib(0)), (11, 11, 0));
    }
}
