//! Images that cannot be pulled.

use super::CauseSet;
use super::fields::{contains_word, object, quoted, short};
use super::observations::{Observations, containers};
use crate::domain::{Cause, NamedCause};

/// Reasons why a container waits for its image.
pub(super) const WAITS: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for pod in world.of("Pod") {
        for container in containers(pod).filter(|one| WAITS.contains(&one.waits())) {
            let image = container.image();
            let waiting = super::fields::text(container.status, "/state/waiting/message");
            let pulls =
                world.warnings(pod).filter(|event| event.reason == "Failed").map(|event| event.message.as_str());
            let said: Vec<&str> =
                pulls.chain([waiting]).filter(|text| text.contains(image) || text.contains("pull")).collect();
            let cause = NamedCause { container: short(container.name()), ..named(image, container.waits(), &said) };
            found.add(NamedCause { objects: vec![object(pod)], ..cause });
        }
    }
    let pulls = |message: &str| contains_word(message, &["failed to pull image"]);
    for event in world.strangers().filter(|event| event.reason == "Failed" && pulls(&event.message)) {
        let image = quoted(&event.message, 0).unwrap_or_default();
        let cause = named(image, "ErrImagePull", &[event.message.as_str()]);
        if !found.0.iter().any(|known| known.cause == cause.cause && known.what == cause.what) {
            found.add(NamedCause { objects: vec![short(&event.object)], ..cause });
        }
    }
}

/// A text without the name of an image: a `timeout-service` says nothing about what went wrong.
fn without(text: &str, image: &str) -> String {
    if image.is_empty() {
        return text.to_string();
    }
    let path = image.split('@').next().unwrap_or(image);
    let tagged = path.rfind(':').filter(|at| path.get(*at..).is_some_and(|tag| !tag.contains('/')));
    let (path, tag) = tagged.and_then(|at| path.split_at_checked(at)).unwrap_or((path, ""));
    let name = path.rsplit('/').next().unwrap_or(path);
    let host = path.split('/').next().filter(|host| host.contains(['.', ':']) && *host != path);
    let repository = host.map_or(path, |host| path.get(host.len() + 1..).unwrap_or(path));
    let mut out = text.replace(image, "…");
    for part in [path, repository, name].into_iter().filter(|part| part.len() > 3) {
        out = out.replace(part, "…");
    }
    if tag.len() > 4 { out.replace(tag, "…") } else { out }
}

/// Why an image could not be pulled, by the runtime's words.
fn named(image: &str, reason: &str, said: &[&str]) -> NamedCause {
    let plain: Vec<String> = said.iter().map(|text| without(text, image)).collect();
    let any = |words: &[&str]| plain.iter().any(|text| contains_word(text, words));
    let (cause, confidence) = if reason == "InvalidImageName" {
        (Cause::ImageReferenceInvalid, 98)
    } else if any(&[
        "toomanyrequests",
        "too many requests",
        "rate limit",
        "pull qps exceeded",
        "ratelimit",
        "429 unknown",
    ]) {
        (Cause::ImageRateLimited, 95)
    } else if any(&[
        "no matching manifest",
        "no match for platform",
        "no image found in",
        "image operating system",
        "operating system does not match",
        "exec format error",
        "does not match the specified platform",
    ]) {
        (Cause::ImageArchitectureMismatch, 95)
    } else if any(&[
        "timeout",
        "timed out",
        "deadline exceeded",
        "connection refused",
        "connection reset",
        "no such host",
        "no route to host",
        "tls handshake",
        "x509",
        "500 internal",
        "502 bad gateway",
        "503 service",
        "504 gateway",
        "unexpected eof",
        ": eof",
        "network is unreachable",
        "host is down",
        "proxyconnect",
        "server misbehaving",
        "http response to https client",
    ]) {
        (Cause::ImageRegistryUnreachable, 90)
    } else if any(&[
        "unauthorized",
        "authentication required",
        "authorization failed",
        "access denied",
        "access forbidden",
        "403 forbidden",
        "401 unauthorized",
        "403 (forbidden)",
        "401 (unauthorized)",
        "no basic auth",
        "denied:",
        "denied on resource",
        "permission_denied",
        "unauthenticated request",
        "not authorized",
        "credentials",
        "insufficient_scope",
    ]) {
        (Cause::ImagePullDenied, 90)
    } else if any(&["not found", "notfound", "manifest unknown", "name unknown"]) {
        (Cause::ImageTagMissing, 95)
    } else {
        (Cause::ImageNotPulled, 60)
    };
    let first = said.iter().find(|text| !text.starts_with("Back-off") && text.len() > 20).or_else(|| said.first());
    let words = first.map(|text| short(text)).unwrap_or_default();
    let mut named = NamedCause::new(cause, "", confidence);
    named.what = short(image);
    named.evidence.push(format!("container waits: {}", short(reason)));
    if !words.is_empty() {
        named.evidence.push(words.clone());
        named.said = words;
    }
    named
}
