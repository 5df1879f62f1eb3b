//! Looks whether an action had its effect. What a tool says about its own success proves nothing.

use jiff::SignedDuration;

use super::Services;
use super::look::verifying;
use crate::domain::{ActionId, Fact, Incident, condition};
use crate::ports::LookError;

/// One look, and the word about the action if it is the last one.
pub async fn run(services: &Services, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let Some(verification) = &record.action.proposal.verify else {
        return Vec::new();
    };
    let (answer, looked) = verifying(services, incident, action, verification).await;
    let held = match answer {
        Ok(answer) => condition::holds(verification, &answer.text),
        Err(LookError::Refused(refused)) => {
            // The gate would say the same again and again.
            let reason = format!("the look that would show it was {refused}");
            return vec![looked, Fact::Verified { action: action.clone(), ok: false, reason }];
        }
        Err(error) => Err(error.to_string()),
    };
    let mut facts = vec![looked];
    let within = SignedDuration::from_millis(i64::try_from(verification.within_ms).unwrap_or(i64::MAX));
    let deadline = record.since.saturating_add(within).unwrap_or(jiff::Timestamp::MAX);
    let verdict = match held {
        Ok(()) => Some((true, "its condition holds".to_string())),
        Err(why) if services.clock.now() >= deadline => Some((false, format!("{why} after {} s", within.as_secs()))),
        Err(_) => None,
    };
    if let Some((ok, reason)) = verdict {
        facts.push(Fact::Verified { action: action.clone(), ok, reason });
    }
    facts
}
