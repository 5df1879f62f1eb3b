//! Quantities as the API of Kubernetes writes them.

/// A quantity as a number: `500m`, `4`, `1Gi`, `2e3`; none where the text is none.
pub fn quantity(text: &str) -> Option<f64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return text.parse().ok().filter(|number: &f64| number.is_finite()),
    };
    let number: f64 = number.parse().ok()?;
    Some(number * factor).filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_those_of_the_api() {
        for (text, want) in [("500m", 0.5), ("4", 4.0), ("1Gi", 1_073_741_824.0), ("2e3", 2000.0), ("1.5k", 1500.0)] {
            assert_eq!(quantity(text), Some(want), "{text}");
        }
        for text in ["", "x", "4 cores", "infinity", "NaN"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }
}
