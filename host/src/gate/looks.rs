//! Rulings on looks: every call of a read-only tool, whoever wants it, is heard here before it is made.
//!
//! A look is an action of risk `read`. What no gate has anything against is allowed; a gate that denies
//! or asks refuses it, because nobody is asked about a look. Gates that allow are not heard: they could
//! open nothing, and their budgets and cooldowns are for changes. A gate does not look for the sake of a
//! look, so that no look leads to another one.

use super::read_permit::ReadPermit;
use super::{Gate, Options};
use crate::domain::entry::Purpose;
use crate::domain::text::truncate;
use crate::domain::{Action, ActionId, Call, GateRuling, Incident, Origin, Proposal, Risk, RulingKind, Verdict};
use crate::rules::{Context, Policies, Vote};

/// Bytes that are kept of a gate's reason: a closure may say as much as it likes.
const REASON: usize = 1024;

/// Who refused a look, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused by gate {gate}: {reason}")]
pub struct LookRefusal {
    /// The gate, or the built-in guard.
    pub gate: String,
    /// Its reason.
    pub reason: String,
}

impl LookRefusal {
    fn by(guard: &str, reason: String) -> Self {
        Self { gate: format!("builtin.{guard}"), reason }
    }
}

impl Gate {
    /// Rules on a look, and permits exactly this call if nothing stands against it. Spends nothing: what
    /// an incident has looked at is what its journal says.
    ///
    /// # Errors
    /// The first gate that denies it, or else the first that asks.
    pub fn admit_look(
        &self,
        policies: &dyn Policies,
        incident: &Incident,
        purpose: &Purpose,
        call: &Call,
        context: &Context<'_>,
    ) -> Result<ReadPermit, LookRefusal> {
        let refused = overspent(&self.options, incident, purpose)
            .or_else(|| refusal(policies, incident, call, &origin(incident, purpose, call), context));
        match refused {
            None => Ok(ReadPermit::new(call.clone())),
            Some(refused) => Err(refused),
        }
    }

    /// How many more looks of this purpose have room in the incident's budget: as many may be made side by side.
    pub fn looks_left(&self, incident: &Incident, purpose: &Purpose) -> usize {
        let Some(who) = counted(purpose) else { return usize::MAX };
        let (own, all) = made(incident, who);
        let of_origin = self.options.looks_per_origin.saturating_sub(own);
        of_origin.min(self.options.looks_per_incident.saturating_sub(all))
    }
}

/// What stands against a look of this origin, whatever has been looked at before.
pub fn refusal(
    policies: &dyn Policies,
    incident: &Incident,
    call: &Call,
    origin: &Origin,
    context: &Context<'_>,
) -> Option<LookRefusal> {
    guarded(call, context).or_else(|| of_another_cluster(call, incident, context)).or_else(|| {
        let look = as_action(call, origin, context);
        against(&policies.gates_on_look(&look, incident, context))
    })
}

/// A look at another cluster than the one that the incident is about shows nothing of what happened, and may show what
/// looks like it.
fn of_another_cluster(call: &Call, incident: &Incident, context: &Context<'_>) -> Option<LookRefusal> {
    context.catalogue.foreign(&call.tool, incident).map(|why| LookRefusal::by("cluster", why))
}

/// What the host has against a look whatever the policies say.
pub fn guarded(call: &Call, context: &Context<'_>) -> Option<LookRefusal> {
    let Some(tool) = context.catalogue.get(&call.tool) else {
        return Some(LookRefusal::by("unknown-tool", format!("there is no tool {}", call.tool)));
    };
    if tool.risk != Risk::Read {
        let (tool, risk) = (&call.tool, tool.risk.as_str());
        let reason = format!("{tool} can change things (its risk is {risk}): it must be proposed as an action");
        return Some(LookRefusal::by("read-only", reason));
    }
    let misfit = |why| LookRefusal::by("arguments", format!("{} does not take these arguments: {why}", call.tool));
    let suspicion = context.catalogue.suspicion(call).map(|why| LookRefusal::by("look-arguments", why));
    suspicion.or_else(|| context.catalogue.misfit(call).map(misfit))
}

/// A look as the gates see it.
pub fn as_action(call: &Call, origin: &Origin, context: &Context<'_>) -> Action {
    let proposal = Proposal::of(call.clone());
    let touches = context.catalogue.touches(call);
    Action::new(ActionId("look".into()), proposal, origin.clone(), Risk::Read, touches)
}

/// The gate that refuses: the first that denies, or else the first that asks.
pub fn against(votes: &[Vote]) -> Option<LookRefusal> {
    let first = |kind: RulingKind| votes.iter().find(|vote| vote.says == kind);
    let denied = first(RulingKind::Deny).map(|vote| (vote, truncate(&vote.reason, REASON)));
    let asked = || {
        let asked = first(RulingKind::Ask)?;
        Some((
            asked,
            format!("it asks a person ({}), and nobody is asked about a look", truncate(&asked.reason, REASON)),
        ))
    };
    denied.or_else(asked).map(|(vote, reason)| LookRefusal { gate: vote.gate.clone(), reason })
}

/// What a ruling heard about a look, for the record of an action that would be verified with it.
pub(super) fn heard_against(refused: &LookRefusal, tool: &str) -> GateRuling {
    let reason = format!("the look with {tool}, with which it would be verified, would be {refused}");
    GateRuling { gate: "builtin.verification".into(), ruling: RulingKind::Deny, reason }
}

/// Whose look it is.
pub fn origin(incident: &Incident, purpose: &Purpose, call: &Call) -> Origin {
    let rule = || incident.decision.as_ref().and_then(|decision| decision.rule.clone()).unwrap_or_default();
    match purpose {
        Purpose::Evidence => Origin::Policy { rule: rule() },
        Purpose::Model => Origin::Model,
        Purpose::Plan => Origin::Plugin { name: planner(incident), rule: rule() },
        // The gate's name is not known here, and its look is nobody else's doing.
        Purpose::Gate { .. } => Origin::Policy { rule: String::new() },
        Purpose::Before { action } | Purpose::After { action } | Purpose::Verify { action } => {
            match incident.action(action) {
                Some(record) => of_action(&record.action, call),
                None => Origin::Undo { action: action.clone() },
            }
        }
    }
}

/// Whose look at an action's object it is: the check rule's, or else the proposer's.
pub fn of_action(action: &Action, look: &Call) -> Origin {
    let safeguards = &action.safeguards;
    let own = safeguards.verify.as_ref().map(|verify| &verify.look).into_iter().chain(&safeguards.look);
    match (&safeguards.rule, own.into_iter().any(|own| own == look)) {
        (Some(rule), true) => Origin::Policy { rule: rule.clone() },
        _ => action.origin.clone(),
    }
}

fn planner(incident: &Incident) -> String {
    match incident.decision.as_ref().map(|decision| &decision.verdict) {
        Some(Verdict::Plan { plugin }) => plugin.clone(),
        _ => incident.plan.as_ref().map_or_else(String::new, |plan| plan.plugin.clone()),
    }
}

/// Whose looks are counted together; none for those that verify, which are bounded by their deadline.
fn counted(purpose: &Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Evidence | Purpose::Gate { .. } => Some("policies"),
        Purpose::Model => Some("the model"),
        Purpose::Plan => Some("the plugin"),
        Purpose::Before { .. } | Purpose::After { .. } | Purpose::Verify { .. } => None,
    }
}

/// Looks that were made in an incident: by one of those who look, and by all of them.
fn made(incident: &Incident, who: &str) -> (usize, usize) {
    let all = || incident.looks.iter().filter_map(|look| counted(&look.purpose));
    (all().filter(|one| *one == who).count(), all().count())
}

/// Whether an incident has looked often enough.
fn overspent(options: &Options, incident: &Incident, purpose: &Purpose) -> Option<LookRefusal> {
    let who = counted(purpose)?;
    let (own, all) = made(incident, who);
    let (of_origin, of_incident) = (options.looks_per_origin, options.looks_per_incident);
    if own >= of_origin {
        let reason = format!("in this incident {who} may look {of_origin} times, and did ([gate] looks_per_origin)");
        return Some(LookRefusal::by("look-budget", reason));
    }
    (all >= of_incident).then(|| {
        let reason =
            format!("{of_incident} looks were made for this incident, which is the limit ([gate] looks_per_incident)");
        LookRefusal::by("look-budget", reason)
    })
}
