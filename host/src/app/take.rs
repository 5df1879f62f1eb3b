//! The one order for whatever comes in, whoever brings it: durable first, then sent on, and nobody else waits for that.

use std::sync::Arc;

use crate::bus::{Arrival, Bus};
use crate::domain::Alert;
use crate::domain::event::Forward;
use crate::pipeline::{self, Services};
use crate::ports::JournalError;
use crate::store::Received;

/// Makes alerts durable, and then lets go of the events that rules send on, by message. What comes back for each message is
/// when its events have arrived: who can have it sent again may wait for that before it is acknowledged.
///
/// # Errors
/// When the journal does not take the alerts: nothing is sent on, because all of it comes again.
pub async fn take(
    services: &Services,
    buses: &[Arc<Bus>],
    alerts: Vec<Alert>,
    forwards: &[Vec<Forward>],
) -> Result<(Received, Vec<Arrival>), JournalError> {
    let received = pipeline::receive(services, alerts).await?;
    Ok((received, forwards.iter().map(|forwards| send_on(buses, forwards)).collect()))
}

/// Hands events to each bus on which anything is told.
fn send_on(buses: &[Arc<Bus>], forwards: &[Forward]) -> Arrival {
    let (under_way, arrival) = Arrival::new();
    for forward in forwards {
        let forward = Arc::new(forward.clone());
        buses.iter().for_each(|bus| bus.send_on(&forward, &under_way));
    }
    arrival
}
