//! What follows from a decision, and how it is shown.

use jiff::SignedDuration;

use super::report::VerdictSide;
use crate::domain::call::digest;
use crate::domain::{Decision, Mode, Verdict};

/// A hold lasts from the moment of its decision, which the journal does not say: only when it was written down. So long may lie
/// between them.
const WRITING: SignedDuration = SignedDuration::from_secs(5);

/// Whether two decisions have the same consequences; `same_policies` says that the same rules made both.
pub fn are_alike(old: &Decision, new: &Decision, same_policies: bool) -> bool {
    if let (Verdict::Hold { until: before }, Verdict::Hold { until: after }) = (&old.verdict, &new.verdict) {
        // However long the disk took: the same rule holds for the same time.
        let same_rule = same_policies && old.rule == new.rule;
        return same_rule || before.duration_until(*after).abs() <= WRITING;
    }
    path(old) == path(new)
}

/// What follows from a decision; two with the same path have the same consequences.
fn path(decision: &Decision) -> (&'static str, String, Mode) {
    let detail = match &decision.verdict {
        Verdict::Remediate { actions, .. } => {
            actions.iter().map(|proposal| digest(&proposal.call)).collect::<Vec<_>>().join(" ")
        }
        Verdict::Plan { plugin } => format!("plugin {plugin}"),
        Verdict::Hold { until } => until.to_string(),
        Verdict::Suppress | Verdict::Investigate | Verdict::Diagnose | Verdict::Escalate => String::new(),
    };
    // In mode observe nothing is executed; for a verdict without actions the mode means nothing.
    let acts = matches!(decision.verdict, Verdict::Remediate { .. } | Verdict::Plan { .. } | Verdict::Investigate);
    (decision.verdict.kind(), detail, if acts { decision.mode } else { Mode::Enforce })
}

/// A decision for people.
pub fn side(decision: &Decision) -> VerdictSide {
    let detail = match &decision.verdict {
        Verdict::Remediate { actions, .. } => {
            actions.iter().map(|proposal| proposal.call.tool.as_str()).collect::<Vec<_>>().join(", ")
        }
        Verdict::Plan { plugin } => format!("plan by {plugin}"),
        Verdict::Hold { until } => format!("until {until}"),
        Verdict::Suppress | Verdict::Investigate | Verdict::Diagnose | Verdict::Escalate => String::new(),
    };
    VerdictSide {
        verdict: decision.verdict.kind().into(),
        detail,
        rule: decision.rule.clone(),
        mode: if decision.mode == Mode::Observe { "observe" } else { "enforce" }.into(),
        reason: decision.reason.clone(),
    }
}
