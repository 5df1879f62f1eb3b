//! What several sources tell of one object.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::decision::{Decision, Mode, Verdict};
use crate::domain::{Entry, Fact, Labels, Outcome, Severity};

fn opened_at() -> Timestamp {
    Timestamp::from_second(1_763_000_000).unwrap()
}

fn alert(source: &str, name: &str, severity: Severity, labels: &[(&str, &str)]) -> Alert {
    Alert {
        source: source.into(),
        name: name.into(),
        status: Status::Firing,
        severity,
        labels: labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<Labels>(),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: format!("{source} {name}"),
        link: None,
    }
}

const POD: [(&str, &str); 3] = [("cluster", "kestrel"), ("namespace", "shop"), ("pod", "web-85754b9c87-x2k4p")];
const DEPLOYMENT: [(&str, &str); 3] = [("cluster", "kestrel"), ("namespace", "shop"), ("deployment", "web")];

fn watched() -> Alert {
    alert("events", "KubePodImagePullBackOff", Severity::Warning, &POD)
}

fn prometheus(name: &str, severity: Severity) -> Alert {
    alert("alertmanager", name, severity, &DEPLOYMENT)
}

fn scope() -> Scope {
    Scope { join_sources: ["alertmanager", "events"].map(String::from).into() }
}

/// The incident that a watched cluster has opened, and what has become of it since.
fn incident(facts: Vec<Fact>) -> Incident {
    let fact = Fact::Opened { group_key: "events/x".into(), source: "events".into(), alerts: vec![watched()] };
    let mut incident = Incident::open(IncidentId("i1".into()), &Entry { at: opened_at(), fact }).unwrap();
    facts.into_iter().for_each(|fact| incident.apply(&Entry { at: opened_at(), fact }));
    incident
}

fn concluded(outcome: Outcome) -> Fact {
    Fact::Concluded { outcome, reason: String::new() }
}

fn decided(verdict: Verdict) -> Fact {
    let decision = Decision {
        verdict,
        rule: None,
        reason: String::new(),
        mode: Mode::Enforce,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    };
    Fact::Decided { decision: Arc::new(decision) }
}

/// What an alert means so many minutes after that.
fn comes(scope: Scope, incident: Incident, alert: Alert, minutes: i64) -> CorrelatedBatch {
    let mut index = Index::new(scope);
    index.insert(&incident);
    let live = HashMap::from([(incident.id.clone(), Arc::new(incident))]);
    let now = opened_at() + SignedDuration::from_mins(minutes);
    correlate(&index, &live, vec![alert], &|_| Group::BySubject, now)
}

fn joins(scope: Scope, incident: Incident, alert: Alert, minutes: i64) -> bool {
    let found = comes(scope, incident, alert, minutes);
    assert_eq!(found.opened.len() + found.changed.len(), 1, "{found:?}");
    found.opened.is_empty()
}

#[test]
fn an_alert_of_another_source_joins_the_incident_about_its_object_and_says_so() {
    let found =
        comes(scope(), incident(Vec::new()), prometheus("KubeDeploymentReplicasMismatch", Severity::Warning), 1);
    let [joiner] = found.joined[&IncidentId("i1".into())].as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (joiner.name.as_str(), joiner.source.as_deref(), joiner.object.as_str()),
        ("KubeDeploymentReplicasMismatch", Some("alertmanager"), "workload shop/web")
    );
    // Under its own name as well: that another source has it is news.
    let same = alert("alertmanager", "KubePodImagePullBackOff", Severity::Warning, &POD);
    assert_eq!(comes(scope(), incident(Vec::new()), same, 1).joined.len(), 1);
    let later = || prometheus("KubeDeploymentReplicasMismatch", Severity::Warning);
    assert!(!joins(Scope::default(), incident(Vec::new()), later(), 1), "nobody said so");
    let stranger = Alert { source: "generic-json".into(), ..later() };
    assert!(!joins(scope(), incident(Vec::new()), stranger, 1), "whoever may send there says nothing of this");
    for source in [crate::domain::schedule::SOURCE, crate::domain::conversation::SOURCE] {
        let by_itself = alert(source, "KubePodNotReady", Severity::Warning, &POD);
        assert!(!joins(scope(), incident(Vec::new()), by_itself, 1), "{source}");
    }
}

#[test]
fn nobody_looks_or_tells_twice_and_what_is_worse_or_comes_after_a_repair_is_decided_anew() {
    let later = || prometheus("KubeDeploymentReplicasMismatch", Severity::Warning);
    let person = || incident(vec![concluded(Outcome::NeedsPerson)]);
    assert!(joins(scope(), person(), later(), 16), "people know");
    assert!(!joins(scope(), person(), later(), 31), "long after that it may be another matter");
    let same = || alert("alertmanager", "KubePodImagePullBackOff", Severity::Warning, &POD);
    assert!(joins(scope(), person(), same(), 600), "and the same is the same as long as it lasts");
    assert!(!joins(scope(), person(), prometheus("KubeDeploymentReplicasMismatch", Severity::Critical), 16), "worse");
    assert!(!joins(scope(), person(), alert("events", "KubePodOOMKilled", Severity::Warning, &POD), 16), "one source");
    let other = alert(
        "alertmanager",
        "KubeDeploymentReplicasMismatch",
        Severity::Warning,
        &[("cluster", "kestrel"), ("namespace", "shop"), ("deployment", "cart")],
    );
    assert!(!joins(scope(), person(), other, 1), "another workload");
    for outcome in [Outcome::Fixed, Outcome::Suppressed, Outcome::Error] {
        assert!(!joins(scope(), incident(vec![concluded(outcome)]), later(), 1), "{outcome:?}");
    }
    let over = Alert { status: Status::Resolved, ..watched() };
    let over = incident(vec![concluded(Outcome::NeedsPerson), Fact::AlertsChanged { alerts: vec![over] }]);
    assert!(!joins(scope(), over, later(), 1), "it is over");
    // What joined is not what was decided about.
    let joined = Fact::AlertsChanged { alerts: vec![prometheus("KubePodImagePullBackOff", Severity::Critical)] };
    let known = || incident(vec![joined.clone(), concluded(Outcome::NeedsPerson)]);
    assert!(!joins(scope(), known(), prometheus("KubeDeploymentReplicasMismatch", Severity::Critical), 16), "worse");
    let looked_into = incident(vec![decided(Verdict::Investigate)]);
    let worse = prometheus("KubePodImagePullBackOff", Severity::Critical);
    assert!(!joins(scope(), looked_into, worse, 1), "under the same name, too");
    // It is looked into.
    assert!(joins(scope(), incident(vec![decided(Verdict::Investigate)]), later(), 16));
    assert!(!joins(scope(), incident(vec![decided(Verdict::Investigate)]), later(), 31));
}

#[test]
fn who_names_no_cluster_is_about_none_that_others_name() {
    let unnamed = alert(
        "alertmanager",
        "KubePodNotReady",
        Severity::Warning,
        &[("namespace", "shop"), ("pod", "web-85754b9c87-x2k4p")],
    );
    assert!(!joins(scope(), incident(Vec::new()), unnamed, 1), "of several nobody knows which");
}

#[test]
fn what_begins_anew_leaves_the_incident_that_it_had_joined() {
    let began = |minutes: i64| Alert {
        starts_at: Some(opened_at() + SignedDuration::from_mins(minutes)),
        ..prometheus("KubeDeploymentReplicasMismatch", Severity::Warning)
    };
    let facts = vec![Fact::AlertsChanged { alerts: vec![began(0)] }, concluded(Outcome::NeedsPerson)];
    let found = comes(scope(), incident(facts), began(5), 6);
    assert_eq!((found.handed_over.len(), found.opened.len(), found.changed.len()), (1, 1, 0), "{found:?}");
}

#[test]
fn what_two_sources_say_of_an_object_in_one_batch_goes_where_the_first_of_it_went() {
    let of = |source: &str, name: &str, workload: &str| {
        alert(source, name, Severity::Warning, &[("namespace", "shop"), ("deployment", workload)])
    };
    // More workloads than are told apart are one incident, whose group is open when the batch comes.
    let many: Vec<Alert> = (0..5)
        .map(|i| Alert { fingerprint: format!("many {i}"), ..of("alertmanager", "Down", &format!("web{i}")) })
        .collect();
    let found = correlate(&Index::new(scope()), &HashMap::new(), many, &|_| Group::BySubject, opened_at());
    let [(group_key, alerts)] = found.opened.try_into().unwrap();
    let fact = Fact::Opened { group_key, source: "alertmanager".into(), alerts };
    let wide = Incident::open(IncidentId("i1".into()), &Entry { at: opened_at(), fact }).unwrap();
    let together = |scope: Scope| {
        let mut index = Index::new(scope);
        index.insert(&wide);
        let live = HashMap::from([(wide.id.clone(), Arc::new(wide.clone()))]);
        let batch = vec![of("alertmanager", "Down", "cart"), of("events", "Down", "cart")];
        correlate(&index, &live, batch, &|_| Group::BySubject, opened_at())
    };
    let found = together(scope());
    assert_eq!((found.opened.len(), found.changed[&wide.id].len()), (0, 2), "{found:?}");
    assert_eq!(found.joined[&wide.id].len(), 1, "the second source is said");
    let apart = together(Scope::default());
    assert_eq!((apart.opened.len(), apart.changed[&wide.id].len()), (1, 1), "{apart:?}");
    assert!(apart.opened[0].0.starts_with("events/"), "{apart:?}");
    // The same where the batch opens both.
    let batch = || vec![of("alertmanager", "Down", "cart"), of("events", "Slow", "cart")];
    let fresh = |scope| correlate(&Index::new(scope), &HashMap::new(), batch(), &|_| Group::BySubject, opened_at());
    assert_eq!((fresh(scope()).opened.len(), fresh(Scope::default()).opened.len()), (1, 2));
}
