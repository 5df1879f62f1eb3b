//! As much of an incident's alerts as plugins are handed.
//!
//! An incident may hold any number of alerts of any size. A message about it, or a question to a
//! plugin, holds an [`Excerpt`]: nothing else can be put there, so no incident grows until nobody
//! hears of it any more.

use super::{Alert, Labels, Status};
use crate::domain::text::truncate;

/// How much an excerpt may hold. The sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExcerptLimits {
    /// Alerts.
    pub alerts: usize,
    /// One value.
    pub value: usize,
    /// All texts of one alert.
    pub alert: usize,
    /// All texts of all alerts.
    pub all: usize,
}

impl ExcerptLimits {
    /// For a message. Also where each byte takes six in JSON, this is below what a request may hold.
    pub const MESSAGE: Self = Self { alerts: 50, value: 4 << 10, alert: 16 << 10, all: 112 << 10 };

    /// For a remediation plugin that plans.
    pub const PLAN: Self = Self { alerts: 1_000, value: 16 << 10, alert: 64 << 10, all: 2 << 20 };
}

/// Alerts cut down to [`ExcerptLimits`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    alerts: Vec<Alert>,
    left_out: usize,
    shortened: usize,
}

/// What is left of a pair that hardly fits is not worth showing.
const LEAST: usize = 64;

impl Excerpt {
    /// The same of an incident that has so many alerts besides.
    #[must_use]
    pub fn and_more(mut self, alerts: usize) -> Self {
        self.left_out = self.left_out.saturating_add(alerts);
        self
    }

    /// The alerts that matter most, firing before resolved and worse before less bad, as far as the
    /// bounds allow; they stay in the order in which they came.
    pub fn of<'a>(alerts: impl IntoIterator<Item = &'a Alert>, bounds: &ExcerptLimits) -> Self {
        let alerts: Vec<&Alert> = alerts.into_iter().collect();
        let mut order: Vec<usize> = (0..alerts.len()).collect();
        order.sort_by_key(|at| {
            alerts.get(*at).map(|alert| (alert.status != Status::Firing, std::cmp::Reverse(alert.severity)))
        });
        let mut left = bounds.all;
        let mut kept: Vec<(usize, Alert)> = Vec::new();
        let mut shortened = 0;
        for (at, alert) in order.into_iter().filter_map(|at| Some((at, alerts.get(at)?))) {
            if kept.len() == bounds.alerts || left < LEAST {
                break;
            }
            let mut budget = Budget { left: left.min(bounds.alert), value: bounds.value, shortened: 0 };
            let before = budget.left;
            let alert = budget.alert(alert);
            left = left.saturating_sub(before - budget.left);
            shortened += budget.shortened;
            kept.push((at, alert));
        }
        kept.sort_by_key(|(at, _)| *at);
        let left_out = alerts.len() - kept.len();
        Self { alerts: kept.into_iter().map(|(_, alert)| alert).collect(), left_out, shortened }
    }

    /// The alerts.
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// How many alerts there are besides.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// How many texts of the alerts were cut or left out.
    pub fn shortened(&self) -> usize {
        self.shortened
    }
}

/// Labels cut down to the bounds of one alert.
pub fn labels(labels: &Labels, bounds: &ExcerptLimits) -> Labels {
    Budget { left: bounds.alert, value: bounds.value, shortened: 0 }.pairs(labels)
}

struct Budget {
    left: usize,
    value: usize,
    shortened: usize,
}

impl Budget {
    fn alert(&mut self, alert: &Alert) -> Alert {
        let name = self.text(&alert.name);
        let fingerprint = self.text(&alert.fingerprint);
        // A part of a link leads elsewhere.
        let link = alert.link.clone().filter(|link| link.len() <= self.value.min(self.left));
        self.left -= link.as_ref().map_or(0, String::len);
        self.shortened += usize::from(link.is_none() && alert.link.is_some());
        let labels = self.pairs(&alert.labels);
        let annotations = self.pairs(&alert.annotations);
        Alert {
            source: alert.source.clone(),
            name,
            status: alert.status,
            severity: alert.severity,
            labels,
            annotations,
            starts_at: alert.starts_at,
            ends_at: alert.ends_at,
            fingerprint,
            link,
        }
    }

    fn pairs(&mut self, pairs: &Labels) -> Labels {
        let mut kept: Vec<(&str, String)> = Vec::new();
        for (key, value) in pairs {
            if key.len() + value.len().min(LEAST) > self.left {
                self.shortened += 1;
                continue;
            }
            self.left -= key.len();
            let value = self.text(value);
            kept.push((key, value));
        }
        kept.into_iter().collect()
    }

    fn text(&mut self, text: &str) -> String {
        let most = self.value.min(self.left);
        self.left -= text.len().min(most);
        self.shortened += usize::from(text.len() > most);
        truncate(text, most)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    fn alert(name: &str, status: Status, severity: Severity, log: usize) -> Alert {
        Alert {
            source: "s".into(),
            name: name.into(),
            status,
            severity,
            labels: [("pod".to_string(), name.to_string())].into(),
            annotations: [("log".to_string(), "告".repeat(log)), ("z".to_string(), "y".repeat(30_000))].into(),
            starts_at: None,
            ends_at: None,
            fingerprint: name.into(),
            link: Some("https://a.example/".repeat(log.min(1000))),
        }
    }

    fn size(excerpt: &Excerpt) -> usize {
        serde_json::to_string(excerpt.alerts()).unwrap().len()
    }

    #[test]
    fn any_incident_fits() {
        for (count, log) in [(1, 10), (1, 7_500_000), (3, 2_500_000), (50, 10_000), (5_000, 1_000), (0, 0)] {
            let alerts: Vec<Alert> =
                (0..count).map(|i| alert(&format!("a{i}"), Status::Firing, Severity::Warning, log)).collect();
            for bounds in [ExcerptLimits::MESSAGE, ExcerptLimits::PLAN] {
                let excerpt = Excerpt::of(&alerts, &bounds);
                assert_eq!(excerpt.alerts().len() + excerpt.left_out(), count);
                assert_eq!(excerpt.alerts().is_empty(), count == 0);
                assert!(size(&excerpt) < bounds.all + bounds.alerts * 1024, "{count} × {log}: {}", size(&excerpt));
                assert_eq!(excerpt.shortened() > 0, count > 0);
            }
        }
    }

    #[test]
    fn what_matters_most_stays() {
        let mut alerts: Vec<Alert> =
            (0..200).map(|i| alert(&format!("a{i}"), Status::Resolved, Severity::Critical, 1)).collect();
        alerts.push(alert("info", Status::Firing, Severity::Info, 1));
        alerts.push(alert("worst", Status::Firing, Severity::Critical, 1));
        let excerpt = Excerpt::of(&alerts, &ExcerptLimits { alerts: 3, ..ExcerptLimits::MESSAGE });
        let names: Vec<&str> = excerpt.alerts().iter().map(|alert| alert.name.as_str()).collect();
        assert_eq!((names, excerpt.left_out()), (vec!["a0", "info", "worst"], 199));
    }
}
