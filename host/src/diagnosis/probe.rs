//! Probes that fail, and containers that are killed before they are up.

use serde_json::Value;

use super::Found;
use super::fields::{has, object, short, text};
use super::world::{World, containers};
use crate::domain::{Cause, NamedCause};

pub(super) fn find(world: &World<'_>, found: &mut Found) {
    for pod in world.of("Pod") {
        let name = object(pod);
        let known = |cause: Cause| !matches!(cause, Cause::Evicted | Cause::RolloutStuck);
        let explained = found.0.iter().any(|one| known(one.cause) && one.objects.contains(&name));
        let Some(event) = world.warnings(pod).find(|event| event.reason == "Unhealthy") else { continue };
        let probe = name_of(kind(&event.message));
        // The one that the event is about: it has such a probe, and is the least well.
        let running = containers(pod).filter(|one| one.status.pointer("/state/running").is_some());
        let running = running.min_by_key(|one| {
            let has = one.spec.is_none_or(|spec| spec.get(probe).is_some());
            (!has, one.ready(), std::cmp::Reverse(one.restarts()))
        });
        let Some(container) = running.filter(|_| !explained) else { continue };
        let unready = containers(pod).any(|one| !one.ready());
        let restarts = containers(pod).map(|one| one.restarts()).max().unwrap_or(0);
        if !unready && restarts == 0 {
            // It failed once and passes now.
            continue;
        }
        let kind = kind(&event.message);
        let slow = restarts > 0
            && unready
            && matches!(kind, Cause::LivenessProbeFails | Cause::StartupProbeFails)
            && container
                .spec
                .is_some_and(|spec| spec.get("startupProbe").is_none() || kind == Cause::StartupProbeFails)
            && has(&event.message, &["connection refused", "startup probe"]);
        let mut cause =
            NamedCause::new(if slow { Cause::StartsTooSlowly } else { kind }, name, if slow { 80 } else { 85 });
        cause.container = short(container.name());
        cause.restarts = restarts;
        cause.said = short(&event.message);
        cause.what = container.spec.map(|spec| target(spec, kind)).unwrap_or_default();
        cause.evidence.push(format!("{} times: {}", event.count.max(1), short(&event.message)));
        found.add(cause);
    }
    for event in world.strangers().filter(|event| event.reason == "Unhealthy") {
        found.told(kind(&event.message), event, 70);
    }
}

fn kind(message: &str) -> Cause {
    if has(message, &["liveness probe"]) {
        Cause::LivenessProbeFails
    } else if has(message, &["startup probe"]) {
        Cause::StartupProbeFails
    } else {
        Cause::ReadinessProbeFails
    }
}

/// The field of a container that holds the probe.
fn name_of(kind: Cause) -> &'static str {
    match kind {
        Cause::LivenessProbeFails => "livenessProbe",
        Cause::StartupProbeFails => "startupProbe",
        _ => "readinessProbe",
    }
}

/// What a probe asks: `GET :8080/healthz`.
fn target(spec: &Value, kind: Cause) -> String {
    let probe = name_of(kind);
    let port = |pointer: &str| match spec.pointer(pointer) {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Number(port)) => port.to_string(),
        _ => String::new(),
    };
    let http = format!("/{probe}/httpGet/port");
    if spec.pointer(&http).is_some() {
        return short(&format!("GET :{}{}", port(&http), text(spec, &format!("/{probe}/httpGet/path"))));
    }
    for (field, word) in [("tcpSocket", "TCP"), ("grpc", "gRPC")] {
        let at = format!("/{probe}/{field}/port");
        if spec.pointer(&at).is_some() {
            return short(&format!("{word} :{}", port(&at)));
        }
    }
    String::new()
}
