//! Why each rule was or was not taken: a pass over all of them, without the index.

use super::decide::{Step, try_inhibit, try_rule, try_silence};
use super::items::Meta;
use super::parts;
use super::query::Query;
use super::set::Set;
use super::values::Says;
use crate::domain::silence::rule_of;
use crate::domain::{Considered, Incident};
use crate::rules::Context;

/// Every silence, inhibition and rule in the order in which they are asked.
pub(super) fn explain(set: &Set, incident: &Incident, context: &Context<'_>) -> Vec<Considered> {
    Query::ask(set, incident, context, None, |query| {
        let mut all = Vec::new();
        let mut decided: Option<String> = None;
        if let Some(cover) = context.history.silences().over(incident, context.now)
            && let Some(first) = cover.silences.first()
        {
            let rule = rule_of(&first.id);
            let why = format!("{} until {}, and decides", cover.reason(), cover.until);
            all.push(Considered { rule: rule.clone(), place: "the running host".into(), matched: true, why });
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
                Step::No(why) => Err(why),
                Step::Fault(why) => Err(format!("counts as no match: {why}")),
                Step::Yes(word) => Ok(format!("says {}", says(&word.says))),
                Step::Wait(until) => Ok(format!("waits until {until}")),
                Step::Diagnose => Ok("goes by what is wrong, which is found out first".into()),
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
fn by_part(query: &Query<'_>) -> Vec<Considered> {
    let mut all = Vec::new();
    for part in parts::of(query) {
        let query = query.of(&part.incident);
        let found = query.set.items.rules.iter().find_map(|rule| match try_rule(&query, rule) {
            Step::No(_) | Step::Fault(_) => None,
            step => Some((rule, step)),
        });
        let Some((rule, step)) = found else { continue };
        let names = part.names.join(", ");
        let (matched, why) = match step {
            Step::Yes(word) if parts::counts(&word.says) => {
                (true, format!("says {}, and decides by {}", says(&word.says), part.whose()))
            }
            Step::Yes(word) => (
                false,
                format!("says {} about the alerts {names} alone, which must not hide the others", says(&word.says)),
            ),
            Step::Diagnose => (true, format!("goes by what is wrong, which is found out first, by {}", part.whose())),
            _ => (false, format!("waits with the alerts {names} alone, which must not hide the others")),
        };
        all.push(Considered { rule: rule.meta.name.clone(), place: rule.meta.place.to_string(), matched, why });
        if matched {
            break;
        }
    }
    all
}

fn line(meta: &Meta, rule: String, outcome: Result<String, String>, decided: &mut Option<String>) -> Considered {
    let place = meta.place.to_string();
    let (matched, why) = match (outcome, decided.as_ref()) {
        (Err(why), _) => (false, why),
        (Ok(word), Some(first)) => (true, format!("{word}, but {first} came first")),
        (Ok(word), None) => {
            *decided = Some(rule.clone());
            (true, format!("{word}, and decides"))
        }
    };
    Considered { rule, place, matched, why }
}

fn says(says: &Says) -> String {
    match says {
        Says::Suppress => "suppress".into(),
        Says::Escalate => "escalate".into(),
        Says::Investigate => "investigate".into(),
        Says::Remediate(actions) | Says::Alternatives(actions) => {
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
            let alternatives = matches!(says, Says::Alternatives(_));
            let (how, between) = if alternatives { ("the first that helps of ", ", then ") } else { ("", ", ") };
            format!("remediate with {how}{}", tools.iter().map(shown).collect::<Vec<_>>().join(between))
        }
        Says::Plan(plugin) => format!("remediate as plugin {plugin} plans"),
        Says::Hold(ms) => format!("hold for {}", super::span::show(*ms)),
    }
}
