//! One run of an inspection: lists, then a closer look at what is not well in them, each call ruled on like any look.
//!
//! What is listed is read and let go, kind by kind or namespace by namespace; of an object that is looked at more
//! closely the same is collected, and the same named, as for an incident about it. Nothing here belongs to an
//! incident: what was looked at is counted for the journal, and its text is not kept.

mod examine;
mod listing;
mod summary;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};

use super::Services;
use crate::collector::{Survey, Topic};
use crate::domain::inspection::{Finding, Part};
use crate::domain::is_cluster_wide;
use crate::inspection::changes::Standings;
use crate::inspection::{Item, Judge, Judged, Order, Unwell, without_echoes, without_followers};

pub use summary::{Asked, summarise};

/// Lists that are made side by side, and objects that are looked at side by side.
const LISTS: usize = 3;
const EXAMINED: usize = 4;
/// Objects of a kind whose rows say too little and that are looked at themselves.
const UNTOLD: usize = 200;
/// Sentences about what could not be seen of one kind.
const PROBLEMS: usize = 10;

/// What a run saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How it was looked.
    pub parts: Vec<Part>,
}

/// Takes a line about how far it is.
pub type Progress = dyn Fn(&str) + Send + Sync;

/// Looks at everything that an inspection is about. Changes nothing and journals nothing.
/// What stood before is looked at closely first.
pub fn run<'a>(
    services: &'a Services,
    order: &'a Order,
    before: &'a Standings,
    progress: &'a Progress,
) -> BoxFuture<'a, Seen> {
    all(services, order, before, progress).boxed()
}

async fn all(services: &Services, order: &Order, before: &Standings, progress: &Progress) -> Seen {
    services.tools.settled().await;
    let catalogue = services.tools.catalogue();
    let surveys = services.policies.surveys(&order.topics, &catalogue, order.server.as_deref());
    let mut servers: Vec<&str> = surveys.iter().map(|survey| survey.server.as_str()).collect();
    servers.dedup();
    let mut seen = Seen::default();
    if servers.is_empty() {
        let which = order.server.as_deref().map_or_else(|| "no tool server".to_string(), |one| format!("server {one}"));
        let problem = format!("{which} offers no tool that lists what is in a cluster, as far as collectors/ knows");
        seen.parts.push(Part { problems: vec![problem], ..Part::default() });
    }
    for server in servers {
        let own: Vec<&Survey> = surveys.iter().filter(|survey| survey.server == server).collect();
        one_cluster(services, (order, before), server, &own, progress, &mut seen).await;
    }
    seen
}

async fn one_cluster(
    services: &Services,
    (order, before): (&Order, &Standings),
    server: &str,
    surveys: &[&Survey],
    progress: &Progress,
    seen: &mut Seen,
) {
    let has = |topic| order.topics.contains(&topic);
    let judge = Judge {
        server,
        now: services.clock.now(),
        bounds: &order.bounds,
        workloads: has(Topic::Workloads),
        restarts: has(Topic::Restarts),
    };
    let (first, others): (Vec<&Survey>, Vec<&Survey>) = surveys.iter().partition(|survey| survey.kind == "namespace");
    let mut names: Vec<String> = Vec::new();
    let mut judged = Judged::default();
    for survey in first {
        let (part, listed) = listing::run(services, order, survey, &[], &judge).await;
        seen.parts.push(part);
        names.extend(listed.namespaces);
        if has(Topic::Namespaces) {
            merge(&mut judged, listed.judged);
        }
    }
    names.retain(|name| order.has_namespace(name));
    progress(&format!("{server}: {} namespaces", names.len()));
    let lists: Vec<BoxFuture<'_, _>> =
        others.into_iter().map(|survey| listing::run(services, order, survey, &names, &judge).boxed()).collect();
    let mut lists = stream::iter(lists).buffered(LISTS);
    while let Some((part, listed)) = lists.next().await {
        let Part { kind, objects, calls, .. } = &part;
        progress(&format!("{server}: {kind}: {objects} in {calls} calls"));
        seen.parts.push(part);
        merge(&mut judged, listed.judged);
    }
    drop(lists);
    let wanted = |namespace: &str, kind: &str| is_cluster_wide(kind) || order.has_namespace(namespace);
    judged.untold.retain(|item| wanted(&item.namespace, &item.kind));
    judged.unwell.retain(|one| wanted(&one.item.namespace, &one.item.kind));
    judged.findings.retain(|one| wanted(&one.namespace, &one.kind));
    let untold = std::mem::take(&mut judged.untold);
    let mut examined: Vec<(Unwell, Vec<Finding>)> = Vec::new();
    let asked: Vec<BoxFuture<'_, _>> = bounded(untold, &mut seen.parts, server)
        .into_iter()
        .map(|item| examine::item(services, order, &judge, item).boxed())
        .collect();
    let mut asked = stream::iter(asked).buffer_unordered(EXAMINED);
    while let Some((part, told)) = asked.next().await {
        note(&mut seen.parts, part);
        judged.findings.extend(told.findings);
        examined.extend(told.unwell);
    }
    drop(asked);
    let all: Vec<Unwell> = judged.unwell.into_iter().chain(examined.iter().map(|(unwell, _)| unwell.clone())).collect();
    let mut left = without_followers(all);
    left.sort_by_key(|one| (!before.has(&one.finding), std::cmp::Reverse(one.finding.severity)));
    let mut closer = Vec::new();
    for unwell in left {
        let known = examined.iter().find(|(known, _)| *known == unwell).map(|(_, findings)| findings.clone());
        match known {
            Some(findings) => judged.findings.extend(findings),
            None if closer.len() < order.bounds.details => closer.push(unwell),
            None => {
                if order.bounds.details > 0 && before.has(&unwell.finding) {
                    let why = format!("{}: there was no room for a closer look", unwell.finding.name);
                    let kind = unwell.item.kind.clone();
                    note(&mut seen.parts, Part { server: server.into(), kind, problems: vec![why], ..Part::default() });
                }
                judged.findings.push(unwell.finding);
            }
        }
    }
    if !closer.is_empty() {
        progress(&format!("{server}: looks more closely at {}", closer.len()));
    }
    let closer: Vec<BoxFuture<'_, _>> =
        closer.into_iter().map(|unwell| examine::unwell(services, order, server, unwell).boxed()).collect();
    let mut closer = stream::iter(closer).buffered(EXAMINED);
    while let Some((part, findings)) = closer.next().await {
        note(&mut seen.parts, part);
        judged.findings.extend(findings);
    }
    seen.findings.extend(without_echoes(judged.findings));
}

fn merge(into: &mut Judged, from: Judged) {
    into.unwell.extend(from.unwell);
    into.findings.extend(from.findings);
    into.untold.extend(from.untold);
}

/// Those of each kind for which there is room; what is beyond is named.
fn bounded(untold: Vec<Item>, parts: &mut [Part], server: &str) -> Vec<Item> {
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let mut kept = Vec::new();
    for item in untold {
        let count = counts.entry(item.kind.clone()).or_default();
        *count += 1;
        if *count <= UNTOLD {
            kept.push(item);
        }
    }
    for (kind, count) in counts.into_iter().filter(|(_, count)| *count > UNTOLD) {
        if let Some(part) = parts.iter_mut().find(|part| part.server == server && part.kind == kind) {
            let beyond = count - UNTOLD;
            part.problems.push(format!(
                "the list says nothing of the state of {count} objects; {UNTOLD} were looked at themselves, {beyond} were not"
            ));
        }
    }
    kept
}

/// Adds calls to what is counted of their kind.
fn note(parts: &mut Vec<Part>, one: Part) {
    if let Some(part) = parts.iter_mut().find(|part| part.server == one.server && part.kind == one.kind) {
        part.calls += one.calls;
        part.failed += one.failed;
        part.refused += one.refused;
        part.bytes += one.bytes;
        let room = PROBLEMS.saturating_sub(part.problems.len());
        part.problems.extend(one.problems.into_iter().take(room));
    } else if !one.problems.is_empty() {
        parts.push(one);
    }
}
