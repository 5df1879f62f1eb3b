//! Whose yes counts, and when there are enough of them.

use jiff::{SignedDuration, Timestamp};

use super::people::People;
use crate::domain::incident::ActionRecord;
use crate::domain::requirement::{ApprovalRefusal, Approvals, MissingApproval};
use crate::domain::{Incident, Person, Ruling};

/// How an answer over a signed link is marked. What is typed there proves no name, so such a link
/// counts once.
pub const LINK: &str = "link";

/// Why a person's yes to an action adds nothing to what the gates want; none when it does.
pub fn refusal(people: &People, record: &ActionRecord, ruling: &Ruling, person: &Person) -> Option<ApprovalRefusal> {
    let person = people.now(person);
    let mut first = None;
    for requirement in ruling.requirements() {
        match requirement.takes(&person, record.proposer()) {
            Ok(()) => return None,
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    first
}

/// Checks that enough different people said yes to exactly this action, and not too long ago, by what
/// the configuration says of them now.
///
/// # Errors
/// How many did.
pub fn approved(
    people: &People,
    incident: &Incident,
    record: &ActionRecord,
    ruling: &Ruling,
    now: Timestamp,
) -> Result<(), String> {
    // A yes is good for as long as the question was: what is asked now would expire at `until`.
    let good_for = ruling.until.map(|until| until.duration_since(now)).unwrap_or(SignedDuration::MAX);
    let since = now.saturating_sub(good_for).unwrap_or(Timestamp::MIN);
    let given = Approvals::new(record.approvers(since).map(|person| people.now_about(person, incident)));
    for requirement in ruling.requirements() {
        let Some(MissingApproval { group, given, wanted }) = requirement.lacks(&given, record.proposer()) else {
            continue;
        };
        let of = group.map(|group| format!(" of {group}")).unwrap_or_default();
        return Err(format!(
            "gate {} has {given} of {wanted} approvals{of} that bind to these exact arguments, are still good and come \
             from people who may give them",
            requirement.gate
        ));
    }
    Ok(())
}
