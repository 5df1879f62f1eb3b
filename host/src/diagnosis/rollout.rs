//! Rollouts that do not go on.

use super::CauseSet;
use super::fields::{condition, number, object, short};
use super::observations::Observations;
use crate::domain::{Cause, NamedCause};

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for deployment in world.of("Deployment") {
        if deployment.pointer("/spec/paused") == Some(&true.into()) {
            found.add(NamedCause::new(Cause::RolloutPaused, object(deployment), 75));
        }
        let stuck = condition(deployment, "Progressing").filter(|one| one.reason == "ProgressDeadlineExceeded");
        if let Some(stuck) = stuck {
            let mut cause = NamedCause::new(Cause::RolloutStuck, object(deployment), 80);
            cause.said = short(stuck.message);
            cause.evidence.push(stuck.why());
            found.add(cause);
        }
    }
    for kind in ["StatefulSet", "DaemonSet", "Deployment"] {
        for workload in world.of(kind) {
            let (made, seen) =
                (number(workload, "/metadata/generation"), number(workload, "/status/observedGeneration"));
            if let (Some(made), Some(seen)) = (made, seen)
                && seen < made
            {
                let mut cause = NamedCause::new(Cause::RolloutStuck, object(workload), 60);
                cause.evidence.push(format!("its controller has seen generation {seen} of {made}"));
                found.add(cause);
            }
        }
    }
}
