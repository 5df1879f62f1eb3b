//! How a connection stands, for `/readyz`, `/metrics` and the log.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::objections::Objections;
use super::onward::KEPT;
use crate::domain::text::cut;

/// Between two lines about messages of one kind.
const PAUSE: Duration = Duration::from_secs(10);
/// Between two lines about why nothing is told, of one kind: each message may have another subject, and others may pass.
const UNTOLD: Duration = Duration::from_secs(60);

/// What became of a message.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// Whatever it means is durable.
    Taken,
    /// It had come before, and was acknowledged again.
    Again,
    /// Nobody can read it.
    Unreadable,
    /// This host has sent it.
    Own,
    /// It has a subject that was not asked for.
    Elsewhere,
    /// It was given back, because nothing could be taken.
    GivenBack,
    /// It came faster than messages were taken, and there is no stream that keeps it.
    Missed,
    /// The stream has let it go before it was read.
    Gone,
    /// It was told.
    Told,
    /// It could not be told, or not be sent on.
    Untold,
    /// An event was sent on.
    Forwarded,
}

const WORDS: [&str; 11] =
    ["taken", "again", "unreadable", "own", "elsewhere", "given_back", "missed", "gone", "told", "untold", "forwarded"];

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// It has never been connected; the text says why.
    Unconnected(String),
    /// It was, and is not now; what it says to whoever connects again.
    Lost(Option<String>),
    /// It is.
    Connected,
}

impl Stage {
    fn problem(&self, name: &str) -> Option<String> {
        match self {
            Self::Connected => None,
            Self::Lost(None) => Some(format!("the bus {name}: the connection broke")),
            Self::Lost(Some(why)) => {
                let login = ["auth", "expired", "revoked"].iter().any(|word| why.to_lowercase().contains(word));
                let login = if login {
                    "; what the host shows is read anew each time: put what is good now where the configuration says, \
                     or start it anew where that is the environment"
                } else {
                    ""
                };
                Some(format!("the bus {name}: the connection broke, and cannot be made again: {why}{login}"))
            }
            Self::Unconnected(why) => Some(format!("the bus {name} cannot be reached: {why}")),
        }
    }
}

/// One connection's counts since the start.
pub struct Status {
    name: String,
    now: Mutex<Now>,
    messages: [AtomicU64; WORDS.len()],
    connects: AtomicU64,
    pending: AtomicU64,
    /// What the server does not let the host publish.
    pub(super) objections: Objections,
}

struct Now {
    stage: Stage,
    /// Why nothing is read although it is connected.
    waits: Option<String>,
    /// What the server does not do as it was asked.
    remark: Option<String>,
    /// Why what is to be told is not sent.
    untold: Option<String>,
    /// More is to be sent on than may wait, and what becomes of the rest.
    full: Option<&'static str>,
    /// What the server had against the host last.
    objection: String,
    objects: Paced,
    unreadable: Paced,
    filled: Paced,
    late: Paced,
    never: Paced,
    /// By what is wrong.
    untells: BTreeMap<&'static str, Paced>,
}

/// Lines about many of one kind: one now and then.
#[derive(Default)]
struct Paced(Option<(Duration, u64)>);

impl Paced {
    /// How many were passed over since the last line, if it is time for another one.
    fn passes(&mut self, elapsed: Duration) -> Option<u64> {
        self.passes_each(PAUSE, elapsed)
    }

    fn passes_each(&mut self, pause: Duration, elapsed: Duration) -> Option<u64> {
        match &mut self.0 {
            Some((at, others)) if elapsed.saturating_sub(*at) < pause => {
                *others += 1;
                None
            }
            last => Some(last.replace((elapsed, 0)).map_or(0, |(_, others)| others)),
        }
    }
}

impl Status {
    /// Of a connection that is not there yet.
    pub fn new(name: &str) -> Self {
        let stage = Stage::Unconnected("not tried yet".into());
        let (waits, remark, untold, full) = Default::default();
        let (objection, objects, unreadable, filled, late, never, untells) = Default::default();
        let now =
            Now { stage, waits, remark, untold, full, objection, objects, unreadable, filled, late, never, untells };
        let (messages, connects, pending, objections) = Default::default();
        Self { name: name.into(), now: Mutex::new(now), messages, connects, pending, objections }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It could not be connected.
    pub(super) fn unconnected(&self, why: &str) {
        let why = cut(why, 300);
        let mut now = self.now();
        if now.stage != Stage::Unconnected(why.clone()) {
            tracing::warn!(bus = self.name, why, "the bus cannot be reached; it is tried again until it can be");
        }
        now.stage = Stage::Unconnected(why);
    }

    /// It is connected.
    pub(super) fn connected(&self) {
        self.connects.fetch_add(1, Ordering::Relaxed);
        let mut now = self.now();
        (now.stage, now.objection) = (Stage::Connected, String::new());
        tracing::info!(bus = self.name, "the bus is connected");
    }

    /// The connection broke.
    pub(super) fn lost(&self) {
        self.now().stage = Stage::Lost(None);
        tracing::warn!(bus = self.name, "the connection to the bus broke; it is connected again");
    }

    /// The server has something against the host, or cannot be connected again: said when it is something else than before.
    pub(super) fn objects(&self, what: &str, elapsed: Duration) {
        let what = cut(what, 300);
        let mut now = self.now();
        if let Stage::Lost(why) = &mut now.stage {
            *why = Some(what.clone());
        }
        if now.objection == what {
            return;
        }
        if let Some(others) = now.objects.passes(elapsed) {
            tracing::warn!(bus = self.name, what, others, "the bus objects");
        }
        now.objection = what;
    }

    /// Why nothing is read for the time being; none where it is.
    pub(super) fn waits(&self, why: Option<String>) {
        let why = why.map(|why| cut(&why, 400));
        let mut now = self.now();
        if now.waits != why {
            match &why {
                Some(why) => tracing::warn!(bus = self.name, why, "nothing is read from the bus for the time being"),
                None => tracing::info!(bus = self.name, "the bus is read"),
            }
        }
        now.waits = why;
    }

    /// Nothing is read for longer than it should take; what says more of it stands.
    pub(super) fn still(&self, why: String) {
        let said = self.now().waits.is_some();
        if !said {
            self.waits(Some(why));
        }
    }

    /// What the server does not do as it was asked; none where it does.
    pub(super) fn remark(&self, remark: Option<String>) {
        let mut now = self.now();
        if now.remark != remark
            && let Some(remark) = &remark
        {
            tracing::warn!(bus = self.name, remark, "the bus is read otherwise than it was asked for");
        }
        now.remark = remark;
    }

    /// Something was taken.
    pub(super) fn told(&self) {
        let mut now = self.now();
        (now.untold, now.full) = (None, None);
    }

    /// Why something is not told for the time being: what is wrong in a word, and in a sentence.
    pub(super) fn untold(&self, kind: &'static str, why: &str, elapsed: Duration) {
        let why = cut(why, 400);
        let mut now = self.now();
        if let Some(others) = now.untells.entry(kind).or_default().passes_each(UNTOLD, elapsed) {
            tracing::warn!(bus = self.name, why, others, "the bus does not take what is told; it is sent again");
        }
        now.untold = Some(why);
    }

    /// More events are to be sent on than may wait, and this becomes of the rest.
    pub(super) fn full(&self, elapsed: Duration, rest: &'static str) {
        let mut now = self.now();
        now.full = Some(rest);
        if let Some(others) = now.filled.passes(elapsed) {
            tracing::warn!(
                bus = self.name,
                others,
                "more events are to be sent on over the bus than may wait for it: {rest}"
            );
        }
    }

    /// An event can never be sent on.
    pub(super) fn never(&self, subject: &str, why: &str, elapsed: Duration) {
        if let Some(others) = self.now().never.passes(elapsed) {
            let (subject, why) = (cut(subject, 200), cut(why, 300));
            tracing::warn!(bus = self.name, subject, others, "an event is not sent on: {why}");
        }
    }

    /// An event was tried for as long as any is.
    pub(super) fn late(&self, elapsed: Duration) {
        if let Some(others) = self.now().late.passes(elapsed) {
            let tried = KEPT.as_secs();
            tracing::warn!(
                bus = self.name,
                others,
                "an event is not sent on: the bus did not take it within {tried} s"
            );
        }
    }

    /// Something became of messages.
    pub(super) fn add(&self, what: What, count: u64) {
        if let Some(counter) = self.messages.get(what as usize) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// A message cannot be read; the log says so now and then, with how many it has not told of.
    pub(super) fn unreadable(&self, subject: &str, why: &str, elapsed: Duration) {
        self.add(What::Unreadable, 1);
        let Some(others) = self.now().unreadable.passes(elapsed) else { return };
        let (subject, why) = (cut(subject, 200), cut(why, 300));
        tracing::warn!(bus = self.name, subject, why, others, "a message of the bus cannot be read");
    }

    /// How many messages wait in the stream.
    pub(super) fn pending(&self, count: u64) {
        self.pending.store(count, Ordering::Relaxed);
    }

    /// Why it is not connected; none where it is.
    pub(super) fn away(&self) -> Option<String> {
        self.now().stage.problem(&self.name)
    }

    /// What is not as it should be.
    pub fn problems(&self) -> Vec<String> {
        let now = self.now();
        let name = &self.name;
        let stage = now.stage.problem(name);
        let waits = now.waits.as_ref().filter(|_| now.stage == Stage::Connected);
        let waits = waits.map(|why| format!("the bus {name} is not read: {why}"));
        let remark = now.remark.as_ref().map(|remark| format!("the bus {name}: {remark}"));
        let untold = now.untold.as_ref().map(|why| format!("the bus {name} does not take what is told: {why}"));
        let full =
            now.full.map(|rest| format!("more events are to be sent on over the bus {name} than may wait: {rest}"));
        stage.into_iter().chain(waits).chain(remark).chain(untold).chain(full).collect()
    }
}

/// What is told of one connection, by further labels.
type Rows<'a> = &'a dyn Fn(&Status, u64) -> Vec<(String, u64)>;

/// All of them as Prometheus text, each with how many events wait to be sent on there.
pub(super) fn text<'a>(all: impl Iterator<Item = (&'a Status, u64)>) -> String {
    let all: Vec<(&Status, u64)> = all.collect();
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, row: Rows<'_>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (status, onward) in &all {
            for (label, value) in row(status, *onward) {
                let _ = writeln!(text, "{name}{{bus=\"{}\"{label}}} {value}", status.name);
            }
        }
    };
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let one = |value| vec![(String::new(), value)];
    metric("tidegate_bus_connected", "gauge", "1 while a bus is connected.", &|status, _| {
        one(u64::from(status.now().stage == Stage::Connected))
    });
    metric("tidegate_bus_reading", "gauge", "1 while a bus is read, as far as it is to be.", &|status, _| {
        let now = status.now();
        one(u64::from(now.stage == Stage::Connected && now.waits.is_none()))
    });
    metric("tidegate_bus_connects_total", "counter", "How often it was connected.", &|status, _| {
        one(load(&status.connects))
    });
    metric("tidegate_bus_pending", "gauge", "Messages that waited in the stream behind the last one.", &|status, _| {
        one(load(&status.pending))
    });
    metric("tidegate_bus_onward", "gauge", "Events that wait to be sent on.", &|_, onward| one(onward));
    metric("tidegate_bus_messages_total", "counter", "Messages by what became of them.", &|status, _| {
        let rows = WORDS.iter().zip(&status.messages);
        rows.map(|(word, counter)| (format!(",what=\"{word}\""), load(counter))).collect()
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_cannot_be_made_again_says_why_and_what_to_do() {
        let status = Status::new("ops");
        status.connected();
        status.lost();
        assert_eq!(status.problems(), ["the bus ops: the connection broke"]);
        status.objects("client error: i/o error", Duration::ZERO);
        assert!(status.problems()[0].ends_with("cannot be made again: client error: i/o error"));
        status.objects("client error: authorization violation", Duration::from_secs(20));
        assert!(status.problems()[0].contains("read anew each time"), "{:?}", status.problems());
        status.connected();
        assert!(status.problems().is_empty());
    }

    #[test]
    fn lines_about_many_come_now_and_then_and_say_how_many() {
        let mut paced = Paced::default();
        let at = |seconds| Duration::from_secs(seconds);
        let passed: Vec<_> = [0, 1, 9, 10, 11, 25].into_iter().map(|second| paced.passes(at(second))).collect();
        assert_eq!(passed, [Some(0), None, None, Some(2), None, Some(1)]);
    }

    #[test]
    fn subjects_that_no_stream_keeps_make_one_line_a_minute_however_many_there_are() {
        let status = Status::new("ops");
        let mut others = Vec::new();
        for second in 0..120 {
            for n in 0..10 {
                status.untold("nowhere", &format!("no stream keeps {n}"), Duration::from_secs(second));
                // Another subject is taken meanwhile.
                status.told();
            }
        }
        others.extend(status.now().untells["nowhere"].0);
        // The second line came at the 60th second, and has left out what came since.
        assert_eq!(others, [(Duration::from_secs(60), 599)]);
        status.untold("nowhere", "no stream keeps a", Duration::ZERO);
        status.connected();
        assert!(status.problems()[0].ends_with("no stream keeps a"), "{:?}", status.problems());
    }

    #[test]
    fn what_there_is_no_room_for_is_a_problem_until_something_arrives() {
        let status = Status::new("ops");
        status.connected();
        status.full(Duration::ZERO, "those that no stream keeps are left out");
        assert!(status.problems()[0].ends_with("are left out"), "{:?}", status.problems());
        status.still("slow".into());
        status.still("slower".into());
        assert!(status.problems()[0].ends_with("is not read: slow"), "{:?}", status.problems());
        status.told();
        status.waits(None);
        assert!(status.problems().is_empty());
    }
}
