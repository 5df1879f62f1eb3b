//! What must hold, checked at every entry that becomes durable, every call that reaches the cluster,
//! every message and every acknowledgement; from the journal and the world's record alone.
//!
//! Each invariant is a function whose name is the invariant's name.

pub mod alerts;
mod breakers;
pub mod calls;
mod canaries;
mod deliveries;
mod denials;
mod incidents;
mod intents;
pub mod looks;
pub mod quiet;
mod restorations;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use tidegate::domain::control::{self, Control};
use tidegate::domain::entry::Resolution;
use tidegate::domain::incident::{ActionRecord, ActionState};
use tidegate::domain::{ActionId, Entry, Fact, Incident, IncidentId, Mode, Origin, Proven, Ruling, Sealed};

use super::plan::Plan;
use super::world::State;

pub use calls::{take_call, take_probe};
pub use deliveries::take_delivery;
pub use looks::take_look;

/// Under which circumstances the host wrote an entry.
#[derive(Clone, Copy, Debug)]
pub struct WriteContext {
    /// The policy set in force.
    pub policies: usize,
    /// The host's mode.
    pub mode: Mode,
    /// When, in the world's own time.
    pub mono: Duration,
}

/// What the checker knows.
#[derive(Default)]
pub struct Checker {
    /// Every incident, rebuilt entry by entry.
    pub incidents: BTreeMap<IncidentId, Incident>,
    tracks: BTreeMap<(IncidentId, ActionId), Track>,
    control: u64,
    paused: BTreeSet<String>,
    versions: alerts::Versions,
    /// Budget key, time and attempt of everything that was spent.
    spends: Vec<(String, Timestamp, String)>,
    /// Target, time and incident of every intent.
    changes: Vec<(String, Timestamp, IncidentId)>,
    /// Gate with a cooldown, target, time and attempt of what it let through.
    rests: Vec<(String, String, Timestamp, String)>,
    attempts: BTreeMap<String, calls::Attempt>,
    canaries: canaries::Canaries,
    /// Denials in a row by origin, since each became durable, oldest first.
    denials: BTreeMap<String, Vec<(Duration, u32)>>,
    told: BTreeMap<String, deliveries::TrackedDelivery>,
    looks: looks::Looks,
    failures: breakers::Failures,
}

/// What was said about one action.
#[derive(Default)]
struct Track {
    ruling: Option<Ruling>,
    /// Person, digest and time.
    yes: Vec<(Option<String>, String, Timestamp)>,
    /// A word after which it must not happen any more.
    ended: Option<&'static str>,
    intents: Vec<String>,
    resolution: Option<Resolution>,
    /// What was known before the last intent.
    before: Option<Resolution>,
    /// Looks with an answer since the last intent.
    seen: u32,
    /// Looks that verify, since it was proposed.
    verifying: u32,
    /// Whether the host's own look has shown a healthy service since the last intent.
    healthy: bool,
}

/// One entry, and what was known before it.
struct Step<'a> {
    checker: &'a Checker,
    plan: &'a Plan,
    id: &'a IncidentId,
    incident: &'a Incident,
    entry: &'a Entry,
    written: WriteContext,
}

type Check = (&'static str, fn(&Step<'_>) -> Result<(), String>);

/// Names a function as an invariant.
macro_rules! invariants {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$((stringify!($name), $module::$name)),*]
    };
}

const AT_EVERY_ENTRY: &[Check] = invariants![
    intents::intent_needs_a_yes,
    intents::ended_actions_stay_ended,
    intents::no_blind_repeat,
    calls::what_was_sent_was_begun,
    intents::did_not_happen_was_seen,
    intents::what_is_taken_back_is_named,
    intents::nothing_starts_while_paused,
    intents::nothing_starts_in_observe,
    intents::intent_needs_the_policies,
    intents::groups_are_asked,
    intents::budgets_are_never_overspent,
    intents::targets_cool_down,
    intents::gates_let_targets_rest,
    restorations::undo_restores_what_was_seen,
    restorations::help_is_proven_by_the_host,
    restorations::fixed_is_proven,
    denials::denied_origins_are_stopped,
    breakers::failing_origins_are_stopped,
    looks::budgets_of_looks_hold,
    canaries::canaries_ask_until_proven,
    incidents::repeats_write_nothing,
    incidents::conclusions_fit_the_alerts,
    incidents::concluded_once_and_for_all,
    incidents::one_open_incident_per_group,
    incidents::what_waits_for_another_does_nothing,
    incidents::action_ids_are_unique,
    incidents::nobody_runs_in_circles,
    deliveries::delivery_ids_are_unique,
];

/// Takes in an entry that has just become durable.
pub fn take_entry(state: &mut State, place: usize, written: WriteContext) {
    state.stats.entries += 1;
    let sealed = state.disk.durable[place].clone();
    let known = state.checker.incidents.get(&IncidentId(sealed.stream.as_str().into()));
    let n = match sealed.stream == control::STREAM {
        true => state.checker.control,
        false => known.map_or(0, |incident| incident.version),
    };
    if sealed.n != n + 1 {
        let text = format!("entry {} of {} follows entry {n}", sealed.n, sealed.stream);
        return state.violate("streams_have_no_holes", text);
    }
    state.note(|| format!("  {:<13} {:>3} {}", sealed.stream, sealed.n, story(&sealed.body)));
    if sealed.stream == control::STREAM {
        return take_control(state, &sealed);
    }
    let Ok(entry) = sealed.open::<Fact>() else {
        return state.violate("streams_have_no_holes", "an entry cannot be read".into());
    };
    take_fact(state, place, &sealed, &entry, written);
}

fn take_control(state: &mut State, sealed: &Sealed) {
    let checker = &mut state.checker;
    checker.control = sealed.n;
    match sealed.open::<Control>().map(|entry| entry.fact) {
        Ok(Control::Paused { scope, .. }) => {
            checker.paused.insert(scope);
        }
        Ok(Control::Resumed { scope, .. }) => {
            checker.paused.remove(&scope);
        }
        _ => {}
    }
}

fn take_fact(state: &mut State, place: usize, sealed: &Sealed, entry: &Entry, written: WriteContext) {
    let id = IncidentId(sealed.stream.as_str().into());
    let mut incident = match state.checker.incidents.get(&id) {
        Some(incident) => incident.clone(),
        None => match Incident::open(id.clone(), entry) {
            Some(incident) => incident,
            None => return state.violate("streams_have_no_holes", format!("{id} does not begin with Opened")),
        },
    };
    let step = Step { checker: &state.checker, plan: &state.plan, id: &id, incident: &incident, entry, written };
    let broken = AT_EVERY_ENTRY.iter().find_map(|(name, check)| Some((*name, check(&step).err()?)));
    if let Some((name, text)) = broken {
        state.violate(name, format!("{id} entry {}: {text}", sealed.n));
    }
    incident.apply(entry);
    incident.version = sealed.n;
    match &entry.fact {
        Fact::Opened { alerts, .. } | Fact::AlertsChanged { alerts } => {
            state.stats.incidents += u64::from(sealed.n == 1);
            state.checker.versions.take(place, &id, alerts);
        }
        Fact::Proposed { action } => {
            state.stats.actions += 1;
            state.stats.undos += u64::from(matches!(action.origin, Origin::Undo { .. }));
        }
        Fact::Approved { action, .. } => {
            let approved = |record: &ActionRecord| record.state == ActionState::Approved && record.since == entry.at;
            state.stats.approved += u64::from(incident.action(action).is_some_and(approved));
        }
        Fact::Uncertain { .. } => state.stats.uncertain += 1,
        Fact::NotBegun { .. } => state.stats.not_begun += 1,
        Fact::DeliveryOvertaken { .. } => state.stats.overtaken += 1,
        Fact::Told { deliveries, .. } => {
            let instead = deliveries.iter().filter(|delivery| delivery.instead_of.is_some());
            state.stats.fallbacks += instead.count() as u64;
        }
        Fact::Intent { action, .. } => {
            state.stats.repeats += u64::from(incident.action(action).is_some_and(|record| record.attempts > 1));
        }
        _ => {}
    }
    deliveries::take_told(state, entry);
    calls::take_intent(&mut state.checker, &incident, entry);
    calls::take_not_begun(&mut state.checker, &incident, entry);
    intents::take_rests(state, &incident, entry, written);
    canaries::take(state, &incident, entry, written);
    denials::take(state, &incident, entry, written);
    breakers::take(state, &incident, entry);
    looks::take_looked(state, &incident, &entry.fact);
    follow(&mut state.checker, &incident, entry);
    state.checker.incidents.insert(id, incident);
}

/// Keeps what was said about each action.
fn follow(checker: &mut Checker, incident: &Incident, entry: &Entry) {
    let id = &incident.id;
    let mut track = |action: &ActionId, change: &dyn Fn(&mut Track)| {
        change(checker.tracks.entry((id.clone(), action.clone())).or_default());
    };
    match &entry.fact {
        Fact::Ruled { action, ruling } => track(action, &|track| {
            track.ruling = Some(ruling.clone());
            if ruling.kind == tidegate::domain::RulingKind::Deny {
                track.ended = Some("denied");
            }
        }),
        Fact::Approved { action, digest, person, .. } => {
            track(action, &|track| track.yes.push((person.proven().map(Proven::id), digest.clone(), entry.at)));
        }
        Fact::Rejected { action, .. } => track(action, &|track| {
            if track.intents.is_empty() {
                track.ended = Some("rejected");
            }
        }),
        Fact::Expired { action } => track(action, &|track| track.ended = Some("expired")),
        Fact::Intent { action, attempt, .. } => track(action, &|track| {
            track.intents.push(attempt.clone());
            track.before = track.resolution.take();
            track.seen = 0;
            track.healthy = false;
        }),
        Fact::Looked { purpose: tidegate::domain::entry::Purpose::Verify { action }, call, ok, text, .. } => {
            // A look that its proposer names may be at another object.
            let own = incident.action(action).and_then(|record| looks::own_place(&record.action));
            let healthy = *ok && own.as_ref() == Some(call) && restorations::is_healthy(text);
            track(action, &|track| {
                track.seen += u32::from(*ok);
                track.verifying += 1;
                track.healthy |= healthy;
            });
        }
        // So a restoration whose answer is lost is looked for.
        Fact::Looked { purpose: tidegate::domain::entry::Purpose::After { action }, ok, .. } => {
            track(action, &|track| track.seen += u32::from(*ok));
        }
        Fact::NotBegun { action, attempt, retry_at, .. } => track(action, &|track| {
            if attempt.is_some() {
                track.intents.pop();
                track.resolution = track.before;
            }
            if retry_at.is_none() {
                track.ended = Some("given up");
            }
        }),
        Fact::Uncertain { action, resolution, .. } => {
            track(action, &|track| track.resolution = Some(*resolution));
        }
        _ => {}
    }
}

/// The part of an entry that a person wants to read.
fn story(body: &str) -> String {
    let entry: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let text = entry.get("fact").unwrap_or(&entry).to_string();
    text.chars().take(300).collect()
}
