//! Times that have to be compared, or that lack their zone.

use super::Moment;

/// Milliseconds since the Unix epoch of a time as RFC 3339 writes it, for what has to be compared here. What is only
/// handed on is read by the host, which knows many more forms.
pub fn millis(text: &str) -> Option<i64> {
    let (date, clock) = text.trim().split_once(['T', 't', ' '])?;
    let zone = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone);
    let numbers = |text: &str, by: char| text.split(by).map(str::parse).collect::<Result<Vec<i64>, _>>().ok();
    let date: [i64; 3] = numbers(date, '-')?.try_into().ok()?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let clock: [i64; 3] = numbers(clock, ':')?.try_into().ok()?;
    let thousandths: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let east = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign, zone) => {
            let (hours, minutes) = zone.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    let [year, month, day] = date;
    let [hour, minute, second] = clock;
    if !(0..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || clock.iter().any(|one| !(0..=60).contains(one))
    {
        return None;
    }
    // Years begin in March, so that the leap day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day - 1;
    let minutes = (days - 719_468) * 1440 + hour * 60 + minute - east;
    Some((minutes * 60 + second) * 1000 + thousandths)
}

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
    fn times_of_rfc_3339_are_compared() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T23:59:59.9994+01:00", Some(1_709_247_599_999)),
            ("2026-03-01T00:00:00-05:30", Some(1_772_343_000_000)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800_000)),
            ("2026-13-01T00:00:00Z", None),
            ("2026-03-01", None),
            ("2026-03-01T00:00:00", None),
            ("soon", None),
        ] {
            assert_eq!(millis(text), want, "{text}");
        }
    }

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
