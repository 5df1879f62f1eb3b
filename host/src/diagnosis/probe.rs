//! Probes that fail, and containers that are killed before they are up.

use jiff::Timestamp;
use serde_json::Value;

use super::CauseSet;
use super::fields::{condition, contains_word, list, object, short, text};
use super::observations::{Observations, containers};
use crate::domain::{Cause, NamedCause};

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    world.of("Pod").filter_map(gate).for_each(|cause| found.add(cause));
    for pod in world.of("Pod") {
        let name = object(pod);
        let known = |cause: Cause| !matches!(cause, Cause::Evicted | Cause::RolloutStuck);
        let explained = found.0.iter().any(|one| known(one.cause) && one.objects.contains(&name));
        let Some(event) = world.warnings(pod).find(|event| event.reason == "Unhealthy") else { continue };
        let probe = probe_of(kind(&event.message));
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
            && contains_word(&event.message, &["connection refused", "startup probe"])
            && !had_been_up(pod, container.status, container.spec, kind);
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

/// A pod whose containers are all ready, and which is not because of a gate that somebody else opens.
fn gate(pod: &Value) -> Option<NamedCause> {
    let shut = condition(pod, "Ready").filter(|one| one.status == "False" && one.reason == "ReadinessGatesNotReady")?;
    let gates = list(pod, "/spec/readinessGates").iter().map(|gate| text(gate, "/conditionType"));
    let closed = gates.clone().find(|gate| condition(pod, gate).is_none_or(|one| one.status != "True"));
    let mut cause = NamedCause::new(Cause::ReadinessGateUnmet, object(pod), 92);
    cause.what = short(closed.unwrap_or_default());
    cause.said = short(shut.message);
    cause.evidence.push(shut.why());
    Some(cause)
}

/// Whether the container ran longer the last time than its probe waits for the first answer: then it had been up. What
/// does not end when it is asked to lives on through its grace period.
fn had_been_up(pod: &Value, status: &Value, spec: Option<&Value>, kind: Cause) -> bool {
    let Some(probe) = spec.and_then(|spec| spec.get(probe_of(kind))) else { return false };
    let at = |field: &str| text(status, &format!("/lastState/terminated/{field}")).parse::<Timestamp>().ok();
    let Some(lived) = at("startedAt").zip(at("finishedAt")).map(|(began, ended)| ended.duration_since(began)) else {
        return false;
    };
    let number = |field: &str, default: u64| probe.get(field).and_then(Value::as_u64).unwrap_or(default);
    let killed = status.pointer("/lastState/terminated/exitCode").and_then(Value::as_i64) == Some(137);
    let of_pod = || pod.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64).unwrap_or(30);
    let grace = if killed { number("terminationGracePeriodSeconds", of_pod()) } else { 0 };
    let tries = number("failureThreshold", 3).saturating_add(1);
    let waits = number("initialDelaySeconds", 0).saturating_add(number("periodSeconds", 10).saturating_mul(tries));
    lived.as_secs() > i64::try_from(waits.saturating_add(grace)).unwrap_or(i64::MAX)
}

fn kind(message: &str) -> Cause {
    if contains_word(message, &["liveness probe"]) {
        Cause::LivenessProbeFails
    } else if contains_word(message, &["startup probe"]) {
        Cause::StartupProbeFails
    } else {
        Cause::ReadinessProbeFails
    }
}

/// The field of a container that holds the probe.
fn probe_of(kind: Cause) -> &'static str {
    match kind {
        Cause::LivenessProbeFails => "livenessProbe",
        Cause::StartupProbeFails => "startupProbe",
        _ => "readinessProbe",
    }
}

/// What a probe asks: `GET :8080/healthz`.
fn target(spec: &Value, kind: Cause) -> String {
    let probe = probe_of(kind);
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
