//! Alerts that Prometheus pushes end when it stops pushing them, as in an Alertmanager: at the `endsAt` of the last push. One
//! that says none ends some minutes later where it came to Alertmanager's API, and else when somebody says so.
//!
//! Nothing of it is recorded but the ends: after a restart an alert lasts until it is pushed again, and then as that says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::backend::alerts::TIMES_OUT;
use crate::domain::alert::series_fingerprint;
use crate::domain::{Alert, Labels, Status};
use crate::pipeline::{self, Services};
use crate::ports::Inbound;
use crate::runner::Runner;

/// The source of what is pushed.
pub const SOURCE: &str = "prometheus";
/// How long an alert lasts after a push that does not say, as in an Alertmanager.
pub const RESOLVE_TIMEOUT: SignedDuration = SignedDuration::from_mins(5);
/// Between two looks at what has ended.
const PAUSE: Duration = Duration::from_secs(5);
/// Alerts that are handed in together.
const TOGETHER: usize = 500;
/// So many alerts are told apart; those beyond last until somebody says that they have ended.
const MOST: usize = 200_000;

/// Until when each alert lasts without another push, by the clock that only goes on.
#[derive(Debug, Default)]
pub struct Pushed(Mutex<HashMap<u64, Duration>>);

/// What is kept of a push until it is taken.
pub struct Push {
    /// The list of alerts.
    pub body: String,
    /// Whether alerts without an end get one.
    pub times_out: bool,
    /// When it came.
    pub at: Timestamp,
}

impl Push {
    /// Of a request to the source.
    pub fn of(request: &Inbound) -> Self {
        let times_out = request.query.iter().any(|(name, _)| name == TIMES_OUT);
        Self { body: request.body.clone(), times_out, at: request.received_at }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    labels: Labels,
    #[serde(default)]
    ends_at: Option<Timestamp>,
}

impl Pushed {
    fn known(&self) -> MutexGuard<'_, HashMap<u64, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a push that was taken; `times_out` says whether alerts without an end get one.
    pub fn note(&self, body: &str, times_out: bool, now: Timestamp, elapsed: Duration) {
        let Ok(items) = serde_json::from_str::<Vec<serde_json::Value>>(body) else { return };
        let mut known = self.known();
        for item in items.into_iter().filter_map(|item| serde_json::from_value::<Item>(item).ok()) {
            // Prometheus sends no end, and Go's zero time, for the same.
            let end = item.ends_at.filter(|end| end.as_second() > 0);
            let fingerprint = series_fingerprint(&item.labels);
            let timeout = times_out.then_some(RESOLVE_TIMEOUT);
            let Some(lasts) = end.map(|end| end.duration_since(now)).or(timeout) else {
                known.remove(&fingerprint);
                continue;
            };
            if known.len() < MOST || known.contains_key(&fingerprint) {
                known.insert(fingerprint, elapsed + Duration::try_from(lasts).unwrap_or_default());
            }
        }
    }

    /// How long an alert lasts without another push.
    pub fn left(&self, alert: &Alert, elapsed: Duration) -> Option<Duration> {
        let until = self.known().get(&series_fingerprint(&alert.labels)).copied()?;
        Some(until.saturating_sub(elapsed))
    }

    /// Which of the alerts that fire have ended. What does not fire any more is forgotten.
    fn due<'a>(&self, firing: impl Iterator<Item = &'a Alert>, now: Timestamp, elapsed: Duration) -> Vec<Alert> {
        let mut known = self.known();
        let (mut standing, mut due) = (HashMap::new(), Vec::new());
        for alert in firing {
            let fingerprint = series_fingerprint(&alert.labels);
            let Some(until) = known.get(&fingerprint).copied() else { continue };
            if until <= elapsed {
                due.push(Alert { status: Status::Resolved, ends_at: Some(now), ..alert.clone() });
            }
            standing.insert(fingerprint, until);
        }
        *known = standing;
        due
    }
}

/// Goes on until the host ends. What the journal does not take is tried again.
pub async fn end(pushed: Arc<Pushed>, services: Arc<Services>, runner: Arc<Runner>) {
    loop {
        services.clock.sleep(PAUSE).await;
        let incidents = services.store.all();
        let of_it = incidents.iter().filter(|incident| incident.closed.is_none());
        let firing = of_it.flat_map(|incident| incident.firing()).filter(|alert| alert.source == SOURCE);
        let due = pushed.due(firing, services.clock.now(), services.clock.elapsed());
        for due in due.chunks(TOGETHER) {
            if let Err(error) = pipeline::receive(&services, due.to_vec()).await {
                tracing::warn!(%error, "alerts are not pushed any more, and the journal does not take their end yet");
                runner.check_journal();
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Severity;

    fn alert(pod: &str) -> Alert {
        Alert {
            source: SOURCE.into(),
            name: "A".into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels: [("alertname", "A"), ("pod", pod)].into(),
            annotations: Labels::new(),
            starts_at: None,
            ends_at: None,
            fingerprint: pod.into(),
            link: None,
        }
    }

    #[test]
    fn an_alert_lasts_until_the_end_of_the_last_push() {
        let now: Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
        let secs = Duration::from_secs;
        let pushed = Pushed::default();
        let item = |pod: &str, end: &str| format!(r#"{{"labels":{{"alertname":"A","pod":"{pod}","x":""}}{end}}}"#);
        let [a, b, c] = [
            item("a", r#","endsAt":"2026-11-28T10:01:00Z""#),
            item("b", ""),
            item("c", r#","endsAt":"0001-01-01T00:00:00Z""#),
        ];
        pushed.note(&format!("[{a},{b},7,{{}}]"), true, now, secs(100));
        pushed.note(&format!("[{c}]"), false, now, secs(100));
        let all = ["a", "b", "c", "unknown"].map(alert);
        assert_eq!(pushed.left(&all[0], secs(110)), Some(secs(50)));
        let due = |elapsed: u64| -> Vec<String> {
            pushed.due(all.iter(), now, secs(elapsed)).into_iter().map(|alert| alert.fingerprint).collect()
        };
        assert_eq!(due(159), [] as [&str; 0]);
        assert_eq!(due(160), ["a"]);
        pushed.note(&format!("[{a}]"), true, now, secs(170));
        assert_eq!(due(229), [] as [&str; 0]);
        assert_eq!(due(400), ["a", "b"]);
        pushed.note(&format!("[{b}]"), false, now, secs(401));
        assert_eq!(due(9_999), ["a"], "b has no end any more");
        assert_eq!(pushed.due([].into_iter(), now, secs(460)).len(), 0);
        assert_eq!(pushed.left(&all[0], secs(1)), None, "what fires no more is forgotten");
    }
}
