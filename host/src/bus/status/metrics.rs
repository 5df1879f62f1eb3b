//! Counters and gauges of buses.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Status;
use super::link::Link;
use super::outcome::NAMES;

/// What is told of one connection, by further labels.
type Rows<'a> = &'a dyn Fn(&Status, u64) -> Vec<(String, u64)>;

/// All of them as Prometheus text, each with how many events wait to be sent on there.
pub(in crate::bus) fn text<'a>(all: impl Iterator<Item = (&'a Status, u64)>) -> String {
    let all: Vec<(&Status, u64)> = all.collect();
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, row: Rows<'_>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (status, queued) in &all {
            for (label, value) in row(status, *queued) {
                let _ = writeln!(text, "{name}{{bus=\"{}\"{label}}} {value}", status.name);
            }
        }
    };
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let one = |value| vec![(String::new(), value)];
    metric("tidegate_bus_connected", "gauge", "1 while a bus is connected.", &|status, _| {
        one(u64::from(status.now().link == Link::Connected))
    });
    metric("tidegate_bus_reading", "gauge", "1 while a bus is read, as far as it is to be.", &|status, _| {
        let now = status.now();
        one(u64::from(now.link == Link::Connected && now.read_problem.is_none()))
    });
    metric("tidegate_bus_connects_total", "counter", "How often it was connected.", &|status, _| {
        one(load(&status.connects))
    });
    metric("tidegate_bus_pending", "gauge", "Messages that waited in the stream behind the last one.", &|status, _| {
        one(load(&status.pending))
    });
    metric("tidegate_bus_onward", "gauge", "Events that wait to be sent on.", &|_, queued| one(queued));
    metric("tidegate_bus_messages_total", "counter", "Messages by what became of them.", &|status, _| {
        let rows = NAMES.iter().zip(&status.messages);
        rows.map(|(name, counter)| (format!(",what=\"{name}\""), load(counter))).collect()
    });
    text
}
