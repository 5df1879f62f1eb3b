//! A closer look at one object: what an incident about it would have looked at, and what that shows to be wrong.

use super::super::{Services, collect, look};
use crate::domain::inspection::{FINDING, Finding, KindResult, Problem, SOURCE};
use crate::domain::subject::AffectedObject;
use crate::domain::{Entry, Fact, Incident, NamedCause, is_cluster_wide};
use crate::evidence::{Detail, observed, short, text};
use crate::inspection::{InspectionScope, Item, Judge, ListAssessment, UnhealthyObject, alerts};

/// Rounds of looks at one object: what was seen leads to more.
const ROUNDS: usize = 6;
/// Causes of one object that are told, and how sure all but the first must be.
const CAUSES: usize = 3;
const SURE: u8 = 85;

/// What a closer look at something untold came to.
#[derive(Default)]
pub(super) struct Examined {
    /// What is not well with it, and what was named to be wrong.
    pub unwell: Option<(UnhealthyObject, Vec<Finding>)>,
    pub findings: Vec<Finding>,
}

/// What a look is made for, as gates and tables see it: an alert of no incident of the journal.
pub(super) fn occasion(
    services: &Services,
    order: &InspectionScope,
    server: &str,
    object: &AffectedObject,
    alert: &str,
) -> Option<Incident> {
    let catalogue = services.tools.catalogue();
    let mut labels = alerts::labels(catalogue.clusters.label(server), object);
    labels.insert("inspection", order.name.as_str());
    look::standalone(services, SOURCE, &format!("inspection-{}", order.name), alert, labels)
}

/// Looks at an object of which the list says too little, and judges it.
pub(super) async fn untold(
    services: &Services,
    order: &InspectionScope,
    judge: &Judge<'_>,
    object: AffectedObject,
) -> (KindResult, Examined) {
    let mut part = KindResult::of(judge.server, &object.kind);
    let Some(incident) = looked_at(services, order, judge.server, &object, FINDING).await else {
        blind(&mut part, &object, "nothing was looked at");
        return (part, Examined::default());
    };
    part.add(counted(&incident));
    let whole = incident.looks.iter().flat_map(|look| observed(look).objects).find(|(told, seen)| {
        let same = text(seen, "/kind").eq_ignore_ascii_case(&object.kind);
        *told == Detail::Full && same && text(seen, "/metadata/name") == object.name
    });
    let Some((_, whole)) = whole else {
        let why = unanswered(&incident).unwrap_or_else(|| "no answer shows it".into());
        blind(&mut part, &object, &why);
        return (part, Examined::default());
    };
    let mut judged = ListAssessment::default();
    judge.object(&Item::whole_of(object, whole), &mut judged);
    // The tables look at what their own alerts are about more closely.
    let unwell = judged.unwell.into_iter().next().map(|unwell| {
        let found = named(&incident, &unwell.finding, &mut part);
        (unwell, found)
    });
    (part, Examined { unwell, findings: judged.findings })
}

/// Looks at something that is not well; what is wrong with it, or that it is not well.
pub(super) async fn examine_unhealthy(
    services: &Services,
    order: &InspectionScope,
    unwell: UnhealthyObject,
) -> (KindResult, Vec<Finding>) {
    let own = unwell.finding;
    let mut part = KindResult::of(&own.server, &own.kind);
    let object = own.object();
    let Some(incident) = looked_at(services, order, &own.server, &object, unwell.alert).await else {
        blind(&mut part, &object, "nothing was looked at");
        return (part, vec![own]);
    };
    part.add(counted(&incident));
    let found = named(&incident, &own, &mut part);
    (part, found)
}

/// Says of an object that it could not be looked at as closely as it was to be.
fn blind(part: &mut KindResult, object: &AffectedObject, why: &str) {
    let slash = if object.namespace.is_empty() { "" } else { "/" };
    part.note_blind_spot_in(&object.namespace, short(&format!("{}{slash}{}: {why}", object.namespace, object.name)));
}

/// Why not all was seen that was to be; none where it was. That there is no such thing is an answer, too.
fn unanswered(incident: &Incident) -> Option<String> {
    let is_answer = |text: &str| ["not found", "NotFound", "waiting to start"].iter().any(|word| text.contains(word));
    let failed = incident.looks.iter().find(|look| !look.ok && !is_answer(&look.text));
    let failed = failed.map(|look| format!("{}: {}", look.call.tool, look.told()));
    incident.deciding.incomplete.clone().or(failed)
}

async fn looked_at(
    services: &Services,
    order: &InspectionScope,
    server: &str,
    object: &AffectedObject,
    alert: &str,
) -> Option<Incident> {
    let mut incident = occasion(services, order, server, object, alert)?;
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

fn counted(incident: &Incident) -> KindResult {
    let looks = || incident.looks.iter();
    let refused = || looks().filter(|look| look.refused.is_some());
    let mut part = KindResult {
        calls: looks().count() as u64,
        answered: looks().filter(|look| look.ok).count() as u64,
        failed: looks().filter(|look| !look.ok && look.refused.is_none()).count() as u64,
        refused: refused().count() as u64,
        bytes: looks().map(|look| look.text.len() as u64).sum(),
        ..KindResult::default()
    };
    refused().for_each(|look| part.note_refused(short(&format!("{}: {}", look.call.tool, look.told()))));
    part
}

/// The causes that were named, as findings about the objects that they name; else what the list showed.
fn named(incident: &Incident, own: &Finding, part: &mut KindResult) -> Vec<Finding> {
    let causes = incident.causes().unwrap_or_default();
    let sure = causes.iter().enumerate().filter(|(at, one)| *at == 0 || one.confidence >= SURE && !one.cause.follows());
    let found: Vec<Finding> = sure.take(CAUSES).map(|(_, named)| about(named, own)).collect();
    if !found.is_empty() {
        return found;
    }
    if let Some(why) = unanswered(incident) {
        blind(part, &own.object(), &why);
    }
    vec![own.clone()]
}

fn about(named: &NamedCause, own: &Finding) -> Finding {
    let read = named.objects.first().and_then(|object| AffectedObject::read(object));
    let mut object = read.unwrap_or_else(|| own.object());
    if object.namespace.is_empty() && !is_cluster_wide(&object.kind) {
        object.namespace.clone_from(&own.namespace);
    }
    let found = Finding::of(&own.server, &object, own.severity, Problem::Cause(named.clone()));
    let same = found.kind == own.kind && found.place() == own.place();
    Finding { more: if same { own.more } else { named.more as u64 }, ..found }
}
