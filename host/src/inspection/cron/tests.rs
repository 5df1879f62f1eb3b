//! When a schedule is due, also on the days on which clocks change.

use super::*;

fn schedule(text: &str, zone: &str) -> Schedule {
    Schedule::parse(text, TimeZone::get(zone).unwrap()).unwrap()
}

/// The next moments behind one, as this zone's clocks show them with their offsets.
fn next(text: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let schedule = schedule(text, zone);
    let mut at: Timestamp = from.parse().unwrap();
    let zone = TimeZone::get(zone).unwrap();
    let mut shown = Vec::new();
    for _ in 0..count {
        at = schedule.after(at).unwrap();
        shown.push(at.to_zoned(zone.clone()).strftime("%m-%d %H:%M%z").to_string());
    }
    shown
}

#[test]
fn fields_are_those_of_cron() {
    for (text, from, want) in [
        ("0 8 * * *", "2026-11-28T08:00:00Z", ["11-29 08:00+0000", "11-30 08:00+0000"]),
        ("*/20 * * * *", "2026-11-28T08:21:30Z", ["11-28 08:40+0000", "11-28 09:00+0000"]),
        ("30 9-17/4 * * mon-fri", "2026-11-28T00:00:00Z", ["11-30 09:30+0000", "11-30 13:30+0000"]),
        ("0 0 29 feb *", "2026-01-01T00:00:00Z", ["02-29 00:00+0000", "02-29 00:00+0000"]),
        // Either is enough where both name days, as everywhere.
        ("0 6 1 * sun", "2026-11-28T00:00:00Z", ["11-29 06:00+0000", "12-01 06:00+0000"]),
        ("0 6 * * 7", "2026-11-28T00:00:00Z", ["11-29 06:00+0000", "12-06 06:00+0000"]),
        ("@weekly", "2026-11-28T00:00:00Z", ["11-29 00:00+0000", "12-06 00:00+0000"]),
        ("5,10 0 1 1 *", "2026-06-01T00:00:00Z", ["01-01 00:05+0000", "01-01 00:10+0000"]),
    ] {
        assert_eq!(next(text, "UTC", from, 2), want, "{text}");
    }
    for (text, part) in [
        ("0 8 * *", "has 4"),
        ("0 0 8 * * *", "has 6; seconds are not known"),
        ("@dayly", "has 1"),
        ("60 8 * * *", "minute \"60\": 60 is not between 0 and 59"),
        ("0 8 0 * *", "day of the month"),
        ("0 8 * foo *", "\"foo\" is no number"),
        ("0 8-6 * * *", "ends before it begins"),
        ("*/0 * * * *", "a step is"),
        ("0 0 30 2 *", "never comes"),
        ("0 +8 * * *", "is no number"),
        ("", "has 0"),
    ] {
        let error = Schedule::parse(text, TimeZone::UTC).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_time_that_does_not_exist_is_made_up_for() {
    // In Berlin 02:00 to 03:00 is left out on 2026-03-29.
    let shown = next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2);
    assert_eq!(shown, ["03-29 03:30+0200", "03-30 02:30+0200"]);
    let shown = next("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3);
    assert_eq!(shown, ["03-29 01:30+0100", "03-29 03:30+0200", "03-29 04:30+0200"]);
    // In Beirut midnight itself is left out.
    let shown = next("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00:00Z", 2);
    assert_eq!(shown, ["03-29 01:00+0300", "03-30 00:00+0300"]);
}

#[test]
fn a_time_that_comes_twice_counts_once_unless_no_hour_is_named() {
    // In Berlin 02:00 to 03:00 comes twice on 2026-10-25.
    let shown = next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2);
    assert_eq!(shown, ["10-25 02:30+0200", "10-26 02:30+0100"]);
    let shown = next("30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 3);
    assert_eq!(shown, ["10-25 02:30+0200", "10-25 02:30+0100", "10-25 03:30+0100"]);
}

#[test]
fn what_was_missed_is_counted_and_the_last_of_it_found() {
    let daily = schedule("0 8 * * *", "UTC");
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(daily.last_within(at("2026-11-25T08:00:00Z"), at("2026-11-25T20:00:00Z"), 100), None);
    assert_eq!(
        daily.last_within(at("2026-11-25T08:00:00Z"), at("2026-11-28T08:00:00Z"), 100),
        Some((at("2026-11-28T08:00:00Z"), 2))
    );
    let minutely = schedule("* * * * *", "UTC");
    let (last, before) = minutely.last_within(at("2016-01-01T00:00:00Z"), at("2026-11-28T08:00:30Z"), 1000).unwrap();
    assert_eq!(last, at("2026-11-28T08:00:00Z"));
    assert_eq!(before, 1000);
}

#[test]
fn a_zone_may_stand_before_the_fields_and_a_pause_in_their_place() {
    let shanghai = schedule("TZ=Asia/Shanghai 0 8 * * *", "UTC");
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    assert_eq!(shanghai.after(at("2026-11-28T01:00:00Z")), Some(at("2026-11-29T00:00:00Z")));
    assert_eq!(shanghai.as_str(), "TZ=Asia/Shanghai 0 8 * * *");
    assert_eq!(
        schedule("CRON_TZ=UTC @daily", "Asia/Shanghai").after(at("2026-11-28T01:00:00Z")),
        Some(at("2026-11-29T00:00:00Z"))
    );
    assert_eq!(schedule("@yearly", "UTC").after(at("2026-11-28T01:00:00Z")), Some(at("2027-01-01T00:00:00Z")));
    let every = schedule("@every 90s", "UTC");
    assert_eq!(every.after(at("2026-11-28T00:00:00Z")), Some(at("2026-11-28T00:01:30Z")));
    assert_eq!(every.after(at("2026-11-28T00:01:29.5Z")), Some(at("2026-11-28T00:01:30Z")));
    let (from, to) = (at("2026-11-28T00:00:00Z"), at("2026-11-28T00:05:00Z"));
    assert_eq!(every.last_within(from, to, 10), Some((at("2026-11-28T00:04:30Z"), 2)));
    assert_eq!(every.last_within(at("2026-11-28T00:04:30Z"), to, 10), None);
    for (text, part) in [
        ("TZ=Mars 0 8 * * *", "\"Mars\""),
        ("@every 1s", "at least 10 s"),
        ("@every so often", "length of time"),
        ("TZ=UTC", "has 0"),
    ] {
        let error = Schedule::parse(text, TimeZone::UTC).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}
