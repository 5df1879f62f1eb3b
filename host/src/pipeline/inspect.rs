//! One run of an inspection: lists, then a closer look at what is not well in them, each call ruled on like any look.
//!
//! What is listed is read and let go, kind by kind or namespace by namespace; of an object that is looked at more
//! closely the same is collected, and the same named, as for an incident about it. Nothing here belongs to an
//! incident: what was looked at is counted for the journal, and its text is not kept.

mod details;
mod examine;
mod listing;
mod summary;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Services;
use crate::collector::{Survey, Topic};
use crate::domain::inspection::{BlindSpot, Finding, KindResult};
use crate::domain::is_cluster_wide;
use crate::inspection::changes::TrackedFindings;
use crate::inspection::{InspectionScope, Judge, ListAssessment, without_duplicates};
use listing::{Lister, NamespaceList};

pub use summary::{SummaryReply, summarise};

/// How long the lists of a run may take. Where each namespace has to be asked by itself and the server is slow, a run
/// says where it has not been rather than that it came to no end.
const LISTS: Duration = Duration::from_secs(600);

/// What a run saw.
#[derive(Debug, Default)]
pub struct RunObservations {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How it was looked.
    pub parts: Vec<KindResult>,
}

impl RunObservations {
    /// Adds to what is counted of a kind.
    fn note(&mut self, one: KindResult) {
        let known = self.parts.iter_mut().find(|part| part.server == one.server && part.kind == one.kind);
        match known {
            Some(part) => part.add(one),
            None => self.parts.push(one),
        }
    }
}

/// Takes a line about how far it is.
pub type Progress = dyn Fn(&str) + Send + Sync;

/// Looks at everything that an inspection is about, with the tools that are known by now. Changes nothing and journals
/// nothing. What stood before is looked at closely first.
pub fn run<'a>(
    services: &'a Services,
    order: &'a InspectionScope,
    before: &'a TrackedFindings,
    progress: &'a Progress,
) -> BoxFuture<'a, RunObservations> {
    all(services, order, before, progress).boxed()
}

async fn all(
    services: &Services,
    order: &InspectionScope,
    before: &TrackedFindings,
    progress: &Progress,
) -> RunObservations {
    let catalogue = services.tools.catalogue();
    let surveys = services.policies.surveys(&order.topics, &catalogue, order.server.as_deref());
    let mut servers: Vec<&str> = surveys.iter().map(|survey| survey.server.as_str()).collect();
    servers.dedup();
    let mut seen = RunObservations::default();
    let until = services.clock.elapsed() + LISTS;
    // Whoever showed something before, and has no tool for it now, is missed.
    let mut missing = before.servers();
    missing.retain(|known| !servers.contains(known) && order.server.as_deref().is_none_or(|one| one == *known));
    if servers.is_empty() && missing.is_empty() {
        missing.insert(order.server.as_deref().unwrap_or_default());
    }
    for server in missing {
        seen.note(KindResult { blind: BlindSpot::Everywhere, ..KindResult::of(server, "") });
    }
    for server in servers {
        let own: Vec<&Survey> = surveys.iter().filter(|survey| survey.server == server).collect();
        one_cluster(services, (order, before), server, &own, until, progress, &mut seen).await;
    }
    seen
}

async fn one_cluster(
    services: &Services,
    (order, before): (&InspectionScope, &TrackedFindings),
    server: &str,
    surveys: &[&Survey],
    until: Duration,
    progress: &Progress,
    seen: &mut RunObservations,
) {
    let has = |topic| order.topics.contains(&topic);
    let judge = Judge {
        server,
        now: services.clock.now(),
        bounds: &order.bounds,
        workloads: has(Topic::Workloads),
        restarts: has(Topic::Restarts),
    };
    let Some(lister) = Lister::new(services, order, &judge, until) else { return };
    let (first, others): (Vec<&Survey>, Vec<&Survey>) = surveys.iter().partition(|survey| survey.kind == "namespace");
    let mut names = NamespaceList { names: Vec::new(), complete: false };
    let mut judged = ListAssessment::default();
    for survey in first {
        let listed = lister.namespaces(survey).await;
        names.complete |= listed.part.blind.is_nowhere();
        names.names.extend(listed.namespaces.into_iter().filter(|name| order.has_namespace(name)));
        seen.note(listed.part);
        if has(Topic::Namespaces) {
            judged.add(listed.judged);
        }
    }
    // Who may not list namespaces may be told all that are wanted.
    if !names.complete
        && let Some(exact) = order.exact_namespaces()
    {
        names = NamespaceList { names: exact, complete: true };
    }
    progress(&format!("{server}: {} namespaces", names.names.len()));
    for listed in lister.all(&others, &names, progress).await {
        seen.note(listed.part);
        judged.add(listed.judged);
    }
    let wanted = |namespace: &str, kind: &str| is_cluster_wide(kind) || order.has_namespace(namespace);
    judged.untold.retain(|one| wanted(&one.namespace, &one.kind));
    judged.unwell.retain(|one| wanted(&one.finding.namespace, &one.finding.kind));
    judged.findings.retain(|one| wanted(&one.namespace, &one.kind));
    let found = details::examine_all(services, (order, before), &judge, judged, progress, seen).await;
    seen.findings.extend(without_duplicates(found));
}
