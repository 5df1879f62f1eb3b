//! Recurring stretches of time: weekdays, hours, months and dates in a time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// When something applies.
#[derive(Clone, Debug)]
pub(super) enum Interval {
    Window(Window),
    Any(Vec<Interval>),
    All(Vec<Interval>),
    Not(Box<Interval>),
    /// Stands in for one that was written wrongly, while the rest of the file is checked.
    Broken,
}

/// Days and hours on a local clock; an empty list leaves it open.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub zone: TimeZone,
    /// Monday first.
    pub days: Vec<bool>,
    /// January first.
    pub months: Vec<bool>,
    pub dates: Vec<Dates>,
    /// Minutes of the day; a stretch that ends before it begins goes on past midnight.
    pub hours: Vec<(i16, i16)>,
}

/// A day, a day of every year, or days from–to inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    Span(Date, Date),
    Yearly(i8, i8),
}

impl Interval {
    /// Whether it applies at this time.
    pub fn holds(&self, now: Timestamp) -> bool {
        match self {
            Self::Window(window) => window.holds(now),
            Self::Any(any) => any.iter().any(|interval| interval.holds(now)),
            Self::All(all) => all.iter().all(|interval| interval.holds(now)),
            Self::Not(inner) => !inner.holds(now),
            Self::Broken => false,
        }
    }
}

impl Window {
    fn holds(&self, now: Timestamp) -> bool {
        let local = now.to_zoned(self.zone.clone()).datetime();
        let (today, minute) = (local.date(), i16::from(local.hour()) * 60 + i16::from(local.minute()));
        if self.hours.is_empty() {
            return self.day(today);
        }
        self.hours.iter().any(|&(from, to)| {
            if from < to {
                return from <= minute && minute < to && self.day(today);
            }
            let yesterday = today.checked_sub(1.day());
            (minute >= from && self.day(today)) || (minute < to && yesterday.is_ok_and(|yesterday| self.day(yesterday)))
        })
    }

    fn day(&self, date: Date) -> bool {
        let listed = |list: &[bool], index: i8| {
            list.is_empty() || usize::try_from(index).ok().and_then(|i| list.get(i)) == Some(&true)
        };
        let dated = || {
            self.dates.iter().any(|dates| match *dates {
                Dates::Span(from, to) => from <= date && date <= to,
                Dates::Yearly(month, day) => date.month() == month && date.day() == day,
            })
        };
        listed(&self.days, date.weekday().to_monday_zero_offset())
            && listed(&self.months, date.month() - 1)
            && (self.dates.is_empty() || dated())
    }
}

/// A zone by its IANA name.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| format!("`{name}` is not a time zone; write its IANA name, such as \"Europe/Berlin\" or \"UTC\""))
}

/// `mon-fri 09:00-18:00`: days, hours or both, lists separated by commas.
pub(super) fn parse(text: &str, zone: TimeZone) -> Result<Window, String> {
    let mut window = Window { zone, days: Vec::new(), months: Vec::new(), dates: Vec::new(), hours: Vec::new() };
    if text.trim().is_empty() {
        return Err("it names no time; write it like \"mon-fri 09:00-18:00\"".into());
    }
    for word in text.split_whitespace() {
        if word.contains(':') {
            window.hours.extend(hours(word)?);
        } else {
            window.days = days(word)?;
        }
    }
    Ok(window)
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `mon-fri`, `sat,sun`.
pub(super) fn days(text: &str) -> Result<Vec<bool>, String> {
    named(text, &DAYS, "a weekday; write it like \"mon-fri\" or \"sat,sun\"")
}

/// `jan-mar`, `dec`.
pub(super) fn months(text: &str) -> Result<Vec<bool>, String> {
    named(text, &MONTHS, "a month; write it like \"jan-mar\" or \"dec\"")
}

fn named(text: &str, names: &[&str], what: &str) -> Result<Vec<bool>, String> {
    let find = |word: &str| {
        let word = word.trim().to_ascii_lowercase();
        let found = names.iter().position(|name| word.starts_with(name) && word.is_ascii());
        found.ok_or_else(|| format!("`{word}` is not {what}"))
    };
    let mut listed = vec![false; names.len()];
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (mut at, to) = (find(from)?, find(to)?);
        loop {
            if let Some(slot) = listed.get_mut(at) {
                *slot = true;
            }
            if at == to {
                break;
            }
            at = (at + 1) % names.len();
        }
    }
    Ok(listed)
}

/// `09:00-18:00`, `22:00-06:00`, several separated by commas.
pub(super) fn hours(text: &str) -> Result<Vec<(i16, i16)>, String> {
    let wrong = |part: &str| format!("`{part}` is not a stretch of hours; write it like \"09:00-18:00\"");
    let minute = |clock: &str| {
        let (hour, minute) = clock.trim().split_once(':')?;
        let (hour, minute) = (hour.parse::<u8>().ok()?, minute.parse::<u8>().ok()?);
        let valid = (hour < 24 && minute < 60) || (hour == 24 && minute == 0);
        valid.then(|| i16::from(hour) * 60 + i16::from(minute))
    };
    text.split(',')
        .map(|part| {
            let (from, to) = part.split_once('-').ok_or_else(|| wrong(part))?;
            let (from, to) = minute(from).zip(minute(to)).ok_or_else(|| wrong(part))?;
            if from == to || from == 1440 { Err(wrong(part)) } else { Ok((from, to)) }
        })
        .collect()
}

/// `2026-12-24`, `12-25` of every year, `2026-12-20..2027-01-03`.
pub(super) fn dates(text: &str) -> Result<Dates, String> {
    let wrong = || format!("`{text}` is not a date; write \"2026-12-24\", \"12-25\" or \"2026-12-20..2027-01-03\"");
    let date = |text: &str| text.trim().parse::<Date>().map_err(|_| wrong());
    if let Some((from, to)) = text.split_once("..") {
        let (from, to) = (date(from)?, date(to)?);
        return if from <= to { Ok(Dates::Span(from, to)) } else { Err(wrong()) };
    }
    if let [month, day] = text.trim().split('-').collect::<Vec<_>>().as_slice() {
        let (month, day) = month.parse().ok().zip(day.parse().ok()).ok_or_else(wrong)?;
        // 2024 is a leap year, so 02-29 is a day of some years.
        return Date::new(2024, month, day).map(|_| Dates::Yearly(month, day)).map_err(|_| wrong());
    }
    date(text).map(|day| Dates::Span(day, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, zone_name: &str, now: &str) -> bool {
        parse(text, zone(zone_name).unwrap()).unwrap().holds(now.parse().unwrap())
    }

    #[test]
    fn office_hours_follow_the_local_clock_through_summer_time() {
        // Berlin is UTC+1 in winter and UTC+2 in summer.
        assert!(holds("mon-fri 09:00-18:00", "Europe/Berlin", "2026-01-05T08:00:00Z"));
        assert!(!holds("mon-fri 09:00-18:00", "Europe/Berlin", "2026-01-05T07:59:59Z"));
        assert!(holds("mon-fri 09:00-18:00", "Europe/Berlin", "2026-07-06T07:00:00Z"));
        assert!(!holds("mon-fri 09:00-18:00", "Europe/Berlin", "2026-07-06T16:00:00Z"));
        assert!(!holds("mon-fri", "Europe/Berlin", "2026-07-04T12:00:00Z"));
        // Sunday in UTC, Monday in Auckland.
        assert!(holds("mon", "Pacific/Auckland", "2026-07-05T20:00:00Z"));
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins() {
        assert!(holds("fri 22:00-06:00", "UTC", "2026-07-03T23:00:00Z"));
        assert!(holds("fri 22:00-06:00", "UTC", "2026-07-04T05:59:00Z"));
        assert!(!holds("fri 22:00-06:00", "UTC", "2026-07-03T05:00:00Z"));
        assert!(!holds("fri 22:00-06:00", "UTC", "2026-07-04T06:00:00Z"));
        assert!(holds("18:00-24:00,00:00-07:00", "UTC", "2026-07-04T23:59:59Z"));
    }

    #[test]
    fn wrong_times_are_said() {
        for bad in ["", "someday", "mon 9-18", "mon 09:00-25:00", "09:00-09:00", "10:61-11:00"] {
            assert!(parse(bad, TimeZone::UTC).is_err(), "{bad}");
        }
        assert!(zone("Europe/Berln").unwrap_err().contains("IANA"));
        assert!(dates("2026-02-30").is_err() && dates("13-01").is_err() && dates("2026-02-02..2026-01-01").is_err());
        assert_eq!(dates("02-29"), Ok(Dates::Yearly(2, 29)));
        assert_eq!(days("fri-mon").unwrap(), [true, false, false, false, true, true, true]);
    }
}
