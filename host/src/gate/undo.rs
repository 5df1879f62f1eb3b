//! Taking back is not a change like others only when it restores what the host saw; what merely calls
//! itself an undo is asked about.

use crate::domain::{Action, Incident, Origin, RulingKind, Undo, UndoCheck, check_undo};
use crate::rules::Vote;

const BUILTIN: &str = "builtin.undo";
/// How long a person may take to answer about an undo that no gate asks about.
const WITHIN_MS: u64 = 30 * 60 * 1000;

/// Says no to an undo that does not take back what it names, and lets gates that would allow one ask
/// instead, unless it restores what was there, or is a tool's own way back that a gate allows by the
/// tool's name and for undos.
pub fn apply(votes: &mut Vec<Vote>, incident: &Incident, action: &Action) {
    let why = match check_undo(incident, action) {
        None | Some(UndoCheck::Restores) => return,
        Some(UndoCheck::Refused(why)) => {
            votes.push(Vote { held_against: false, ..Vote::new(BUILTIN, RulingKind::Deny, &why) });
            return;
        }
        Some(UndoCheck::Unproven(why)) => why,
    };
    let opened = votes.iter().map(|vote| vote.says).max() == Some(RulingKind::Allow);
    let named = votes.iter().any(|vote| vote.says == RulingKind::Allow && vote.names_undo);
    if opened && !(named && by_tool(incident, action)) {
        let question = Vote::new(BUILTIN, RulingKind::Ask, &why);
        votes.push(Vote { within_ms: WITHIN_MS, ..question });
    }
}

fn by_tool(incident: &Incident, action: &Action) -> bool {
    let Origin::Undo { action: undone } = &action.origin else { return false };
    let undo = incident.action(undone).and_then(|record| record.action.undo());
    matches!(undo, Some(Undo::Tool(_)))
}
