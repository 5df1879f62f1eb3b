//! Looks whether an action had its effect. What a tool says about its own success proves nothing.

use jiff::SignedDuration;

use super::Rooms;
use super::investigate::since;
use crate::domain::entry::Purpose;
use crate::domain::text::cut;
use crate::domain::{ActionId, Fact, Incident, condition};

/// Bytes of a look that the journal keeps: looks repeat until the condition holds.
pub const KEPT: usize = 4096;

/// One look, and the word about the action if it is the last one.
pub async fn run(rooms: &Rooms, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let Some(verification) = &record.action.proposal.verify else {
        return Vec::new();
    };
    let started = rooms.clock.now();
    let (ok, text, held) = match rooms.tools.look(&verification.look).await {
        Ok(answer) => {
            let held = condition::holds(verification, &answer.text);
            (answer.ok, answer.text, held)
        }
        Err(error) => {
            let error = error.to_string();
            (false, error.clone(), Err(error))
        }
    };
    let now = rooms.clock.now();
    let mut facts = vec![Fact::Looked {
        purpose: Purpose::Verify { action: action.clone() },
        call: verification.look.clone(),
        ok,
        text: cut(&text, KEPT),
        took_ms: since(started, now),
    }];
    let within = SignedDuration::from_millis(i64::try_from(verification.within_ms).unwrap_or(i64::MAX));
    let deadline = record.since.saturating_add(within).unwrap_or(jiff::Timestamp::MAX);
    let verdict = match held {
        Ok(()) => Some((true, "its condition holds".to_string())),
        Err(why) if now >= deadline => Some((false, format!("{why} after {} s", within.as_secs()))),
        Err(_) => None,
    };
    if let Some((ok, reason)) = verdict {
        facts.push(Fact::Verified { action: action.clone(), ok, reason });
    }
    facts
}
