//! The way of an alert, one file a step.
//!
//! ```text
//! receive ─ decode ─ [correlate] ─ JOURNAL ─ 2xx
//!                                    │
//!                                [decide] ── suppress, escalate ─────────────┐
//!                                 │    │                                     │
//!                       [plan]  remediate  [investigate] (model, read-only)  │
//!                                 └──┬─┘                                     │
//!                                 [rule] ── deny, ask without an answer ─────┤
//!                                    │ permit                                │
//!                                [execute] ─ [settle] after a crash          │
//!                                    │                                       │
//!                                [verify] ── failed: undo, then ─────────────┤
//!                                    └──────────────────────────────▶ [report] ─ [notify]
//! ```
//!
//! What comes next is decided by [`crate::domain::next`] alone; [`perform`] does one effect and
//! returns the facts that came of it. Nothing here reads a clock or does I/O but through
//! [`Rooms`], so that a simulation can run it in simulated time.

pub mod correlate;
mod decide;
mod execute;
mod intake;
mod investigate;
mod look;
mod notify;
mod order;
mod plan;
mod report;
mod rule;
mod settle;
mod verify;

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::incident::{Effect, Limits};
use crate::domain::{Catalogue, Entry, Fact, History, Incident, Mode, Next, next};
use crate::gate::Gate;
use crate::gate::link::Links;
use crate::ports::{Clock, Context, JournalError, Model, Notifiers, Planners, Policies, Tools};
use crate::random::Random;
use crate::report::Language;
use crate::store::Store;

pub use decide::judge;
pub use intake::take_in;
pub use notify::deliver;
pub use order::order;

/// Everything that an effect may need.
pub struct Rooms {
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
}

/// What policies may know at one moment; holds what a [`Context`] borrows.
pub struct Moment {
    now: Timestamp,
    mode: Mode,
    history: Arc<History>,
    catalogue: Arc<Catalogue>,
}

impl Moment {
    /// The context to hand over.
    pub fn context(&self) -> Context<'_> {
        Context { now: self.now, mode: self.mode, history: &self.history, catalogue: &self.catalogue }
    }
}

impl Rooms {
    /// What policies may know now.
    pub fn moment(&self) -> Moment {
        Moment {
            now: self.clock.now(),
            mode: self.mode,
            history: Arc::new(self.store.history()),
            catalogue: self.store.tools().unwrap_or_else(|| self.tools.catalogue()),
        }
    }
}

/// Does one effect and journals what came of it.
///
/// # Errors
/// When the journal cannot take it; the incident then stands where it stood.
pub async fn perform(rooms: &Rooms, incident: &Incident, effect: Effect) -> Result<(), JournalError> {
    if !matches!(effect, Effect::Record(_) | Effect::Report | Effect::Close { .. }) {
        // Who decides or rules without knowing the tools decides wrongly.
        rooms.tools.settled().await;
        rooms.store.note_tools(rooms.tools.as_ref()).await?;
    }
    if let Effect::Rule { action } | Effect::Execute { action } = &effect
        && rule::look(rooms, incident, action).await?
    {
        // What was seen may lead to further looks: the same effect comes up again behind it.
        return Ok(());
    }
    // What follows from what is known alone holds only as long as nothing else has come in.
    let derived = !matches!(
        effect,
        Effect::Plan { .. } | Effect::Look { .. } | Effect::AskModel | Effect::Settle { .. } | Effect::Verify { .. }
    );
    let facts = match effect {
        Effect::Record(facts) => facts,
        Effect::Decide => decide::run(rooms, incident),
        Effect::Plan { plugin } => plan::run(rooms, incident, &plugin).await,
        Effect::Look { purpose, call } => vec![look::look(rooms, purpose, call).await.1],
        Effect::AskModel => investigate::ask(rooms, incident).await,
        Effect::Rule { action } => rule::run(rooms, incident, &action),
        Effect::Execute { action } => return execute::run(rooms, incident, &action).await,
        Effect::Settle { action } => settle::run(rooms, incident, &action).await,
        Effect::Verify { action } => verify::run(rooms, incident, &action).await,
        Effect::Undo { action } => rule::propose_undo(rooms, incident, &action),
        Effect::Report => report::run(rooms, incident)?,
        Effect::Close { reason } => report::close(rooms, incident, reason),
    };
    let facts = if derived { with_consequences(rooms, incident, facts) } else { facts };
    append(rooms, incident, facts, derived).await.map(|_| ())
}

/// What follows from these facts alone is recorded with them: it costs no second wait for the disk.
fn with_consequences(rooms: &Rooms, incident: &Incident, facts: Vec<Fact>) -> Vec<Fact> {
    let at = rooms.clock.now();
    let mut ahead = incident.clone();
    let (mut fresh, mut all) = (facts, Vec::new());
    loop {
        for fact in fresh {
            let entry = Entry { at, fact };
            ahead.apply(&entry);
            all.push(entry.fact);
        }
        match next(&ahead, at, &rooms.limits) {
            Next::Do(Effect::Record(more)) => fresh = more,
            _ => return all,
        }
    }
}

/// Journals facts and tells the gate about actions that are over; false when they no longer hold.
async fn append(rooms: &Rooms, incident: &Incident, facts: Vec<Fact>, derived: bool) -> Result<bool, JournalError> {
    // The gate heeds what becomes of actions, and most incidents have none.
    let acts = !incident.actions.is_empty() || facts.iter().any(|fact| matches!(fact, Fact::Proposed { .. }));
    let heeded = if acts { facts.clone() } else { Vec::new() };
    if derived {
        if !rooms.store.append_behind(incident, facts).await? {
            return Ok(false);
        }
    } else {
        rooms.store.append(&incident.id, facts).await?;
    }
    // Not before it is durable: until then the journal says that the target is being changed.
    if acts && let Some(incident) = rooms.store.get(&incident.id) {
        let opened = heeded.iter().filter_map(|fact| rooms.gate.heed(&incident, fact)).map(|breaker| {
            tracing::warn!(breaker = %breaker.key, "stopped: {}", breaker.story());
            Fact::BreakerOpened { because: breaker.story(), key: breaker.key }
        });
        let opened: Vec<Fact> = opened.collect();
        if !opened.is_empty() {
            rooms.store.append(&incident.id, opened).await?;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
