//! Finds out what became of an intent without a result, after a crash or a lost answer.
//!
//! Whoever performed it may know. Else it is repeated only if the tool declares repetition harmless; else looked at; else a person is asked.
//! Two looks must agree before an action counts as not done: the first may have come too early.

use jiff::SignedDuration;

use super::Rooms;
use super::look::verifying;
use crate::domain::entry::Resolution;
use crate::domain::incident::ActionRecord;
use crate::domain::{ActionId, Fact, Incident, Verification, condition};

const LOOKS: u32 = 3;
const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_secs(2);

/// What is done about it.
pub async fn run(rooms: &Rooms, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let (mut resolution, mut reason, mut facts) = match probe(rooms, record).await {
        Some((resolution, reason)) => (resolution, reason, Vec::new()),
        None => looked(rooms, record).await,
    };
    let again = matches!(resolution, Resolution::Repeat | Resolution::DidNotHappen);
    if again && record.attempts >= rooms.limits.attempts {
        resolution = Resolution::Person;
        reason = format!("{reason}; but no answer came in {} attempts", record.attempts);
    }
    facts.push(Fact::Uncertain { action: action.clone(), resolution, reason });
    facts
}

async fn looked(rooms: &Rooms, record: &ActionRecord) -> (Resolution, String, Vec<Fact>) {
    let action = &record.action.id;
    match &record.action.proposal.verify {
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
    }
}

/// What its performer says; none when it cannot tell.
async fn probe(rooms: &Rooms, record: &ActionRecord) -> Option<(Resolution, String)> {
    let (call, target) = (&record.action.proposal.call, &record.action.proposal.target);
    let attempt = record.attempt.as_deref()?;
    for _ in 0..2 {
        if rooms.tools.probe(call, target, attempt).await? {
            return Some((Resolution::Happened, format!("{} says so itself", call.tool)));
        }
        pause(rooms).await;
    }
    Some((Resolution::DidNotHappen, format!("{} says so itself, asked twice", call.tool)))
}

async fn pause(rooms: &Rooms) {
    let later = rooms.clock.now().saturating_add(BETWEEN_LOOKS);
    rooms.clock.sleep_until(later.unwrap_or(jiff::Timestamp::MAX)).await;
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
        pause(rooms).await;
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
