//! What the rules say at once about new alerts: alert and decision go to the disk together, and nobody need look after
//! the incident before there is something to do.
//!
//! It changes nothing about what is decided: the step, what it rests on and what follows from it are those of
//! [`super::perform`]. Whatever else is due, such as a plan, a look or a report, is left to the runner.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;

use super::{Services, decide, with_consequences};
use crate::domain::incident::Effect;
use crate::domain::{Alert, Fact, Incident, Next, next};
use crate::ports::JournalError;
use crate::store::Received;

/// So many incidents of a batch are decided at once at most, and no further one after this time: the sender waits.
const AT_ONCE: usize = 64;
const WITHIN: Duration = Duration::from_millis(5);

/// Takes a batch of alerts. When this returns, the batch is durable.
///
/// # Errors
/// When the journal does not take it: the sender must send it again.
pub async fn receive(services: &Services, alerts: Vec<Alert>) -> Result<Received, JournalError> {
    let store = &services.store;
    let mut taken = store.take(alerts)?;
    if !taken.opened().is_empty() && !store.is_stopping() && knows_tools(services) {
        let begun = services.clock.elapsed();
        let opened: Vec<_> = taken.opened().iter().take(AT_ONCE).cloned().collect();
        for id in &opened {
            if services.clock.elapsed().saturating_sub(begun) > WITHIN {
                break;
            }
            let Some(incident) = store.get(id) else { continue };
            let version = incident.version;
            let Some(facts) = decided(services, &incident) else { continue };
            // The store changes an incident in place that nobody else holds.
            drop(incident);
            if store.take_behind(&mut taken, (id, version), facts).is_err() {
                // The batch itself is about to hear of it.
                break;
            }
        }
    }
    store.lasts(taken).await
}

/// Whether the tools are known on which a decision may rest, and the journal has them.
fn knows_tools(services: &Services) -> bool {
    services.tools.settled().now_or_never().is_some() && services.store.knows(services.tools.as_ref())
}

/// What the rules decide now, and what follows from it alone; none where that is not what is due, or where it proposes
/// actions, of which the gate must hear.
fn decided(services: &Services, incident: &Arc<Incident>) -> Option<Vec<Fact>> {
    let now = services.clock.now();
    if !matches!(next(incident, now, &services.limits), Next::Do(Effect::Decide)) {
        return None;
    }
    // What panics is found again by the runner, which says so and tries again later.
    let facts = catch_unwind(AssertUnwindSafe(|| decide::run(services, incident))).ok()?;
    let acts = facts.iter().any(|fact| matches!(fact, Fact::Proposed { .. }));
    (!acts).then(|| with_consequences(services, incident, facts))
}
