//! How the host itself sees whether an action helped and takes it back: what stood there before is
//! what it saw, never what a proposer says.

use super::action::{Action, Origin};
use super::call::digest;
use super::incident::Incident;
use super::safeguards::{Snapshot, Undo};

/// Whether an action with the origin `undo` restores what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoCheck {
    /// It restores exactly what the host saw, and nobody else has changed the object since.
    Restores,
    /// It may, but the host has not seen enough to know; a sentence for the person who is asked.
    Unproven(String),
    /// It does not; a sentence.
    Refused(String),
}

/// Holds an undo against what the host saw before the undone change, right after it, and now; none
/// for an action of another origin.
pub fn check_undo(incident: &Incident, action: &Action) -> Option<UndoCheck> {
    let Origin::Undo { action: undone } = &action.origin else { return None };
    let Some(record) = incident.action(undone).filter(|record| record.attempts > 0) else {
        return Some(UndoCheck::Refused(format!("there is nothing to take back: {undone} was not carried out")));
    };
    let planned = record.taking_back().map(|call| digest(&call));
    if planned != Some(digest(&action.proposal.call)) {
        return Some(UndoCheck::Refused(format!("it is not what takes back {undone}")));
    }
    let before = match (record.action.undo(), &record.action.safeguards.before) {
        (Some(Undo::Restore(_)), Some(before)) => before,
        (Some(Undo::Tool(_)), _) => {
            let tool = record.action.tool();
            return Some(UndoCheck::Unproven(format!(
                "it is {tool}'s own way to take {undone} back; the host has not seen what stood there before"
            )));
        }
        _ => {
            return Some(UndoCheck::Unproven(format!(
                "that this takes {undone} back is the word of its proposer; the host has not seen what stood there before"
            )));
        }
    };
    let (Some(after), Some(now)) = (&record.after, &action.safeguards.before) else {
        return Some(UndoCheck::Unproven(format!(
            "the host could not see right after {undone} or cannot see now what this would overwrite"
        )));
    };
    Some(match unchanged(before, after, now) {
        Ok(()) => UndoCheck::Restores,
        Err(why) => UndoCheck::Refused(why.into()),
    })
}

/// Whether an action restores what the host saw before the change that it takes back.
pub fn restores(incident: &Incident, action: &Action) -> bool {
    check_undo(incident, action) == Some(UndoCheck::Restores)
}

/// What became of a restoration that was sent and not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreOutcome {
    /// What stood there before the undone change stands there again.
    Yes,
    /// The object is as it was right before the restoration was sent.
    NotYet,
    /// The object is in a third state: somebody else has changed it since.
    Diverged,
}

/// What a look at the object now says about a restoration that was sent; none for another action, and
/// where the host has not seen enough before.
pub fn restored(incident: &Incident, action: &Action, now: &Snapshot) -> Option<RestoreOutcome> {
    let Origin::Undo { action: undone } = &action.origin else { return None };
    let wanted = incident.action(undone)?.action.safeguards.before.as_ref()?;
    let sent = action.safeguards.before.as_ref()?;
    let (wanted_back, back) = (wanted.restoration.as_ref()?, now.restoration.as_ref()?);
    Some(match (now.uid == wanted.uid, back == wanted_back) {
        (true, true) => RestoreOutcome::Yes,
        (true, false) if now == sent => RestoreOutcome::NotYet,
        _ => RestoreOutcome::Diverged,
    })
}

/// Whether the undone change is the only one between the first snapshot and the last.
fn unchanged(before: &Snapshot, after: &Snapshot, now: &Snapshot) -> Result<(), &'static str> {
    if before.uid != after.uid || after.uid != now.uid {
        return Err("another object has that name since");
    }
    match (before.generation, after.generation, now.generation) {
        (Some(before), Some(after), _) if after == before => Err("nothing was changed, so nothing is taken back"),
        (Some(before), Some(after), _) if Some(after) != before.checked_add(1) => {
            Err("somebody else changed the object at the same time, so what stood there before is not restored")
        }
        (Some(_), Some(after), Some(now)) if after == now => Ok(()),
        (Some(_), Some(_), Some(_)) => {
            Err("somebody else has changed the object since, so what stood there before is not restored")
        }
        (None, None, None) => match (&before.restoration, &after.restoration, &now.restoration) {
            (Some(before), Some(after), Some(_)) if before == after => {
                Err("nothing was changed, so nothing is taken back")
            }
            (Some(_), Some(after), Some(now)) if after == now => Ok(()),
            (Some(_), Some(_), Some(_)) => {
                Err("somebody else has changed the object since, so what stood there before is not restored")
            }
            _ => Err("the host cannot tell whether somebody else has changed the object since"),
        },
        _ => Err("the host cannot tell whether somebody else has changed the object since"),
    }
}

#[cfg(test)]
mod tests;
