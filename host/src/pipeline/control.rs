//! What a person says to the host as a whole takes effect: pause, resume, reset of a breaker.
//!
//! The gate obeys in the order of the journal, and a pause before it is journaled: no intent ever
//! follows a pause in the journal but behind a resume.

use super::Services;
use crate::domain::control::Control;
use crate::gate::Gate;
use crate::ports::JournalError;

/// Journals what a person says to the host and applies it.
///
/// # Errors
/// When the journal does not take it. A pause holds nevertheless until the journal is read anew.
pub async fn apply_control(services: &Services, control: Control) -> Result<(), JournalError> {
    // At once, however long other orders take to become durable …
    before(&services.gate, &control);
    let _one_at_a_time = services.store.ordering().await;
    // … and once more, for the order before this one may have been to resume.
    before(&services.gate, &control);
    services.store.control(control.clone()).await?;
    services.gate.apply_control(&control);
    Ok(())
}

fn before(gate: &Gate, control: &Control) {
    if let Control::Paused { scope, .. } = control {
        gate.pause(scope);
    }
}
