//! Looks of the record before the gates of now: which would be refused, and which no longer.

use jiff::Timestamp;

use super::incident_replay::IncidentReplay;
use super::world::World;
use crate::domain::entry::Purpose;
use crate::domain::{Call, Fact};

/// A recorded look as the new side has it, and a note where its gates see it otherwise.
pub fn follow(replay: &mut IncidentReplay, world: &World<'_>, recorded: &Fact, at: Timestamp) -> Option<Fact> {
    let Fact::Looked { purpose, call, refused: then, .. } = recorded else { return None };
    let now = ruled(replay, world, purpose, call, at);
    match (then, &now) {
        (None, Some(Fact::Looked { refused: Some(gate), .. })) => {
            replay.note(&format!("gate {gate} would refuse a look with {}", call.tool));
        }
        (Some(gate), None) => replay.note(&format!(
            "a look with {} that gate {gate} refused would be made; what it would show was not recorded",
            call.tool
        )),
        _ => {}
    }
    now
}

/// The refusal of a look by the new gates; none when they let it be made.
pub fn ruled(
    replay: &IncidentReplay,
    world: &World<'_>,
    purpose: &Purpose,
    call: &Call,
    at: Timestamp,
) -> Option<Fact> {
    let context = world.context(at);
    let refused = world.gate.admit_look(world.policies, &replay.fresh, purpose, call, &context).err()?;
    let (purpose, call) = (purpose.clone(), call.clone());
    Some(Fact::Looked { purpose, call, ok: false, text: refused.reason, took_ms: 0, refused: Some(refused.gate) })
}
