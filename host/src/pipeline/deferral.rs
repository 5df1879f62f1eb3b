//! What could not begin is tried again: a server that is down, starts or has no room has been sent nothing,
//! and says nothing about who wanted to call it.
//!
//! One entry tells of it. What waits for a server goes on as soon as that can be called; what was turned
//! away by one that can be called is tried again after pauses. Both for so long as the limits say.

use jiff::{SignedDuration, Timestamp};

use super::Services;
use crate::domain::Fact;
use crate::domain::entry::Resolution;
use crate::domain::incident::ActionRecord;
use crate::domain::wait::backoff;
use crate::gate::Permit;
use crate::ports::{LookError, ToolError};

/// Pause before the first further try of what was turned away; each one doubles it.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(60);

/// That a step is put off; none when it has been for as long as it may be. `permit` is the one whose intent
/// stands in the journal.
fn put_off(
    services: &Services,
    record: &ActionRecord,
    permit: Option<&Permit>,
    tool: &str,
    reason: &str,
) -> Option<Fact> {
    let now = services.clock.now();
    let until = record.deferred_until(now, &services.limits);
    if until <= now {
        return None;
    }
    // Who is turned away by a server that can be called would only be turned away again.
    let awaits = (permit.is_none() && !services.tools.ready(tool)).then(|| tool.to_string());
    let retry_at = if awaits.is_some() { until } else { until.min(later(now, record)) };
    Some(Fact::NotBegun {
        action: record.action.id.clone(),
        attempt: permit.map(|permit| permit.attempt().to_string()),
        spends: permit.map(|permit| permit.spends().to_vec()).unwrap_or_default(),
        reason: reason.to_string(),
        awaits,
        retry_at: Some(retry_at),
    })
}

fn later(now: Timestamp, record: &ActionRecord) -> Timestamp {
    let times = record.put_off.as_ref().map_or(0, |put_off| put_off.times);
    let pause = backoff(FIRST_PAUSE, times, LONGEST_PAUSE);
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

/// An execution that could not begin, as it stood before. Given up where it waited long enough.
pub fn execution(services: &Services, record: &ActionRecord, permit: Option<&Permit>, reason: &str) -> Fact {
    put_off(services, record, permit, record.action.tool(), reason).unwrap_or_else(|| {
        let minutes = services.limits.begin_within.as_secs().div_euclid(60);
        given_up(record, permit, &format!("it could not be begun within {minutes} minutes: {reason}"))
    })
}

/// An execution that is not tried any more. Nothing was sent this time.
pub fn given_up(record: &ActionRecord, permit: Option<&Permit>, reason: &str) -> Fact {
    let action = record.action.id.clone();
    if let Some(attempt) = record.continued() {
        // Nothing was sent this time, but it was before.
        let reason = format!("attempt {attempt} was sent before and could not be repeated: {reason}");
        return Fact::Uncertain { action, resolution: Resolution::Person, reason };
    }
    Fact::NotBegun {
        action,
        attempt: permit.map(|permit| permit.attempt().to_string()),
        spends: permit.map(|permit| permit.spends().to_vec()).unwrap_or_default(),
        reason: reason.to_string(),
        awaits: None,
        retry_at: None,
    }
}

/// That the step which needs this look is put off; none when the look is as good as it gets.
pub fn defer_look(services: &Services, record: &ActionRecord, tool: &str, error: &LookError) -> Option<Fact> {
    // What was sent is a look, whatever became of it, and stands in the journal as one.
    let LookError::Failed(ToolError::Unavailable(why)) = error else { return None };
    put_off(services, record, None, tool, &format!("it could not be looked at: {why}"))
}
