//! Why an incident is decided as it is, as text: what was decided, what is decided now, rule by
//! rule, and what the gates said and say about each action.

use crate::backend::policies::{ExplainedAction, ExplainedEvent, ExplainedLook, Explanation};
use crate::cli::screen::Screen;
use crate::domain::decision::{Candidate, Decision, GateRuling, Ruling, RulingKind};
use crate::report::date;

/// As many rules are shown all, whether they decide or not.
const FEW: usize = 8;

/// The whole explanation; without `all` of the rules those that decide, and how many there are besides.
pub(super) fn show(screen: &mut Screen, explained: &Explanation, all: bool) {
    if let Some(one) = &explained.event {
        event(screen, one, all);
        if explained.incident.is_empty() {
            explained.faults.iter().for_each(|fault| screen.line(format!("  fault: {fault}")));
            return;
        }
        screen.gap();
    }
    screen.line(&explained.incident);
    screen.line(format!("  {}", explained.title));
    explained.notes.iter().for_each(|note| screen.line(format!("  note: {note}")));
    screen.gap();
    screen.line("verdict");
    let now = verdict(explained, explained.decision.as_ref());
    match explained.decided.as_ref().map(|decided| verdict(explained, Some(decided))) {
        None => screen.line(format!("  {now}")),
        Some(then) if then == now => screen.line(format!("  then and now  {now}")),
        Some(then) => {
            screen.line(format!("  then  {then}"));
            screen.line(format!("  now   {now}"));
        }
    }
    explained.faults.iter().for_each(|fault| screen.line(format!("  fault: {fault}")));
    screen.gap();
    screen.line("silences, inhibitions and rules in order");
    let rules: Vec<&str> =
        explained.decided.iter().chain(&explained.decision).filter_map(|one| one.rule.as_deref()).collect();
    considered(screen, &explained.considered, |one| all || rules.contains(&one.rule.as_str()));
    if !explained.looks.is_empty() {
        screen.gap();
        screen.line("looks that gates refuse");
        explained.looks.iter().for_each(|one| look(screen, one));
    }
    explained.actions.iter().for_each(|one| action(screen, one));
}

/// An event: what comes of it, and every rule about events.
fn event(screen: &mut Screen, explained: &ExplainedEvent, all: bool) {
    screen.line(&explained.event);
    screen.line(format!("  {}", explained.about));
    screen.gap();
    screen.line("what comes of it");
    screen.line(format!("  {}", explained.outcome));
    if !explained.over.is_empty() {
        screen.line(format!("  over, where they fire for the same object: {}", explained.over.join(", ")));
    }
    screen.gap();
    screen.line("rules about events in order");
    considered(screen, &explained.considered, |one| all || one.matched);
}

fn considered(screen: &mut Screen, all: &[Candidate], is_shown: impl Fn(&Candidate) -> bool) {
    let (shown, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| all.len() <= FEW || is_shown(one));
    for one in shown {
        let sign = if one.matched { "yes" } else { "no " };
        screen.line(format!("  {sign}  {} ({})", one.rule, one.place));
        screen.line(format!("       {}", one.why));
    }
    let match_too = others.iter().filter(|one| one.matched).count();
    if !others.is_empty() {
        let no = others.len() - match_too;
        screen.line(format!("  besides, {match_too} match and come later, and {no} do not match; --all shows them"));
    }
}

fn verdict(explained: &Explanation, decision: Option<&Decision>) -> String {
    let Some(decision) = decision else { return "none: no rule matches, so the default applies".into() };
    let rule = decision.rule.as_ref().map_or("no rule".to_string(), |rule| {
        let place = explained.considered.iter().find(|one| one.rule == *rule).map(|one| format!(", {}", one.place));
        format!("rule {rule}{}", place.unwrap_or_default())
    });
    format!("{} ({rule}): {}", decision.verdict.kind(), decision.reason)
}

fn look(screen: &mut Screen, look: &ExplainedLook) {
    let ExplainedLook { tool, arguments, origin, then, now } = look;
    screen.line(format!("  {tool} {arguments} (by {origin})"));
    match (then, now) {
        (Some(then), Some(now)) if then == now => screen.line(format!("    then and now  {now}")),
        (Some(then), now) => {
            screen.line(format!("    then  {then}"));
            let now = now.as_ref().map_or_else(|| "no gate has anything against it".to_string(), ToString::to_string);
            screen.line(format!("    now   {now}"));
        }
        (None, Some(now)) => screen.line(format!("    now   {now}")),
        (None, None) => {}
    }
}

fn action(screen: &mut Screen, action: &ExplainedAction) {
    let ExplainedAction { id, tool, target, origin, risk, says, by, heard, ruled, state, approvals } = action;
    screen.gap();
    screen.line(format!("action {id}: {tool} on {target} ({} risk, by {origin})", risk.as_str()));
    if let Some(state) = state {
        match ruled {
            Some(ruling) => {
                screen.line(format!("  then  {}{}", question(ruling), reason(ruling)));
                votes(screen, &ruling.heard);
            }
            None => screen.line("  then  it was never ruled on"),
        }
        approvals.iter().for_each(|one| screen.line(format!("    yes    {one}")));
        screen.line(format!("  now   the gates say {} ({by})", says.as_str()));
        if ruled.as_ref().is_some_and(|ruling| ruling.heard == *heard) {
            screen.line("    as they did then");
        } else {
            votes(screen, heard);
        }
        screen.line(format!("  it stands at {state}"));
    } else {
        screen.line(format!("  the gates say {} ({by})", says.as_str()));
        votes(screen, heard);
    }
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

fn votes(screen: &mut Screen, heard: &[GateRuling]) {
    if heard.is_empty() {
        screen.line("    no gate has anything to say");
    }
    for vote in heard {
        screen.line(format!("    {:<5}  {}: {}", vote.ruling.as_str(), vote.gate, vote.reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_is_shown_and_the_rest_counted() {
        let one = |n: usize, matched: bool| Candidate {
            rule: format!("r{n}"),
            place: format!("a.rhai:{n}"),
            matched,
            why: "says escalate".into(),
        };
        let all: Vec<Candidate> = (0..50).map(|n| one(n, n < 40)).collect();
        let text = |is_shown: &dyn Fn(&Candidate) -> bool| {
            let mut screen = Screen::default();
            considered(&mut screen, &all, is_shown);
            screen.text().to_string()
        };
        let short = text(&|one| one.rule == "r0");
        assert_eq!(
            short,
            "  yes  r0 (a.rhai:0)\n       says escalate\n  besides, 39 match and come later, and 10 do not match; --all shows them\n"
        );
        let whole = text(&|_| true);
        assert_eq!((whole.lines().count(), whole.contains("besides")), (100, false));
    }
}
