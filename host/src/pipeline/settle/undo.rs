//! What became of a restoration: the host knows which state it was to bring back and which one it was sent
//! over, so it looks. A repeat is for nobody to see harmless: it would overwrite what others did meanwhile.

use super::{LOOKS, Seen, pause};
use crate::domain::entry::{Purpose, Resolution};
use crate::domain::incident::ActionRecord;
use crate::domain::restoration::{Restored, restored};
use crate::domain::{Fact, Incident, Origin};
use crate::pipeline::look::look;
use crate::pipeline::prepare::{snapshot, text};
use crate::pipeline::{Services, put_off};
use crate::ports::LookError;

/// What looking shows; none when it is no restoration of what the host saw.
///
/// # Errors
/// The looks so far and that it is put off, where nobody can look for now.
pub(super) async fn looked(
    services: &Services,
    incident: &Incident,
    record: &ActionRecord,
) -> Result<Option<Seen>, Vec<Fact>> {
    let safeguards = &record.action.safeguards;
    let undo = matches!(record.action.origin, Origin::Undo { .. });
    let Some(call) = safeguards.look.as_ref().filter(|_| undo && safeguards.before.is_some()) else { return Ok(None) };
    let (mut facts, mut not_done) = (Vec::new(), 0);
    for _ in 0..LOOKS {
        let purpose = Purpose::After { action: record.action.id.clone() };
        let (answer, looked) = look(services, incident, purpose, call.clone()).await;
        if let Some(put_off) =
            answer.as_ref().err().and_then(|error| put_off::look(services, record, &call.tool, error))
        {
            facts.push(put_off);
            return Err(facts);
        }
        facts.push(looked);
        if let Err(LookError::Refused(refused)) = &answer {
            return Ok(Some((Resolution::Person, format!("the look that would show it was {refused}"), facts)));
        }
        let now = services.moment();
        let seen = text(&answer)
            .and_then(|text| snapshot(services.policies.as_ref(), incident, record, text, &now.context()))
            .and_then(|now| restored(incident, &record.action, &now));
        match seen {
            Some(Restored::Yes) => {
                let reason = "looking shows that what stood there before stands there again";
                return Ok(Some((Resolution::Happened, reason.into(), facts)));
            }
            Some(Restored::Elsewise) => {
                let reason = "looking shows that somebody else has changed the object since";
                return Ok(Some((Resolution::Person, reason.into(), facts)));
            }
            Some(Restored::NotYet) => not_done += 1,
            None => {}
        }
        if not_done >= 2 {
            let reason = "looking twice shows that it did not happen";
            return Ok(Some((Resolution::DidNotHappen, reason.into(), facts)));
        }
        pause(services).await;
    }
    Ok(Some((Resolution::Person, "the object could not be looked at".into(), facts)))
}
