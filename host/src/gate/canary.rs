//! Gates that ask until what they let through has helped often enough.
//!
//! Counted is, for each gate and scope, how many executions in a row were seen to help. The count
//! stands for the name of the gate: who changes what a gate means and wants it to prove itself anew
//! gives it another name.

use crate::domain::RulingKind;
use crate::rules::Vote;

/// What a canary counts apart: one key for each scope; none where the gate is no canary.
pub fn keys(vote: &Vote) -> Vec<String> {
    let scopes = vote.canary.iter().flat_map(|canary| &canary.scopes);
    scopes.map(|scope| super::key(&vote.gate, scope)).collect()
}

/// Lets a canary that would allow ask instead, until every one of its counts is high enough.
pub fn apply(vote: &mut Vote, verified: impl Fn(&str) -> u32) {
    let Some(canary) = vote.canary.as_ref().filter(|_| vote.says == RulingKind::Allow) else { return };
    // Where nothing is counted nothing is proven.
    let least = keys(vote).iter().map(|key| verified(key)).min().unwrap_or(0);
    if least < canary.after {
        vote.says = RulingKind::Ask;
        vote.reason = format!("canary: {least} of {} verified so far; {}", canary.after, vote.reason);
    }
}
