//! How a connection stands, for `/readyz`, `/metrics` and the log.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::text::cut;

/// Between two lines about messages of one kind.
const PAUSE: Duration = Duration::from_secs(10);

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
    /// It was, and is not now.
    Lost,
    /// It is.
    Connected,
}

/// One connection's counts since the start.
pub struct Status {
    name: String,
    now: Mutex<Now>,
    messages: [AtomicU64; WORDS.len()],
    connects: AtomicU64,
    pending: AtomicU64,
}

struct Now {
    stage: Stage,
    /// Why nothing is read although it is connected.
    waits: Option<String>,
    /// What the server does not do as it was asked.
    remark: Option<String>,
    /// Why what is to be told is not sent.
    untold: Option<String>,
    logged: Option<(Duration, u64)>,
}

impl Status {
    /// Of a connection that is not there yet.
    pub fn new(name: &str) -> Self {
        let now = Now {
            stage: Stage::Unconnected("not tried yet".into()),
            waits: None,
            remark: None,
            untold: None,
            logged: None,
        };
        let (messages, connects, pending) = Default::default();
        Self { name: name.into(), now: Mutex::new(now), messages, connects, pending }
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
        self.now().stage = Stage::Connected;
        tracing::info!(bus = self.name, "the bus is connected");
    }

    /// The connection broke.
    pub(super) fn lost(&self) {
        self.now().stage = Stage::Lost;
        tracing::warn!(bus = self.name, "the connection to the bus broke; it is connected again");
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

    /// Why nothing is told for the time being; none where it is.
    pub(super) fn untold(&self, why: Option<String>) {
        let mut now = self.now();
        if now.untold != why
            && let Some(why) = &why
        {
            tracing::warn!(bus = self.name, why, "the bus does not take what is told; it is sent until it does");
        }
        now.untold = why;
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
        let mut now = self.now();
        let untold = match now.logged {
            Some((at, untold)) if elapsed.saturating_sub(at) < PAUSE => {
                now.logged = Some((at, untold + 1));
                return;
            }
            Some((_, untold)) => untold,
            None => 0,
        };
        now.logged = Some((elapsed, 0));
        let (subject, why) = (cut(subject, 200), cut(why, 300));
        tracing::warn!(bus = self.name, subject, why, untold, "a message of the bus cannot be read");
    }

    /// How many messages wait in the stream.
    pub(super) fn pending(&self, count: u64) {
        self.pending.store(count, Ordering::Relaxed);
    }

    /// What is not as it should be.
    pub fn problems(&self) -> Vec<String> {
        let now = self.now();
        let name = &self.name;
        let stage = match &now.stage {
            Stage::Connected => None,
            Stage::Lost => Some(format!("the bus {name}: the connection broke")),
            Stage::Unconnected(why) => Some(format!("the bus {name} cannot be reached: {why}")),
        };
        let waits = now.waits.as_ref().filter(|_| now.stage == Stage::Connected);
        let waits = waits.map(|why| format!("the bus {name} is not read: {why}"));
        let remark = now.remark.as_ref().map(|remark| format!("the bus {name}: {remark}"));
        let untold = now.untold.as_ref().map(|why| format!("the bus {name} does not take what is told: {why}"));
        stage.into_iter().chain(waits).chain(remark).chain(untold).collect()
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
