//! Events before the rules, one after the other: what becomes an alert, when, and until when.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;

use super::*;
use crate::domain::{Entry, Fact, IncidentId, Status};
use crate::policy::Set;

const RULES: &str = r#"
event("noise", #{ on: #{ kind: "pod", namespace: "test" }, ignore: true });
event("crash", #{ on: #{ reason: "BackOff" }, count: #{ times: 2, within: "10m" }, alert: #{ name: "Crash", ends_after: "15m" } });
event("down", #{ on: #{ reason: "NodeNotReady" }, alert: #{ name: "Down", severity: "critical" } });
event("up", #{ on: #{ reason: "NodeReady" }, resolve: "Down" });
event("started", #{ on: #{ reason: "Started" }, resolve: ["Crash", "Other"] });
event("broken", #{ on: #{ reason: "Odd" }, when: |e| e.data.count > 1, alert: #{ name: "Odd", ends_after: "1m" } });
"#;

/// A clock that is set by hand.
#[derive(Default)]
struct Hand(AtomicU64);

impl Hand {
    fn at(&self, second: u64) {
        self.0.store(second, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_000_000 + i64::try_from(self.0.load(Ordering::Relaxed)).unwrap()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn events(live: Vec<Incident>) -> (Events, Arc<Hand>) {
    let set = Set::from_sources(&[("a.rhai", RULES)]).unwrap_or_else(|problems| panic!("{problems}"));
    let clock = Arc::new(Hand::default());
    let live: Vec<Arc<Incident>> = live.into_iter().map(Arc::new).collect();
    let events = Events::new(Arc::new(set), Arc::clone(&clock) as Arc<dyn Clock>, Box::new(move || live.clone()));
    (events, clock)
}

fn message(object: &str, reason: &str) -> String {
    let subject = format!("ops.clusters.k.{object}.events");
    format!(
        r#"{{"specversion":"1.0","type":"Kube","subject":"{subject}","cluster":"k","data":{{"reason":"{reason}","message":"said","count":1}}}}"#
    )
}

/// Names of what comes of a message, those that end with a dash before them.
fn heard(events: &Events, object: &str, reason: &str) -> String {
    let body = message(object, reason);
    let alerts = events.decode(&Labels::new(), &body, events.clock.now()).unwrap().alerts;
    told(&alerts)
}

fn told(alerts: &[Alert]) -> String {
    let one =
        |alert: &Alert| if alert.status == Status::Resolved { format!("-{}", alert.name) } else { alert.name.clone() };
    alerts.iter().map(one).collect::<Vec<_>>().join(" ")
}

const POD: &str = "namespaces.shop.pods.web-1";

#[test]
fn what_nobody_names_leaves_nothing_behind() {
    let (events, _) = events(Vec::new());
    for (object, reason) in
        [(POD, "Killing"), ("namespaces.test.pods.web-1", "BackOff"), (POD, "Started"), ("nodes.n1", "NodeReady")]
    {
        assert_eq!(heard(&events, object, reason), "", "{object} {reason}");
    }
    assert!(events.metrics().contains("tidegate_events_total{what=\"ignored\"} 4\n"), "{}", events.metrics());
}

#[test]
fn a_counted_event_is_an_alert_when_it_comes_often_enough_about_one_object() {
    let (events, clock) = events(Vec::new());
    assert_eq!(heard(&events, POD, "BackOff"), "");
    assert_eq!(heard(&events, "namespaces.shop.pods.web-2", "BackOff"), "", "another object");
    clock.at(601);
    assert_eq!(heard(&events, POD, "BackOff"), "", "the first was too long ago");
    clock.at(700);
    assert_eq!(heard(&events, POD, "BackOff"), "Crash");
    clock.at(2_000);
    assert_eq!(told(&events.due()), "-Crash");
    events.ended(&events.due());
    assert_eq!(told(&events.due()), "");
    assert_eq!(heard(&events, POD, "BackOff"), "", "it is counted anew");
}

#[test]
fn an_event_that_is_sent_again_counts_once_and_raises_nothing_that_has_ended() {
    let (events, clock) = events(Vec::new());
    let sent = |id: &str, reason: &str| {
        let body = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/ci","type":"Kube","subject":"ops.clusters.k.{POD}.events","data":{{"reason":"{reason}"}}}}"#
        );
        told(&events.decode(&Labels::new(), &body, events.clock.now()).unwrap().alerts)
    };
    assert_eq!([sent("a", "BackOff"), sent("a", "BackOff"), sent("a", "BackOff")].concat(), "", "it is one event");
    clock.at(10);
    assert_eq!(sent("a", "BackOff"), "");
    assert_eq!(sent("b", "BackOff"), "Crash");
    clock.at(20);
    assert_eq!(sent("c", "Started"), "-Crash");
    clock.at(30);
    assert_eq!([sent("a", "BackOff"), sent("b", "BackOff")].concat(), "Crash", "what comes late is told to be");
    assert!(events.metrics().contains("tidegate_event_alerts_firing 0\n"), "and raises nothing: {}", events.metrics());
}

#[test]
fn an_event_that_says_itself_how_often_it_came_needs_to_come_once() {
    let (events, _) = events(Vec::new());
    let body = r#"{"specversion":"1.0","type":"Event","data":{"reason":"BackOff","count":142,"firstTimestamp":"1970-01-12T13:37:00Z",
        "lastTimestamp":"1970-01-12T13:46:40Z","involvedObject":{"kind":"Pod","namespace":"shop","name":"web-1"}}}"#;
    let alerts = events.decode(&Labels::new(), body, events.clock.now()).unwrap().alerts;
    assert_eq!(told(&alerts), "Crash");
    assert_eq!(alerts[0].labels.get("pod"), Some("web-1"));
}

#[test]
fn repeats_prolong_an_alert_and_change_nothing_else() {
    let (events, clock) = events(Vec::new());
    heard(&events, POD, "BackOff");
    clock.at(1);
    let first = events.decode(&Labels::new(), &message(POD, "BackOff"), events.clock.now()).unwrap().alerts.remove(0);
    clock.at(800);
    let again = events.decode(&Labels::new(), &message(POD, "BackOff"), events.clock.now()).unwrap().alerts.remove(0);
    assert_eq!(again, first);
    assert_eq!(first.annotations.get("summary"), Some("said"));
    clock.at(1_000);
    assert_eq!(told(&events.due()), "");
    assert_eq!(heard(&events, POD, "Started"), "-Crash");
    clock.at(5_000);
    assert_eq!(told(&events.due()), "", "it has ended");
}

#[test]
fn an_end_finds_its_beginning_and_an_old_one_does_not() {
    let (events, clock) = events(Vec::new());
    clock.at(100);
    assert_eq!(heard(&events, "nodes.n1.lan", "NodeNotReady"), "Down");
    let old = r#"{"specversion":"1.0","type":"Kube","time":"1970-01-01T00:00:00Z","subject":"ops.clusters.k.nodes.n1.lan.events","cluster":"k","data":{"reason":"NodeReady"}}"#;
    assert_eq!(told(&events.decode(&Labels::new(), old, events.clock.now()).unwrap().alerts), "");
    assert_eq!(heard(&events, "nodes.n2.lan", "NodeReady"), "");
    clock.at(100_000);
    assert_eq!(told(&events.due()), "", "it ends by an event alone");
    assert_eq!(heard(&events, "nodes.n1.lan", "NodeReady"), "-Down");
    assert_eq!(heard(&events, "nodes.n1.lan", "NodeReady"), "-Down", "who was told may not have taken it");
    let both = format!("[{},{}]", message("nodes.n3", "NodeNotReady"), message("nodes.n3", "NodeReady"));
    assert_eq!(told(&events.decode(&Labels::new(), &both, events.clock.now()).unwrap().alerts), "Down -Down");
}

#[test]
fn what_fires_by_the_record_is_known_after_a_start() {
    let (before, _) = events(Vec::new());
    let told_twice = before.taken(vec![later(0), later(0)], before.clock.now()).alerts;
    assert_eq!(told(&told_twice), "", "it happened at the same time, so it is the same");
    let alerts = before.taken(vec![later(1)], before.clock.now()).alerts;
    assert_eq!(told(&alerts), "Crash");
    let fact = Fact::Opened { group_key: "g".into(), source: SOURCE.into(), alerts: alerts.clone() };
    let incident = Incident::open(IncidentId("i-1".into()), &Entry { at: before.clock.now(), fact }).unwrap();
    let (after, clock) = events(vec![incident]);
    clock.at(10);
    assert_eq!(heard(&after, POD, "BackOff"), "Crash", "one is enough: it fires");
    clock.at(10 + 899);
    assert_eq!(told(&after.due()), "");
    clock.at(10 + 900);
    assert_eq!(told(&after.due()), "-Crash");
    assert_eq!(heard(&after, POD, "Started"), "-Crash");
}

/// An event that happened this many seconds later by its own word.
fn later(seconds: i64) -> Event {
    let mut read = cloudevent::read(&Labels::new(), &message(POD, "BackOff")).unwrap();
    let mut event = read.events.remove(0);
    event.said.time = Timestamp::from_second(1_000_000 + seconds).ok();
    event
}

#[test]
fn a_rule_that_fails_says_nothing_and_is_counted() {
    let (events, _) = events(Vec::new());
    let odd = r#"{"specversion":"1.0","type":"Kube","data":{"reason":"Odd","count":"many"}}"#;
    assert_eq!(told(&events.decode(&Labels::new(), odd, events.clock.now()).unwrap().alerts), "");
    assert!(events.metrics().contains("tidegate_event_rule_faults_total 1\n"), "{}", events.metrics());
}

#[test]
fn a_message_of_which_nothing_can_be_read_is_refused_and_one_of_which_something_can_is_not() {
    let (events, _) = events(Vec::new());
    let decode = |body: &str| events.decode(&Labels::new(), body, events.clock.now());
    assert!(decode("{}").unwrap_err().contains("specversion"));
    assert!(decode("[{}]").unwrap_err().contains("event 1 of the list"));
    let some = decode(&format!("[{{}},{}]", message("nodes.n1", "NodeNotReady"))).unwrap();
    assert_eq!((told(&some.alerts).as_str(), some.left_out.len()), ("Down", 1));
    assert_eq!(decode("[]").unwrap(), Normalised::default());
    assert!(events.metrics().contains("what=\"unreadable\"} 3\n"), "{}", events.metrics());
}
