//! Why an incident is decided as it is, as text: what was decided, what is decided now, rule by
//! rule, and what the gates said and say about each action.

use crate::backend::policies::{Explained, ExplainedAction};
use crate::domain::decision::{Decision, Heard, Ruling, RulingKind};
use crate::report::date;

/// The whole explanation.
pub(super) fn shown(explained: &Explained) -> String {
    let mut text = format!("{}\n  {}\n", explained.incident, explained.title);
    explained.notes.iter().for_each(|note| text.push_str(&format!("  note: {note}\n")));
    text.push_str("\nverdict\n");
    let now = verdict(explained, explained.decision.as_ref());
    match &explained.decided {
        None => text.push_str(&format!("  {now}\n")),
        Some(then) => {
            let then = verdict(explained, Some(then));
            if then == now {
                text.push_str(&format!("  then and now  {now}\n"));
            } else {
                text.push_str(&format!("  then  {then}\n  now   {now}\n"));
            }
        }
    }
    explained.faults.iter().for_each(|fault| text.push_str(&format!("  fault: {fault}\n")));
    text.push_str("\nsilences, inhibitions and rules in order\n");
    for one in &explained.considered {
        let sign = if one.matched { "yes" } else { "no " };
        text.push_str(&format!("  {sign}  {} ({})\n       {}\n", one.rule, one.place, one.why));
    }
    explained.actions.iter().for_each(|one| text.push_str(&action(one)));
    text
}

fn verdict(explained: &Explained, decision: Option<&Decision>) -> String {
    let Some(decision) = decision else { return "none: no rule matches, so the default applies".into() };
    let rule = decision.rule.as_ref().map_or("no rule".to_string(), |rule| {
        let place = explained.considered.iter().find(|one| one.rule == *rule).map(|one| format!(", {}", one.place));
        format!("rule {rule}{}", place.unwrap_or_default())
    });
    format!("{} ({rule}): {}", decision.verdict.kind(), decision.reason)
}

fn action(action: &ExplainedAction) -> String {
    let ExplainedAction { id, tool, target, origin, risk, says, by, heard, ruled, state, approvals } = action;
    let mut text = format!("\naction {id}: {tool} on {target} ({} risk, by {origin})\n", risk.as_str());
    if let Some(state) = state {
        text.push_str(&match ruled {
            Some(ruling) => format!("  then  {}{}\n", question(ruling), reason(ruling)),
            None => "  then  it was never ruled on\n".to_string(),
        });
        text.push_str(&ruled.as_ref().map(|ruling| votes(&ruling.heard)).unwrap_or_default());
        approvals.iter().for_each(|one| text.push_str(&format!("    yes    {one}\n")));
        text.push_str(&format!("  now   the gates say {} ({by})\n", says.as_str()));
        let same = ruled.as_ref().is_some_and(|ruling| ruling.heard == *heard);
        text.push_str(&if same { "    as they did then\n".to_string() } else { votes(heard) });
        text.push_str(&format!("  it stands at {state}\n"));
    } else {
        text.push_str(&format!("  the gates say {} ({by})\n", says.as_str()));
        text.push_str(&votes(heard));
    }
    text
}

/// A ruling; of a question also whom it asks, for how many of them, and until when.
fn question(ruling: &Ruling) -> String {
    let mut text = format!("it was ruled {} ({})", ruling.kind.as_str(), ruling.rule);
    if ruling.kind == RulingKind::Ask {
        let wanted = ruling.requirements().into_iter().map(|wanted| {
            let who = if wanted.who.is_empty() { "anybody".to_string() } else { wanted.who.join(" and ") };
            let count = wanted.approvals;
            format!("{count} {} of {who}", if count == 1 { "approval" } else { "approvals" })
        });
        let wanted = wanted.collect::<Vec<_>>().join(", ");
        let until = ruling.until.map(|until| format!(" until {}", date(until))).unwrap_or_default();
        text.push_str(&format!(", {wanted}{until}"));
    }
    text
}

fn reason(ruling: &Ruling) -> String {
    if ruling.reason.is_empty() { String::new() } else { format!(": {}", ruling.reason) }
}

fn votes(heard: &[Heard]) -> String {
    if heard.is_empty() {
        return "    no gate has anything to say\n".into();
    }
    let line = |vote: &Heard| format!("    {:<5}  {}: {}\n", vote.ruling.as_str(), vote.gate, vote.reason);
    heard.iter().map(line).collect()
}
