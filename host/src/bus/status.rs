//! How a connection stands, for `/readyz`, `/metrics` and the log.

mod link;
pub(super) mod metrics;
mod outcome;
mod pacing;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::forwarding::queue::GIVE_UP_AFTER;
use super::permission_violations::PermissionViolations;
use crate::domain::text::truncate;
use link::Link;
use outcome::NAMES;
use pacing::LogPacer;

pub use outcome::MessageOutcome;

/// Between two lines about why nothing is told, of one kind: each message may have another subject, and others may pass.
const PUBLISH_PROBLEM_EVERY: Duration = Duration::from_secs(60);

/// One connection's counts since the start.
pub struct Status {
    name: String,
    now: Mutex<Now>,
    messages: [AtomicU64; NAMES.len()],
    connects: AtomicU64,
    pending: AtomicU64,
    /// What the server does not let the host publish.
    pub(super) violations: PermissionViolations,
}

#[derive(Default)]
struct Now {
    link: Link,
    /// What a setting needs and the server is too old for.
    too_old: Option<String>,
    /// Why nothing is read although it is connected.
    read_problem: Option<String>,
    /// What the consumer does not do as it was asked.
    consumer_deviation: Option<String>,
    /// Why what is to be told is not sent.
    publish_problem: Option<String>,
    /// More is to be sent on than may wait, and what becomes of the rest.
    queue_full: Option<&'static str>,
    /// What the server had against the host last.
    server_error: String,
    log: LogPacers,
}

/// Lines of the log, by what they are about.
#[derive(Default)]
struct LogPacers {
    server_error: LogPacer,
    unreadable: LogPacer,
    queue_full: LogPacer,
    forward_timed_out: LogPacer,
    forward_rejected: LogPacer,
    /// By what is wrong.
    publish_problem: BTreeMap<&'static str, LogPacer>,
}

impl Status {
    /// Of a connection that is not there yet.
    pub fn new(name: &str) -> Self {
        let (now, messages, connects, pending, violations) = Default::default();
        Self { name: name.into(), now, messages, connects, pending, violations }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It could not be connected.
    pub(super) fn connect_failed(&self, why: &str) {
        let why = truncate(why, 300);
        let mut now = self.now();
        if now.link != Link::NeverConnected(why.clone()) {
            tracing::warn!(bus = self.name, why, "the bus cannot be reached; it is tried again until it can be");
        }
        now.link = Link::NeverConnected(why);
    }

    /// It is connected.
    pub(super) fn connected(&self) {
        self.connects.fetch_add(1, Ordering::Relaxed);
        let mut now = self.now();
        (now.link, now.server_error) = (Link::Connected, String::new());
        tracing::info!(bus = self.name, "the bus is connected");
    }

    /// What a setting needs of a newer server; none where it has all. Said when it is something else than before.
    pub(super) fn server_too_old(&self, what: Option<String>) {
        let mut now = self.now();
        if let Some(what) = what.as_ref().filter(|what| now.too_old.as_ref() != Some(*what)) {
            tracing::warn!(bus = self.name, what, "the server of the bus is too old for a setting");
        }
        now.too_old = what;
    }

    /// The connection broke.
    pub(super) fn disconnected(&self) {
        self.now().link = Link::Lost(None);
        tracing::warn!(bus = self.name, "the connection to the bus broke; it is connected again");
    }

    /// The server has something against the host, or cannot be connected again: said when it is something else than before.
    pub(super) fn server_error(&self, what: &str, elapsed: Duration) {
        let what = truncate(what, 300);
        let mut now = self.now();
        if let Link::Lost(why) = &mut now.link {
            *why = Some(what.clone());
        }
        if now.server_error == what {
            return;
        }
        if let Some(others) = now.log.server_error.allow(elapsed) {
            tracing::warn!(bus = self.name, what, others, "the bus objects");
        }
        now.server_error = what;
    }

    /// Why nothing is read for the time being; none where it is.
    pub(super) fn read_problem(&self, why: Option<String>) {
        let why = why.map(|why| truncate(&why, 400));
        let mut now = self.now();
        if now.read_problem != why {
            match &why {
                Some(why) => tracing::warn!(bus = self.name, why, "nothing is read from the bus for the time being"),
                None => tracing::info!(bus = self.name, "the bus is read"),
            }
        }
        now.read_problem = why;
    }

    /// Nothing is read for longer than it should take; what says more of it stands.
    pub(super) fn read_stalled(&self, why: String) {
        let said = self.now().read_problem.is_some();
        if !said {
            self.read_problem(Some(why));
        }
    }

    /// What the server does not do as it was asked; none where it does.
    pub(super) fn consumer_deviates(&self, deviation: Option<String>) {
        let mut now = self.now();
        if now.consumer_deviation != deviation
            && let Some(deviation) = &deviation
        {
            tracing::warn!(bus = self.name, deviation, "the bus is read otherwise than it was asked for");
        }
        now.consumer_deviation = deviation;
    }

    /// Something was taken.
    pub(super) fn publishing(&self) {
        let mut now = self.now();
        (now.publish_problem, now.queue_full) = (None, None);
    }

    /// Why something is not told for the time being: what is wrong in a word, and in a sentence.
    pub(super) fn publish_problem(&self, kind: &'static str, why: &str, elapsed: Duration) {
        let why = truncate(why, 400);
        let mut now = self.now();
        if let Some(others) =
            now.log.publish_problem.entry(kind).or_default().allow_each(PUBLISH_PROBLEM_EVERY, elapsed)
        {
            tracing::warn!(bus = self.name, why, others, "the bus does not take what is told; it is sent again");
        }
        now.publish_problem = Some(why);
    }

    /// More events are to be sent on than may wait, and this becomes of the rest.
    pub(super) fn queue_full(&self, elapsed: Duration, rest: &'static str) {
        let mut now = self.now();
        now.queue_full = Some(rest);
        if let Some(others) = now.log.queue_full.allow(elapsed) {
            tracing::warn!(
                bus = self.name,
                others,
                "more events are to be sent on over the bus than may wait for it: {rest}"
            );
        }
    }

    /// An event can never be sent on.
    pub(super) fn forward_rejected(&self, subject: &str, why: &str, elapsed: Duration) {
        if let Some(others) = self.now().log.forward_rejected.allow(elapsed) {
            let (subject, why) = (truncate(subject, 200), truncate(why, 300));
            tracing::warn!(bus = self.name, subject, others, "an event is not sent on: {why}");
        }
    }

    /// An event was tried for as long as any is.
    pub(super) fn forward_timed_out(&self, elapsed: Duration) {
        if let Some(others) = self.now().log.forward_timed_out.allow(elapsed) {
            let tried = GIVE_UP_AFTER.as_secs();
            tracing::warn!(
                bus = self.name,
                others,
                "an event is not sent on: the bus did not take it within {tried} s"
            );
        }
    }

    /// Something became of messages.
    pub(super) fn add(&self, outcome: MessageOutcome, count: u64) {
        if let Some(counter) = self.messages.get(outcome as usize) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// A message cannot be read; the log says so now and then, with how many it has not told of.
    pub(super) fn unreadable(&self, subject: &str, why: &str, elapsed: Duration) {
        self.add(MessageOutcome::Unreadable, 1);
        let Some(others) = self.now().log.unreadable.allow(elapsed) else { return };
        let (subject, why) = (truncate(subject, 200), truncate(why, 300));
        tracing::warn!(bus = self.name, subject, why, others, "a message of the bus cannot be read");
    }

    /// How many messages wait in the stream.
    pub(super) fn set_pending(&self, count: u64) {
        self.pending.store(count, Ordering::Relaxed);
    }

    /// Why it is not connected; none where it is.
    pub(super) fn connection_problem(&self) -> Option<String> {
        self.now().link.problem(&self.name)
    }

    /// What is not as it should be.
    pub fn problems(&self) -> Vec<String> {
        let (now, name) = (self.now(), &self.name);
        let about = |problem: &Option<String>| problem.as_ref().map(|problem| format!("the bus {name}: {problem}"));
        let read = now.read_problem.as_ref().filter(|_| now.link == Link::Connected);
        let all = [
            now.link.problem(name),
            about(&now.too_old),
            read.map(|why| format!("the bus {name} is not read: {why}")),
            about(&now.consumer_deviation),
            now.publish_problem.as_ref().map(|why| format!("the bus {name} does not take what is told: {why}")),
            now.queue_full
                .map(|rest| format!("more events are to be sent on over the bus {name} than may wait: {rest}")),
        ];
        all.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_cannot_be_made_again_says_why_and_what_to_do() {
        let status = Status::new("ops");
        status.connected();
        status.disconnected();
        assert_eq!(status.problems(), ["the bus ops: the connection broke"]);
        status.server_error("client error: i/o error", Duration::ZERO);
        assert!(status.problems()[0].ends_with("cannot be made again: client error: i/o error"));
        status.server_error("client error: authorization violation", Duration::from_secs(20));
        assert!(status.problems()[0].contains("read anew each time"), "{:?}", status.problems());
        status.connected();
        assert!(status.problems().is_empty());
    }

    #[test]
    fn subjects_that_no_stream_keeps_make_one_line_a_minute_however_many_there_are() {
        let status = Status::new("ops");
        let mut others = Vec::new();
        for second in 0..120 {
            for n in 0..10 {
                status.publish_problem("nowhere", &format!("no stream keeps {n}"), Duration::from_secs(second));
                // Another subject is taken meanwhile.
                status.publishing();
            }
        }
        others.extend(status.now().log.publish_problem["nowhere"].0);
        // The second line came at the 60th second, and has left out what came since.
        assert_eq!(others, [(Duration::from_secs(60), 599)]);
        status.publish_problem("nowhere", "no stream keeps a", Duration::ZERO);
        status.connected();
        assert!(status.problems()[0].ends_with("no stream keeps a"), "{:?}", status.problems());
    }

    #[test]
    fn what_there_is_no_room_for_is_a_problem_until_something_arrives() {
        let status = Status::new("ops");
        status.connected();
        status.queue_full(Duration::ZERO, "those that no stream keeps are left out");
        assert!(status.problems()[0].ends_with("are left out"), "{:?}", status.problems());
        status.read_stalled("slow".into());
        status.read_stalled("slower".into());
        assert!(status.problems()[0].ends_with("is not read: slow"), "{:?}", status.problems());
        status.publishing();
        status.read_problem(None);
        assert!(status.problems().is_empty());
    }
}
