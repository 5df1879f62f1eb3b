//! How well incidents fit what is really wrong: labelled storms, counted in pairs of alerts.
//!
//! `cargo test -p tidegate-tests --test storms -- --nocapture` prints the table. Two alerts are held together when
//! they are in one incident, or in two of which one waits for the other. Each storm is taken a second time by a host
//! that restarts behind every request, which must come to the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tidegate::domain::{Alert, Decision, Fact, Incident, IncidentId, Labels, Mode, Outcome, Severity, Status, Verdict};
use tidegate::journal::Memory;
use tidegate::pipeline::correlate::group;
use tidegate::ports::{Clock, Journal};
use tidegate::random::Random;
use tidegate::store::{Store, replay};

const STORMS: &str = include_str!("../data/storms/storms.toml");

/// What every storm together must reach.
const ENOUGH: f64 = 0.9;

/// How long people or a model are at an incident before it is concluded.
const HANDLED: SignedDuration = SignedDuration::from_mins(15);

#[derive(Deserialize)]
struct File {
    storm: Vec<Storm>,
}

#[derive(Deserialize)]
struct Storm {
    name: String,
    batch: Vec<Batch>,
}

#[derive(Deserialize)]
struct Batch {
    at: i64,
    #[serde(default)]
    resolved: bool,
    alerts: String,
}

struct Now(Mutex<Timestamp>);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn start() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn alert(line: &str, batch: &Batch) -> (String, Alert) {
    let mut words = line.split(' ');
    let (trouble, name) = (words.next().unwrap(), words.next().unwrap());
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => drop(labels.insert(key.into(), value.into())),
            None => {
                assert_eq!(word, "+ksm", "{line}");
                let pod = "prom-kube-state-metrics-7c8b8bf58c-x4vcd";
                let of_target = [("job", "kube-state-metrics"), ("pod", pod), ("container", "kube-state-metrics")];
                for (key, value) in
                    of_target.into_iter().chain([("instance", "10.42.3.19:8080"), ("namespace", "monitoring")])
                {
                    labels.entry(key.into()).or_insert_with(|| value.into());
                }
            }
        }
    }
    let labels: Labels = labels.into();
    let status = if batch.resolved { Status::Resolved } else { Status::Firing };
    let at = start() + SignedDuration::from_secs(batch.at);
    let alert = Alert {
        source: "alertmanager".into(),
        name: name.into(),
        status,
        severity: Severity::Warning,
        fingerprint: tidegate::domain::alert::fingerprint("alertmanager", name, &labels),
        labels,
        annotations: Labels::new(),
        starts_at: None,
        ends_at: batch.resolved.then_some(at),
        link: None,
    };
    (trouble.into(), alert)
}

fn is_due(incident: &Incident, now: Timestamp) -> bool {
    match incident.decision.as_ref().map(|decision| &decision.verdict) {
        None => true,
        Some(Verdict::Hold { until }) => *until <= now,
        Some(_) => false,
    }
}

struct Host {
    journal: Arc<Memory>,
    clock: Arc<Now>,
    store: Arc<Store>,
}

impl Host {
    fn new() -> Self {
        let (journal, clock) = (Arc::new(Memory::new()), Arc::new(Now(Mutex::new(start()))));
        let store = Self::store(&journal, &clock);
        Self { journal, clock, store }
    }

    fn store(journal: &Arc<Memory>, clock: &Arc<Now>) -> Arc<Store> {
        let group_of = Box::new(|alert: &Alert| group(None, alert, None));
        let wake = tokio::sync::mpsc::unbounded_channel().0;
        let (journal, clock) = (Arc::clone(journal) as Arc<dyn Journal>, Arc::clone(clock) as Arc<dyn Clock>);
        Arc::new(Store::new(journal, clock, Arc::new(Random::seeded(7)), group_of, wake))
    }

    /// What a restart makes of it.
    fn restart(&mut self) {
        self.store = Self::store(&self.journal, &self.clock);
        let incidents = replay(self.journal.as_ref()).unwrap().incidents.into_values();
        self.store.reload(incidents.filter(|incident| !incident.settled()).collect(), Vec::new()).unwrap();
    }

    /// Each incident is decided at once, so that nothing joins it later only for being undecided, and handled for a while.
    async fn handle(&self) {
        let now = self.clock.now();
        let mut open: Vec<Arc<Incident>> = self.store.all();
        open.sort_by(|one, other| one.id.cmp(&other.id));
        for incident in open.iter().filter(|incident| incident.conclusion.is_none()) {
            let over = incident.opened_at + HANDLED <= now || incident.all_resolved();
            if over {
                let fact = Fact::Concluded { outcome: Outcome::NeedsPerson, reason: "handled".into() };
                self.store.append(&incident.id, vec![fact]).await.unwrap();
            } else if is_due(incident, now) {
                let (verdict, reason) =
                    incident.waits(&Verdict::Investigate, now).unwrap_or((Verdict::Investigate, "at once".into()));
                let (evidence, faults) = (Vec::new(), Vec::new());
                let decision = Decision {
                    verdict,
                    rule: None,
                    reason,
                    mode: Mode::Enforce,
                    evidence,
                    faults,
                    policies: String::new(),
                };
                self.store.append(&incident.id, vec![Fact::Decided { decision: decision.into() }]).await.unwrap();
            }
        }
    }

    /// Incidents that are held together, by one of them.
    fn clusters(&self) -> BTreeMap<IncidentId, IncidentId> {
        let replayed = replay(self.journal.as_ref()).unwrap().incidents;
        let mut root: BTreeMap<IncidentId, IncidentId> = replayed.keys().map(|id| (id.clone(), id.clone())).collect();
        for id in replayed.keys() {
            for entry in self.store.entries(id).unwrap() {
                if let Fact::BlockedBy { incident, .. } = entry.fact {
                    let (from, to) = (root[id].clone(), root[&incident].clone());
                    root.values_mut().filter(|of| **of == from).for_each(|of| *of = to.clone());
                }
            }
        }
        root
    }
}

/// Each alert's trouble, and the incidents that it came to be in, as a partition.
struct Judged {
    items: Vec<(String, IncidentId)>,
    incidents: usize,
}

async fn judge(storm: &Storm, restarts: bool) -> Judged {
    let mut host = Host::new();
    let mut troubles: BTreeMap<String, String> = BTreeMap::new();
    for batch in &storm.batch {
        *host.clock.0.lock().unwrap() = start() + SignedDuration::from_secs(batch.at);
        host.handle().await;
        let alerts: Vec<(String, Alert)> =
            batch.alerts.lines().filter(|line| !line.is_empty()).map(|line| alert(line, batch)).collect();
        troubles.extend(alerts.iter().map(|(trouble, alert)| (alert.fingerprint.clone(), trouble.clone())));
        host.store.receive(alerts.into_iter().map(|(_, alert)| alert).collect()).await.unwrap();
        host.handle().await;
        if restarts {
            host.restart();
        }
    }
    let root = host.clusters();
    let incidents = replay(host.journal.as_ref()).unwrap().incidents;
    let mut place: BTreeMap<&str, &IncidentId> = BTreeMap::new();
    for incident in incidents.values() {
        place.extend(incident.alerts.iter().map(|alert| (alert.fingerprint.as_str(), &incident.id)));
    }
    assert_eq!(place.len(), troubles.len(), "{}: every alert is in an incident", storm.name);
    let items =
        troubles.iter().map(|(alert, trouble)| (trouble.clone(), root[place[alert.as_str()]].clone())).collect();
    Judged { items, incidents: incidents.len() }
}

/// Pairs that are rightly together, together in error, and apart in error.
fn pairs(items: &[(String, IncidentId)]) -> [usize; 3] {
    let mut counts = [0; 3];
    for (n, (trouble, incident)) in items.iter().enumerate() {
        for (other, elsewhere) in &items[n + 1..] {
            match (trouble == other, incident == elsewhere) {
                (true, true) => counts[0] += 1,
                (false, true) => counts[1] += 1,
                (true, false) => counts[2] += 1,
                (false, false) => {}
            }
        }
    }
    counts
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn scores([right, joined, parted]: [usize; 3]) -> [f64; 3] {
    let (precision, recall) = (share(right, right + joined), share(right, right + parted));
    let sum = precision + recall;
    [precision, recall, if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum }]
}

#[tokio::test]
async fn incidents_fit_what_is_wrong() {
    let file: File = toml::from_str(STORMS).unwrap();
    assert!(file.storm.len() >= 10);
    let (mut all, mut of_storms) = ([0; 3], Vec::new());
    println!("{:<44} alerts troubles incidents precision recall   F1", "storm");
    for storm in &file.storm {
        let (judged, restarted) = (judge(storm, false).await, judge(storm, true).await);
        assert_eq!(pairs(&judged.items), pairs(&restarted.items), "{}: a restart changes nothing", storm.name);
        let counts = pairs(&judged.items);
        let [precision, recall, f1] = scores(counts);
        let troubles: BTreeSet<&String> = judged.items.iter().map(|(trouble, _)| trouble).collect();
        let (name, alerts, troubles, incidents) = (&storm.name, judged.items.len(), troubles.len(), judged.incidents);
        println!("{name:<44} {alerts:>6} {troubles:>8} {incidents:>9} {precision:>9.2} {recall:>6.2} {f1:>4.2}");
        (0..3).for_each(|n| all[n] += counts[n]);
        of_storms.push(f1);
    }
    let [precision, recall, f1] = scores(all);
    let mean = of_storms.iter().sum::<f64>() / of_storms.len() as f64;
    println!(
        "all pairs together: precision {precision:.3}, recall {recall:.3}, F1 {f1:.3}; mean F1 of the storms {mean:.3}"
    );
    assert!(f1 >= ENOUGH && mean >= ENOUGH, "F1 {f1:.3}, mean {mean:.3}");
}

fn one(line: &str) -> Vec<Alert> {
    let batch = Batch { at: 0, resolved: false, alerts: String::new() };
    vec![alert(line, &batch).1]
}

/// A deployment's incident is being handled; then comes an alert of another kind about one of its pods.
async fn two_at_one_object() -> (Host, IncidentId, IncidentId) {
    let mut host = Host::new();
    let first =
        host.store.receive(one("x KubeDeploymentReplicasMismatch namespace=shop deployment=web")).await.unwrap();
    host.handle().await;
    let second = host.store.receive(one("x KubePodNotReady namespace=shop pod=web-85754b9c87-x2k4p")).await.unwrap();
    host.handle().await;
    host.restart();
    let (first, second) = (first.incidents[0].clone(), second.incidents[0].clone());
    assert_ne!(first, second);
    (host, first, second)
}

#[tokio::test]
async fn nobody_plans_for_an_object_that_another_incident_is_at() {
    for outcome in [Outcome::NeedsPerson, Outcome::Fixed] {
        let (host, first, second) = two_at_one_object().await;
        let now = host.clock.now();
        let waiting = host.store.get(&second).unwrap();
        let Some(Verdict::Hold { until }) = waiting.decision.as_ref().map(|decision| decision.verdict.clone()) else {
            panic!("{:?}", waiting.decision)
        };
        assert_eq!(waiting.blocked.as_ref().map(|blocked| &blocked.by), Some(&first));
        assert!(waiting.waits(&Verdict::Escalate, now).is_none(), "telling people does not wait");
        assert!(waiting.waits(&Verdict::Investigate, until).is_none(), "it does not wait for ever");
        assert!(host.store.get(&first).unwrap().blocked.is_none());

        let fact = Fact::Concluded { outcome, reason: "over".into() };
        host.store.append(&first, vec![fact]).await.unwrap();
        let freed = host.store.get(&second).unwrap();
        let Some(Verdict::Hold { until }) = freed.decision.as_ref().map(|decision| decision.verdict.clone()) else {
            panic!("{:?}", freed.decision)
        };
        assert!(until <= now, "it is decided anew");
        let waits_on = freed.waits(&Verdict::Investigate, now);
        assert_eq!(waits_on.is_some(), outcome == Outcome::Fixed, "a repair is given time to show");
        let later = now + SignedDuration::from_mins(6);
        assert!(freed.waits(&Verdict::Investigate, later).is_none());
    }
}

/// A silence for one kind of alert must not keep another kind from being heard.
#[tokio::test]
async fn what_is_held_back_is_decided_anew_when_another_kind_of_alert_joins() {
    let host = Host::new();
    let first = host.store.receive(one("x KubePodNotReady namespace=shop pod=web-85754b9c87-x2k4p")).await.unwrap();
    let id = &first.incidents[0];
    let until = host.clock.now() + SignedDuration::from_hours(9);
    let held = Decision {
        verdict: Verdict::Hold { until },
        rule: Some("silence:move".into()),
        reason: "the shop moves".into(),
        mode: Mode::Enforce,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    };
    host.store.append(id, vec![Fact::Decided { decision: held.into() }]).await.unwrap();
    let held = |incident: &Incident| matches!(incident.decision.as_ref().map(|of| &of.verdict), Some(Verdict::Hold { until }) if *until > host.clock.now());
    host.store.receive(one("x KubePodNotReady namespace=shop pod=web-85754b9c87-zzbcd")).await.unwrap();
    assert!(held(&host.store.get(id).unwrap()), "of its own kind one more changes nothing");
    host.store.receive(one("x KubeDeploymentReplicasMismatch namespace=shop deployment=web")).await.unwrap();
    let incident = host.store.get(id).unwrap();
    assert_eq!(incident.alerts.len(), 3);
    assert!(!held(&incident));
}

#[tokio::test]
async fn what_is_not_decided_yet_takes_in_all_that_is_said_of_its_object() {
    let host = Host::new();
    let first =
        host.store.receive(one("x KubeDeploymentReplicasMismatch namespace=shop deployment=web")).await.unwrap();
    let second = host.store.receive(one("x KubePodNotReady namespace=shop pod=web-85754b9c87-x2k4p")).await.unwrap();
    assert_eq!(first.incidents, second.incidents);
    let entries = host.store.entries(&first.incidents[0]).unwrap();
    let why = entries.iter().find_map(|entry| match &entry.fact {
        Fact::Joined { alerts, object, .. } => Some((alerts.clone(), object.clone())),
        _ => None,
    });
    assert_eq!(why, Some((vec!["KubePodNotReady".to_string()], "workload shop/web".to_string())));
}
