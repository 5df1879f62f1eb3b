//! Closer looks: at what a list says too little of, and at what is not well, to name what is wrong with it.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};

use super::super::Services;
use super::{Progress, RunObservations, examine};
use crate::domain::inspection::{Finding, KindResult};
use crate::domain::subject::AffectedObject;
use crate::inspection::changes::TrackedFindings;
use crate::inspection::{InspectionScope, Judge, ListAssessment, UnhealthyObject, without_consequences};

/// Objects that are looked at side by side.
const SIDE_BY_SIDE: usize = 4;
/// Objects of a kind whose rows say too little and that are looked at themselves.
const UNTOLD: usize = 200;

/// Something that is not well, and what is known of it.
struct UnhealthyKnown {
    unwell: UnhealthyObject,
    /// What was named to be wrong; none where it was not looked at closely yet.
    found: Option<Vec<Finding>>,
}

/// Looks closely at what lists showed; what is wrong.
pub(super) async fn examine_all(
    services: &Services,
    (order, before): (&InspectionScope, &TrackedFindings),
    judge: &Judge<'_>,
    judged: ListAssessment,
    progress: &Progress,
    seen: &mut RunObservations,
) -> Vec<Finding> {
    let ListAssessment { unwell, mut findings, untold } = judged;
    let mut known: Vec<UnhealthyKnown> =
        unwell.into_iter().map(|unwell| UnhealthyKnown { unwell, found: None }).collect();
    let asked: Vec<BoxFuture<'_, _>> = bounded(untold, judge.server, seen)
        .into_iter()
        .map(|object| examine::untold(services, order, judge, object).boxed())
        .collect();
    let mut asked = stream::iter(asked).buffered(SIDE_BY_SIDE);
    while let Some((part, told)) = asked.next().await {
        seen.note(part);
        findings.extend(told.findings);
        known.extend(told.unwell.map(|(unwell, found)| UnhealthyKnown { unwell, found: Some(found) }));
    }
    let before = before.known();
    let mut left = without_consequences(known, |one| &one.unwell.finding);
    // What stands already is looked at first: where there is no room it could not be said to be gone.
    left.sort_by_cached_key(|one| {
        let finding = &one.unwell.finding;
        (!before.has(finding), std::cmp::Reverse(finding.severity))
    });
    let mut closer = Vec::new();
    for UnhealthyKnown { unwell, found } in left {
        match found {
            Some(found) => findings.extend(found),
            None if closer.len() < order.bounds.closer_looks => closer.push(unwell),
            None => {
                let own = unwell.finding;
                if order.bounds.closer_looks > 0 && before.has(&own) {
                    let mut part = KindResult::of(judge.server, &own.kind);
                    part.note_blind_spot_in(
                        &own.namespace,
                        format!("{}: there was no room for a closer look", own.name),
                    );
                    seen.note(part);
                }
                findings.push(own);
            }
        }
    }
    if !closer.is_empty() {
        progress(&format!("{}: looks more closely at {}", judge.server, closer.len()));
    }
    let closer: Vec<BoxFuture<'_, _>> =
        closer.into_iter().map(|unwell| examine::examine_unhealthy(services, order, unwell).boxed()).collect();
    let mut closer = stream::iter(closer).buffered(SIDE_BY_SIDE);
    while let Some((part, found)) = closer.next().await {
        seen.note(part);
        findings.extend(found);
    }
    findings
}

/// Those of each kind for which there is room; what is beyond is named.
fn bounded(untold: Vec<AffectedObject>, server: &str, seen: &mut RunObservations) -> Vec<AffectedObject> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for object in untold {
        let count = counts.entry(object.kind.clone()).or_default();
        *count += 1;
        if *count <= UNTOLD {
            kept.push(object);
        }
    }
    for (kind, count) in counts.into_iter().filter(|(_, count)| *count > UNTOLD) {
        let beyond = count - UNTOLD;
        let mut part = KindResult::of(server, &kind);
        part.note_blind_spot(format!(
            "the list says nothing of the state of {count} objects; {UNTOLD} were looked at themselves, {beyond} were not"
        ));
        seen.note(part);
    }
    kept
}
