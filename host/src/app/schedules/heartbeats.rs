//! Who is to be heard from in time: what was heard when, and what is told of silence.
//!
//! How long ago somebody was heard is counted by the time that passes, which no setting of the wall clock changes, and from
//! the start of the host where nothing was heard yet: a start is no silence. What is told already is read off the live
//! incidents, so that it ends after a restart as well.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::app::model_metrics::escaped;
use crate::config::Heartbeat;
use crate::domain::schedule::{HEARTBEAT_MISSING, SOURCE};
use crate::domain::{Alert, Labels, Status};
use crate::report;

/// All of them.
pub struct Heartbeats {
    configured: Vec<Heartbeat>,
    beats: Mutex<BTreeMap<String, HeartbeatState>>,
}

/// How one stands.
#[derive(Clone, Copy, Debug, Default)]
struct HeartbeatState {
    /// When it was heard last, or the host began to listen.
    since: Duration,
    /// The same by the wall clock; none where it was not heard since the start.
    heard: Option<Timestamp>,
}

/// How one stands, as people see it.
pub struct HeartbeatStatus {
    /// Its name.
    pub name: String,
    /// It must be heard within so long.
    pub within: Duration,
    /// When it was heard last, since the start.
    pub heard: Option<Timestamp>,
    /// How long it may still be silent; none where that is over.
    pub left: Option<Duration>,
}

impl Heartbeats {
    /// Those of the configuration, from now on.
    pub fn new(configured: Vec<Heartbeat>, now: Duration) -> Self {
        let beat = |one: &Heartbeat| (one.name.clone(), HeartbeatState { since: now, heard: None });
        let beats = Mutex::new(configured.iter().map(beat).collect());
        Self { configured, beats }
    }

    /// Counts anew of whom nothing was heard yet: nobody could be heard before.
    pub fn begin(&self, now: Duration) {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.values_mut().filter(|beat| beat.heard.is_none()).for_each(|beat| beat.since = now);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.configured.is_empty()
    }

    fn beat(&self, name: &str) -> HeartbeatState {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.get(name).copied().unwrap_or_default()
    }

    /// Who is heard by these alerts.
    pub fn of<'a>(&'a self, alerts: &[Alert]) -> Vec<&'a str> {
        let meant = |one: &Heartbeat, alert: &Alert| {
            alert.status == Status::Firing
                && alert.source != SOURCE
                && one.source.as_ref().is_none_or(|source| *source == alert.source)
                && one.labels.iter().all(|(key, value)| {
                    let own = if key == "alertname" { Some(alert.name.as_str()) } else { alert.labels.get(key) };
                    own == Some(value.as_str())
                })
        };
        let heard = self.configured.iter().filter(|one| alerts.iter().any(|alert| meant(one, alert)));
        heard.map(|one| one.name.as_str()).collect()
    }

    /// Takes in that they were heard.
    pub fn heard(&self, names: &[&str], at: Timestamp, now: Duration) {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            beats.insert((*name).to_string(), HeartbeatState { since: now, heard: Some(at) });
        }
    }

    /// What is to be told now: of who has been silent for too long, and who is heard again. `firing` are the names of those
    /// of whose silence people know.
    pub fn due(&self, firing: &[String], at: Timestamp, now: Duration, language: report::Language) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for one in &self.configured {
            let beat = self.beat(&one.name);
            let silent = now.saturating_sub(beat.since) > one.within;
            let told = firing.contains(&one.name);
            if silent && !told {
                alerts.push(missing(one, &beat, at, now, language));
            } else if told && !silent && beat.heard.is_some() {
                let ended = missing(one, &beat, at, now, language);
                alerts.push(Alert { status: Status::Resolved, starts_at: None, ends_at: Some(at), ..ended });
            }
        }
        alerts
    }

    /// How long until somebody may be silent for too long.
    pub fn next(&self, now: Duration) -> Option<Duration> {
        let left = |one: &Heartbeat| (self.beat(&one.name).since + one.within).saturating_sub(now);
        self.configured.iter().map(left).filter(|left| !left.is_zero()).min()
    }

    /// The names of those who are silent.
    pub fn silent(&self, now: Duration) -> Vec<String> {
        self.listened(now).into_iter().filter(|one| one.left.is_none()).map(|one| one.name).collect()
    }

    /// How each stands.
    pub fn listened(&self, now: Duration) -> Vec<HeartbeatStatus> {
        let view = |one: &Heartbeat| {
            let beat = self.beat(&one.name);
            let left = one.within.checked_sub(now.saturating_sub(beat.since));
            HeartbeatStatus { name: one.name.clone(), within: one.within, heard: beat.heard, left }
        };
        self.configured.iter().map(view).collect()
    }

    /// Gauges as Prometheus text.
    pub fn metrics(&self, now: Duration) -> String {
        let mut text = String::new();
        if self.is_empty() {
            return text;
        }
        let all = self.listened(now);
        let mut gauge = |name: &str, help: &str, value: &dyn Fn(&HeartbeatStatus) -> Option<f64>| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
            for one in &all {
                if let Some(value) = value(one) {
                    let _ = writeln!(text, "{name}{{heartbeat=\"{}\"}} {value}", escaped(&one.name));
                }
            }
        };
        let silent = |one: &HeartbeatStatus| Some(if one.left.is_none() { 1.0 } else { 0.0 });
        gauge("tidegate_heartbeat_silent", "Whether somebody is silent for longer than allowed.", &silent);
        let heard = |one: &HeartbeatStatus| one.heard.map(|at| at.as_millisecond() as f64 / 1_000.0);
        gauge(
            "tidegate_heartbeat_last_timestamp_seconds",
            "When somebody was heard last, in seconds since 1970.",
            &heard,
        );
        text
    }
}

fn missing(one: &Heartbeat, beat: &HeartbeatState, at: Timestamp, now: Duration, language: report::Language) -> Alert {
    let silent = now.saturating_sub(beat.since);
    let since = SignedDuration::try_from(silent).ok().and_then(|silent| at.checked_sub(silent).ok()).unwrap_or(at);
    let pairs =
        [("alertname", HEARTBEAT_MISSING), ("heartbeat", one.name.as_str()), ("severity", one.severity.as_str())];
    let labels: Labels = pairs.into_iter().collect();
    let said = report::digest::silence(&one.name, one.within, beat.heard.map(|_| since), language);
    Alert {
        source: SOURCE.into(),
        name: HEARTBEAT_MISSING.into(),
        status: Status::Firing,
        severity: one.severity,
        labels,
        annotations: [("summary", said.as_str())].into_iter().collect(),
        starts_at: Some(at),
        ends_at: None,
        fingerprint: format!("heartbeat {}", one.name),
        link: None,
    }
}
