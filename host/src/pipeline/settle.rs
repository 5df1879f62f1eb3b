//! Finds out what became of an intent without a result, after a crash or a lost answer.
//!
//! Whoever performed it may know. What restores an object is looked at. Else it is repeated only if the tool declares repetition harmless; else looked at; else a person is asked.
//! Two looks must agree before an action counts as not done: the first may have come too early.

use jiff::SignedDuration;

mod undo;

use super::look::{look, verifying};
use super::{Services, deferral};
use crate::domain::condition::{self, Check};
use crate::domain::entry::{Purpose, Resolution};
use crate::domain::incident::ActionRecord;
use crate::domain::{ActionId, Call, Fact, Incident, Verification};
use crate::ports::{LookError, ToolAnswer};

const LOOKS: u32 = 3;
const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_secs(2);

/// What is done about it; `lost` is why there is no answer, where that is known.
pub async fn run(services: &Services, incident: &Incident, action: &ActionId, lost: Option<&str>) -> Vec<Fact> {
    let Some(record) = incident.action(action) else {
        return Vec::new();
    };
    let (mut resolution, mut reason, mut facts) = match probe(services, record).await {
        Some((resolution, reason)) => (resolution, reason, Vec::new()),
        None => match undo::probe_undo(services, incident, record).await {
            Ok(Some(looked)) => looked,
            Ok(None) => match looked(services, incident, record).await {
                Ok(looked) => looked,
                Err(put_off) => return put_off,
            },
            Err(put_off) => return put_off,
        },
    };
    if let Some(lost) = lost {
        reason = format!("{reason} ({lost})");
    }
    let again = matches!(resolution, Resolution::Repeat | Resolution::DidNotHappen);
    if again && record.attempts >= services.limits.attempts {
        resolution = Resolution::Person;
        reason = format!("{reason}; but no answer came in {} attempts", record.attempts);
    }
    facts.push(Fact::Uncertain { action: action.clone(), resolution, reason });
    facts
}

/// What looking shows, and the looks.
type ProbeResult = (Resolution, String, Vec<Fact>);

/// What looking shows; the looks so far and that it is put off, where nobody can look for now.
async fn looked(services: &Services, incident: &Incident, record: &ActionRecord) -> Result<ProbeResult, Vec<Fact>> {
    match (&record.action.safeguards.verify, record.action.claimed_verification()) {
        (Some(verification), _) if !verification.applied.is_empty() => {
            let purpose = Purpose::Verify { action: record.action.id.clone() };
            let judge = |answer: &ToolAnswer| match condition::applied(verification, &answer.text) {
                Some(true) => ProbeOutcome::Settled(Resolution::Happened, "looking shows that it happened"),
                _ if answer.ok => ProbeOutcome::NotDone,
                // An error may be about the way to the target rather than about the target.
                _ => ProbeOutcome::Unclear,
            };
            look_until(services, incident, record, (purpose, &verification.look), judge).await
        }
        _ if repeatable(services, record.action.tool()) => {
            Ok((Resolution::Repeat, "the tool declares that a repeat is harmless".to_string(), Vec::new()))
        }
        // What a proposer names may show that it happened, but never that it may be done once more.
        (Some(verification), _) | (None, Some(verification)) => {
            holds_already(services, incident, record, verification).await
        }
        (None, None) => {
            let reason = "the tool may not be repeated and nothing tells whether it happened";
            Ok((Resolution::Person, reason.to_string(), Vec::new()))
        }
    }
}

/// What its performer says; none when it cannot tell.
async fn probe(services: &Services, record: &ActionRecord) -> Option<(Resolution, String)> {
    let call = &record.action.proposal.call;
    let attempt = record.attempt.as_deref()?;
    for _ in 0..2 {
        if services.tools.probe(call, attempt).await? {
            return Some((Resolution::Happened, format!("{} says so itself", call.tool)));
        }
        pause(services).await;
    }
    Some((Resolution::DidNotHappen, format!("{} says so itself, asked twice", call.tool)))
}

async fn pause(services: &Services) {
    let later = services.clock.now().saturating_add(BETWEEN_LOOKS);
    services.clock.sleep_until(later.unwrap_or(jiff::Timestamp::MAX)).await;
}

fn repeatable(services: &Services, tool: &str) -> bool {
    services.tools.catalogue().get(tool).is_some_and(|tool| tool.repeatable)
}

/// What one look shows.
enum ProbeOutcome {
    /// What is done about it, and why.
    Settled(Resolution, &'static str),
    NotDone,
    Unclear,
}

/// Looks until that shows what became of it, or twice that it did not happen.
///
/// # Errors
/// The looks so far and that it is put off, where nobody can look for now.
async fn look_until(
    services: &Services,
    incident: &Incident,
    record: &ActionRecord,
    (purpose, call): (Purpose, &Call),
    judge: impl Fn(&ToolAnswer) -> ProbeOutcome,
) -> Result<ProbeResult, Vec<Fact>> {
    let (mut facts, mut not_done) = (Vec::new(), 0);
    for _ in 0..LOOKS {
        let (answer, looked) = look(services, incident, purpose.clone(), call.clone()).await;
        if let Some(put_off) = put_off_by(services, record, call, &answer) {
            facts.push(put_off);
            return Err(facts);
        }
        facts.push(looked);
        match &answer {
            Err(LookError::Refused(refused)) => {
                return Ok((Resolution::Person, format!("the look that would show it was {refused}"), facts));
            }
            Err(LookError::Failed(_)) => {}
            Ok(answer) => match judge(answer) {
                ProbeOutcome::Settled(resolution, reason) => return Ok((resolution, reason.into(), facts)),
                ProbeOutcome::NotDone => not_done += 1,
                ProbeOutcome::Unclear => {}
            },
        }
        if not_done >= 2 {
            let reason = "looking twice shows that it did not happen";
            return Ok((Resolution::DidNotHappen, reason.into(), facts));
        }
        pause(services).await;
    }
    Ok((Resolution::Person, "the target could not be looked at".into(), facts))
}

fn put_off_by(
    services: &Services,
    record: &ActionRecord,
    call: &Call,
    answer: &Result<ToolAnswer, LookError>,
) -> Option<Fact> {
    deferral::defer_look(services, record, &call.tool, answer.as_ref().err()?)
}

async fn holds_already(
    services: &Services,
    incident: &Incident,
    record: &ActionRecord,
    verification: &Verification,
) -> Result<ProbeResult, Vec<Fact>> {
    let (answer, looked) = verifying(services, incident, &record.action.id, verification).await;
    if let Some(put_off) = put_off_by(services, record, &verification.look, &answer) {
        return Err(vec![put_off]);
    }
    let (resolution, reason) = match answer {
        Ok(answer) if condition::applied(verification, &answer.text) == Some(true) => {
            (Resolution::Happened, "looking shows that it happened".into())
        }
        Ok(answer) => match condition::judge(verification, &answer.text) {
            Check::Holds => (Resolution::Happened, "its condition holds".into()),
            Check::NotYet(why) | Check::Undetermined(why) => {
                (Resolution::Person, format!("its condition does not hold ({why}), which tells nothing yet"))
            }
        },
        Err(error) => (Resolution::Person, format!("the target could not be looked at: {error}")),
    };
    Ok((resolution, reason, vec![looked]))
}
