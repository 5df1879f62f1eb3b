//! Jobs that have failed.

use super::Found;
use super::fields::{condition, number, object};
use super::world::World;
use crate::domain::{Cause, NamedCause};

pub(super) fn find(world: &World<'_>, found: &mut Found) {
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
}

fn of(reason: &str) -> Cause {
    match reason {
        "DeadlineExceeded" => Cause::JobDeadlineExceeded,
        "BackoffLimitExceeded" => Cause::JobBackoffLimitExceeded,
        _ => Cause::JobFailed,
    }
}
