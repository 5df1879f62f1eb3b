//! Kubernetes' times: RFC 3339 in UTC.

/// Milliseconds since the Unix epoch; `None` for anything but `YYYY-MM-DDThh:mm:ss[.f]Z`.
pub fn millis(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let time = time.split('.').next()?;
    let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    if !(0..=23).contains(&hour) || !(0..=59).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    // Days of the proleptic Gregorian calendar, with the year starting in March so that the leap
    // day is its last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    u64::try_from((days * 86_400 + hour * 3600 + minute * 60 + second) * 1000).ok()
}

/// Seconds of an age as kubectl prints it: `4s`, `3m5s`, `2d`.
pub fn age(text: &str) -> Option<i64> {
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'y' => 31_536_000,
            _ => return None,
        };
        seconds = seconds.saturating_add(digits.parse::<i64>().ok()?.saturating_mul(unit));
        digits.clear();
    }
    (!text.is_empty() && digits.is_empty()).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn times_of_the_api_are_read() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-21T00:21:12Z", Some(1_795_220_472_000)),
            ("2024-02-29T23:59:59.999999Z", Some(1_709_251_199_000)),
            ("2026-11-21T00:21:12+08:00", None),
            ("2026-13-01T00:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(millis(text), want, "{text}");
        }
    }
}
