//! Asks the set what a case asks, and compares.

use std::cell::RefCell;
use std::fmt::Display;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::case::{Case, Evaluation, Want, Who, time};
use super::{event, look, silence, undone};
use crate::domain::text::truncate;
use crate::domain::{Decision, Occasion, RulingKind, Verdict};
use crate::gate;
use crate::policy::query::CoverageLog;
use crate::policy::set::Set;
use crate::policy::{decide, evidence, explain, gates, span};
use crate::rules::Context;

/// What differs, and what was tried.
pub(super) fn judge(set: &Set, case: &Case) -> (Vec<String>, Vec<CoverageLog>) {
    let seen = RefCell::new(Vec::new());
    if let Some(row) = &case.event {
        let mut lines = Lines(Vec::new());
        event::compare(set, row, &case.now, &case.want, &seen, &mut lines);
        return (lines.shown(), seen.into_inner());
    }
    if let Some(row) = &case.silence {
        let mut lines = Lines(Vec::new());
        silence::compare(set, row, &case.want, &seen, &mut lines);
        return (lines.shown(), seen.into_inner());
    }
    let lines = match case.evaluation() {
        Ok(mut evaluation) => {
            if let Some(undone) = case.action.as_ref().and_then(|row| row.undoes.as_ref()) {
                undone::see(set, undone, &mut evaluation);
            }
            let context = Context {
                now: evaluation.now,
                mode: evaluation.mode,
                history: &evaluation.history,
                catalogue: &evaluation.catalogue,
            };
            let mut lines = Lines(Vec::new());
            compare(set, case, &evaluation, &context, &seen, &mut lines);
            lines.shown()
        }
        Err(why) => vec![format!("the case is not right: {why}")],
    };
    (lines, seen.into_inner())
}

/// Letters of a line; of a longer one those around the first that differs, and so many before that.
const SHOWN: usize = 300;
const BEFORE: usize = 40;

/// What is to be seen of a text that differs behind so many letters.
fn near(text: &str, alike: usize) -> String {
    let letters = text.chars().count();
    if letters <= SHOWN {
        return text.to_string();
    }
    let from = alike.saturating_sub(BEFORE).min(letters - SHOWN);
    let shown: String = text.chars().skip(from).take(SHOWN).collect();
    let head = if from > 0 { format!("({from} letters that do not differ) …") } else { String::new() };
    let behind = letters - from - SHOWN;
    let tail = if behind > 0 { format!("… ({behind} letters more)") } else { String::new() };
    format!("{head}{shown}{tail}")
}

/// What differs, in the order in which it was compared.
pub(super) struct Lines(Vec<Line>);

enum Line {
    Differs { what: String, wanted: String, got: String },
    Says(String),
}

impl Lines {
    /// Wanted and got below each other, so that the eye finds the difference.
    fn shown(&self) -> Vec<String> {
        let names =
            self.0.iter().map(|line| if let Line::Differs { what, .. } = line { what.chars().count() } else { 0 });
        let width = names.max().unwrap_or(0);
        let lines = self.0.iter().flat_map(|line| match line {
            Line::Differs { what, wanted, got } => {
                let alike = wanted.chars().zip(got.chars()).take_while(|(one, other)| one == other).count();
                let (wanted, got) = (near(wanted, alike), near(got, alike));
                vec![format!("{what:<width$}  wanted  {wanted}"), format!("{:<width$}  got     {got}", "")]
            }
            Line::Says(text) => vec![near(text, 0)],
        });
        lines.collect()
    }

    pub fn say(&mut self, text: String) {
        self.0.push(Line::Says(text));
    }

    pub fn same(&mut self, what: &str, wanted: &impl Display, got: &impl Display) {
        let (wanted, got) = (wanted.to_string(), got.to_string());
        if wanted != got {
            self.differs(what, &wanted, &got);
        }
    }

    pub fn differs(&mut self, what: &str, wanted: &str, got: &str) {
        let some = |text: &str| if text.is_empty() { "nothing".to_string() } else { text.to_string() };
        self.0.push(Line::Differs { what: what.into(), wanted: some(wanted), got: some(got) });
    }
}

fn compare(
    set: &Set,
    case: &Case,
    evaluation: &Evaluation,
    context: &Context<'_>,
    seen: &RefCell<Vec<CoverageLog>>,
    lines: &mut Lines,
) {
    let want = &case.want;
    let asked = lines.0.len();
    let mut any = false;
    if let Some(look) = &evaluation.look {
        return look::compare(set, evaluation, look, context, want, seen, lines);
    }
    let of_action = want.ruling.is_some() || want.check.is_some() || want.undo.is_some() || want.verify.is_some();
    let of_routes = want.routes.is_some() || want.route.is_some() || want.targets.is_some();
    if of_action {
        any = true;
        action(set, case, evaluation, context, seen, lines);
    }
    if of_routes {
        any = true;
        routes(set, evaluation, case.occasion.unwrap_or(Occasion::Report), context, want, seen, lines);
    }
    if let Some(group) = &want.group {
        any = true;
        let got = evaluation.incident.alerts.first().and_then(|alert| evidence::group(set, alert, Some(seen)));
        lines.same("group", group, &got.unwrap_or_default());
    }
    let of_verdict = want.verdict.is_some() || want.actions.is_some() || want.evidence.is_some();
    if of_verdict || (want.rule.is_some() && !of_action && !of_routes) {
        any = true;
        verdict(set, evaluation, context, want, seen, lines);
    }
    if !any && lines.0.len() == asked {
        lines.say("`want` asks nothing; name verdict, rule, ruling, routes, check or group".into());
    }
}

fn verdict(
    set: &Set,
    evaluation: &Evaluation,
    context: &Context<'_>,
    want: &Want,
    seen: &RefCell<Vec<CoverageLog>>,
    lines: &mut Lines,
) {
    let judged = decide::decide(set, &evaluation.incident, context, Some(seen));
    judged.faults.iter().for_each(|fault| lines.say(format!("a rule failed: {fault}")));
    let got = judged.decision.as_ref();
    if let Some(wanted) = &want.verdict {
        lines.same("verdict", wanted, &got.map_or("none", |decision| word(&decision.verdict)));
    }
    if let Some(wanted) = &want.rule {
        let got = got.and_then(|decision| decision.rule.as_deref()).unwrap_or("none");
        lines.same("rule", wanted, &got);
        if got != wanted && wanted != "none" {
            lines.say(why_not(set, evaluation, context, wanted));
        }
    }
    if let Some(wanted) = &want.mode {
        let shown = |mode| if mode == crate::domain::Mode::Observe { "observe" } else { "enforce" };
        lines.same("mode", &shown(*wanted), &got.map_or("none", |decision| shown(decision.mode)));
    }
    let Some(decision) = got else { return };
    if let Some(part) = &want.reason
        && !decision.reason.contains(part.as_str())
    {
        lines.differs("reason", &format!("something with {part:?}"), &format!("{:?}", decision.reason));
    }
    if let Some(wanted) = &want.plugin {
        let got = if let Verdict::Plan { plugin } = &decision.verdict { plugin } else { "no plugin" };
        lines.same("plugin", wanted, &got);
    }
    if let Some(wanted) = &want.until {
        let later = |text: &str| {
            let ms = span::parse(text)?;
            context.now.checked_add(SignedDuration::from_millis(ms)).map_err(|error| error.to_string())
        };
        let wanted = later(wanted).or_else(|_| time(wanted)).map_or_else(|why| why, |at| at.to_string());
        let got = if let Verdict::Hold { until } = decision.verdict { until.to_string() } else { "no end".into() };
        lines.same("until", &wanted, &got);
    }
    if let Some(wanted) = &want.evidence {
        let got: Vec<String> =
            evidence_of(set, evaluation, context, seen, decision).iter().map(|call| call.tool.clone()).collect();
        lines.same("evidence", &format!("{wanted:?}"), &format!("{got:?}"));
    }
    if let Some(wanted) = &want.actions {
        let none = Vec::new();
        let got = if let Verdict::Remediate { actions, .. } = &decision.verdict { actions } else { &none };
        if wanted.len() != got.len() {
            let wanted: Vec<&str> = wanted.iter().map(|call| call.tool.as_str()).collect();
            let got: Vec<&str> = got.iter().map(|action| action.call.tool.as_str()).collect();
            lines.differs("actions", &wanted.join(", "), &got.join(", "));
        }
        for (wanted, got) in wanted.iter().zip(got) {
            lines.same("tool", &wanted.tool, &got.call.tool);
            arguments(&wanted.arguments, &got.call.arguments, lines);
        }
    }
}

/// What kept a rule from deciding.
fn why_not(set: &Set, evaluation: &Evaluation, context: &Context<'_>, rule: &str) -> String {
    let considered = explain::explain(set, &evaluation.incident, context);
    match considered.into_iter().find(|one| one.rule == rule) {
        Some(one) => format!("{rule} ({}): {}", one.place, one.why),
        None => format!("there is no rule {rule}"),
    }
}

fn evidence_of(
    set: &Set,
    evaluation: &Evaluation,
    context: &Context<'_>,
    seen: &RefCell<Vec<CoverageLog>>,
    decision: &Decision,
) -> Vec<crate::domain::Call> {
    if decision.evidence.is_empty() {
        let query = crate::policy::query::Query::ask;
        query(set, &evaluation.incident, context, Some(seen), evidence::collect)
    } else {
        decision.evidence.clone()
    }
}

fn arguments(wanted: &Map<String, Value>, got: &Map<String, Value>, lines: &mut Lines) {
    for (name, wanted) in wanted {
        let got = got.get(name).map(Value::to_string).unwrap_or_default();
        lines.same(&format!("argument {name}"), wanted, &got);
    }
}

fn action(
    set: &Set,
    case: &Case,
    evaluation: &Evaluation,
    context: &Context<'_>,
    seen: &RefCell<Vec<CoverageLog>>,
    lines: &mut Lines,
) {
    let want = &case.want;
    let Some(action) = &evaluation.action else {
        lines.say("a ruling or a check needs `action = { tool, arguments }`".into());
        return;
    };
    if let Some(wanted) = &want.ruling {
        let (mut votes, looks) = gates::gates(set, action, &evaluation.incident, context, Some(seen));
        votes.iter_mut().for_each(|vote| gate::canary::apply(vote, |key| evaluation.verified(key)));
        gate::undo::apply(&mut votes, &evaluation.incident, action);
        let (ruling, rule, _) = gate::decide(&gate::gate_rulings(&votes), action.risk);
        lines.same("ruling", wanted, &ruling.as_str());
        if let Some(wanted) = &want.rule {
            lines.same("rule", wanted, &rule);
        }
        if let Some(wanted) = &want.looks {
            let got: Vec<&str> = looks.iter().map(|call| call.tool.as_str()).collect();
            lines.same("looks", &format!("{wanted:?}"), &format!("{got:?}"));
        }
        for gate in want.heard.iter().flatten() {
            if !votes.iter().any(|vote| vote.gate == *gate) {
                let heard: Vec<&str> = votes.iter().map(|vote| vote.gate.as_str()).collect();
                lines.differs("heard", gate, &heard.join(", "));
            }
        }
        let decisive = votes.iter().find(|vote| vote.gate == rule);
        if let (Some(part), Some(vote)) = (&want.reason, decisive)
            && !vote.reason.contains(part.as_str())
        {
            lines.differs("reason", &format!("something with {part:?}"), &format!("{:?}", vote.reason));
        }
        if let Some(wanted) = &want.who {
            let wanted = match wanted {
                Who::One(group) => group.clone(),
                Who::Several(groups) => groups.join(", "),
            };
            let got = decisive.filter(|vote| vote.says == RulingKind::Ask).map_or_else(String::new, |vote| {
                if vote.who.is_empty() { "anybody".into() } else { vote.who.join(", ") }
            });
            lines.same("who", &wanted, &got);
        }
        if let Some(wanted) = &want.cooldown {
            let rests = decisive.and_then(|vote| vote.cooldown_ms).map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
            lines.same("cooldown", wanted, &rests.map_or_else(|| "none".into(), span::show));
        }
        if let Some(wanted) = &want.budgets {
            let budgets = votes.iter().flat_map(|vote| vote.budgets.iter().map(move |budget| (vote, budget)));
            let got: Vec<String> = budgets
                .map(|(vote, budget)| {
                    let within = span::show(i64::try_from(budget.within_ms).unwrap_or(i64::MAX));
                    format!("{} {}: {} in {within}", vote.gate, budget.scope, budget.max)
                })
                .collect();
            lines.same("budgets", &format!("{wanted:?}"), &format!("{got:?}"));
        }
    }
    if want.check.is_some() || want.undo.is_some() || want.verify.is_some() {
        let before = case.action.as_ref().and_then(|row| row.before.as_ref());
        let check = evidence::check(set, &action.proposal.call, before, &evaluation.incident, context, Some(seen));
        let show = |call: &crate::domain::Call| {
            format!("{} {}", call.tool, truncate(&Value::Object(call.arguments.clone()).to_string(), 2_000))
        };
        let of = |wanted: &Option<String>, what: &str, got: Option<String>, lines: &mut Lines| {
            if let Some(wanted) = wanted {
                let got = got.unwrap_or_else(|| "none".into());
                if !got.contains(wanted.as_str()) {
                    lines.differs(what, &format!("something with {wanted:?}"), &got);
                }
            }
        };
        of(&want.check, "check", check.as_ref().map(|check| check.rule.clone()), lines);
        of(&want.undo, "undo", check.as_ref().and_then(|check| check.undo.as_ref()).map(show), lines);
        let verify = check.as_ref().and_then(|check| check.verify.as_ref());
        let shown = verify.map(|verify| {
            format!(
                "{} present {:?} absent {:?} applied {:?}",
                show(&verify.look),
                verify.present,
                verify.absent,
                verify.applied
            )
        });
        of(&want.verify, "verify", shown, lines);
    }
}

fn routes(
    set: &Set,
    evaluation: &Evaluation,
    occasion: Occasion,
    context: &Context<'_>,
    want: &Want,
    seen: &RefCell<Vec<CoverageLog>>,
    lines: &mut Lines,
) {
    let routed = crate::policy::routes::routes(set, &evaluation.incident, occasion, context, Some(seen));
    let names: Vec<&str> = routed.iter().map(|routed| routed.route.as_str()).collect();
    if let Some(wanted) = &want.routes {
        lines.same("routes", &format!("{wanted:?}"), &format!("{names:?}"));
    }
    if let Some(wanted) = &want.route {
        lines.same("route", wanted, &names.join(", "));
    }
    if let Some(wanted) = &want.targets {
        let mut targets: Vec<&str> = Vec::new();
        for target in routed.iter().flat_map(|routed| &routed.targets) {
            if !targets.contains(&target.as_str()) {
                targets.push(target);
            }
        }
        lines.same("targets", &format!("{wanted:?}"), &format!("{targets:?}"));
    }
}

/// The verdict's word; unlike for people, `plan` has one of its own.
fn word(verdict: &Verdict) -> &'static str {
    if let Verdict::Plan { .. } = verdict { "plan" } else { verdict.kind() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_endless_the_place_is_shown_where_it_differs() {
        let long = |middle: &str| format!("{}{middle}{}", "a".repeat(5_000), "b".repeat(20_000));
        let mut lines = Lines(Vec::new());
        lines.same("arguments", &long("告"), &long("x"));
        lines.say("z".repeat(9_000));
        let shown = lines.shown();
        assert!(shown.iter().all(|line| line.len() < 500), "{shown:?}");
        assert!(
            shown[0].contains("(4960 letters that do not differ) …aaa") && shown[0].contains("a告b"),
            "{}",
            shown[0]
        );
        assert!(shown[1].contains("axb") && shown[1].contains("letters more)"), "{}", shown[1]);
        assert!(shown[2].ends_with("… (8700 letters more)"), "{}", shown[2]);
        let mut lines = Lines(Vec::new());
        lines.same("rule", &"a", &long("x"));
        assert_eq!(lines.shown()[0], "rule  wanted  a");
    }
}
