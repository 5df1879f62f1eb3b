//! The one order for whatever comes in, whoever brings it: durable first, then sent on, and nobody else waits for that.

use std::sync::Arc;

use crate::bus::{Bus, Completion, Redelivery};
use crate::domain::Alert;
use crate::domain::event::Forward;
use crate::pipeline::{self, Services};
use crate::ports::JournalError;
use crate::store::Received;

/// Makes alerts durable, and then lets go of the events that rules send on, by message. What comes back for each message is
/// when its events have arrived: who can have it sent again waits for that before it is acknowledged, and here until there is
/// room for them.
///
/// # Errors
/// When the journal does not take the alerts: nothing is sent on, because all of it comes again.
pub async fn take(
    services: &Services,
    buses: &[Arc<Bus>],
    alerts: Vec<Alert>,
    (forwards, redelivery): (&[Vec<Forward>], Redelivery),
) -> Result<(Received, Vec<Completion>), JournalError> {
    let received = pipeline::receive(services, alerts).await?;
    let mut completions = Vec::with_capacity(forwards.len());
    for forwards in forwards {
        completions.push(send_on(buses, forwards, redelivery).await);
    }
    Ok((received, completions))
}

/// Hands events to each bus on which anything is told.
async fn send_on(buses: &[Arc<Bus>], forwards: &[Forward], redelivery: Redelivery) -> Completion {
    let (guard, completion) = Completion::new();
    for forward in forwards {
        let forward = Arc::new(forward.clone());
        for bus in buses {
            bus.forward(&forward, &guard, redelivery).await;
        }
    }
    completion
}
