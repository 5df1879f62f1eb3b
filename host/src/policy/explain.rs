//! Why each rule was or was not taken: a pass over all of them, without the index.

use super::alert_subsets;
use super::decide::{RuleStep, try_inhibit, try_rule, try_silence};
use super::items::Meta;
use super::query::Query;
use super::set::Set;
use super::values::VerdictKind;
use crate::domain::silence::rule_of;
use crate::domain::{Candidate, Incident};
use crate::rules::Context;

/// Every silence, inhibition and rule in the order in which they are asked.
pub(super) fn explain(set: &Set, incident: &Incident, context: &Context<'_>) -> Vec<Candidate> {
    Query::ask(set, incident, context, None, |query| {
        let mut all = Vec::new();
        let mut decided: Option<String> = None;
        if let Some(cover) = context.history.silences().over(incident, context.now)
            && let Some(first) = cover.silences.first()
        {
            let rule = rule_of(&first.id);
            let why = format!("{} until {}, and decides", cover.reason(), cover.until);
            all.push(Candidate { rule: rule.clone(), place: "the running host".into(), matched: true, why });
            decided = Some(rule);
        }
        for silence in &set.items.silences {
            let outcome = try_silence(query, silence).map(|()| "silences it".to_string());
            all.push(line(&silence.meta, format!("silence:{}", silence.meta.name), outcome, &mut decided));
        }
        for inhibit in &set.items.inhibits {
            let outcome = try_inhibit(query, inhibit).map(|source| format!("{} inhibits it", source.alert.name));
            all.push(line(&inhibit.meta, format!("inhibit:{}", inhibit.meta.name), outcome, &mut decided));
        }
        for rule in &set.items.rules {
            let outcome = match try_rule(query, rule) {
                RuleStep::NoMatch(why) => Err(why),
                RuleStep::Fault(why) => Err(format!("counts as no match: {why}")),
                RuleStep::Match(word) => Ok(format!("says {}", says(&word.says))),
                RuleStep::Wait(until) => Ok(format!("waits until {until}")),
                RuleStep::Diagnose => Ok("goes by what is wrong, which is found out first".into()),
            };
            all.push(line(&rule.meta, rule.meta.name.clone(), outcome, &mut decided));
        }
        if decided.is_none() {
            all.extend(by_part(query));
        }
        all
    })
}

/// The rule that says something about some of the alerts, for each part that is tried until one decides.
fn by_part(query: &Query<'_>) -> Vec<Candidate> {
    let mut all = Vec::new();
    for part in alert_subsets::of(query) {
        let query = query.of(&part.incident);
        let found = query.set.items.rules.iter().find_map(|rule| match try_rule(&query, rule) {
            RuleStep::NoMatch(_) | RuleStep::Fault(_) => None,
            step => Some((rule, step)),
        });
        let Some((rule, step)) = found else { continue };
        let names = part.names.join(", ");
        let (matched, why) = match step {
            RuleStep::Match(word) if alert_subsets::counts(&word.says) => {
                (true, format!("says {}, and decides by {}", says(&word.says), part.whose()))
            }
            RuleStep::Match(word) => (
                false,
                format!("says {} about the alerts {names} alone, which must not hide the others", says(&word.says)),
            ),
            RuleStep::Diagnose => {
                (true, format!("goes by what is wrong, which is found out first, by {}", part.whose()))
            }
            _ => (false, format!("waits with the alerts {names} alone, which must not hide the others")),
        };
        all.push(Candidate { rule: rule.meta.name.clone(), place: rule.meta.place.to_string(), matched, why });
        if matched {
            break;
        }
    }
    all
}

fn line(meta: &Meta, rule: String, outcome: Result<String, String>, decided: &mut Option<String>) -> Candidate {
    let place = meta.place.to_string();
    let (matched, why) = match (outcome, decided.as_ref()) {
        (Err(why), _) => (false, why),
        (Ok(word), Some(first)) => (true, format!("{word}, but {first} came first")),
        (Ok(word), None) => {
            *decided = Some(rule.clone());
            (true, format!("{word}, and decides"))
        }
    };
    Candidate { rule, place, matched, why }
}

fn says(says: &VerdictKind) -> String {
    match says {
        VerdictKind::Suppress => "suppress".into(),
        VerdictKind::Escalate => "escalate".into(),
        VerdictKind::Investigate => "investigate".into(),
        VerdictKind::Remediate(actions) | VerdictKind::Alternatives(actions) => {
            let mut tools: Vec<(&str, usize)> = Vec::new();
            for tool in actions.iter().map(|action| action.call.tool.as_str()) {
                match tools.last_mut() {
                    Some((last, times)) if *last == tool => *times += 1,
                    _ => tools.push((tool, 1)),
                }
            }
            let shown = |(tool, times): &(&str, usize)| {
                if *times == 1 { tool.to_string() } else { format!("{tool} ×{times}") }
            };
            let alternatives = matches!(says, VerdictKind::Alternatives(_));
            let (how, between) = if alternatives { ("the first that helps of ", ", then ") } else { ("", ", ") };
            format!("remediate with {how}{}", tools.iter().map(shown).collect::<Vec<_>>().join(between))
        }
        VerdictKind::Plan(plugin) => format!("remediate as plugin {plugin} plans"),
        VerdictKind::Hold(ms) => format!("hold for {}", super::span::show(*ms)),
    }
}
