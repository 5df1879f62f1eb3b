//! Autoscalers at their limit or without metrics, and disruption budgets that let no pod go.

use serde_json::Value;

use super::CauseSet;
use super::fields::{condition, contains_word, number, object, short, text};
use super::observations::Observations;
use crate::domain::{Cause, NamedCause};

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for scaler in world.of("HorizontalPodAutoscaler") {
        let off = |name: &str| condition(scaler, name).filter(|one| one.status == "False");
        if let Some(blind) =
            off("ScalingActive").or_else(|| off("AbleToScale")).filter(|one| one.reason != "ScalingDisabled")
        {
            let mut cause = NamedCause::new(Cause::AutoscalerBlind, object(scaler), 88);
            cause.what = short(blind.reason);
            cause.said = blind.why();
            cause.evidence.push(blind.why());
            found.add(cause);
        }
        let limited =
            condition(scaler, "ScalingLimited").filter(|one| one.status == "True" && one.reason == "TooManyReplicas");
        let (now, most) = (number(scaler, "/status/currentReplicas"), number(scaler, "/spec/maxReplicas"));
        let wants = number(scaler, "/status/desiredReplicas");
        let full = most.is_some() && now == most && wants >= most;
        let alerted = world.alerts.iter().any(|alert| contains_word(&alert.name, &["hpamaxedout", "hpascalemax"]));
        if limited.is_some() || full && alerted {
            let mut cause = NamedCause::new(Cause::AutoscalerAtMaximum, object(scaler), 92);
            cause.what = most.map(|most| most.to_string()).unwrap_or_default();
            cause.said = limited.map(|one| short(one.message)).unwrap_or_default();
            cause.evidence.push(format!("{} replicas, at most {}", now.unwrap_or_default(), cause.what));
            found.add(cause);
        }
    }
    for event in world.strangers().filter(|event| {
        matches!(
            event.reason.as_str(),
            "FailedGetResourceMetric"
                | "FailedComputeMetricsReplicas"
                | "FailedGetExternalMetric"
                | "FailedGetPodsMetric"
        )
    }) {
        found.told(Cause::AutoscalerBlind, event, 75);
    }
    world.of("PodDisruptionBudget").filter_map(deadlock).for_each(|cause| found.add(cause));
}

/// A budget that lets no pod go even while all are healthy.
fn deadlock(budget: &Value) -> Option<NamedCause> {
    let of = |field: &str| number(budget, &format!("/status/{field}"));
    let (allowed, expected, wanted, healthy) =
        (of("disruptionsAllowed")?, of("expectedPods")?, of("desiredHealthy")?, of("currentHealthy")?);
    if allowed > 0 || expected == 0 {
        return None;
    }
    let words = ["minAvailable", "maxUnavailable"].into_iter().find_map(|field| {
        let value = budget.pointer(&format!("/spec/{field}"))?;
        Some(format!("{field} {}", value.as_str().map_or_else(|| value.to_string(), str::to_string)))
    });
    let words = words.unwrap_or_default();
    let never = wanted >= expected;
    let mut cause = NamedCause::new(Cause::DisruptionBudgetDeadlock, object(budget), if never { 95 } else { 60 });
    cause.what = short(&words);
    cause.evidence.push(format!("{healthy} of {expected} pods are healthy, {wanted} must be: {allowed} may go"));
    let blocked = text(budget, "/metadata/name");
    (never || healthy < wanted && !blocked.is_empty()).then_some(cause)
}
