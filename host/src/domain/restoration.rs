//! How the host itself sees whether an action helped and takes it back: what stood there before is
//! what it saw, never what a proposer says.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::{Action, Call, Origin, Target, Verification, digest};
use super::incident::Incident;

/// What the host adds to a proposal by the rules in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Safeguards {
    /// The check rule that names the verification and the look; none when it is the proposing rule's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The host's own proof of success; none when only the alerts themselves can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verification>,
    /// The read-only call that shows the object which the action changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Call>,
    /// The object as the host saw it last before the change; none when it could not be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Snapshot>,
    /// What the tool itself offers to take its call back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_tool: Option<Call>,
    /// What a check of the policies says without having seen anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Call>,
}

/// An object as the host saw it at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// `metadata.uid`; tells an object from its successor of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// `metadata.generation`; counts the changes of what is wanted of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// The call that brings the object back to this state; none when the rules know none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restoration: Option<Call>,
}

impl Snapshot {
    /// Reads what identifies an object; none when it is another object than the one that is touched.
    pub fn of(object: &Value, touches: &Target, restoration: Option<Call>) -> Option<Self> {
        let metadata = object.get("metadata");
        let text = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(Value::as_str);
        if text("name").is_some_and(|name| !touches.names.iter().any(|known| known == name)) {
            return None;
        }
        let generation = metadata.and_then(|metadata| metadata.get("generation")).and_then(Value::as_i64);
        Some(Self { uid: text("uid").map(str::to_string), generation, restoration })
    }
}

/// What takes an action back, and on whose word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Undo<'a> {
    /// It restores what the host saw before the change.
    Restore(&'a Call),
    /// The tool's own way: the same arguments and the attempt that is undone.
    Tool(&'a Call),
    /// The word of a proposer or a rule that has seen nothing.
    Proposed(&'a Call),
}

impl<'a> Undo<'a> {
    /// The call.
    pub fn call(self) -> &'a Call {
        match self {
            Self::Restore(call) | Self::Tool(call) | Self::Proposed(call) => call,
        }
    }

    /// The word used in JSON.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Restore(_) => "restore",
            Self::Tool(_) => "tool",
            Self::Proposed(_) => "proposed",
        }
    }
}

impl Action {
    /// What takes it back: a restoration if the host has seen what stood there, else the tool's own
    /// way, else what somebody says.
    pub fn undo(&self) -> Option<Undo<'_>> {
        let Safeguards { before, by_tool, stated, .. } = &self.safeguards;
        let restoration = before.as_ref().and_then(|before| before.restoration.as_ref());
        let said = || stated.as_ref().or(self.proposal.undo.as_ref()).map(Undo::Proposed);
        restoration.map(Undo::Restore).or_else(|| by_tool.as_ref().map(Undo::Tool)).or_else(said)
    }

    /// The verification that came with a proposal of somebody else than the rules in force. It must
    /// hold besides the host's own and proves nothing alone.
    pub fn claimed_verification(&self) -> Option<&Verification> {
        if let Origin::Policy { .. } = self.origin { None } else { self.proposal.verify.as_ref() }
    }
}

/// Whether an action with the origin `undo` restores what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakesBack {
    /// It restores exactly what the host saw, and nobody else has changed the object since.
    Restores,
    /// It may, but the host has not seen enough to know; a sentence for the person who is asked.
    Unproven(String),
    /// It does not; a sentence.
    Refused(String),
}

/// Holds an undo against what the host saw before the undone change, right after it, and now; none
/// for an action of another origin.
pub fn takes_back(incident: &Incident, action: &Action) -> Option<TakesBack> {
    let Origin::Undo { action: undone } = &action.origin else { return None };
    let Some(record) = incident.action(undone).filter(|record| record.attempts > 0) else {
        return Some(TakesBack::Refused(format!("there is nothing to take back: {undone} was not carried out")));
    };
    let planned = record.taking_back().map(|call| digest(&call));
    if planned != Some(digest(&action.proposal.call)) {
        return Some(TakesBack::Refused(format!("it is not what takes back {undone}")));
    }
    let before = match (record.action.undo(), &record.action.safeguards.before) {
        (Some(Undo::Restore(_)), Some(before)) => before,
        (Some(Undo::Tool(_)), _) => {
            let tool = record.action.tool();
            return Some(TakesBack::Unproven(format!(
                "it is {tool}'s own way to take {undone} back; the host has not seen what stood there before"
            )));
        }
        _ => {
            return Some(TakesBack::Unproven(format!(
                "that this takes {undone} back is the word of its proposer; the host has not seen what stood there before"
            )));
        }
    };
    let (Some(after), Some(now)) = (&record.after, &action.safeguards.before) else {
        return Some(TakesBack::Unproven(format!(
            "the host could not see right after {undone} or cannot see now what this would overwrite"
        )));
    };
    Some(match unchanged(before, after, now) {
        Ok(()) => TakesBack::Restores,
        Err(why) => TakesBack::Refused(why.into()),
    })
}

/// Whether an action restores what the host saw before the change that it takes back.
pub fn restores(incident: &Incident, action: &Action) -> bool {
    takes_back(incident, action) == Some(TakesBack::Restores)
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
