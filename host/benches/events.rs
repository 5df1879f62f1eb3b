//! What events cost of which most mean nothing: `cargo bench -p tidegate --bench events`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/measure.rs"]
mod measure;

use std::sync::Arc;
use std::time::Instant;

use measure::{Took, head, line, measure, ratio};
use tidegate::clock::SystemClock;
use tidegate::domain::Labels;
use tidegate::events::{Events, cloudevent};
use tidegate::policy::Set;
use tidegate::ports::Clock;
use tidegate::rules::Policies;

/// Events of one call, so that the clock costs nothing beside them.
const TOGETHER: usize = 100;
/// Workers that judge at the same time.
const WORKERS: usize = 2;
/// What is wanted of them together, each second.
const WANTED: f64 = 100_000.0;

fn main() {
    head("a second");
    let base = judged("shipped rules: means nothing", Set::embedded().expect("they ship"), "Killing", None);
    judged("shipped rules: raises an alert that fires", Set::embedded().expect("they ship"), "Evicted", Some(base));
    for count in [100, 10_000] {
        judged(&format!("{count} rules more: means nothing"), with(count), "Killing", Some(base));
    }
    read();
    together();
}

/// The shipped rules and so many more, each about a reason of its own.
fn with(count: usize) -> Set {
    let mut text = String::new();
    for i in 0..count {
        text.push_str(&format!(
            "event(\"own-{i}\", #{{ on: #{{ subject: \"ops.clusters.*.namespaces.>\", reason: \"Own{i}\" }}, \
             when: |e| e.namespace != \"test\", alert: #{{ name: \"Own{i}\", ends_after: \"5m\" }} }});\n"
        ));
    }
    let shipped = include_str!("../../policies/15-events.rhai");
    Set::from_sources(&[("a.rhai", shipped), ("b.rhai", &text)]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn message(n: usize, reason: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"0b7c1c52-5d0e-4a5e-9a3b-{n:012}","source":"https://github.com/shaowenchen/ops","type":"Kube","subject":"ops.clusters.kestrel.namespaces.shop.pods.cart-6c9f-m{n}.events","datacontenttype":"application/json","time":"2026-11-27T04:12:09.118204331Z","data":{{"type":"Normal","reason":"{reason}","eventTime":"2026-11-27T12:12:08+08:00","from":"kubelet","message":"Stopping container cart, which took a while"}},"cluster":"kestrel"}}"#
    )
}

fn events(set: Set) -> Events {
    let policies: Arc<dyn Policies> = Arc::new(set);
    Events::new(policies, Arc::new(SystemClock), Box::new(Vec::new))
}

fn per_second(took: Took) -> f64 {
    TOGETHER as f64 / took.median.as_secs_f64()
}

/// Messages from bytes to the alerts that come of them; how many a second.
fn judged(what: &str, set: Set, reason: &str, base: Option<f64>) -> f64 {
    let events = events(set);
    let messages: Vec<String> = (0..TOGETHER).map(|n| message(n, reason)).collect();
    let (none, now) = (Labels::new(), SystemClock.now());
    let raises = messages.iter().map(|body| events.decode(&none, body, now).expect("it is an event").alerts.len());
    assert_eq!(raises.sum::<usize>(), if reason == "Evicted" { TOGETHER } else { 0 });
    let took = measure(300, || {
        for body in &messages {
            std::hint::black_box(events.decode(&none, body, now).expect("it is an event"));
        }
    });
    let rate = per_second(took);
    let beside = base.map_or_else(String::new, |base| format!(" {}", ratio(rate, base)));
    line(&format!("{TOGETHER} events, {what}"), took, &format!("{rate:.0}{beside}"));
    rate
}

/// The reading alone.
fn read() {
    let messages: Vec<String> = (0..TOGETHER).map(|n| message(n, "Killing")).collect();
    let none = Labels::new();
    let took = measure(300, || {
        for body in &messages {
            std::hint::black_box(cloudevent::read(&none, body).expect("it is an event"));
        }
    });
    line(&format!("{TOGETHER} events, read and not judged"), took, &format!("{:.0}", per_second(took)));
}

/// Two workers at the same time, as a host has.
fn together() {
    const EACH: usize = 200_000;
    let events = Arc::new(events(Set::embedded().expect("they ship")));
    let started = Instant::now();
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let events = Arc::clone(&events);
            scope.spawn(move || {
                let messages: Vec<String> = (0..TOGETHER).map(|n| message(worker * TOGETHER + n, "Killing")).collect();
                let (none, now) = (Labels::new(), SystemClock.now());
                for n in 0..EACH {
                    let alerts = events.decode(&none, &messages[n % TOGETHER], now).expect("it is an event").alerts;
                    assert!(alerts.is_empty());
                }
            });
        }
    });
    let rate = (WORKERS * EACH) as f64 / started.elapsed().as_secs_f64();
    println!(
        "{WORKERS} workers: {rate:.0} events a second that mean nothing, {} of what is wanted",
        ratio(rate, WANTED)
    );
}
