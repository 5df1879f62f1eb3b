//! Reads the times that senders write, in every form met so far.
//!
//! Pure. A zero time means "absent" to the systems that send it, and a time that cannot be read
//! must never cost an alert: both are answers here, not errors.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Beyond it no number is a time.
const LARGEST_EXPONENT: usize = 20;

/// What a sender's time says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParsedTime {
    /// A time.
    At(Timestamp),
    /// Nothing: empty, or one of the zero times.
    Absent,
    /// Something that no known form covers.
    Unreadable,
}

impl ParsedTime {
    /// Milliseconds since the Unix epoch.
    pub fn from_millis(millis: u64) -> Self {
        let time = i64::try_from(millis).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        time.map_or(Self::Unreadable, Self::unless_zero)
    }

    /// RFC 3339 and its relatives, RFC 1123, or seconds to nanoseconds since the Unix epoch.
    pub fn from_text(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Absent;
        }
        let read = rfc3339(text)
            .or_else(|| number(text))
            .or_else(|| rfc1123(text))
            .or_else(|| written(text))
            .or_else(|| unix_date(text))
            .or_else(|| timestamp(text));
        read.map_or(Self::Unreadable, Self::unless_zero)
    }

    /// The time, or the time of receipt where the sender's cannot be read.
    pub fn or_received(self, received: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Absent => None,
            Self::Unreadable => Some(received),
        }
    }

    /// Year 1 and the Unix epoch stand for "no time".
    fn unless_zero(time: Timestamp) -> Self {
        if time.as_second() <= 0 { Self::Absent } else { Self::At(time) }
    }
}

/// A time in RFC 3339 as nearly all send it, by a look at its marks: each other form that is tried in vain costs as much as reading it.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let marks = [4, 7, 10, 13, 16].map(|at| text.as_bytes().get(at).copied().unwrap_or_default());
    if marks == *b"--T::" { text.parse().ok() } else { None }
}

/// A time in RFC 3339. What lies behind the last one that can be counted here is that one: `9999-12-31T23:59:59Z`, which many write
/// for "for ever", is a day later.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
        let is_whole = pieces.time().is_some() && pieces.offset().is_some();
        let last = TimeZone::UTC.to_datetime(Timestamp::MAX).date();
        (is_whole && pieces.date() >= last).then_some(Timestamp::MAX)
    })
}

/// The same as a member that may be missing, for serde.
///
/// # Errors
/// When it is no time.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let wrong = |text: &str| D::Error::custom(format!("{text:?} is no time such as \"2026-01-31T08:00:00Z\""));
    text.map(|text| timestamp(&text).ok_or_else(|| wrong(&text))).transpose()
}

/// Seconds, milliseconds, microseconds or nanoseconds, told apart by their size: as seconds,
/// the largest of each would be millennia away. An exponent is what is left of a number that was read as a float.
fn number(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (fraction, exponent) = match fraction.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, exponent.trim_start_matches('+').parse::<usize>().ok()?),
        None => (fraction, 0),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || exponent > LARGEST_EXPONENT {
        return None;
    }
    let (moved, fraction) = fraction.split_at_checked(exponent).unwrap_or((fraction, ""));
    let whole = format!("{whole}{moved:0<exponent$}");
    let whole = whole.trim_start_matches('0');
    let value: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let per_second: i128 = match whole.len() {
        0..=11 => 1,
        12..=14 => 1_000,
        15..=17 => 1_000_000,
        _ => 1_000_000_000,
    };
    let unit = 1_000_000_000 / per_second;
    // Nine digits of the fraction are all that a time can hold.
    let nanos: i128 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Timestamp::from_nanosecond(value.checked_mul(unit)? + nanos * unit / 1_000_000_000).ok()
}

/// `Tue, 14 Jul 2026 08:00:00 GMT`.
fn rfc1123(text: &str) -> Option<Timestamp> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    parser.parse_timestamp(text).ok()
}

/// `Sat Oct 17 09:12:44 UTC 2026`, as `date` writes it, and the same without a zone.
fn unix_date(text: &str) -> Option<Timestamp> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (month, day, time, year) = match words.as_slice() {
        [_, month, day, time, year] | [_, month, day, time, "UTC" | "GMT" | "Z", year] => (month, day, time, year),
        _ => return None,
    };
    rfc1123(&format!("{day} {month} {year} {time} +0000"))
}

/// A date, a time and perhaps an offset, however they are joined.
fn written(text: &str) -> Option<Timestamp> {
    // Go's own form may carry a monotonic reading at its end.
    let text = text.split(" m=").next().unwrap_or(text);
    let date = text.get(..10)?.replace(['.', '/'], "-");
    let rest = text.get(10..)?.trim_start_matches(['T', 't', ' ']);
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
    let (time, offset) = rest.split_at(end);
    // A comma stands before the fraction in logs.
    let time = if time.is_empty() { "00:00:00".to_string() } else { time.replace(',', ".") };
    let civil: DateTime = format!("{date}T{time}").parse().ok()?;
    let offset = jiff::tz::Offset::from_seconds(seconds_east(offset.trim())?).ok()?;
    TimeZone::fixed(offset).to_timestamp(civil).ok()
}

/// `Z`, `UTC`, `+02:00`, `+0200`, `+02`, `+02.00`, or nothing, which senders mean as UTC. The name of a zone may
/// stand behind an offset (`+0100 CET`). An offset behind a `Z` is that of a clock that was not asked: the other
/// times of senders that write `Z+2` show that the `Z` is meant.
fn seconds_east(offset: &str) -> Option<i32> {
    let start = offset.find(['+', '-']).unwrap_or(offset.len());
    let (zone, offset) = offset.split_at(start);
    if !matches!(zone.trim(), "" | "Z" | "z" | "UTC" | "GMT") {
        return None;
    }
    let (offset, name) = offset.split_once(' ').unwrap_or((offset, ""));
    if !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let sign = match offset.as_bytes().first() {
        None => return Some(0),
        Some(b'+') => 1,
        Some(_) => -1,
    };
    let digits: String = offset.get(1..)?.chars().filter(|c| !matches!(c, ':' | '.')).collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if zone.trim().eq_ignore_ascii_case("z") {
        return Some(0);
    }
    (minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_senders_use() {
        for (text, want) in [
            ("2026-02-15T14:59:03Z", "2026-02-15T14:59:03Z"),
            ("2026-02-15T14:59:03+02:00", "2026-02-15T12:59:03Z"),
            ("2026-02-15T14:59:03.123456789Z", "2026-02-15T14:59:03.123456789Z"),
            ("2026-02-15T14:59:03.1234567Z", "2026-02-15T14:59:03.1234567Z"),
            ("2026-02-15T14:59:03", "2026-02-15T14:59:03Z"),
            // For ever: the last time that there is.
            ("9999-12-31T23:59:59Z", "9999-12-30T22:00:00.999999999Z"),
            ("9999-12-31T23:59:59.999+08:00", "9999-12-30T22:00:00.999999999Z"),
            ("2026-02-15 14:59:03", "2026-02-15T14:59:03Z"),
            ("2026-02-15 14:59:03.5", "2026-02-15T14:59:03.5Z"),
            ("2026-02-15T14:59:03.000+0000", "2026-02-15T14:59:03Z"),
            ("2026-02-15T14:59:03+0100", "2026-02-15T13:59:03Z"),
            ("2026-02-15T14:59:03-0530", "2026-02-15T20:29:03Z"),
            ("2026-02-15T14:59:03+01.00", "2026-02-15T13:59:03Z"),
            ("2026-02-15 14:59:03 +0000 UTC", "2026-02-15T14:59:03Z"),
            ("2026-02-15 14:59:03.25 +0000 UTC m=+0.1", "2026-02-15T14:59:03.25Z"),
            ("2026-02-15 14:59:03.123456789 +0000 UTC", "2026-02-15T14:59:03.123456789Z"),
            ("2026-02-15 14:59:03 +0100 CET", "2026-02-15T13:59:03Z"),
            ("2026-02-15 14:59:03 UTC", "2026-02-15T14:59:03Z"),
            // Falco's.
            ("2026-02-15T14:59:03.123456789Z+2", "2026-02-15T14:59:03.123456789Z"),
            ("2026-02-15T14:59:03Z+02:00", "2026-02-15T14:59:03Z"),
            ("2026-02-15 14:59:03 UTC+2", "2026-02-15T12:59:03Z"),
            ("2026.02.15 14:59:03", "2026-02-15T14:59:03Z"),
            ("2026/02/15 14:59:03", "2026-02-15T14:59:03Z"),
            ("2026-02-15 14:59:03,250", "2026-02-15T14:59:03.25Z"),
            ("2026-02-15T14:59", "2026-02-15T14:59:00Z"),
            ("2026-02-15", "2026-02-15T00:00:00Z"),
            ("Sun Feb 15 14:59:03 UTC 2026", "2026-02-15T14:59:03Z"),
            ("Sun Feb 15 14:59:03 2026", "2026-02-15T14:59:03Z"),
            ("Sun, 15 Feb 2026 14:59:03 GMT", "2026-02-15T14:59:03Z"),
            ("Mon, 15 Feb 2026 14:59:03 +0000", "2026-02-15T14:59:03Z"),
            ("1771167543", "2026-02-15T14:59:03Z"),
            ("1771167543.25", "2026-02-15T14:59:03.25Z"),
            ("1771167543000", "2026-02-15T14:59:03Z"),
            ("1771167543000.5", "2026-02-15T14:59:03.0005Z"),
            ("1771167543000000", "2026-02-15T14:59:03Z"),
            ("1771167543000000000", "2026-02-15T14:59:03Z"),
            ("1.771167543e9", "2026-02-15T14:59:03Z"),
            ("1.771167543E+12", "2026-02-15T14:59:03Z"),
            ("1.77116754325e9", "2026-02-15T14:59:03.25Z"),
        ] {
            let want = ParsedTime::At(want.parse().unwrap());
            assert_eq!(ParsedTime::from_text(text), want, "{text}");
        }
        assert_eq!(ParsedTime::from_millis(1_771_167_543_000), ParsedTime::At("2026-02-15T14:59:03Z".parse().unwrap()));
    }

    #[test]
    fn zero_times_are_absent() {
        for text in [
            "",
            "  ",
            "0",
            "0.0",
            "000",
            "0001-01-01T00:00:00Z",
            "0001-01-01 00:00:00 +0000 UTC",
            "1970-01-01T00:00:00Z",
        ] {
            assert_eq!(ParsedTime::from_text(text), ParsedTime::Absent, "{text:?}");
        }
        assert_eq!(ParsedTime::from_millis(0), ParsedTime::Absent);
    }

    #[test]
    fn what_cannot_be_read_falls_back_to_the_time_of_receipt() {
        let received: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        for text in [
            "yesterday",
            "2026-13-45T00:00:00Z",
            "2026-02-15 14:59:03 CET",
            "2026-02-15 14:59:03 Europe/Berlin",
            "2026-02-15T14:59:03Z+2+2",
            "2026-02-15T14:59:03+123",
            "Sun Feb 15 14:59:03 CET 2026",
            "Sun Foo 15 14:59:03 2026",
            "15.02.2026 14:59:03",
            "02/03/2026 14:59:03",
            "1.7e999999999",
            "1.7e-9",
            "1e9e9",
            "é",
            "告警告警告警",
            "-1",
            "99999999999999999999999999999999999999999999",
        ] {
            assert_eq!(ParsedTime::from_text(text), ParsedTime::Unreadable, "{text}");
        }
        assert_eq!(ParsedTime::from_millis(u64::MAX), ParsedTime::Unreadable);
        assert_eq!(ParsedTime::Unreadable.or_received(received), Some(received));
        assert_eq!(ParsedTime::Absent.or_received(received), None);
    }
}
