//! Services that lead nowhere, policies that keep traffic out, names that cannot be resolved.

use serde_json::{Map, Value};

use super::fields::{contains_word, list, object, selects, short, text};
use super::observations::{Observations, containers};
use super::{CauseSet, logs};
use crate::domain::{Cause, NamedCause};

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for service in world.whole("Service") {
        let selector = service.pointer("/spec/selector").and_then(Value::as_object).filter(|one| !one.is_empty());
        if let Some(selector) = selector {
            leads(world, service, selector, found);
        }
    }
    for pod in world.of("Pod") {
        unreachable(world, pod, found);
    }
}

fn leads(world: &Observations<'_>, service: &Value, selector: &Map<String, Value>, found: &mut CauseSet) {
    let namespace = text(service, "/metadata/namespace");
    let own = |one: &&Value| text(one, "/metadata/namespace") == namespace;
    let labels = |one: &Value, at: &str| one.pointer(at).cloned().unwrap_or_default();
    let wanted = Value::Object(selector.clone());
    let fits = |pod: &&Value| selects(&wanted, &labels(pod, "/metadata/labels"));
    let pods: Vec<&Value> = world.whole("Pod").filter(own).collect();
    let chosen: Vec<&&Value> = pods.iter().filter(|pod| fits(pod)).collect();
    let workloads =
        ["Deployment", "StatefulSet", "DaemonSet"].into_iter().flat_map(|kind| world.whole(kind)).filter(own);
    let templates: Vec<&Value> = workloads.collect();
    let of_template = templates.iter().any(|one| selects(&wanted, &labels(one, "/spec/template/metadata/labels")));
    let ends: Vec<&Value> = ["EndpointSlice", "Endpoints"]
        .into_iter()
        .flat_map(|kind| world.whole(kind))
        .filter(own)
        .filter(|one| {
            let of = text(one, "/metadata/labels/kubernetes.io~1service-name");
            of == text(service, "/metadata/name")
                || of.is_empty() && text(one, "/metadata/name") == text(service, "/metadata/name")
        })
        .collect();
    let ready = ends.iter().any(|one| {
        let endpoints =
            list(one, "/endpoints").iter().any(|end| end.pointer("/conditions/ready") != Some(&Value::Bool(false)));
        endpoints || list(one, "/subsets").iter().any(|set| !list(set, "/addresses").is_empty())
    });
    let some = ends.iter().any(|one| !list(one, "/endpoints").is_empty() || !list(one, "/subsets").is_empty());
    let words = selector.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let words = short(&words.collect::<Vec<_>>().join(","));
    if ready || chosen.iter().any(|pod| containers(pod).all(|one| one.ready())) {
        return;
    }
    let empty = !ends.is_empty() && !some;
    if chosen.is_empty() && !of_template && (empty && !pods.is_empty() || !templates.is_empty()) {
        let mut cause = NamedCause::new(Cause::SelectorMismatch, object(service), if empty { 92 } else { 80 });
        cause.what = words;
        let template = "/spec/template/metadata/labels";
        let at = |one: &Value| if one.pointer(template).is_some() { template } else { "/metadata/labels" };
        // The one that is meant shares the most with the selector.
        let near = templates.iter().copied().chain(pods.iter().copied()).max_by_key(|one| {
            selector
                .iter()
                .filter(|(key, value)| one.pointer(at(one)).and_then(|labels| labels.get(*key)) == Some(*value))
                .count()
        });
        cause.evidence.extend(near.map(|one| short(&format!("labels of {}: {}", object(one), labels(one, at(one))))));
        found.add(cause);
    } else if some || !chosen.is_empty() {
        let mut cause = NamedCause::new(Cause::EndpointsEmpty, object(service), 80);
        cause.what = words;
        found.add(cause);
    } else if let Some(none) = templates.iter().find(|one| {
        let fits = selects(&wanted, &labels(one, "/spec/template/metadata/labels"));
        fits && one.pointer("/spec/replicas") == Some(&0.into())
    }) {
        let mut cause = NamedCause::new(Cause::EndpointsEmpty, object(service), 90);
        cause.what = words;
        cause.said = format!("{} is to have no pods", object(none));
        cause.evidence.push(format!("{}: 0 replicas wanted", object(none)));
        found.add(cause);
    }
}

/// A pod that runs and says that it cannot reach something, and a policy that would explain it.
fn unreachable(world: &Observations<'_>, pod: &Value, found: &mut CauseSet) {
    let about = object(pod);
    let told = found.0.iter().any(|one| {
        matches!(
            one.cause,
            Cause::DependencyUnreachable | Cause::DnsFailure | Cause::ReadinessProbeFails | Cause::LivenessProbeFails
        ) && one.objects.contains(&about)
    });
    let unready = containers(pod).find(|one| !one.ready());
    let log = unready.and_then(|one| world.log(pod, &one)).or_else(|| world.logs(pod).last());
    let word = log.and_then(|log| logs::exit_cause(&log.text));
    let word = word.filter(|word| matches!(word.cause, Cause::DependencyUnreachable | Cause::DnsFailure));
    let healthy = containers(pod).all(|one| one.ready() && one.restarts() == 0);
    if !told
        && (word.is_none()
            || healthy
                && !world.alerts.iter().any(|alert| {
                    contains_word(&alert.name, &["dns", "network", "errorrate", "latency", "errorbudget"])
                }))
    {
        return;
    }
    // A program that is not ready because it cannot reach something says so itself; the probe only reports it.
    let explains = found.0.iter().all(|one| one.cause.follows() || !one.objects.contains(&about));
    if explains && let Some(word) = word {
        let mut cause = NamedCause::new(word.cause, about.clone(), word.confidence.min(80));
        (cause.what, cause.said) = (word.what, word.line.clone());
        cause.evidence.push(word.line);
        found.add(cause);
    }
    // What the program says of it comes before what a probe does.
    let own = found.0.iter().filter(|one| one.objects.contains(&about));
    let known = own.min_by_key(|one| one.cause.follows()).cloned();
    let timed_out = known.as_ref().is_some_and(|one| {
        contains_word(&one.said, &["timeout", "timed out", "deadline", "unreachable", "no route", "refused"])
            || one.cause == Cause::DnsFailure
    });
    let namespace = text(pod, "/metadata/namespace");
    let labels = pod.pointer("/metadata/labels").cloned().unwrap_or_default();
    let policies = world.whole("NetworkPolicy").filter(|one| text(one, "/metadata/namespace") == namespace);
    for policy in policies.filter(|one| selects(one.pointer("/spec/podSelector").unwrap_or(&Value::Null), &labels)) {
        let types: Vec<&str> = list(policy, "/spec/policyTypes").iter().filter_map(Value::as_str).collect();
        let shut = |kind: &str, rules: &str| {
            let named = types.contains(&kind) || types.is_empty() && kind == "Ingress";
            named && list(policy, rules).is_empty()
        };
        let direction = if shut("Egress", "/spec/egress") {
            "egress"
        } else if shut("Ingress", "/spec/ingress") {
            "ingress"
        } else {
            continue;
        };
        let probe = known
            .as_ref()
            .is_some_and(|one| matches!(one.cause, Cause::ReadinessProbeFails | Cause::LivenessProbeFails));
        if !timed_out || (direction == "egress" && probe) {
            continue;
        }
        let mut cause = NamedCause::new(Cause::NetworkPolicyBlocks, about.clone(), 88);
        cause.what = short(text(policy, "/metadata/name"));
        cause.said = format!("it allows no {direction}");
        cause.evidence.extend(known.iter().map(|one| one.said.clone()));
        found.add(cause);
    }
}
