//! Alerts as Prometheus and its Alertmanager write them.

use serde_json::{Map, Value, json};

use super::{Alert, Moment};
use crate::link::Link;

impl Alert {
    /// Its labels, and `alertname` and `severity` where they are not among them.
    pub fn prometheus_labels(&self) -> Vec<(String, String)> {
        let mut labels = self.labels.clone();
        let severity = self.severity.as_deref().unwrap_or_default();
        for (name, value) in [("alertname", self.name.as_str()), ("severity", severity)] {
            if !value.is_empty() && !labels.iter().any(|(label, _)| label == name) {
                labels.push((name.to_string(), value.to_string()));
            }
        }
        labels
    }

    /// Where a person can look at it, if that is an address.
    pub fn prometheus_link(&self) -> String {
        self.link.as_deref().and_then(Link::parse).map(|link| link.url).unwrap_or_default()
    }
}

/// Pairs as an object.
pub fn object(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>())
}

impl Moment {
    /// As RFC 3339 writes it; none for a text that is no such time.
    pub fn rfc3339(&self) -> Option<String> {
        match self {
            Self::Millis(millis) => Some(rfc3339(*millis)),
            Self::Text(text) => {
                let (date, clock) = text.split_once('T')?;
                let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || "-:.+Z".contains(c));
                let zone = clock.ends_with('Z') || clock.contains(['+', '-']);
                (date.len() == 10 && zone && digits(date) && digits(clock)).then(|| text.clone())
            }
        }
    }
}

/// Milliseconds since the Unix epoch as RFC 3339 writes them, in UTC.
pub fn rfc3339(millis: u64) -> String {
    let (days, of_day) = (millis / 86_400_000, millis % 86_400_000);
    // Years begin in March, so that the leap day is their last; an era has 400.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, thousandth) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{thousandth:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (millis, want) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_749_029_400_250, "2025-06-04T09:30:00.250Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(millis), want);
        }
        let text = |text: &str| Moment::Text(text.into()).rfc3339();
        assert_eq!(text("2024-10-26T11:22:33+02:00").as_deref(), Some("2024-10-26T11:22:33+02:00"));
        for no in ["1700000000", "2024-10-26T11:22:33", "Tue, 1 Oct", "2024-10-26T11:22:33Z\"", ""] {
            assert_eq!(text(no), None, "{no}");
        }
    }
}
