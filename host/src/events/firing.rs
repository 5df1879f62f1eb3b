//! The alerts of events that fire, by their fingerprints: since when, and until when without another event.
//!
//! The record of them is the journal. This is derived from the live incidents at a start and followed while the host
//! runs, so that an event which ends nothing costs a look and no more.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::event::{ENDED_BY, ENDS_AFTER};
use crate::domain::{Alert, Status};

/// How long it is remembered that an alert has ended: the message that said so may come again.
const REMEMBERED: Duration = Duration::from_secs(600);

/// What fires.
#[derive(Debug)]
pub struct FiringAlerts {
    by: HashMap<String, FiringAlert>,
    most: usize,
    forgotten: u64,
}

#[derive(Debug)]
struct FiringAlert {
    /// As the last event told of it.
    alert: Alert,
    ends_after: Option<Duration>,
    /// When the last event came, or the end, by the clock that only goes on.
    last: Duration,
    /// When it ended, by the events' own time.
    ended: Option<Timestamp>,
}

impl FiringAlerts {
    /// Nothing, with room for so many.
    pub fn new(most: usize) -> Self {
        Self { by: HashMap::new(), most, forgotten: 0 }
    }

    /// Takes in an alert that the record has. How long it lasts counts anew, because nobody knows when the last event came.
    pub fn restore(&mut self, alert: &Alert, ends_after: Option<Duration>, now: Duration) {
        self.insert(alert, ends_after, now);
    }

    /// Whether an alert fires.
    pub fn fires(&self, fingerprint: &str) -> bool {
        self.by.get(fingerprint).is_some_and(|one| one.ended.is_none())
    }

    /// Takes in that an event has raised an alert. One that fires already goes on since when it did.
    pub fn raise(&mut self, mut alert: Alert, ends_after: Option<Duration>, now: Duration) -> Alert {
        match self.by.get_mut(&alert.fingerprint) {
            Some(one) if one.ended.is_none() => {
                alert.starts_at = one.alert.starts_at.or(alert.starts_at);
                one.alert.clone_from(&alert);
                (one.last, one.ends_after) = (now, ends_after);
            }
            // An old message about what has ended since is told to be late further on, and raises nothing.
            Some(one) if one.ended >= alert.starts_at => {}
            _ => self.insert(&alert, ends_after, now),
        }
        alert
    }

    fn insert(&mut self, alert: &Alert, ends_after: Option<Duration>, now: Duration) {
        if self.by.len() >= self.most && !self.by.contains_key(&alert.fingerprint) {
            self.forgotten += 1;
            return;
        }
        let one = FiringAlert { alert: alert.clone(), ends_after, last: now, ended: None };
        self.by.insert(alert.fingerprint.clone(), one);
    }

    /// The end of an alert, where an event of that time can have ended it. Said again when it is asked again, because who
    /// was told the first time may not have taken it.
    pub fn over(&mut self, fingerprint: &str, by: &str, at: Timestamp, now: Duration) -> Option<Alert> {
        let one = self.by.get_mut(fingerprint)?;
        if one.alert.starts_at.is_some_and(|began| at < began) {
            return None;
        }
        let ended = *one.ended.get_or_insert(at);
        one.last = now;
        Some(resolved(&one.alert, by, ended))
    }

    /// The ends of alerts of which nothing has been heard for too long.
    pub fn due(&self, at: Timestamp, now: Duration) -> Vec<Alert> {
        let silent = |one: &FiringAlert| one.ends_after.is_some_and(|after| now.saturating_sub(one.last) >= after);
        let due = self.by.values().filter(|one| one.ended.is_none() && silent(one));
        let by =
            |one: &FiringAlert| format!("{ENDS_AFTER} {}", one.alert.annotations.get(ENDS_AFTER).unwrap_or_default());
        due.map(|one| resolved(&one.alert, &by(one), at)).collect()
    }

    /// Takes in that alerts have ended, and forgets those that have for long.
    pub fn end(&mut self, ended: &[Alert], now: Duration) {
        for alert in ended {
            if let Some(one) = self.by.get_mut(&alert.fingerprint) {
                (one.ended, one.last) = (alert.ends_at, now);
            }
        }
        self.by.retain(|_, one| one.ended.is_none() || now.saturating_sub(one.last) < REMEMBERED);
    }

    /// How many fire.
    pub fn firing(&self) -> usize {
        self.by.values().filter(|one| one.ended.is_none()).count()
    }

    /// How many found no room since the last time that somebody asked.
    pub fn forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }
}

fn resolved(alert: &Alert, by: &str, at: Timestamp) -> Alert {
    let mut ended = Alert { status: Status::Resolved, ends_at: Some(at), ..alert.clone() };
    ended.annotations.insert(ENDED_BY, by);
    ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Severity;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn alert(fingerprint: &str, second: i64) -> Alert {
        Alert {
            source: "events".into(),
            name: "A".into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels: [("alertname", "A")].into(),
            annotations: [("summary", "it is broken")].into(),
            starts_at: Some(at(second)),
            ends_at: None,
            fingerprint: fingerprint.into(),
            link: None,
        }
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_alert_lasts_from_its_first_event_until_none_has_come_for_long_enough() {
        let mut standing = FiringAlerts::new(10);
        let after = Some(secs(60));
        assert_eq!(standing.raise(alert("a", 100), after, secs(0)).starts_at, Some(at(100)));
        assert_eq!(standing.raise(alert("a", 150), after, secs(50)).starts_at, Some(at(100)));
        assert_eq!(standing.due(at(200), secs(109)), []);
        let due = standing.due(at(200), secs(110));
        assert_eq!((due.len(), due[0].status, due[0].ends_at), (1, Status::Resolved, Some(at(200))));
        assert_eq!(standing.due(at(201), secs(111)).len(), 1, "until it has been taken");
        standing.end(&due, secs(111));
        assert!(standing.due(at(202), secs(112)).is_empty() && !standing.fires("a"));
        standing.raise(alert("a", 190), after, secs(113));
        assert!(!standing.fires("a"), "an old message");
        assert_eq!(standing.raise(alert("a", 230), after, secs(114)).starts_at, Some(at(230)));
        assert!(standing.fires("a"));
    }

    #[test]
    fn an_event_ends_what_began_before_it() {
        let mut standing = FiringAlerts::new(10);
        assert_eq!(standing.over("a", "rule up", at(1), secs(0)), None);
        standing.raise(alert("a", 100), None, secs(0));
        assert_eq!(standing.over("a", "rule up", at(99), secs(1)), None);
        let over = standing.over("a", "rule up", at(120), secs(1)).unwrap();
        assert_eq!(over.annotations.get(ENDED_BY), Some("rule up"));
        assert_eq!((over.status, over.ends_at, over.starts_at), (Status::Resolved, Some(at(120)), Some(at(100))));
        assert_eq!(standing.over("a", "rule up", at(130), secs(2)).unwrap(), over, "said again");
        assert!(standing.due(at(999), secs(10_000)).is_empty());
        standing.end(&[], secs(10_000));
        assert_eq!(standing.over("a", "rule up", at(140), secs(10_001)), None, "forgotten");
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut standing = FiringAlerts::new(2);
        for fingerprint in ["a", "b", "c"] {
            standing.raise(alert(fingerprint, 1), None, secs(0));
        }
        assert_eq!((standing.firing(), standing.forgotten(), standing.forgotten()), (2, 1, 0));
    }
}
