//! A closer look at one object: what an incident about it would have looked at, and what that shows to be wrong.

use super::super::{Services, collect};
use crate::domain::inspection::{Finding, Part, SOURCE, What};
use crate::domain::subject::owner_of;
use crate::domain::{Alert, Entry, Fact, Incident, IncidentId, Labels, NamedCause, Severity, Status, is_cluster_wide};
use crate::evidence::{Told, observed, short, text};
use crate::inspection::{Item, Judge, Judged, Order, Unwell, alerts};

/// Rounds of looks at one object: what was seen leads to more.
const ROUNDS: usize = 6;
/// Causes of one object that are told, and how sure all but the first must be.
const CAUSES: usize = 3;
const SURE: u8 = 85;

/// What a closer look at something untold came to.
pub(super) struct Examined {
    pub unwell: Option<(Unwell, Vec<Finding>)>,
    pub findings: Vec<Finding>,
}

/// What a look is made for, as gates and tables see it: an alert of no incident of the journal.
pub(super) fn occasion(
    services: &Services,
    order: &Order,
    server: &str,
    kind: &str,
    namespace: &str,
    name: &str,
    alert: &str,
) -> Option<Incident> {
    let mut labels = alerts::labels(server, kind, namespace, name);
    labels.insert("inspection", order.name.as_str());
    let alert = Alert {
        source: SOURCE.into(),
        name: alert.into(),
        status: Status::Firing,
        severity: Severity::Info,
        labels,
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: String::new(),
        link: None,
    };
    let at = services.clock.now();
    let fact = Fact::Opened { group_key: String::new(), source: SOURCE.into(), alerts: vec![alert] };
    let entry = Entry { at, fact };
    let id = IncidentId(format!("inspection-{}", order.name).as_str().into());
    Incident::open(id, &entry)
}

/// Looks at an object of which the list says too little, and judges it.
pub(super) async fn item(services: &Services, order: &Order, judge: &Judge<'_>, item: Item) -> (Part, Examined) {
    let alert = crate::domain::inspection::FINDING;
    let Some(incident) = looked_at(services, order, judge.server, &item, alert).await else {
        let part = blind(judge.server, &item, "nothing was looked at");
        return (part, Examined { unwell: None, findings: Vec::new() });
    };
    let mut part = counted(&incident, judge.server, &item.kind);
    let whole = incident.looks.iter().flat_map(|look| observed(look).objects).find(|(told, object)| {
        let same = text(object, "/kind").eq_ignore_ascii_case(&item.kind);
        *told == Told::Whole && same && text(object, "/metadata/name") == item.name
    });
    let mut examined = Examined { unwell: None, findings: Vec::new() };
    let Some((_, whole)) = whole else {
        let why = unanswered(&incident).unwrap_or_else(|| "no answer shows it".into());
        part.problems = blind(judge.server, &item, &why).problems;
        return (part, examined);
    };
    let mut judged = Judged::default();
    judge.object(&item.with(whole), &mut judged);
    examined.findings = judged.findings;
    // The tables look at what their own alerts are about more closely.
    for unwell in judged.unwell.into_iter().take(1) {
        let found = named(&incident, &unwell, judge.server, &mut part);
        examined.unwell = Some((unwell, found));
    }
    (part, examined)
}

/// Looks at something that is not well; what is wrong with it, or that it is not well.
pub(super) async fn unwell(services: &Services, order: &Order, server: &str, unwell: Unwell) -> (Part, Vec<Finding>) {
    let Some(incident) = looked_at(services, order, server, &unwell.item, unwell.alert).await else {
        return (blind(server, &unwell.item, "nothing was looked at"), vec![unwell.finding]);
    };
    let mut part = counted(&incident, server, &unwell.item.kind);
    let found = named(&incident, &unwell, server, &mut part);
    (part, found)
}

/// Says of an object that it could not be looked at as closely as it was to be.
fn blind(server: &str, item: &Item, why: &str) -> Part {
    let slash = if item.namespace.is_empty() { "" } else { "/" };
    let problem = short(&format!("{}{slash}{}: {why}", item.namespace, item.name));
    Part { server: server.into(), kind: item.kind.clone(), problems: vec![problem], ..Part::default() }
}

/// Why not all was seen that was to be; none where it was. That there is no such thing is an answer, too.
fn unanswered(incident: &Incident) -> Option<String> {
    let is_answer = |text: &str| ["not found", "NotFound", "waiting to start"].iter().any(|word| text.contains(word));
    let failed = incident.looks.iter().find(|look| !look.ok && !is_answer(&look.text));
    let failed = failed.map(|look| format!("{}: {}", look.call.tool, look.told()));
    incident.deciding.incomplete.clone().or(failed)
}

async fn looked_at(services: &Services, order: &Order, server: &str, item: &Item, alert: &str) -> Option<Incident> {
    let mut incident = occasion(services, order, server, &item.kind, &item.namespace, &item.name, alert)?;
    for _ in 0..ROUNDS {
        let facts = collect::run(services, &incident).await;
        let done = facts.iter().any(|fact| matches!(fact, Fact::Collected { .. }));
        let at = services.clock.now();
        facts.into_iter().for_each(|fact| incident.apply(&Entry { at, fact }));
        if done {
            break;
        }
    }
    Some(incident)
}

fn counted(incident: &Incident, server: &str, kind: &str) -> Part {
    let looks = || incident.looks.iter();
    Part {
        server: server.into(),
        kind: kind.into(),
        calls: looks().count() as u64,
        failed: looks().filter(|look| !look.ok && look.refused.is_none()).count() as u64,
        refused: looks().filter(|look| look.refused.is_some()).count() as u64,
        bytes: looks().map(|look| look.text.len() as u64).sum(),
        ..Part::default()
    }
}

/// The causes that were named, as findings about the objects that they name; else what the list showed.
fn named(incident: &Incident, unwell: &Unwell, server: &str, part: &mut Part) -> Vec<Finding> {
    let causes = incident.causes().unwrap_or_default();
    let sure = causes.iter().enumerate().filter(|(at, one)| *at == 0 || one.confidence >= SURE && !one.cause.follows());
    let found: Vec<Finding> = sure.take(CAUSES).map(|(_, named)| about(named, unwell, server)).collect();
    if !found.is_empty() {
        return found;
    }
    if let Some(why) = unanswered(incident) {
        part.problems.extend(blind(server, &unwell.item, &why).problems);
    }
    vec![unwell.finding.clone()]
}

fn about(named: &NamedCause, unwell: &Unwell, server: &str) -> Finding {
    let own = &unwell.finding;
    let object = named.objects.first().map(String::as_str).unwrap_or_default();
    let parsed = object.split_once(' ').filter(|(kind, name)| !kind.is_empty() && !name.is_empty());
    let (kind, path) = parsed.unwrap_or((own.kind.as_str(), own.name.as_str()));
    let (namespace, name) = match path.split_once('/') {
        Some((namespace, name)) => (namespace, name),
        None if is_cluster_wide(kind) => ("", path),
        None => (own.namespace.as_str(), path),
    };
    let owner = owner_of(kind, name).filter(|_| kind == "pod").map_or(name, |(_, owner)| owner);
    let same = kind == own.kind && namespace == own.namespace && owner == own.owner;
    Finding {
        server: server.into(),
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
        owner: owner.into(),
        more: if same { own.more } else { named.more as u64 },
        severity: own.severity,
        what: What::Cause(named.clone()),
    }
}
