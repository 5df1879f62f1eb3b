//! What became of a restoration: the host knows which state it was to bring back and which one it was sent
//! over, so it looks. A repeat is for nobody to see harmless: it would overwrite what others did meanwhile.

use super::{ProbeOutcome, ProbeResult, look_until};
use crate::domain::entry::{Purpose, Resolution};
use crate::domain::incident::ActionRecord;
use crate::domain::restoration::{RestoreOutcome, restored};
use crate::domain::{Fact, Incident, Origin};
use crate::pipeline::Services;
use crate::pipeline::prepare::snapshot;
use crate::ports::ToolAnswer;

/// What looking shows; none when it is no restoration of what the host saw.
///
/// # Errors
/// The looks so far and that it is put off, where nobody can look for now.
pub(super) async fn probe_undo(
    services: &Services,
    incident: &Incident,
    record: &ActionRecord,
) -> Result<Option<ProbeResult>, Vec<Fact>> {
    let safeguards = &record.action.safeguards;
    let undo = matches!(record.action.origin, Origin::Undo { .. });
    let Some(call) = safeguards.look.as_ref().filter(|_| undo && safeguards.before.is_some()) else { return Ok(None) };
    let judge = |answer: &ToolAnswer| {
        let now = services.moment();
        let text = Some(answer.text.as_str()).filter(|_| answer.ok);
        let seen = text
            .and_then(|text| snapshot(services.policies.as_ref(), incident, record, text, &now.context()))
            .and_then(|now| restored(incident, &record.action, &now));
        match seen {
            Some(RestoreOutcome::Yes) => ProbeOutcome::Settled(
                Resolution::Happened,
                "looking shows that what stood there before stands there again",
            ),
            Some(RestoreOutcome::Diverged) => ProbeOutcome::Settled(
                Resolution::Person,
                "looking shows that somebody else has changed the object since",
            ),
            Some(RestoreOutcome::NotYet) => ProbeOutcome::NotDone,
            None => ProbeOutcome::Unclear,
        }
    };
    let purpose = Purpose::After { action: record.action.id.clone() };
    look_until(services, incident, record, (purpose, call), judge).await.map(Some)
}
