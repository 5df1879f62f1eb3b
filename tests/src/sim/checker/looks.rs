//! What must hold for looks: when they arrive at the cluster, when the journal takes them, and at the end.

use std::collections::{BTreeMap, VecDeque};

use tidegate::domain::entry::Purpose;
use tidegate::domain::{Action, Call, Catalogue, Fact, Incident, Risk};
use tidegate::gate::ReadPermit;

use super::{Step, calls};
use crate::sim::cluster::catalogue;
use crate::sim::host::VERIFYING;
use crate::sim::policies::CHECKED;
use crate::sim::world::State;

/// Looks that have arrived and that the journal does not hold yet, by their calls.
#[derive(Default)]
pub struct Looks(BTreeMap<String, VecDeque<Arrival>>);

struct Arrival {
    /// The policy set in force when it was ruled on.
    policies: usize,
    /// Crashes and journal failures until then: one more explains why the journal never takes it.
    troubles: u64,
}

fn key(call: &Call) -> String {
    format!("{} {:?}", call.tool, call.arguments)
}

/// Takes in a look that reaches the cluster now.
pub fn take_look(state: &mut State, permit: &ReadPermit, call: &Call) {
    state.stats.looks += 1;
    state.note(|| format!("  LOOK {} {:?}", call.tool, call.arguments));
    let checks = [
        ("a_look_is_what_was_permitted", a_look_is_what_was_permitted(permit, call)),
        ("only_reading_tools_look", only_reading_tools_look(&catalogue(state.catalogue), call)),
        ("looks_obey_the_policies", looks_obey_the_policies(state, call)),
        ("calls_fit_their_tools", calls::calls_fit_their_tools(call)),
    ];
    for (name, result) in checks {
        if let Err(text) = result {
            state.violate(name, text);
        }
    }
    // What a broken disk does not take, nobody can read there.
    let troubles = if state.disk.is_broken() { 0 } else { state.life + state.disk.failures };
    let arrival = Arrival { policies: state.policies_in_force, troubles };
    state.checker.looks.0.entry(key(call)).or_default().push_back(arrival);
}

/// The call is the one in the permit.
fn a_look_is_what_was_permitted(permit: &ReadPermit, call: &Call) -> Result<(), String> {
    match permit.call() == call {
        true => Ok(()),
        false => Err(format!("{} was permitted, {} arrives", key(permit.call()), key(call))),
    }
}

/// Its tool only reads, as the tools are now.
fn only_reading_tools_look(catalogue: &Catalogue, call: &Call) -> Result<(), String> {
    match catalogue.risk(&call.tool) {
        Risk::Read => Ok(()),
        risk => Err(format!("{} is {}", call.tool, risk.as_str())),
    }
}

/// No gate in force, whatever origin it hears, has anything against it, read from the data.
fn looks_obey_the_policies(state: &State, call: &Call) -> Result<(), String> {
    match state.plan.policies[state.policies_in_force].against_look(call, None) {
        Some(gate) => Err(format!("{} is against {}", gate.name, key(call))),
        None => Ok(()),
    }
}

/// Takes in a look as the journal has it: what was made did arrive before, and its origin may look so.
pub fn take_looked(state: &mut State, incident: &Incident, fact: &Fact) {
    let Fact::Looked { purpose, call, refused, .. } = fact else { return };
    state.stats.refused_looks += u64::from(refused.is_some());
    if refused.is_some() {
        return;
    }
    let key = key(call);
    let troubles = state.life + state.disk.failures;
    let Some(arrivals) = state.checker.looks.0.get_mut(&key) else { return };
    let origins = origins(incident, purpose, call);
    let policies = &state.plan.policies;
    let may = |arrival: &Arrival| {
        let against = |origin: &&str| policies[arrival.policies].against_look(call, Some(*origin)).is_some();
        origins.is_empty() || !origins.iter().all(against)
    };
    // Rather one that nothing came between than one that a crash has swallowed; of the same look by several, under policies
    // that changed meanwhile, rather one that this one may have made, and of these one that the fewest others may have made.
    let here = |arrival: &Arrival| arrival.troubles == troubles;
    let others = |arrival: &Arrival| {
        let set = &policies[arrival.policies];
        ["policy", "plugin", "model"]
            .into_iter()
            .filter(|origin| set.against_look(call, Some(*origin)).is_none())
            .count()
    };
    let made = arrivals.iter().enumerate().filter(|(_, arrival)| here(arrival) && may(arrival));
    let place = made.min_by_key(|(_, arrival)| others(arrival)).map(|(place, _)| place);
    let place = place.or_else(|| arrivals.iter().position(here)).unwrap_or(0);
    let arrival = arrivals.remove(place);
    if arrivals.is_empty() {
        state.checker.looks.0.remove(&key);
    }
    let Some(arrival) = arrival else { return };
    let set = &state.plan.policies[arrival.policies];
    let against: Option<Vec<_>> = origins.iter().map(|origin| set.against_look(call, Some(*origin))).collect();
    // Where it may be either's look, either may allow it.
    if let Some(gate) = against.and_then(|gates| gates.first().map(|gate| gate.name.clone())) {
        let text = format!("{gate} is against {key} by {origins:?} for {purpose:?}");
        state.violate("looks_obey_the_policies", text);
    }
}

/// Whose look it can be: a look at what an action touches is the check's or else the proposer's.
fn origins(incident: &Incident, purpose: &Purpose, call: &Call) -> Vec<&'static str> {
    match purpose {
        Purpose::Model => vec!["model"],
        Purpose::Plan => vec!["plugin"],
        Purpose::Evidence | Purpose::Gate { .. } => vec!["policy"],
        Purpose::Before { action } | Purpose::After { action } | Purpose::Verify { action } => {
            let Some(record) = incident.action(action) else { return Vec::new() };
            let mut origins = vec![record.action.origin.kind()];
            if own_place(&record.action).as_ref() == Some(call) {
                origins.push("policy");
            }
            origins
        }
    }
}

/// The look at what an action changes that a check of the policies makes; none where they know none.
pub fn own_place(action: &Action) -> Option<Call> {
    let known = CHECKED.contains(&action.tool()) || action.origin.kind() != "plugin" && action.origin.kind() != "model";
    let mut arguments = action.proposal.call.arguments.clone();
    arguments.remove("mark");
    known.then(|| Call { tool: "k.get".into(), arguments })
}

/// Whoever looks, an incident looks so often for them and no oftener.
pub(super) fn budgets_of_looks_hold(step: &Step<'_>) -> Result<(), String> {
    let Fact::Looked { purpose, refused, .. } = &step.entry.fact else { return Ok(()) };
    if let Purpose::Verify { action } = purpose {
        let track = step.checker.tracks.get(&(step.id.clone(), action.clone()));
        let looks = track.map_or(0, |track| track.verifying);
        // One verification, and what settles up to three attempts.
        return if looks < 2 * VERIFYING + 20 { Ok(()) } else { Err(format!("{looks} looks verify {action}")) };
    }
    let kind = |purpose: &Purpose| match purpose {
        Purpose::Evidence | Purpose::Gate { .. } => Some("policies"),
        Purpose::Model => Some("the model"),
        Purpose::Plan => Some("a plugin"),
        Purpose::Before { .. } | Purpose::After { .. } | Purpose::Verify { .. } => None,
    };
    let made = step.incident.looks.iter().filter(|look| look.refused.is_none());
    let Some(who) = kind(purpose).filter(|_| refused.is_none()) else { return Ok(()) };
    let all: Vec<&str> = made.filter_map(|look| kind(&look.purpose)).collect();
    let own = all.iter().filter(|made| **made == who).count();
    let (of_origin, of_incident) = (step.plan.temper.looks_per_origin, step.plan.temper.looks_per_incident);
    match own < of_origin && all.len() < of_incident {
        true => Ok(()),
        false => {
            Err(format!("{who} looked {own} times, all {} times, and may {of_origin} and {of_incident}", all.len()))
        }
    }
}

/// What has arrived stands in the journal as a look that nobody refused, unless a crash or a broken disk
/// came between. For a world at rest.
pub fn looks_are_in_the_journal(state: &State) -> Result<(), String> {
    let troubles = state.life + state.disk.failures;
    let missing = state.checker.looks.0.iter().find(|(_, arrivals)| {
        let mut arrivals = arrivals.iter();
        arrivals.any(|arrival| arrival.troubles == troubles)
    });
    match missing {
        Some((key, _)) => Err(format!("{key} was made, and the journal does not say so")),
        None => Ok(()),
    }
}
