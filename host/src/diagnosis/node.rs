//! Nodes that do not answer, lack something, or are kept from taking pods.

use super::CauseSet;
use super::fields::{condition, short, text};
use super::observations::Observations;
use crate::domain::{Cause, NamedCause};
use crate::evidence::NODE_PRESSURES;

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    for node in world.of("Node") {
        let name = format!("node {}", short(text(node, "/metadata/name")));
        if let Some(ready) = condition(node, "Ready").filter(|one| one.status != "True" && !one.status.is_empty()) {
            let mut cause = NamedCause::new(Cause::NodeNotReady, name.clone(), 95);
            cause.what = short(ready.reason);
            cause.said = ready.why();
            cause.evidence.push(format!("condition Ready is {}: {}", short(ready.status), ready.why()));
            found.add(cause);
        }
        for what in NODE_PRESSURES {
            // Of a node that does not answer all conditions are unknown.
            if let Some(one) = condition(node, what).filter(|one| one.status == "True") {
                let mut cause = NamedCause::new(Cause::NodePressure, name.clone(), 95);
                cause.what = what.into();
                cause.said = one.why();
                cause.evidence.push(format!("condition {what} is True: {}", one.why()));
                found.add(cause);
            }
        }
    }
    for event in world.strangers().filter(|event| event.reason == "NodeNotReady") {
        found.told(Cause::NodeNotReady, event, 75);
    }
}
