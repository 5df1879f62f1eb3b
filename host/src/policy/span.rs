//! Lengths of time as policies write them: `90s`, `5m`, `1h30m`, `2d`.

const UNITS: [(&str, i64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// Reads a length of time in milliseconds.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a length of time; write it like \"90s\", \"5m\", \"1h30m\" or \"2d\"");
    let mut rest = text.trim();
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let number: i64 = number.parse().map_err(|_| wrong())?;
        total = number.checked_mul(*size).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = tail;
    }
    if total == 0 || total > 3_660 * 86_400_000 { Err(wrong()) } else { Ok(total) }
}

/// Writes a length of time the way [`parse`] reads it.
pub(super) fn show(mut ms: i64) -> String {
    if ms <= 0 {
        return "0s".into();
    }
    let mut out = String::new();
    for (unit, size) in UNITS.iter().rev().filter(|(unit, _)| *unit != "w") {
        if ms >= *size {
            out.push_str(&format!("{}{unit}", ms / size));
            ms %= size;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written() {
        for (text, ms) in
            [("5m", 300_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("1w", 604_800_000), ("250ms", 250)]
        {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
        assert_eq!(show(5_400_000), "1h30m");
        assert_eq!(show(604_800_000), "7d");
        for bad in ["", "5", "m", "5 m", "-5m", "5x", "99999999999999999999m", "99999999999999w", "0s", "5mm"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
