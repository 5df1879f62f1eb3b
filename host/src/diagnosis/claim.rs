//! Claims that wait for a volume.

use serde_json::Value;

use super::CauseSet;
use super::fields::{contains_word, object, quoted, short, text};
use super::observations::Observations;
use crate::domain::{Cause, NamedCause};
use crate::evidence::Event;

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for claim in world.of("PersistentVolumeClaim") {
        if text(claim, "/status/phase") == "Bound" {
            continue;
        }
        let said = || world.told(claim).filter(|event| !event.message.is_empty());
        let event = said().find(|event| event.warning).or_else(|| said().next());
        let mut cause = named(world, claim, event);
        cause.objects = vec![object(claim)];
        found.add(cause);
    }
    for event in world.strangers().filter(|event| event.reason == "ProvisioningFailed") {
        let mut cause = named(world, &Value::Null, Some(event));
        cause.objects = vec![short(&event.object)];
        found.add(cause);
    }
    // What only waits for such a claim follows from it.
    let explains = |cause: Cause| {
        matches!(
            cause,
            Cause::StorageClassMissing
                | Cause::DefaultStorageClassMissing
                | Cause::StorageCapacityExhausted
                | Cause::ProvisioningFailed
        )
    };
    if found.has(explains) {
        found.0.retain(|one| one.cause != Cause::ClaimPending);
    }
}

/// Why a claim has no volume.
fn named(world: &Observations<'_>, claim: &Value, event: Option<&Event>) -> NamedCause {
    let class = text(claim, "/spec/storageClassName");
    let message = event.map(|event| event.message.as_str()).unwrap_or_default();
    let unclassed = claim.get("spec").is_some() && claim.pointer("/spec/storageClassName").is_none();
    // The class itself, not what it should make the volume from.
    let unknown = quoted(message, 0).is_some_and(|name| message.contains(&format!("\"{name}\" not found")));
    let (cause, what, confidence) = if text(claim, "/status/phase") == "Lost" {
        (Cause::VolumeLost, text(claim, "/spec/volumeName"), 93)
    } else if contains_word(message, &["storageclass"]) && unknown {
        (Cause::StorageClassMissing, quoted(message, 0).unwrap_or(class), 97)
    } else if contains_word(message, &["no storage class is set"])
        || unclassed && contains_word(message, &["no persistent volumes available"])
    {
        (Cause::DefaultStorageClassMissing, "", 92)
    } else if contains_word(
        message,
        &[
            "no space",
            "quotaexceeded",
            "enospc",
            "not enough free",
            "insufficient capacity",
            "resourceexhausted",
            "resource exhausted",
            "out of capacity",
            "quota",
        ],
    ) {
        (Cause::StorageCapacityExhausted, class, 88)
    } else if event.is_some_and(|event| event.reason == "ProvisioningFailed") {
        (Cause::ProvisioningFailed, class, 85)
    } else if contains_word(message, &["external provisioner", "waiting for a volume to be created"]) {
        (Cause::ProvisioningFailed, provisioner(message).unwrap_or(class), 75)
    } else {
        (Cause::ClaimPending, text(claim, "/metadata/name"), 65)
    };
    let mut named = NamedCause::new(cause, "", confidence);
    named.what = short(what);
    named.said = short(message);
    named.evidence.push(format!("phase {}", short(text(claim, "/status/phase"))));
    if !message.is_empty() {
        named.evidence.push(short(message));
    }
    let classes: Vec<String> = world
        .all()
        .filter(|one| text(one, "/kind") == "StorageClass")
        .map(|one| short(text(one, "/metadata/name")))
        .collect();
    if !classes.is_empty() {
        named.evidence.push(format!("storage classes: {}", short(&classes.join(", "))));
    }
    named
}

fn provisioner(message: &str) -> Option<&str> {
    message.split(['\'', '"']).nth(1).filter(|name| !name.is_empty())
}
