//! ConfigMaps, Secrets and keys that are not there.

use super::fields::{between, contains_word, object, quoted, short, text};
use super::observations::{Observations, containers};
use super::{CauseSet, start};
use crate::domain::{Cause, NamedCause};

/// Reasons why a container is not made.
const WAITS: [&str; 4] =
    ["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PostStartHookError"];

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for pod in world.of("Pod") {
        for container in containers(pod).filter(|one| WAITS.contains(&one.waits())) {
            let said = text(container.status, "/state/waiting/message");
            let mut cause = missing(said).unwrap_or_else(|| unmade(said, container.image()));
            cause.container = short(container.name());
            cause.objects = vec![object(pod)];
            found.add(cause);
        }
        let waits = text(pod, "/status/phase") == "Pending" || containers(pod).any(|one| !one.waits().is_empty());
        for event in world.warnings(pod).filter(|_| waits) {
            if event.reason != "FailedMount" {
                continue;
            }
            let object = object(pod);
            let cause = missing(&event.message).unwrap_or_else(|| {
                let mut cause = NamedCause::new(Cause::VolumeNotMounted, "", 75);
                cause.said = short(&event.message);
                cause.what = between(&event.message, "for volume \"", "\"").map(short).unwrap_or_default();
                cause
            });
            // "timed out waiting for the condition" says less than what is known already.
            if cause.cause != Cause::VolumeNotMounted || !known(found, &object) {
                found.add(NamedCause { objects: vec![object], ..cause });
            }
        }
        let made = !waits || text(pod, "/status/podIP").contains(['.', ':']);
        if let Some(event) = world.warnings(pod).find(|event| !made && event.reason == "FailedCreatePodSandBox") {
            found.add(NamedCause { objects: vec![object(pod)], ..sandbox(&event.message) });
        }
        for event in world
            .warnings(pod)
            .filter(|event| matches!(event.reason.as_str(), "FailedAttachVolume" | "FailedMapVolume"))
        {
            let mut cause = NamedCause::new(Cause::VolumeNotMounted, object(pod), 80);
            cause.said = short(&event.message);
            cause.what = between(&event.message, "for volume \"", "\"").map(short).unwrap_or_default();
            found.add(cause);
        }
    }
    for event in world.strangers().filter(|event| event.reason == "FailedMount" || event.reason == "Failed") {
        if let Some(cause) = missing(&event.message) {
            found.add(NamedCause { objects: vec![short(&event.object)], ..cause });
        }
    }
}

/// Why a node makes no sandbox for a pod: mostly its network plugin.
fn sandbox(said: &str) -> NamedCause {
    let words =
        ["setup network", "set up pod", "set up sandbox", "cni", "ip address", "network plugin", "address range"];
    let network = contains_word(said, &words);
    let cause = if network { Cause::PodNetworkFailed } else { start::failure(said) };
    let mut cause = NamedCause::new(cause, "", if network { 90 } else { 75 });
    cause.what = between(said, "plugin type=\"", "\"").map(short).unwrap_or_default();
    cause.said = short(said);
    cause.evidence.push(short(said));
    cause
}

fn known(found: &CauseSet, object: &String) -> bool {
    found.0.iter().any(|known| known.objects.contains(object))
}

fn unmade(said: &str, image: &str) -> NamedCause {
    let known = start::failure(said);
    let mut cause = NamedCause::new(known, "", if known == Cause::ContainerNotCreated { 75 } else { 88 });
    cause.what = short(if known == Cause::ImageArchitectureMismatch { image } else { "" });
    cause.said = short(said);
    cause.evidence.push(short(said));
    cause
}

/// The name in quotes behind one of these words.
fn named_behind(said: &str, words: [&str; 2]) -> Option<String> {
    let rest = words.iter().find_map(|word| Some(said.split_once(word)?.1))?;
    quoted(rest, 0).map(str::to_string)
}

/// What is missing, by the kubelet's words.
fn missing(said: &str) -> Option<NamedCause> {
    let lower = said.to_lowercase();
    let (cause, what) = if lower.contains("couldn't find key")
        || lower.contains("non-existent config key")
        || lower.contains("non-existent secret key")
    {
        let key = between(said, "couldn't find key ", " in").or_else(|| Some(said.split_once(" key: ")?.1.trim()));
        let holder = said.rsplit_once(" in ").map(|(_, holder)| holder.trim()).unwrap_or_default();
        let key = key.unwrap_or_else(|| said.rsplit(' ').next().unwrap_or_default());
        let of = if holder.is_empty() { String::new() } else { format!(" of {holder}") };
        (Cause::ConfigurationKeyMissing, format!("{key}{of}"))
    } else if lower.contains("not found") && lower.contains("configmap") {
        (Cause::ConfigMapMissing, named_behind(said, ["configmap ", "ConfigMap "])?)
    } else if lower.contains("not found") && lower.contains("secret") {
        (Cause::SecretMissing, named_behind(said, ["secret ", "Secret "])?)
    } else {
        return None;
    };
    let mut named = NamedCause::new(cause, "", 96);
    named.what = short(&what);
    named.said = short(said);
    named.evidence.push(short(said));
    Some(named)
}
