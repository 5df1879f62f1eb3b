//! Events come in: what the policies name becomes an alert, is counted or ends one; the rest leaves no trace.
//!
//! What comes of a message is handed on as alerts, which go the way of all others: they are durable before anybody
//! acknowledges the message. Nothing here is a record. What fires is read off the live incidents at the first message
//! ([`firing`]); counts begin anew with every start ([`counts`]).

pub mod cloudevent;
mod counters;
mod counts;
mod firing;
mod first_seen;
mod recent;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::alert::normalised::Normalised;
use crate::domain::event::{ENDS_AFTER, Event, Forward, Pattern, SOURCE};
use crate::domain::text::truncate;
use crate::domain::{Alert, Incident, Labels};
use crate::ports::{Clock, Inbound};
use crate::rules::{Policies, RaisedAlert};
use counters::{Counters, EventOutcome};
use counts::Counts;
use firing::FiringAlerts;
use first_seen::{FirstSeen, TimeHint};
pub use recent::ReceivedEvent;
use recent::RecentEvents;

/// Half of the objects of which counts are kept.
const COUNTED: usize = 10_000;
/// Half of the events without a time that are known again.
const KNOWN: usize = 10_000;
/// Alerts of events that fire at the same time.
const STANDING: usize = 20_000;

/// From this size on a message is read on a thread of its own, so that it does not hold up small ones.
const LARGE: usize = 64 << 10;

/// The live incidents, read once.
pub type Live = Box<dyn Fn() -> Vec<Arc<Incident>> + Send + Sync>;

/// What events are judged with.
pub struct Events {
    policies: Arc<dyn Policies>,
    clock: Arc<dyn Clock>,
    live: Live,
    state: Mutex<State>,
    recent: Mutex<RecentEvents>,
    firsts: Mutex<FirstSeen>,
    tally: Counters,
}

/// What the way of a message says of its events, where these say nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The subject of the message, in lower case.
    pub subject: String,
    /// The cluster of events that name none; empty for none.
    pub cluster: String,
    /// When the message was sent: the same each time it comes, so that no event is counted twice.
    pub at: Timestamp,
}

impl Origin {
    /// The event with what it lacks; subjects are in lower case on every bus.
    fn completed(&self, event: Event) -> Event {
        let timeless = event.occurred().is_none();
        let mut said = event.said;
        said.subject = if said.subject.is_empty() { self.subject.clone() } else { said.subject.to_lowercase() };
        if said.cluster.is_empty() {
            said.cluster.clone_from(&self.cluster);
        }
        if timeless {
            said.time = Some(self.at);
        }
        Event::new(said)
    }
}

struct State {
    counts: Counts,
    /// None before the live incidents were read.
    standing: Option<FiringAlerts>,
}

impl Events {
    /// Judges by these policies. `live` is asked for the live incidents when the first event comes.
    pub fn new(policies: Arc<dyn Policies>, clock: Arc<dyn Clock>, live: Live) -> Self {
        let state = Mutex::new(State { counts: Counts::new(COUNTED), standing: None });
        let firsts = Mutex::new(FirstSeen::new(KNOWN));
        Self { policies, clock, live, state, recent: Mutex::default(), firsts, tally: Counters::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recent(&self) -> MutexGuard<'_, RecentEvents> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The subjects of the latest events that hold a text, each once.
    pub fn subjects(&self, search: &str) -> Vec<String> {
        self.recent().subjects(search)
    }

    /// The latest events whose subject is meant, from a time on, the newest first; so many at most.
    pub fn latest(&self, subject: &Pattern, since: Option<Timestamp>, most: usize) -> Vec<ReceivedEvent> {
        self.recent().of(subject, since, most)
    }

    /// Turns a message into the alerts that come of its events, and names those events that could not be read.
    ///
    /// # Errors
    /// When none of its events can be read.
    pub fn decode(&self, headers: &Labels, body: &str, received_at: Timestamp) -> Result<Normalised, String> {
        self.decoded(headers, body, received_at, None)
    }

    fn decoded(
        &self,
        headers: &Labels,
        body: &str,
        received_at: Timestamp,
        origin: Option<&Origin>,
    ) -> Result<Normalised, String> {
        let read = cloudevent::read(headers, body);
        let unread = read.as_ref().map_or(1, |read| read.left_out.iter().map(|one| one.count).sum());
        self.tally.add(EventOutcome::Unreadable, unread);
        let mut read = read?;
        if read.events.is_empty() && !read.left_out.is_empty() {
            return Err(read.left_out.swap_remove(0).text);
        }
        self.date(&mut read.events, origin.map_or(TimeHint::Received(received_at), |origin| TimeHint::Sent(origin.at)));
        if let Some(origin) = origin {
            read.events = read.events.into_iter().map(|event| origin.completed(event)).collect();
        }
        Ok(Normalised { left_out: read.left_out, ..self.taken(read.events, received_at) })
    }

    /// Gives events the time at which they came first, where they say none: one that is sent again is the same.
    fn date(&self, events: &mut [Event], when: TimeHint) {
        let elapsed = self.clock.elapsed();
        let mut firsts = self.firsts.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if let Some(at) = firsts.time(event, when, elapsed) {
                event.said.time = Some(at);
            }
        }
    }

    /// The same for a message of a bus, which knows of its subject, its time and its cluster where the event says nothing.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_message(
        &self,
        headers: &Labels,
        body: &str,
        now: Timestamp,
        origin: &Origin,
    ) -> Result<Normalised, String> {
        self.decoded(headers, body, now, Some(origin))
    }

    /// The same for a request, on a thread of its own where it is large.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub async fn decode_request(self: Arc<Self>, request: Inbound) -> Result<Normalised, String> {
        let large = request.body.len() > LARGE;
        let decode = move || self.decode(&request.headers, &request.body, request.received_at);
        if !large {
            return decode();
        }
        tokio::task::spawn_blocking(decode)
            .await
            .map_err(|_| "the reading was interrupted; send it again".to_string())?
    }

    /// The alerts that come of events, in their order: new ones, such as fire already, and ends; and what is to be sent on.
    fn judged(&self, events: &[Event], now: Timestamp, forwards: &mut Vec<Forward>) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for event in events {
            let judged = self.policies.event(event, now);
            forwards.extend(judged.forward.iter().map(|(subject, _)| event.forwarded(subject)));
            self.tally.add(EventOutcome::Forwarded, judged.forward.len() as u64);
            if let Some(fault) = judged.faults.first() {
                self.tally.fault(fault, self.clock.elapsed());
            }
            let before = alerts.len();
            let mut counted = false;
            if !judged.raised.is_empty() || !judged.over.is_empty() {
                let elapsed = self.clock.elapsed();
                let mut state = self.state();
                let state = &mut *state;
                let standing = state.standing.get_or_insert_with(|| self.restored(elapsed));
                let at = event.occurred().map_or(now, |at| at.min(now));
                let reason = event.reason().or(event.message()).unwrap_or(&event.said.kind);
                for (name, rule) in &judged.over {
                    let fingerprint = event.fingerprint(name);
                    state.counts.forget(&fingerprint);
                    alerts.extend(standing.over(
                        &fingerprint,
                        &format!("{rule}: {}", truncate(reason, 200)),
                        at,
                        elapsed,
                    ));
                }
                self.tally.add(EventOutcome::Resolved, (alerts.len() - before) as u64);
                for RaisedAlert { alert, count, ends_after_ms, .. } in judged.raised {
                    let enough = match count.filter(|_| !standing.fires(&alert.fingerprint)) {
                        None => true,
                        Some(of) if event.repeats(of.times, of.within_ms) => true,
                        Some(of) => {
                            let key = alert.fingerprint.clone();
                            state.counts.count(key, of, event.occurred(), elapsed) >= of.times
                        }
                    };
                    if enough {
                        state.counts.forget(&alert.fingerprint);
                        alerts.push(standing.raise(alert, ends_after_ms.map(Duration::from_millis), elapsed));
                        self.tally.add(EventOutcome::Raised, 1);
                    } else {
                        self.tally.add(EventOutcome::Counted, 1);
                        counted = true;
                    }
                }
            }
            if alerts.len() == before && !counted && judged.forward.is_empty() {
                self.tally.add(EventOutcome::Ignored, 1);
            }
        }
        alerts
    }

    /// The same of events that the host has seen itself, with what is to be sent on; they are among the latest afterwards.
    pub fn taken(&self, events: Vec<Event>, now: Timestamp) -> Normalised {
        let mut forwards = Vec::new();
        let alerts = self.judged(&events, now, &mut forwards);
        self.recent().take(events, now);
        Normalised { alerts, forwards, ..Normalised::default() }
    }

    /// What fires by the record.
    fn restored(&self, now: Duration) -> FiringAlerts {
        let mut standing = FiringAlerts::new(STANDING);
        for incident in (self.live)().iter().filter(|incident| incident.closed.is_none()) {
            for alert in incident.firing().filter(|alert| alert.source == SOURCE) {
                standing.restore(alert, ends_after(alert), now);
            }
        }
        standing
    }

    /// The ends of alerts of which nothing has been heard for as long as they last.
    pub fn due(&self) -> Vec<Alert> {
        let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
        let mut state = self.state();
        state.standing.get_or_insert_with(|| self.restored(elapsed)).due(now, elapsed)
    }

    /// Takes in that these ends are durable, and tells what was forgotten meanwhile.
    pub fn ended(&self, ended: &[Alert]) {
        let elapsed = self.clock.elapsed();
        let mut state = self.state();
        let counts = state.counts.forgotten();
        let firing = state.standing.as_mut().map_or(0, |standing| {
            standing.end(ended, elapsed);
            standing.forgotten()
        });
        drop(state);
        self.tally.add(EventOutcome::Expired, ended.len() as u64);
        self.tally.forgot(counts, firing);
    }

    /// Counters and gauges as Prometheus text.
    pub fn metrics(&self) -> String {
        let firing = self.state().standing.as_ref().map_or(0, FiringAlerts::firing);
        self.tally.text(firing)
    }
}

/// How long an alert lasts without another event, as its record says.
fn ends_after(alert: &Alert) -> Option<Duration> {
    let text = alert.annotations.get(ENDS_AFTER)?;
    let span: jiff::Span = text.parse().ok()?;
    Duration::try_from(span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?).ok()
}

#[cfg(test)]
mod tests;
