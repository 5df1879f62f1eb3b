//! Times of senders that do not say their zone.

use super::Moment;

/// A time that a sender writes without a zone, which its documents or its settings name: `+02:00`, `Z`. The host reads
/// a time without a zone as UTC.
pub fn with_zone(text: &str, zone: &str) -> Moment {
    let text = text.trim();
    let clock = text.split_once(['T', ' ']).map_or("", |(_, clock)| clock);
    let told = clock.contains(['Z', 'z', '+', '-']) || clock.is_empty();
    Moment::Text(if told { text.to_string() } else { format!("{text}{}", zone.trim()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_added_where_none_is_told() {
        for (text, want) in [
            ("2024-10-26 11:22:33", "2024-10-26 11:22:33+02:00"),
            ("2024-10-26T11:22:33Z", "2024-10-26T11:22:33Z"),
            ("2024-10-26T11:22:33-0500", "2024-10-26T11:22:33-0500"),
            ("1700000000", "1700000000"),
        ] {
            assert!(matches!(with_zone(text, "+02:00"), Moment::Text(found) if found == want));
        }
    }
}
