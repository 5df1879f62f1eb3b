//! Finds out what became of an intent without a result, after a crash or a lost answer.
//!
//! Repeated only if the tool declares repetition harmless; else looked at; else a person is asked.
//! Two looks must agree before an action counts as not done: the first may have come too early.

use jiff::SignedDuration;

use super::Rooms;
use super::look::verifying;
use crate::domain::entry::Resolution;
use crate::domain::{ActionId, Fact, Incident, Verification, condition};

const LOOKS: u32 = 3;
const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_secs(2);

/// What is done about it.
pub async fn run(rooms: &Rooms, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let (resolution, reason, mut facts) = match &record.action.proposal.verify {
        Some(verification) if !verification.applied.is_empty() => look(rooms, action, verification).await,
        _ if repeatable(rooms, record.action.tool()) => {
            (Resolution::Repeat, "the tool declares that a repeat is harmless".to_string(), Vec::new())
        }
        Some(verification) => holds_already(rooms, action, verification).await,
        None => (
            Resolution::Person,
            "the tool may not be repeated and nothing tells whether it happened".to_string(),
            Vec::new(),
        ),
    };
    facts.push(Fact::Uncertain { action: action.clone(), resolution, reason });
    facts
}

fn repeatable(rooms: &Rooms, tool: &str) -> bool {
    rooms.tools.catalogue().get(tool).is_some_and(|tool| tool.repeatable)
}

async fn look(rooms: &Rooms, action: &ActionId, verification: &Verification) -> (Resolution, String, Vec<Fact>) {
    let mut facts = Vec::new();
    let mut not_done = 0;
    for _ in 0..LOOKS {
        let (answer, looked) = verifying(rooms, action, verification).await;
        facts.push(looked);
        if let Ok(answer) = answer {
            if condition::applied(verification, &answer.text) == Some(true) {
                return (Resolution::Happened, "looking shows that it happened".into(), facts);
            }
            // An error may be about the way to the target rather than about the target.
            not_done += u32::from(answer.ok);
        }
        if not_done >= 2 {
            let reason = "looking twice shows that it did not happen";
            return (Resolution::DidNotHappen, reason.into(), facts);
        }
        let later = rooms.clock.now().saturating_add(BETWEEN_LOOKS);
        rooms.clock.sleep_until(later.unwrap_or(jiff::Timestamp::MAX)).await;
    }
    (Resolution::Person, "the target could not be looked at".into(), facts)
}

async fn holds_already(
    rooms: &Rooms,
    action: &ActionId,
    verification: &Verification,
) -> (Resolution, String, Vec<Fact>) {
    let (answer, looked) = verifying(rooms, action, verification).await;
    let (resolution, reason) = match answer {
        Ok(answer) => match condition::holds(verification, &answer.text) {
            Ok(()) => (Resolution::Happened, "its condition holds".into()),
            Err(why) => (Resolution::Person, format!("its condition does not hold ({why}), which tells nothing yet")),
        },
        Err(error) => (Resolution::Person, format!("the target could not be looked at: {error}")),
    };
    (resolution, reason, vec![looked])
}
