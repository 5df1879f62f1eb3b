//! Looks whether an action had its effect. What a tool says about its own success proves nothing, and
//! neither does a condition that came with the proposal: it must hold besides the host's own.

use super::look::verifying;
use super::{Services, deferral};
use crate::domain::condition::{self, Check};
use crate::domain::incident::ActionRecord;
use crate::domain::{ActionId, Fact, Incident, Verification};
use crate::ports::LookError;

/// One look with each verification that has not held yet, and the word about the action if it is the
/// last one.
pub async fn run(services: &Services, incident: &Incident, action: &ActionId) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    let own = match &record.action.safeguards.verify {
        Some(own) => Some(held(services, incident, record, own, &mut facts).await),
        None => None,
    };
    let claimed = match record.action.claimed_verification().filter(|_| !record.claim_held) {
        Some(claimed) => Some(held(services, incident, record, claimed, &mut facts).await),
        None => None,
    };
    let failed = [&own, &claimed].into_iter().flatten().find_map(|held| match held {
        VerifyOutcome::Never(why) => Some(why.clone()),
        _ => None,
    });
    let unseen = [&own, &claimed].into_iter().flatten().find_map(|held| match held {
        VerifyOutcome::Unseen(put_off) if failed.is_none() => Some(Fact::clone(put_off)),
        _ => None,
    });
    if let Some(put_off) = unseen {
        // What the other one has seen stands in the journal.
        facts.push(put_off);
        return facts;
    }
    let claim_holds = matches!(claimed, None | Some(VerifyOutcome::Yes));
    let verdict = match (failed, &own) {
        (Some(why), _) => Some((false, why)),
        (None, Some(VerifyOutcome::Yes)) if claim_holds => Some((true, "its condition holds".to_string())),
        _ => None,
    };
    match verdict {
        Some((ok, reason)) => facts.push(Fact::Verified { action: action.clone(), ok, reason }),
        None if matches!(claimed, Some(VerifyOutcome::Yes)) => facts.push(Fact::ClaimHeld { action: action.clone() }),
        None => {}
    }
    facts
}

fn lost(record: &ActionRecord, now: jiff::Timestamp) -> jiff::SignedDuration {
    let open = record.put_off.as_ref().map(|put_off| now.duration_since(put_off.since));
    record.lost().saturating_add(open.unwrap_or_default())
}

enum VerifyOutcome {
    Yes,
    NotYet,
    /// It could not be looked at: that it is put off.
    Unseen(Box<Fact>),
    /// It did not hold before its deadline, or may not be looked at; a sentence.
    Never(String),
}

async fn held(
    services: &Services,
    incident: &Incident,
    record: &ActionRecord,
    verification: &Verification,
    facts: &mut Vec<Fact>,
) -> VerifyOutcome {
    let (answer, looked) = verifying(services, incident, &record.action.id, verification).await;
    let put_off = |error: &LookError| deferral::defer_look(services, record, &verification.look.tool, error);
    if let Some(put_off) = answer.as_ref().err().and_then(put_off) {
        return VerifyOutcome::Unseen(Box::new(put_off));
    }
    facts.push(looked);
    let judged = match answer {
        Ok(answer) => condition::judge(verification, &answer.text),
        // The gate would say the same again and again.
        Err(LookError::Refused(refused)) => {
            return VerifyOutcome::Never(format!("the look that would show it was {refused}"));
        }
        Err(error) => Check::NotYet(error.to_string()),
    };
    let within = services.limits.pace(verification).within;
    // The time in which nobody could look is none in which it did not help.
    let waited = within.saturating_add(lost(record, services.clock.now()));
    let deadline = record.since.saturating_add(waited).unwrap_or(jiff::Timestamp::MAX);
    match judged {
        Check::Holds => VerifyOutcome::Yes,
        // Another look would not change that.
        Check::Undetermined(why) => VerifyOutcome::Never(format!("it cannot be verified: {why}")),
        Check::NotYet(why) if services.clock.now() >= deadline => {
            VerifyOutcome::Never(format!("{why} after {} s", within.as_secs()))
        }
        Check::NotYet(_) => VerifyOutcome::NotYet,
    }
}
