//! Numbers as nobody reads them differently.

/// Digits that a decimal of 64 bits holds exactly.
const DIGITS: usize = 15;

/// The number in a text, if everybody reads the same one there: digits, perhaps with a minus before
/// them and a point between. No hexadecimal, octal or exponent, no separators, no space.
pub(super) fn plain(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    // `010` is eight for some.
    let led = whole.len() > 1 && whole.starts_with('0');
    let count = whole.len() + fraction.map_or(0, str::len);
    if !all(whole) || led || !fraction.is_none_or(all) || count > DIGITS {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn only_what_everybody_reads_alike_is_a_number() {
        for (text, number) in [("0", 0.0), ("-0", 0.0), ("100", 100.0), ("-3", -3.0), ("2.50", 2.5), ("0.9", 0.9)] {
            assert_eq!(plain(text), Some(number), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "+1",
            " 1",
            "1 ",
            "1\n",
            "1_0",
            "1,0",
            "0x1",
            "0b1",
            "0o1",
            "01",
            "-01",
            "1e1",
            "1E1",
            "inf",
            "nan",
            "٣",
            "１",
            "1.2.3",
            "--1",
            "1234567890123456",
            "true",
            "[1]",
            "1\u{200b}",
            "1m",
            "1Ki",
        ] {
            assert_eq!(plain(text), None, "{text:?}");
        }
    }
}
