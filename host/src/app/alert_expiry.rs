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
use crate::domain::subject;
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
pub struct AlertExpiry(Mutex<HashMap<u64, Duration>>);

/// What is kept of a push until it is taken.
pub struct Expiry {
    /// The list of alerts.
    pub body: String,
    /// Whether alerts without an end get one.
    pub times_out: bool,
    /// When it came.
    pub at: Timestamp,
}

impl Expiry {
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

impl AlertExpiry {
    fn known(&self) -> MutexGuard<'_, HashMap<u64, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a push that was taken; `times_out` says whether alerts without an end get one, `cluster` which cluster those
    /// are given that name none.
    pub fn note(&self, push: &Expiry, cluster: Option<&str>, elapsed: Duration) {
        let Expiry { body, times_out, at: now } = push;
        let (times_out, now) = (*times_out, *now);
        let Ok(items) = serde_json::from_str::<Vec<serde_json::Value>>(body) else { return };
        let mut known = self.known();
        for mut item in items.into_iter().filter_map(|item| serde_json::from_value::<Item>(item).ok()) {
            if let Some(cluster) = cluster
                && subject::cluster_label(&item.labels).is_none()
            {
                item.labels.insert("cluster", cluster);
            }
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

    /// Gives alerts that fired before the host was started as long as a push without an end: who still has them pushes them
    /// within that time.
    fn adopt<'a>(&self, firing: impl Iterator<Item = &'a Alert>, elapsed: Duration) {
        let mut known = self.known();
        for alert in firing {
            known
                .entry(series_fingerprint(&alert.labels))
                .or_insert(elapsed + Duration::try_from(RESOLVE_TIMEOUT).unwrap_or_default());
        }
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
pub async fn expire(pushed: Arc<AlertExpiry>, services: Arc<Services>, runner: Arc<Runner>) {
    let mut started = false;
    loop {
        let incidents = services.store.all();
        if !started {
            let of_it = incidents.iter().filter(|incident| incident.closed.is_none());
            let firing = of_it.flat_map(|incident| incident.firing()).filter(|alert| alert.source == SOURCE);
            pushed.adopt(firing, services.clock.elapsed());
            started = true;
        }
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
        services.clock.sleep(PAUSE).await;
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
        let pushed = AlertExpiry::default();
        let item = |pod: &str, end: &str| format!(r#"{{"labels":{{"alertname":"A","pod":"{pod}","x":""}}{end}}}"#);
        let [a, b, c] = [
            item("a", r#","endsAt":"2026-11-28T10:01:00Z""#),
            item("b", ""),
            item("c", r#","endsAt":"0001-01-01T00:00:00Z""#),
        ];
        let note = |body: String, times_out, cluster: Option<&str>, elapsed: u64| {
            pushed.note(&Expiry { body, times_out, at: now }, cluster, secs(elapsed));
        };
        note(format!("[{a},{b},7,{{}}]"), true, None, 100);
        note(format!("[{c}]"), false, None, 100);
        let all = ["a", "b", "c", "unknown"].map(alert);
        assert_eq!(pushed.left(&all[0], secs(110)), Some(secs(50)));
        let due = |elapsed: u64| -> Vec<String> {
            pushed.due(all.iter(), now, secs(elapsed)).into_iter().map(|alert| alert.fingerprint).collect()
        };
        assert_eq!(due(159), [] as [&str; 0]);
        assert_eq!(due(160), ["a"]);
        note(format!("[{a}]"), true, None, 170);
        assert_eq!(due(229), [] as [&str; 0]);
        assert_eq!(due(400), ["a", "b"]);
        note(format!("[{b}]"), false, None, 401);
        assert_eq!(due(9_999), ["a"], "b has no end any more");
        assert_eq!(pushed.due([].into_iter(), now, secs(460)).len(), 0);
        assert_eq!(pushed.left(&all[0], secs(1)), None, "what fires no more is forgotten");
        pushed.adopt(all.iter(), secs(450));
        assert_eq!(pushed.left(&all[1], secs(450)), Some(secs(300)), "it fired before the start");
        note(format!("[{a}]"), true, Some("kestrel"), 500);
        let mut given = alert("a");
        given.labels.insert("cluster", "kestrel");
        assert_eq!(pushed.left(&given, secs(510)), Some(secs(50)), "it has the cluster of its source");
    }
}
