//! What every gate says about an action. A gate that cannot be asked says no.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::Dynamic;

use super::evaluation::{Evaluation, GateLooks};
use super::facts::CallFacts;
use super::fields::describe;
use super::functions::gating::opening;
use super::items::{Condition, Gate, GateResponse};
use super::normal::normal;
use super::on::Field;
use super::query::{CoverageLog, Query, fault};
use super::set::Set;
use super::values::{AllowTerms, BudgetOf, Question, Scope};
use super::view;
use crate::domain::conversation::SOURCE;
use crate::domain::{Action, Call, Incident, Origin, RulingKind};
use crate::rules::{Budget, Canary, Context, Vote};

/// Every gate that has something to say, in the order of the files, and what they would like to see
/// before they say it.
pub(super) fn gates(
    set: &Set,
    action: &Action,
    incident: &Incident,
    context: &Context<'_>,
    watch: Option<&RefCell<Vec<CoverageLog>>>,
) -> (Vec<Vote>, Vec<Call>) {
    let seen_looks = GateLooks::of(incident);
    let evaluation = Evaluation::new(incident, context).seeing(Rc::clone(&seen_looks));
    let votes = Query::ask_in(evaluation, set, incident, context, watch, |query| {
        let facts = CallFacts::of_action(action, incident, context.mode).at(&context.catalogue.clusters);
        let mut candidates: Vec<u32> = set.indexes.allow.of_values(&facts, None).collect();
        candidates.extend(set.indexes.forbid.of_values(&facts, Some(normal)));
        candidates.sort_unstable();
        let gates = candidates.into_iter().filter_map(|id| set.items.gates.get(id as usize));
        let spoken = gates.filter_map(|gate| {
            let before = seen_looks.asked();
            let vote = hear(query, gate, action, &facts)?;
            Some((gate, vote, seen_looks.asked() > before))
        });
        let mut heard: Vec<(&Gate, Vote, bool)> = spoken.collect();
        // Nobody looks for the sake of what is denied anyway.
        if heard.iter().any(|(_, vote, looks)| vote.says == RulingKind::Deny && !looks) {
            seen_looks.want_nothing();
            heard.retain(|(.., looks)| !looks);
        }
        narrowed(heard.into_iter().map(|(gate, vote, _)| (gate, vote)).collect(), &facts)
    });
    (votes, seen_looks.wanted())
}

/// Every gate that has something against a look, in the order of the files. Gates that allow are not
/// asked: a look is open unless one denies it.
pub(super) fn gates_on_look(
    set: &Set,
    look: &Action,
    incident: &Incident,
    context: &Context<'_>,
    watch: Option<&RefCell<Vec<CoverageLog>>>,
) -> Vec<Vote> {
    let evaluation = Evaluation::new(incident, context).about_a_look();
    Query::ask_in(evaluation, set, incident, context, watch, |query| {
        let facts = CallFacts::of_action(look, incident, context.mode).at(&context.catalogue.clusters);
        let mut candidates: Vec<u32> = set.indexes.forbid.of_values(&facts, Some(normal)).collect();
        candidates.sort_unstable();
        let gates = candidates.into_iter().filter_map(|id| set.items.gates.get(id as usize));
        gates.filter_map(|gate| hear(query, gate, look, &facts)).collect()
    })
}

/// A question restricts whatever it touches, but what it opens is only what it was written for: an
/// action that nothing allows, and that a question covers in part or in another spelling, is denied.
fn narrowed(heard: Vec<(&Gate, Vote)>, facts: &CallFacts<'_>) -> Vec<Vote> {
    let opens = |gate: &Gate, vote: &Vote| match vote.says {
        RulingKind::Allow => true,
        RulingKind::Ask => facts.refuses(&gate.on, &gate.wide).is_none(),
        RulingKind::Deny => false,
    };
    let open = heard.iter().any(|(gate, vote)| opens(gate, vote));
    let votes = heard.into_iter().map(|(gate, mut vote)| {
        if !open && vote.says == RulingKind::Ask {
            vote = self::vote(gate, RulingKind::Deny, "a person is only asked about a part of what it touches".into());
        }
        vote
    });
    votes.collect()
}

fn hear(query: &Query<'_>, gate: &Gate, action: &Action, facts: &CallFacts<'_>) -> Option<Vote> {
    let refused = if gate.says.allows() {
        facts.refuses(&gate.on, &gate.wide)
    } else {
        facts.refuses_widely(&gate.on, &gate.wide)
    };
    if refused.is_some() {
        return None;
    }
    let arguments = || vec![view::action(action, query.incident, &facts.origin_name), query.view()];
    let spoken = query
        .when("gate", &gate.meta, &gate.when, arguments)
        .and_then(|holds| if holds { says(query, gate, &arguments, facts) } else { Ok(None) });
    let timed = matches!(gate.when, Condition::Interval(_));
    let names_undo = names_undo(gate);
    let vote = match spoken {
        Ok(vote) => vote.map(|vote| Vote { held_against: vote.held_against && !timed, names_undo, ..vote }),
        Err(fault) => Some(Vote { held_against: false, ..vote(gate, RulingKind::Deny, fault) }),
    };
    if vote.is_some() {
        query.note("gate", &gate.meta, None, true);
    }
    vote.map(|vote| asked_in_conversations(gate, action, vote))
}

/// How long a question lasts that stands in the place of an allowance.
const ASKED_WITHIN_MS: u64 = 30 * 60_000;

/// What a model proposes in a conversation is asked about where a gate would allow it, unless that gate was written for
/// conversations: whoever opened something to rules or to the model did not open it to whoever may chat.
fn asked_in_conversations(gate: &Gate, action: &Action, vote: Vote) -> Vote {
    let meant = |(field, names): (&Field, Vec<&str>)| *field == Field::OriginName && names.contains(&SOURCE);
    if vote.says != RulingKind::Allow || !matches!(action.origin, Origin::Chat { .. }) || gate.on.literals().any(meant)
    {
        return vote;
    }
    let reason = "it was proposed in a conversation, and the gate that would allow it does not name these".into();
    Vote { says: RulingKind::Ask, reason, canary: None, within_ms: ASKED_WITHIN_MS, ..vote }
}

/// Whether it is about undos of tools that it names, and about nothing else.
fn names_undo(gate: &Gate) -> bool {
    let names = |field: Field, fits: fn(&[&str]) -> bool| {
        gate.on.literals().any(|(known, values)| *known == field && fits(&values))
    };
    names(Field::Tool, |tools| !tools.is_empty()) && names(Field::Origin, |origins| origins == ["undo"])
}

fn says(
    query: &Query<'_>,
    gate: &Gate,
    arguments: &dyn Fn() -> Vec<Dynamic>,
    facts: &CallFacts<'_>,
) -> Result<Option<Vote>, String> {
    let call = |func, part| query.set.code.call(func, arguments()).map_err(|why| fault("gate", &gate.meta, part, &why));
    let reason = || gate.meta.description.clone();
    let allow = |opening: &AllowTerms| allow(gate, opening, reason(), facts, query.incident);
    Ok(match &gate.says {
        GateResponse::Allow(opening) => Some(allow(opening)),
        GateResponse::AllowIf(func) => {
            let value = call(func, "allow")?;
            match value.as_bool() {
                Ok(false) => None,
                Ok(true) => Some(allow(&AllowTerms::default())),
                Err(_) if value.is_unit() => None,
                Err(_) => Some(allow(&opening(&value).ok_or_else(|| {
                    let got = describe(&value);
                    let wrong = format!("it must return true, false, budgets or a canary, but returned {got}");
                    fault("gate", &gate.meta, "allow", &wrong)
                })?)),
            }
        }
        GateResponse::Ask(question) => Some(ask(gate, RulingKind::Ask, question, reason(), facts, query.incident)),
        GateResponse::Deny(why) => {
            Some(vote(gate, RulingKind::Deny, if why.is_empty() { reason() } else { why.clone() }))
        }
        GateResponse::DenyIf(func) => {
            let value = call(func, "deny")?;
            if value.is_unit() || value.as_bool() == Ok(false) {
                return Ok(None);
            }
            let why = match value.as_immutable_string_ref() {
                Ok(why) => why.to_string(),
                Err(_) if value.as_bool() == Ok(true) => reason(),
                Err(_) => {
                    let wrong = format!("it must return the reason or nothing, but returned {}", describe(&value));
                    return Err(fault("gate", &gate.meta, "deny", &wrong));
                }
            };
            Some(vote(gate, RulingKind::Deny, why))
        }
    })
}

fn allow(gate: &Gate, opening: &AllowTerms, reason: String, facts: &CallFacts<'_>, incident: &Incident) -> Vote {
    let budgets = spends(&opening.budgets, facts, incident);
    let Some(canary) = &opening.canary else {
        return Vote { budgets, ..vote(gate, RulingKind::Allow, reason) };
    };
    let scopes = scopes(&canary.per, facts, incident);
    Vote {
        canary: Some(Canary { scopes, after: canary.after }),
        ..ask(gate, RulingKind::Allow, &canary.question, reason, facts, incident)
    }
}

fn ask(
    gate: &Gate,
    says: RulingKind,
    question: &Question,
    reason: String,
    facts: &CallFacts<'_>,
    incident: &Incident,
) -> Vote {
    let why = if question.reason.is_empty() { reason } else { question.reason.clone() };
    Vote {
        who: question.who.clone(),
        approvals: question.approvals,
        own: question.own,
        within_ms: question.within_ms.unsigned_abs(),
        budgets: spends(&question.budgets, facts, incident),
        ..vote(gate, says, why)
    }
}

fn vote(gate: &Gate, says: RulingKind, reason: String) -> Vote {
    let reason = if reason.is_empty() { format!("gate {}", gate.meta.name) } else { reason };
    let cooldown_ms = gate.cooldown.map(i64::unsigned_abs);
    Vote { cooldown_ms, mode: gate.meta.mode, ..Vote::new(&gate.meta.name, says, &reason) }
}

/// What an execution spends: one budget for every combination of the values that it counts apart.
fn spends(budgets: &[BudgetOf], facts: &CallFacts<'_>, incident: &Incident) -> Vec<Budget> {
    let mut all = Vec::new();
    for (i, budget) in budgets.iter().enumerate() {
        for scope in scopes(&budget.per, facts, incident) {
            let scope = budget.of.as_ref().map_or_else(|| scope.clone(), |of| joined(&scope, &plain(of)));
            // Several budgets of one gate are told apart by their place.
            let scope = if i == 0 { scope } else { format!("{scope}#{}", i + 1) };
            all.push(Budget { scope, max: budget.max, within_ms: budget.within_ms.unsigned_abs() });
        }
    }
    all
}

/// Every combination of the values that are counted apart.
fn scopes(per: &[Scope], facts: &CallFacts<'_>, incident: &Incident) -> Vec<String> {
    let mut scopes = vec![String::new()];
    for scope in per {
        let values = values(*scope, facts, incident);
        scopes = scopes.iter().flat_map(|scope| values.iter().map(move |value| joined(scope, value))).collect();
    }
    scopes
}

fn joined(scope: &str, value: &str) -> String {
    if scope.is_empty() { value.to_string() } else { format!("{scope}|{value}") }
}

/// `|` and `#` build the key, so no value may hold them.
fn plain(value: &str) -> String {
    value.replace('%', "%25").replace('|', "%7C").replace('#', "%23")
}

fn values(scope: Scope, facts: &CallFacts<'_>, incident: &Incident) -> Vec<String> {
    let touches = facts.touches;
    let mut values = match scope {
        Scope::Cluster => vec![facts.cluster.to_string()],
        Scope::Server => vec![touches.server.clone()],
        Scope::Namespace => touches.namespaces.clone(),
        Scope::Kind => touches.kinds.clone(),
        Scope::Target => vec![touches.to_string()],
        Scope::Tool => vec![facts.call.tool.clone()],
        Scope::Incident => vec![incident.id.to_string()],
    };
    if values.is_empty() {
        values.push("-".into());
    }
    values.iter().map(|value| plain(value)).collect()
}
