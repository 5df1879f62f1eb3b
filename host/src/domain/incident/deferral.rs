//! Steps that could not begin: nothing was sent, so nothing failed. They are tried again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ActionRecord, Incident, Limits, Next, next};

/// A step of an action that is put off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// Since when it could not begin.
    pub since: Timestamp,
    /// How often it was tried.
    pub times: u32,
    /// Why it could not begin the last time.
    pub reason: String,
    /// When it is tried again at the latest.
    pub retry_at: Timestamp,
    /// The tool for which it waits: it is tried as soon as that can be called. None where only time helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<String>,
}

impl ActionRecord {
    /// Until when its next step may be put off.
    pub fn deferred_until(&self, now: Timestamp, limits: &Limits) -> Timestamp {
        let since = self.put_off.as_ref().map_or(now, |put_off| put_off.since);
        let left = limits.begin_within.saturating_sub(self.lost());
        since.saturating_add(left).unwrap_or(Timestamp::MAX)
    }

    /// How long steps of its present state were put off that came to pass in the end.
    pub fn lost(&self) -> SignedDuration {
        SignedDuration::from_millis(i64::try_from(self.lost_ms).unwrap_or(i64::MAX))
    }

    /// Notes that its next step is put off.
    pub(super) fn put_off(&mut self, at: Timestamp, reason: &str, retry_at: Timestamp, awaits: Option<&String>) {
        let before = self.put_off.take();
        self.put_off = Some(Deferral {
            since: before.as_ref().map_or(at, |before| before.since),
            times: before.map_or(0, |before| before.times).saturating_add(1),
            reason: reason.to_string(),
            retry_at,
            awaits: awaits.cloned(),
        });
    }

    /// Notes that the step which was put off has come to pass.
    pub(super) fn came_to_pass(&mut self, at: Timestamp) {
        let Some(put_off) = self.put_off.take() else { return };
        let lost = u64::try_from(at.duration_since(put_off.since).as_millis()).unwrap_or(0);
        self.lost_ms = self.lost_ms.saturating_add(lost);
    }
}

/// As [`next`], where it is known which tools can be called now: what waits for one of them waits no more.
pub fn next_with(incident: &Incident, now: Timestamp, limits: &Limits, ready: &dyn Fn(&str) -> bool) -> Next {
    let woken = |record: &&ActionRecord| {
        let put_off = record.put_off.as_ref().filter(|put_off| put_off.retry_at > now);
        put_off.and_then(|put_off| put_off.awaits.as_deref()).is_some_and(ready)
    };
    if !incident.actions.iter().any(|record| woken(&record)) {
        return next(incident, now, limits);
    }
    let mut ahead = incident.clone();
    for record in &mut ahead.actions {
        if woken(&&*record)
            && let Some(put_off) = &mut record.put_off
        {
            put_off.retry_at = now;
        }
    }
    next(&ahead, now, limits)
}
