//! The way of an alert, one file a step.
//!
//! ```text
//! receive ─ decode ─ [correlate] ─ JOURNAL ─ 2xx
//!                                    │
//!                                [decide] ── suppress, escalate ─────────────┐
//!                                 │    │                                     │
//!                       [plan]  remediate  [collect] [investigate] (model)   │
//!                                 └──┬─┘                                     │
//!                                [prepare] (what is there before)            │
//!                                 [rule] ── deny, ask without an answer ─────┤
//!                                    │ permit                                │
//!                      [prepare] [execute] ─ [settle] after a crash          │
//!                                    │                                       │
//!                                [verify] ── failed: undo, then ─────────────┤
//!                                    └──────────────────────────────▶ [report] ─ [notify]
//! ```
//!
//! What comes next is decided by [`crate::domain::next`] alone; [`perform`] does one effect and
//! returns the facts that came of it. Nothing here reads a clock or does I/O but through
//! [`Services`], so that a simulation can run it in simulated time.

mod at_once;
mod collect;
mod control;
pub mod correlate;
mod decide;
mod deferral;
mod execute;
pub mod flood;
pub mod gather;
pub mod inspect;
mod intake;
mod investigate;
mod look;
mod notify;
mod plan;
mod plan_looks;
pub mod prepare;
mod recall;
mod report;
mod rule;
mod settle;
mod silence;
mod verify;

use std::sync::Arc;

use futures::FutureExt;
use jiff::Timestamp;

use crate::domain::incident::{Effect, Limits};
use crate::domain::{Catalogue, Entry, Fact, History, Incident, Mode, Next, next};
use crate::gate::Gate;
use crate::gate::link::Links;
use crate::ports::{Clock, JournalError, KnowledgeBase, Model, Notifiers, Planners, Tools};
use crate::random::Random;
use crate::report::Language;
use crate::rules::{Context, Policies};
use crate::store::Store;

pub use at_once::receive;
pub use collect::{PATIENCE, required_looks};
pub use control::apply_control;
pub use decide::judge;
pub use intake::{ProposalRelation, accept};
pub use notify::{Attempt, broke_off, deliver, tidy};
pub use silence::{coming, coming_when, is_held_back};

/// Everything that an effect may need.
pub struct Services {
    /// Incidents and their journal.
    pub store: Arc<Store>,
    /// The rules in force.
    pub policies: Arc<dyn Policies>,
    /// The gate.
    pub gate: Arc<Gate>,
    /// Tools of servers and plugins.
    pub tools: Arc<dyn Tools>,
    /// Remediation plugins.
    pub planners: Arc<dyn Planners>,
    /// The language model.
    pub model: Arc<dyn Model>,
    /// What is known from before; none where nobody keeps it.
    pub library: Option<Arc<dyn KnowledgeBase>>,
    /// Notifier targets.
    pub notifiers: Arc<dyn Notifiers>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub random: Arc<Random>,
    /// The host's mode.
    pub mode: Mode,
    /// Bounds of the handling.
    pub limits: Limits,
    /// The language of reports and messages.
    pub language: Language,
    /// Signed links for messages that ask for an approval.
    pub links: Option<Links>,
    /// Where people reach this host, without a slash at the end; none where nothing says so.
    pub base: Option<String>,
}

/// What policies may know at one moment; holds what a [`Context`] borrows.
pub struct PolicyInputs {
    now: Timestamp,
    mode: Mode,
    history: Arc<History>,
    catalogue: Arc<Catalogue>,
}

impl PolicyInputs {
    /// The context to hand over.
    pub fn context(&self) -> Context<'_> {
        Context { now: self.now, mode: self.mode, history: &self.history, catalogue: &self.catalogue }
    }
}

impl PolicyInputs {
    fn new(store: &Store, tools: &dyn Tools, now: Timestamp, mode: Mode) -> Self {
        let catalogue = store.tools().unwrap_or_else(|| tools.catalogue());
        Self { now, mode, history: Arc::new(store.history()), catalogue }
    }
}

impl Services {
    /// What policies may know now.
    pub fn moment(&self) -> PolicyInputs {
        PolicyInputs::new(&self.store, self.tools.as_ref(), self.clock.now(), self.mode)
    }
}

/// Does one effect and journals what came of it.
///
/// # Errors
/// When the journal cannot take it; the incident then stands where it stood.
pub async fn perform(services: &Services, incident: &Incident, effect: Effect) -> Result<(), JournalError> {
    if !matches!(effect, Effect::Record(_) | Effect::Report | Effect::Close { .. }) {
        let settled = services.tools.settled().now_or_never().is_some();
        if !settled
            && effect == Effect::Decide
            && let Some(facts) = decide::run_without_tools(services, incident)
        {
            let facts = with_consequences(services, incident, facts);
            return append(services, incident, facts, true).await.map(|_| ());
        }
        // Who decides or rules without knowing the tools decides wrongly.
        services.tools.settled().await;
        services.store.note_tools(services.tools.as_ref()).await?;
    }
    if let Effect::Rule { action } = &effect {
        // What was seen may lead to further looks: the same effect comes up again behind it.
        let ruling = prepare::PreparePhase::Ruling;
        if prepare::run(services, incident, action, ruling).await?
            || rule::gate_looks(services, incident, action).await?
        {
            return Ok(());
        }
    }
    // What follows from what is known alone holds only as long as nothing else has come in.
    let derived = !matches!(
        effect,
        Effect::Plan { .. }
            | Effect::Look { .. }
            | Effect::Collect
            | Effect::AskModel
            | Effect::Settle { .. }
            | Effect::Inspect { .. }
            | Effect::Verify { .. }
    );
    // Recorded by itself: what was looked up must not be lost, and looked up again, for each alert that joins meanwhile.
    if recall::is_needed(&effect)
        && let Some(fact) = recall::fact(services, incident).await
    {
        return append(services, incident, vec![fact], false).await.map(|_| ());
    }
    let facts = match effect {
        Effect::Record(facts) => facts,
        Effect::Decide => decide::run(services, incident),
        Effect::Plan { plugin } => plan::run(services, incident, &plugin).await,
        Effect::Look { purpose, call } => vec![look::look(services, incident, purpose, call).await.1],
        Effect::Collect => collect::run(services, incident).await,
        Effect::AskModel => investigate::ask(services, incident).await,
        Effect::Rule { action } => {
            let facts = rule::run(services, incident, &action);
            if recall::asks(&facts)
                && let Some(fact) = recall::fact(services, incident).await
            {
                return append(services, incident, vec![fact], false).await.map(|_| ());
            }
            facts
        }
        Effect::Execute { action } => return execute::run(services, incident, &action).await,
        Effect::Settle { action } => settle::run(services, incident, &action, None).await,
        Effect::Verify { action } => verify::run(services, incident, &action).await,
        Effect::Inspect { action } => prepare::inspect(services, incident, &action).await,
        Effect::Undo { action } => rule::propose_undo(services, incident, &action),
        Effect::Report => report::run(services, incident)?,
        Effect::Close { reason } => report::close(services, incident, reason),
    };
    let facts = if derived { with_consequences(services, incident, facts) } else { facts };
    append(services, incident, facts, derived).await.map(|_| ())
}

/// Ends a collection of evidence for which there was no place for [`PATIENCE`]: it is decided with what was seen.
///
/// # Errors
/// When the journal cannot take it; the incident then stands where it stood.
pub async fn end_collection(services: &Services, incident: &Incident) -> Result<(), JournalError> {
    let ended = collect::end(&incident.collecting_at(services.clock.now()));
    let facts = with_consequences(services, incident, ended);
    append(services, incident, facts, true).await.map(|_| ())
}

/// What follows from these facts alone is recorded with them: it costs no second wait for the disk.
fn with_consequences(services: &Services, incident: &Incident, facts: Vec<Fact>) -> Vec<Fact> {
    let at = services.clock.now();
    let mut ahead = incident.clone();
    let (mut fresh, mut all) = (facts, Vec::new());
    loop {
        for fact in fresh {
            let entry = Entry { at, fact };
            ahead.apply(&entry);
            all.push(entry.fact);
        }
        match next(&ahead, at, &services.limits) {
            Next::Do(Effect::Record(more)) => fresh = more,
            _ => return all,
        }
    }
}

/// Journals facts and tells the gate about actions that are over; false when they no longer hold.
async fn append(
    services: &Services,
    incident: &Incident,
    facts: Vec<Fact>,
    derived: bool,
) -> Result<bool, JournalError> {
    // The gate records what becomes of actions, and most incidents have none.
    let acts = !incident.actions.is_empty() || facts.iter().any(|fact| matches!(fact, Fact::Proposed { .. }));
    let recorded = if acts { facts.clone() } else { Vec::new() };
    if derived {
        if !services.store.append_behind(incident, facts).await? {
            return Ok(false);
        }
    } else {
        services.store.append(&incident.id, facts).await?;
    }
    // Not before it is durable: until then the journal says that the target is being changed.
    if acts && let Some(incident) = services.store.get(&incident.id) {
        let opened = recorded.iter().filter_map(|fact| services.gate.record(&incident, fact)).map(|breaker| {
            tracing::warn!(breaker = %breaker.key, "stopped: {}", breaker.story());
            Fact::BreakerOpened { because: breaker.story(), key: breaker.key }
        });
        let opened: Vec<Fact> = opened.collect();
        if !opened.is_empty() {
            services.store.append(&incident.id, opened).await?;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
