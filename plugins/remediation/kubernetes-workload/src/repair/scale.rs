//! More or fewer replicas of a Deployment, within the bounds that the settings give for it.
//!
//! Only where its pods are well: more of those that do not run help nobody. And never where an autoscaler decides.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::write::{self, Change};
use tidegate_plugin::kubernetes::{Dialect, Kind, Selection, object, verify};
use tidegate_plugin::remediation::{Call, CallError, Proposal};

use super::manager_words;
use crate::settings::{Bounds, Settings};
use crate::workload::Case;

/// Autoscalers of one namespace that are looked at.
const AUTOSCALERS: usize = 8;

/// Proposes another number of replicas where an alert of the settings asks for it, or tells why not.
pub(super) fn propose(case: &Case<'_>, deployment: &Value, settings: &Settings) -> Result<Option<Proposal>, CallError> {
    let asked = |names: &[String]| case.alerts.iter().find(|alert| names.contains(alert));
    let (up, down) = (asked(&settings.scale_up_alerts), asked(&settings.scale_down_alerts));
    let Some(alert) = up.or(down) else { return Ok(None) };
    let told = |why: &str, evidence: Vec<String>| {
        case.found(format!("the alert asks for another number of replicas; {why}"), evidence);
        Ok(None)
    };
    let now = object::number(deployment, "/spec/replicas");
    let mut evidence = vec![format!("it has {now} replicas, all of them available")];
    if up.is_some() && down.is_some() {
        return told("one alert asks for more and another for fewer, so nothing is proposed", vec![]);
    }
    let Some(bounds) = settings.scale.get(&format!("{}/{}", case.namespace, case.name)) else {
        return told("it is not one of scale, so it is not scaled", vec![]);
    };
    if !object::settled(deployment) {
        return told("not all of its replicas are available, so nothing is proposed", vec![]);
    }
    let Some(wanted) = wanted(now, bounds, up.is_some(), settings.scale_percent) else {
        let text = format!("{now} is at its bound, or beyond: least is {}, most is {}", bounds.least, bounds.most);
        return told(&text, vec![]);
    };
    match autoscaled(case)? {
        Some(None) => {}
        Some(Some(name)) => return told(&format!("the autoscaler {name} decides that"), vec![]),
        None => return told("whether an autoscaler decides that could not be seen", vec![]),
    }
    evidence
        .push(format!("its settings allow between {} and {}; no autoscaler is about it", bounds.least, bounds.most));
    if wanted > now {
        evidence.push("more replicas take more of the nodes, and of whatever they all use".into());
    } else {
        evidence.push("those that remain get the load of those that go".into());
    }
    evidence.extend(manager_words(case));
    let Change { call, back } = match change(case, deployment, now, wanted) {
        Ok(change) => change,
        Err(why) => return told(&why, evidence),
    };
    Ok(Some(Proposal {
        call,
        target: case.target(),
        reason: format!("scale {} from {now} to {wanted} replicas", case.target()),
        evidence,
        root_cause: format!("the alert {alert} asks for {} replicas", if wanted > now { "more" } else { "fewer" }),
        verify: verify::scaled(&case.cluster, deployment, wanted),
        undo: Some(back),
        extra: vec![],
    }))
}

/// A number within the bounds that goes the way that is asked for; none where there is none.
fn wanted(now: u64, bounds: &Bounds, up: bool, percent: u64) -> Option<u64> {
    let step = (now.saturating_mul(percent) / 100).max(1);
    let to = if up { now.saturating_add(step).max(bounds.least) } else { now.saturating_sub(step).min(bounds.most) };
    let to = to.clamp(bounds.least, bounds.most.max(bounds.least));
    (bounds.least <= bounds.most && if up { to > now } else { to < now }).then_some(to)
}

/// The autoscaler that decides about it, none inside where there is none, none outside where that is not known.
fn autoscaled(case: &Case<'_>) -> Result<Option<Option<String>>, CallError> {
    let which = Selection { namespace: Some(&case.namespace), ..Selection::default() };
    let seen = if case.cluster.server.dialect == Dialect::Kubectl {
        case.cluster.objects(Kind::AUTOSCALER, which)?
    } else {
        let listed = case.cluster.listed(Kind::AUTOSCALER, which)?.filter(|listed| listed.len() <= AUTOSCALERS);
        let Some(listed) = listed else { return Ok(None) };
        case.cluster
            .look_ahead(listed.iter().map(|one| (Kind::AUTOSCALER, case.namespace.as_str(), one.name.as_str())));
        let mut seen = Vec::new();
        for one in &listed {
            let Some(one) = case.cluster.get(Kind::AUTOSCALER, &case.namespace, &one.name)? else { return Ok(None) };
            seen.push(one);
        }
        Some(seen)
    };
    let about = |one: &&Value| {
        object::text(one, "/spec/scaleTargetRef/kind") == case.kind
            && object::text(one, "/spec/scaleTargetRef/name") == case.name
    };
    Ok(seen.map(|seen| seen.iter().find(about).map(|one| object::name(one).to_string())))
}

/// The number alone is set where the server has a tool for that; else the Deployment is patched or written.
fn change(case: &Case<'_>, deployment: &Value, now: u64, wanted: u64) -> Result<Change, String> {
    let server = case.cluster.server;
    let native = (server.dialect == Dialect::Native).then(|| server.tool("resources_scale")).flatten();
    let Some(tool) = native else {
        return write::set_spec(server, Kind::DEPLOYMENT, deployment, &json!({"replicas": wanted}));
    };
    let call = |scale: u64| Call {
        tool: tool.clone(),
        arguments: json!({"apiVersion": Kind::DEPLOYMENT.version, "kind": Kind::DEPLOYMENT.name, "name": case.name,
            "namespace": case.namespace, "scale": scale})
        .to_string(),
    };
    Ok(Change { call: call(wanted), back: call(now) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_replicas_stays_within_its_bounds() {
        let to = |now, least, most, up, percent| wanted(now, &Bounds { least, most }, up, percent);
        assert_eq!(to(4, 2, 10, true, 50), Some(6));
        assert_eq!(to(1, 1, 10, true, 50), Some(2), "one at least");
        assert_eq!(to(8, 2, 10, true, 50), Some(10));
        assert_eq!(to(10, 2, 10, true, 50), None);
        assert_eq!(to(12, 2, 10, true, 50), None, "not taken back either");
        assert_eq!(to(0, 2, 10, true, 50), Some(2));
        assert_eq!(to(8, 2, 10, false, 50), Some(4));
        assert_eq!(to(3, 2, 10, false, 100), Some(2));
        assert_eq!(to(2, 2, 10, false, 50), None);
        assert_eq!(to(1, 2, 10, false, 50), None);
        assert_eq!(to(20, 2, 10, false, 10), Some(10));
        assert_eq!(to(4, 9, 3, true, 50), None, "bounds that leave nothing");
        assert_eq!(to(u64::MAX, 1, u64::MAX, true, 100), None);
    }
}
