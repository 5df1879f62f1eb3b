//! Schedules as people write them for cron: five fields, in a zone of its own.
//!
//! On the days on which clocks change: a time that does not exist is made up for when the hour that is left out is
//! over, and one that comes twice counts once, the first time. A schedule that names no hour goes by how time passes
//! instead: it leaves out what does not exist, and runs in both of the hours that are called alike.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Days that are searched for the next time: the longest wait is for the 29th of February, over a century without one.
const DAYS: usize = 9 * 366;

/// Seconds of the shortest and the longest pause that can be written as such.
const SHORTEST: i64 = 10;
const LONGEST: i64 = 7 * 86_400;

/// Moments whose pauses are looked at: so many, which are those of some days at least, and those of two months at most.
const LOOKED_AT: usize = 150;
const LOOKED_AT_SECONDS: i64 = 60 * 86_400;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// When something happens again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    text: String,
    zone: TimeZone,
    minutes: BTreeSet<i8>,
    hours: BTreeSet<i8>,
    days: BTreeSet<i8>,
    months: BTreeSet<i8>,
    weekdays: BTreeSet<i8>,
    /// Each says whether the field names days at all.
    by_day: bool,
    by_weekday: bool,
    /// It names no hour.
    every_hour: bool,
    /// Not by the calendar: so many seconds lie between two moments, counted from 1970.
    every: Option<i64>,
}

impl Schedule {
    /// Reads five fields (minute, hour, day of the month, month, day of the week) with `*`, lists, ranges, steps and
    /// English names, or one of `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly`, or `@every` and a length of time.
    /// `TZ=Zone` or `CRON_TZ=Zone` before it wins over the zone given.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, String> {
        let text = text.trim();
        let named = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ="));
        if let Some(named) = named {
            let (name, rest) = named.split_once(char::is_whitespace).unwrap_or((named, ""));
            let zone = TimeZone::get(name).map_err(|_| format!("the zone {name:?} is not known"))?;
            return Self::parse(rest, zone).map(|schedule| Self { text: text.to_string(), ..schedule });
        }
        if let Some(length) = text.strip_prefix("@every ") {
            return Self::each(text, length, zone);
        }
        let whole = match text {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            _ => text,
        };
        let fields: Vec<&str> = whole.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "a schedule has five fields (minute, hour, day of the month, month, day of the week), such as \"0 8 * * *\", \
                 and {text:?} has {}{}",
                fields.len(),
                if fields.len() == 6 { "; seconds are not known here" } else { "" }
            ));
        };
        let mut weekdays = field("day of the week", weekday, 0, 7, &WEEKDAYS, 0)?;
        // Both are Sunday.
        if weekdays.remove(&7) {
            weekdays.insert(0);
        }
        let schedule = Self {
            text: text.to_string(),
            zone,
            minutes: field("minute", minute, 0, 59, &[], 0)?,
            hours: field("hour", hour, 0, 23, &[], 0)?,
            days: field("day of the month", day, 1, 31, &[], 1)?,
            months: field("month", month, 1, 12, &MONTHS, 1)?,
            weekdays,
            by_day: !day.starts_with('*'),
            by_weekday: !weekday.starts_with('*'),
            every_hour: hour.starts_with('*'),
            every: None,
        };
        match schedule.after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(format!("{text:?} names a day that never comes")),
        }
    }

    fn each(text: &str, length: &str, zone: TimeZone) -> Result<Self, String> {
        let span = length.trim().parse::<SignedDuration>().ok().map(|span| span.as_secs());
        let Some(seconds) = span.filter(|seconds| (SHORTEST..=LONGEST).contains(seconds)) else {
            return Err(format!(
                "{text:?}: behind @every stands a length of time such as 90s or 1h30m, at least 10 s and at most 7 d"
            ));
        };
        Ok(Self { every: Some(seconds), ..Self::parse("* * * * *", zone)? })
            .map(|own| Self { text: text.to_string(), ..own })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first moment behind this one; none at the end of time alone.
    pub fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        if let Some(every) = self.every {
            return Timestamp::from_second((moment.as_second().div_euclid(every) + 1) * every).ok();
        }
        // What is made up for on the next day may belong to the day before.
        let mut date = moment.to_zoned(self.zone.clone()).date().yesterday().ok()?;
        for _ in 0..DAYS {
            let found = self.on(date).into_iter().filter(|at| *at > moment).min();
            if found.is_some() {
                return found;
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The last moment in `(from, to]`, and how many come before it there, counted no further than `most`.
    pub fn last_within(&self, from: Timestamp, to: Timestamp, most: u64) -> Option<(Timestamp, u64)> {
        if let Some(every) = self.every {
            let last = to.as_second().div_euclid(every);
            let before = last - from.as_second().div_euclid(every) - 1;
            let found = Timestamp::from_second(last * every).ok().filter(|last| *last > from)?;
            return Some((found, u64::try_from(before).unwrap_or(0).min(most)));
        }
        let within = |date: Date| self.on(date).into_iter().filter(move |at| *at > from && *at <= to);
        let day = |at: Timestamp| at.to_zoned(self.zone.clone()).date();
        let (first, mut date) = (day(from).yesterday().ok()?, day(to));
        let last = loop {
            if let Some(last) = within(date).max() {
                break last;
            }
            date = date.yesterday().ok().filter(|date| *date >= first)?;
        };
        let (mut date, mut before) = (first, 0);
        while before < most && date <= day(last) {
            before += u64::try_from(within(date).filter(|at| *at < last).count()).unwrap_or(u64::MAX);
            date = date.tomorrow().ok()?;
        }
        Some((last, before.min(most)))
    }

    /// The shortest time between two of the moments that come first, from 1970 on.
    pub fn shortest(&self) -> Duration {
        if let Some(every) = self.every {
            return Duration::from_secs(u64::try_from(every).unwrap_or(0));
        }
        let mut last = self.after(Timestamp::UNIX_EPOCH);
        let mut shortest = Duration::MAX;
        for _ in 0..LOOKED_AT {
            let Some((from, to)) = last.and_then(|last| Some((last, self.after(last)?))) else { break };
            shortest = shortest.min(Duration::try_from(to.duration_since(from)).unwrap_or_default());
            if to.as_second() > LOOKED_AT_SECONDS {
                break;
            }
            last = Some(to);
        }
        shortest
    }

    fn is_day(&self, date: Date) -> bool {
        let day = self.days.contains(&date.day());
        let weekday = self.weekdays.contains(&number(date.weekday()));
        let fits = match (self.by_day, self.by_weekday) {
            // As cron has it: where both name days, either is enough.
            (true, true) => day || weekday,
            _ => day && weekday,
        };
        fits && self.months.contains(&date.month())
    }

    /// The moments of a day.
    fn on(&self, date: Date) -> BTreeSet<Timestamp> {
        let mut moments = BTreeSet::new();
        if !self.is_day(date) {
            return moments;
        }
        for (hour, minute) in self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)))
        {
            let ambiguous = self.zone.to_ambiguous_zoned(date.at(hour, minute, 0, 0));
            let offset = ambiguous.offset();
            match offset {
                AmbiguousOffset::Gap { .. } if self.every_hour => {}
                AmbiguousOffset::Fold { .. } if self.every_hour => {
                    moments.extend(ambiguous.clone().earlier().map(|at| at.timestamp()));
                    moments.extend(ambiguous.later().map(|at| at.timestamp()));
                }
                // Behind a gap it is as much later as the gap is long; of two it is the first.
                _ => moments.extend(ambiguous.compatible().map(|at| at.timestamp())),
            }
        }
        moments
    }
}

fn number(weekday: Weekday) -> i8 {
    weekday.to_sunday_zero_offset()
}

fn field(what: &str, text: &str, least: i8, most: i8, names: &[&str], first: i8) -> Result<BTreeSet<i8>, String> {
    let wrong = |why: String| format!("{what} {text:?}: {why}");
    let value = |word: &str| -> Result<i8, String> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(word)).and_then(|at| i8::try_from(at).ok());
        let number = named.map(|at| at + first).or_else(|| word.parse().ok().filter(|_| !word.starts_with('+')));
        let number = number.ok_or_else(|| wrong(format!("{word:?} is no number")))?;
        let fits = (least..=most).contains(&number);
        if fits { Ok(number) } else { Err(wrong(format!("{number} is not between {least} and {most}"))) }
    };
    let mut found = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let step: Option<usize> = match step.map(str::parse) {
            None => None,
            Some(Ok(step @ 1..=59)) => Some(step),
            Some(_) => return Err(wrong("a step is a number from 1 to 59".into())),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (value(from)?, value(to)?),
            None if step.is_some() => (value(range)?, most),
            None => (value(range)?, value(range)?),
        };
        if from > to {
            return Err(wrong(format!("{range:?} ends before it begins")));
        }
        found.extend((from..=to).step_by(step.unwrap_or(1)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
