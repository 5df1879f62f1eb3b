//! Floods of many groups, of one group, and of what is worse than the rest.

use super::*;
use crate::domain::counted::Mark;
use crate::domain::{Entry, Fact, Status};
use crate::pipeline::correlate::correlate;

const SMALL: FloodLimits = FloodLimits { incidents: 8, at_once: 8, alerts: 3, counted: 40 };

fn alert(name: &str, severity: Severity) -> Alert {
    Alert {
        source: "s".into(),
        name: name.into(),
        status: Status::Firing,
        severity,
        labels: Default::default(),
        annotations: Default::default(),
        starts_at: None,
        ends_at: None,
        fingerprint: name.into(),
        link: None,
    }
}

/// The store in small: the index and the incidents, and what a batch makes of them.
#[derive(Default)]
struct World {
    index: Index,
    incidents: HashMap<IncidentId, Arc<Incident>>,
}

impl World {
    fn receive(&mut self, alerts: Vec<Alert>, key: &dyn Fn(&Alert) -> String) -> Result<u64, String> {
        let key = |alert: &Alert| key(alert).into();
        let batch = correlate(&self.index, &self.incidents, alerts, &key, Default::default());
        let repeats = batch.repeats.values().sum();
        let BoundedBatch { opened, changed, .. } = contain(batch, &self.index, &self.incidents, &SMALL)?;
        for (group_key, intake) in opened {
            let id = IncidentId(format!("i{:03}", self.incidents.len()).into());
            let fact = Fact::Opened { group_key, source: "s".into(), alerts: intake.alerts };
            let incident = Incident::open(id.clone(), &Entry { at: Default::default(), fact }).unwrap();
            self.incidents.insert(id.clone(), Arc::new(incident));
            self.follow(&id, Vec::new(), intake.counted);
            self.index.insert(&self.incidents[&id]);
        }
        for (id, intake) in changed {
            self.follow(&id, intake.alerts, intake.counted);
        }
        Ok(repeats)
    }

    fn follow(&mut self, id: &IncidentId, alerts: Vec<Alert>, counted: Option<CountedChange>) {
        let incident = Arc::make_mut(self.incidents.get_mut(id).unwrap());
        self.index.take(incident, alerts.iter());
        let mut apply = |fact| incident.apply(&Entry { at: Default::default(), fact });
        apply(Fact::AlertsChanged { alerts });
        if let Some(change) = counted {
            self.index.count(id, &change);
            apply(Fact::AlertsCounted { change });
        }
    }

    fn all(&self) -> usize {
        self.incidents.values().map(|incident| incident.alert_count()).sum()
    }

    fn own(&self, severity: Severity) -> usize {
        let own = self.incidents.values().filter(|incident| incident.counted.collecting.is_none());
        own.filter(|incident| incident.severity() == severity).count()
    }
}

fn apart(alert: &Alert) -> String {
    alert.name.clone()
}

fn flood(count: usize, severity: Severity) -> Vec<Alert> {
    (0..count).map(|i| alert(&format!("{severity}{i}"), severity)).collect()
}

#[test]
fn what_is_beyond_stands_together_and_nothing_is_lost() {
    let mut world = World::default();
    world.receive(flood(30, Severity::Info), &apart).unwrap();
    assert_eq!((world.own(Severity::Info), world.incidents.len(), world.all()), (8, 9, 30));
    // Again and again: the same alerts are repeats, whether kept or counted.
    for _ in 0..3 {
        assert_eq!(world.receive(flood(30, Severity::Info), &apart), Ok(30));
        assert_eq!((world.incidents.len(), world.all()), (9, 30));
    }
    // What comes later joins the incident that collects, also when people have been told of it.
    let collecting = world.index.collecting("s", Severity::Info).cloned().unwrap();
    world.receive(flood(35, Severity::Info), &apart).unwrap();
    let fact = Fact::Concluded { outcome: crate::domain::Outcome::NeedsPerson, reason: String::new() };
    Arc::make_mut(world.incidents.get_mut(&collecting).unwrap()).apply(&Entry { at: Default::default(), fact });
    world.index.conclude(&world.incidents[&collecting]);
    world.receive(flood(40, Severity::Info), &apart).unwrap();
    assert_eq!((world.incidents.len(), world.all()), (9, 40));
    assert!(world.incidents[&collecting].title().contains("+32"));
}

#[test]
fn a_flood_of_infos_takes_no_room_from_what_is_critical() {
    let mut world = World::default();
    world.receive(flood(20, Severity::Info), &apart).unwrap();
    world.receive(flood(2, Severity::Critical), &apart).unwrap();
    assert_eq!(world.own(Severity::Critical), 2, "they have a room of their own");
    world.receive([flood(20, Severity::Info), flood(4, Severity::Critical)].concat(), &apart).unwrap();
    let critical = world.index.collecting("s", Severity::Critical).unwrap();
    assert_eq!(world.incidents[critical].severity(), Severity::Critical);
    assert_eq!(world.incidents[critical].alert_count(), 2);
    // Within one body the worst come first.
    let mut world = World::default();
    world.receive([flood(20, Severity::Info), flood(9, Severity::Critical)].concat(), &apart).unwrap();
    assert_eq!((world.own(Severity::Critical), world.own(Severity::Info), world.all()), (9, 0, 29));
}

#[test]
fn a_large_group_keeps_the_worst_and_counts_the_rest_until_they_resolve() {
    let (mut world, one) = (World::default(), |_: &Alert| "one".to_string());
    world.receive([flood(10, Severity::Info), flood(2, Severity::Error)].concat(), &one).unwrap();
    let incident = world.incidents.values().next().unwrap();
    assert_eq!((world.incidents.len(), incident.alerts.len(), incident.counted.len()), (1, 3, 9));
    assert_eq!(incident.alerts.iter().filter(|alert| alert.severity == Severity::Error).count(), 2);
    assert_eq!((incident.firing_count(), incident.severity()), (12, Severity::Error));
    // One that becomes worse is news, and one that resolves is taken off.
    let worse = Alert { severity: Severity::Critical, ..alert("info9", Severity::Info) };
    assert_eq!(world.receive(vec![worse], &one), Ok(0));
    assert_eq!(world.incidents.values().next().unwrap().severity(), Severity::Critical);
    let resolved = |mut alert: Alert| {
        alert.status = Status::Resolved;
        alert
    };
    let all = [flood(10, Severity::Info), flood(2, Severity::Error), vec![alert("info9", Severity::Critical)]].concat();
    world.receive(all.into_iter().map(resolved).collect(), &one).unwrap();
    let incident = world.incidents.values().next().unwrap();
    // The last word of a body counts for an alert, so the information that became critical is left.
    assert_eq!(incident.firing_count(), 1);
    world.receive(vec![resolved(alert("info9", Severity::Info))], &one).unwrap();
    assert!(world.incidents.values().next().unwrap().all_resolved());
}

#[test]
fn what_cannot_be_counted_is_refused_and_changes_nothing() {
    let mut world = World::default();
    world.receive(flood(40, Severity::Info), &apart).unwrap();
    let before = world.all();
    assert!(world.receive(flood(200, Severity::Info), &apart).unwrap_err().contains("try again later"));
    assert_eq!(world.all(), before);
    assert_eq!(world.receive(flood(40, Severity::Info), &apart), Ok(40), "repeats are still taken");
    assert_eq!(world.receive(flood(1, Severity::Critical), &apart), Ok(0), "and so is what has its own room");
}

#[test]
fn a_mark_tells_sources_fingerprints_and_severities_apart() {
    let one = alert("a", Severity::Info);
    let others = [
        Alert { source: "t".into(), ..one.clone() },
        Alert { fingerprint: "b".into(), ..one.clone() },
        Alert { severity: Severity::Error, ..one.clone() },
    ];
    assert!(others.iter().all(|other| Mark::of(other) != Mark::of(&one)));
    assert_eq!(Mark::of(&Alert { status: Status::Resolved, ..one.clone() }), Mark::of(&one));
}
