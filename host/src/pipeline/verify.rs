//! Looks whether an action had its effect. What a tool says about its own success proves nothing.

use super::Services;
use super::look::verifying;
use crate::domain::condition::{self, Judged};
use crate::domain::{ActionId, Fact, Incident};

/// One look, and the word about the action if it is the last one.
pub async fn run(services: &Services, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let Some(verification) = &record.action.proposal.verify else {
        return Vec::new();
    };
    let (answer, looked) = verifying(services, action, verification).await;
    let held = match answer {
        Ok(answer) => condition::judge(verification, &answer.text),
        Err(error) => Judged::NotYet(error.to_string()),
    };
    let mut facts = vec![looked];
    let within = services.limits.pace(verification).within;
    let deadline = record.since.saturating_add(within).unwrap_or(jiff::Timestamp::MAX);
    let verdict = match held {
        Judged::Holds => Some((true, "its condition holds".to_string())),
        // Another look would not change that.
        Judged::Cannot(why) => Some((false, format!("it cannot be verified: {why}"))),
        Judged::NotYet(why) if services.clock.now() >= deadline => {
            Some((false, format!("{why} after {} s", within.as_secs())))
        }
        Judged::NotYet(_) => None,
    };
    if let Some((ok, reason)) = verdict {
        facts.push(Fact::Verified { action: action.clone(), ok, reason });
    }
    facts
}
