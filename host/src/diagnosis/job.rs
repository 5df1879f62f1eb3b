//! Jobs that have failed, and cron jobs that start none.

use serde_json::Value;

use super::CauseSet;
use super::fields::{condition, contains_word, list, number, object, short, text};
use super::observations::{Observations, containers};
use crate::domain::{Cause, NamedCause};

/// Why a cron job says that it starts nothing.
const MISSED: [&str; 6] = [
    "TooManyMissedTimes",
    "FailedNeedsStart",
    "UnparseableSchedule",
    "InvalidSchedule",
    "UnknownTimeZone",
    "UnparseableTimeZone",
];

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for job in world.of("Job") {
        let failed = |name: &str| condition(job, name).filter(|one| one.status == "True");
        let Some(failed) = failed("Failed").or_else(|| failed("FailureTarget")) else { continue };
        let mut cause = NamedCause::new(of(failed.reason), object(job), 90);
        cause.said = failed.why();
        cause.what = match cause.cause {
            Cause::JobDeadlineExceeded => number(job, "/spec/activeDeadlineSeconds").map(|s| s.to_string()),
            Cause::JobBackoffLimitExceeded => number(job, "/spec/backoffLimit").map(|n| n.to_string()),
            _ => None,
        }
        .unwrap_or_default();
        cause.evidence.push(failed.why());
        found.add(cause);
    }
    for event in
        world.strangers().filter(|event| matches!(event.reason.as_str(), "BackoffLimitExceeded" | "DeadlineExceeded"))
    {
        found.told(of(&event.reason), event, 80);
    }
    world.of("CronJob").filter_map(|job| idle(world, job)).for_each(|cause| found.add(cause));
    for event in world.strangers().filter(|event| MISSED.contains(&event.reason.as_str())) {
        found.told(Cause::CronJobNotStarted, event, 80);
    }
}

fn of(reason: &str) -> Cause {
    match reason {
        "DeadlineExceeded" => Cause::JobDeadlineExceeded,
        "BackoffLimitExceeded" => Cause::JobBackoffLimitExceeded,
        _ => Cause::JobFailed,
    }
}

/// A cron job that starts nothing.
fn idle(world: &Observations<'_>, job: &Value) -> Option<NamedCause> {
    let missed = world.warnings(job).find(|event| MISSED.contains(&event.reason.as_str()));
    if let Some(event) = missed {
        let mut cause = NamedCause::new(Cause::CronJobNotStarted, object(job), 90);
        cause.what = short(&event.reason);
        cause.said = short(&event.message);
        cause.evidence.push(format!("last started {}", short(text(job, "/status/lastScheduleTime"))));
        return Some(cause);
    }
    if job.pointer("/spec/suspend") != Some(&Value::Bool(true)) {
        return None;
    }
    // Suspended on purpose, unless an alert is about that.
    let alerted = world.alerts.iter().any(|alert| contains_word(&alert.name, &["cronjob", "cron_job", "suspend"]));
    let mut cause = NamedCause::new(Cause::CronJobNotStarted, object(job), if alerted { 90 } else { 50 });
    cause.what = "suspended".into();
    let last = text(job, "/status/lastScheduleTime");
    cause.evidence.push(if last.is_empty() {
        "it never started a job".into()
    } else {
        format!("last started {}", short(last))
    });
    Some(cause)
}

/// Whether a pod runs to its end for a job, once: that it ends says nothing, and nobody starts it anew.
pub(super) fn runs_once(pod: &Value) -> bool {
    let owned = list(pod, "/metadata/ownerReferences").iter().any(|owner| text(owner, "/kind") == "Job");
    owned && containers(pod).all(|one| one.restarts() == 0)
}
