//! Pods and objects that the cluster does not let in: quotas, limit ranges, webhooks, security standards, rights,
//! service accounts that are not there.

use super::CauseSet;
use super::fields::{between, condition, contains_word, list, number, object, quoted, short, text};
use super::observations::Observations;
use crate::domain::{Cause, NamedCause, quantity};

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for (object, said) in unmade_pods(world) {
        found.add(named(object, &said));
    }
    for quota in world.of("ResourceQuota") {
        for (resource, used, hard) in exhausted(quota) {
            // A quota that is used up is nothing wrong by itself, unless somebody wants more.
            let wanted = found.0.iter().any(|known| known.cause == Cause::QuotaExceeded);
            let mut cause = NamedCause::new(Cause::QuotaExceeded, object(quota), if wanted { 90 } else { 55 });
            cause.what = short(text(quota, "/metadata/name"));
            cause.said = short(&format!("{resource}: {used} of {hard}"));
            cause.evidence.push(cause.said.clone());
            found.add(cause);
        }
    }
    for stuck in world.all().filter(|one| !text(one, "/metadata/deletionTimestamp").is_empty()) {
        let mut held: Vec<&str> =
            list(stuck, "/metadata/finalizers").iter().filter_map(serde_json::Value::as_str).collect();
        held.extend(list(stuck, "/spec/finalizers").iter().filter_map(serde_json::Value::as_str));
        if held.is_empty() || text(stuck, "/kind") == "Pod" && text(stuck, "/status/phase") == "Running" {
            continue;
        }
        let mut cause = NamedCause::new(Cause::DeletionHeld, object(stuck), 80);
        cause.what = short(&held.join(", "));
        cause.said = condition(stuck, "NamespaceContentRemaining").map(|one| one.why()).unwrap_or_default();
        cause.evidence.push(format!("being deleted since {}", short(text(stuck, "/metadata/deletionTimestamp"))));
        found.add(cause);
    }
}

/// What controllers say about pods that they cannot make: the object and the words.
fn unmade_pods(world: &Observations<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for owner in world.all() {
        if let Some(failure) = condition(owner, "ReplicaFailure").filter(|one| one.status == "True") {
            all.push((object(owner), failure.message.to_string()));
        } else if let Some(event) = world.warnings(owner).find(|event| event.reason == "FailedCreate") {
            if full(owner) {
                continue;
            }
            all.push((object(owner), event.message.clone()));
        }
    }
    let strangers = world.strangers().filter(|event| event.reason == "FailedCreate");
    all.extend(strangers.map(|event| (short(&event.object), event.message.clone())));
    all
}

/// Whether a controller has all pods that it is to have, so that what it said before is over.
fn full(owner: &serde_json::Value) -> bool {
    let (wanted, there) = match text(owner, "/kind") {
        "DaemonSet" => ("/status/desiredNumberScheduled", "/status/currentNumberScheduled"),
        "Job" => {
            return ["/status/active", "/status/succeeded"].iter().any(|at| number(owner, at).unwrap_or(0) > 0);
        }
        _ => ("/spec/replicas", "/status/replicas"),
    };
    let there = number(owner, there).unwrap_or(0);
    number(owner, wanted).is_some_and(|wanted| wanted > 0 && there >= wanted)
}

fn exhausted(quota: &serde_json::Value) -> Vec<(String, String, String)> {
    let hard = quota.pointer("/status/hard").and_then(serde_json::Value::as_object);
    let full = |(resource, hard): (&String, &serde_json::Value)| {
        let used = text(quota, &format!("/status/used/{}", resource.replace('~', "~0").replace('/', "~1"))).to_string();
        let hard = hard.as_str()?;
        (quantity(&used)? >= quantity(hard)? && quantity(hard)? > 0.0)
            .then(|| (resource.clone(), used, hard.to_string()))
    };
    hard.into_iter().flatten().take(32).filter_map(full).collect()
}

/// Which limits are not kept, without what stands behind: `maximum cpu usage per Container is 2, but limit is 4`, or a
/// list of such in brackets.
fn limits(said: &str) -> &str {
    let Some((_, limits)) = said.split_once("forbidden: ") else { return "" };
    if limits.starts_with('[') {
        return limits.find(']').and_then(|end| limits.get(..=end)).unwrap_or(limits);
    }
    let end = || {
        let but = limits.find(", but ")?;
        let value = but + limits.get(but..)?.find(" is ")? + " is ".len();
        Some(value + limits.get(value..)?.split_whitespace().next()?.len())
    };
    end().and_then(|end| limits.get(..end)).unwrap_or(limits)
}

/// Why a pod is not made, by the API server's words.
fn named(object: String, said: &str) -> NamedCause {
    let account = between(said, "serviceaccount \"", "\"").filter(|_| said.contains("not found"));
    let (cause, what, confidence) = if let Some(account) = account {
        (Cause::ServiceAccountMissing, account, 95)
    } else if contains_word(said, &["exceeded quota:"]) {
        (Cause::QuotaExceeded, between(said, "exceeded quota: ", ",").unwrap_or_default(), 97)
    } else if contains_word(said, &["failed quota:"]) {
        (Cause::QuotaExceeded, between(said, "failed quota: ", ":").unwrap_or_default(), 92)
    } else if contains_word(said, &["insufficient quota to match these scopes"]) {
        (Cause::QuotaExceeded, between(said, "scopes: [", "]").unwrap_or_default(), 92)
    } else if contains_word(
        said,
        &["usage per container is", "usage per pod is", "limit to request ratio", "usage per persistentvolumeclaim is"],
    ) {
        (Cause::LimitRangeViolated, limits(said), 95)
    } else if contains_word(said, &["violates podsecurity", "security context constraint"]) {
        (Cause::PodSecurityViolated, between(said, "violates PodSecurity \"", "\"").unwrap_or_default(), 95)
    } else if contains_word(said, &["failed calling webhook"]) {
        (
            Cause::AdmissionWebhookUnreachable,
            quoted(said, usize::from(!said.contains("failed calling webhook \""))).unwrap_or_default(),
            95,
        )
    } else if contains_word(said, &["admission webhook"]) && contains_word(said, &["denied"]) {
        (Cause::AdmissionDenied, between(said, "webhook \"", "\"").unwrap_or_default(), 95)
    } else if contains_word(said, &["validatingadmissionpolicy"]) {
        (Cause::AdmissionDenied, between(said, "ValidatingAdmissionPolicy '", "'").unwrap_or_default(), 92)
    } else if contains_word(said, &["cannot create resource", "is forbidden: user"]) {
        (Cause::AccessForbidden, between(said, "User \"", "\"").unwrap_or_default(), 93)
    } else {
        (Cause::PodsNotCreated, "", 65)
    };
    let mut named = NamedCause::new(cause, object, confidence);
    named.what = short(what);
    named.said = short(said);
    named.evidence.push(short(said));
    named
}
