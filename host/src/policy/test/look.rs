//! What the gates say about a look.

use std::cell::RefCell;

use super::case::{Evaluation, Want};
use super::judge::Lines;
use crate::domain::{Call, Origin, RulingKind};
use crate::gate;
use crate::policy::gates::gates_on_look;
use crate::policy::query::CoverageLog;
use crate::policy::set::Set;
use crate::rules::Context;

/// Compares the ruling on a look with the wanted one. Guards of the host are heard as well.
pub(super) fn compare(
    set: &Set,
    evaluation: &Evaluation,
    (call, origin): &(Call, Origin),
    context: &Context<'_>,
    want: &Want,
    seen: &RefCell<Vec<CoverageLog>>,
    lines: &mut Lines,
) {
    let look = gate::looks::as_action(call, origin, context);
    let votes = gates_on_look(set, &look, &evaluation.incident, context, Some(seen));
    let refused = gate::looks::guarded(call, context).or_else(|| gate::looks::against(&votes));
    let (ruling, rule) = match &refused {
        Some(refused) => (RulingKind::Deny, refused.gate.as_str()),
        None => (RulingKind::Allow, "builtin.read-only"),
    };
    if let Some(wanted) = &want.ruling {
        lines.same("ruling", wanted, &ruling.as_str());
    }
    if let Some(wanted) = &want.rule {
        lines.same("rule", wanted, &rule);
    }
    for gate in want.heard.iter().flatten() {
        if !votes.iter().any(|vote| vote.gate == *gate) {
            let heard: Vec<&str> = votes.iter().map(|vote| vote.gate.as_str()).collect();
            lines.differs("heard", gate, &heard.join(", "));
        }
    }
    let reason = refused.as_ref().map_or("", |refused| refused.reason.as_str());
    if let Some(part) = &want.reason
        && !reason.contains(part.as_str())
    {
        lines.differs("reason", &format!("something with {part:?}"), &format!("{reason:?}"));
    }
}
