//! Places for calls: each model, plugin and tool server has its own, so that nobody waits behind the
//! slowness of a stranger. What calls nobody needs no place.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use crate::domain::incident::{ActionRecord, Effect};
use crate::domain::{ActionId, Call, Incident};
use crate::pipeline::prepare;

/// Kinds of places for evidence.
const CLUSTERS: u64 = 16;

/// Whose places an effect needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pool {
    /// The model's.
    Model,
    /// Those of a plugin that plans.
    Plugin(String),
    /// Those for read-only calls of a tool server.
    Looks(String),
    /// Those for collecting evidence in some of the clusters: a cluster that is slow to answer keeps few others waiting.
    Evidence(u64),
    /// The one for changes of a tool server: they come one after the other.
    Changes(String),
}

impl Pool {
    /// What an effect needs; nothing where it calls nobody.
    pub fn of(effect: &Effect, incident: &Incident, now: jiff::Timestamp) -> Option<Self> {
        let record = |action: &ActionId| incident.action(action);
        match effect {
            Effect::Record(_) | Effect::Decide | Effect::Undo { .. } | Effect::Report | Effect::Close { .. } => None,
            Effect::AskModel => Some(Self::Model),
            Effect::Plan { plugin } => Some(Self::Plugin(plugin.clone())),
            Effect::Look { call, .. } => Some(Self::looks(call)),
            // It calls several servers, side by side and within bounds of its own.
            Effect::Collect => Some(Self::evidence(incident)),
            Effect::Rule { action } => {
                prepare::due(record(action)?, prepare::PreparePhase::Ruling, now).map(Self::looks)
            }
            Effect::Execute { action } => Some(Self::Changes(server(&record(action)?.action.proposal.call))),
            Effect::Inspect { action } => record(action)?.action.safeguards.look.as_ref().map(Self::looks),
            Effect::Verify { action } | Effect::Settle { action } => Some(Self::looks(shown_by(record(action)?))),
        }
    }

    fn looks(call: &Call) -> Self {
        Self::Looks(server(call))
    }

    /// By the cluster's name, which is a stranger's text: so many kinds and no more.
    fn evidence(incident: &Incident) -> Self {
        let mut hasher = DefaultHasher::new();
        incident.alerts.first().and_then(|alert| alert.labels.get("cluster")).hash(&mut hasher);
        Self::Evidence(hasher.finish() % CLUSTERS)
    }

    fn count(&self) -> usize {
        match self {
            Self::Model => 16,
            Self::Plugin(_) => 4,
            Self::Looks(_) | Self::Evidence(_) => 8,
            Self::Changes(_) => 1,
        }
    }
}

fn server(call: &Call) -> String {
    call.tool.split('.').next().unwrap_or_default().to_string()
}

/// The call that shows whether an action had its effect; without one its own server is asked.
fn shown_by(record: &ActionRecord) -> &Call {
    let claimed = record.action.claimed_verification();
    let shown = record.action.safeguards.verify.as_ref().or(claimed);
    shown.map_or(&record.action.proposal.call, |verification| &verification.look)
}

/// All places.
#[derive(Default)]
pub struct Pools(Mutex<HashMap<Pool, Kind>>);

#[derive(Clone)]
struct Kind {
    free: Arc<Semaphore>,
    /// Rings when waiting for one makes no sense any more.
    pointless: Arc<watch::Sender<()>>,
}

impl Pools {
    /// Begins to wait for a place, behind those who wait already.
    pub fn queue(&self, place: Pool) -> Reservation {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds
            .entry(place.clone())
            .or_insert_with(|| Kind { free: Arc::new(Semaphore::new(place.count())), pointless: Arc::default() });
        let waiting = Box::pin(Arc::clone(&kind.free).acquire_owned());
        Reservation { place, progress: PositionState::Waiting(waiting), pointless: kind.pointless.subscribe() }
    }

    /// Lets everybody who waits for such a place look again at what comes next.
    pub fn look_again(&self, place: &Pool) {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kind) = kinds.get(place) {
            kind.pointless.send_replace(());
        }
    }
}

/// A place, or somebody's position among those who wait for one.
pub struct Reservation {
    place: Pool,
    progress: PositionState,
    pointless: watch::Receiver<()>,
}

type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>> + Send>>;

enum PositionState {
    Waiting(Acquiring),
    /// Free again when this is dropped.
    Come {
        _held: Option<OwnedSemaphorePermit>,
    },
}

impl Reservation {
    /// Whether it is for such a place.
    pub fn is_for(&self, place: &Pool) -> bool {
        self.place == *place
    }

    /// Waits for the place until `woken` rings, waiting makes no sense any more, or the patience is over. The
    /// position in the queue is kept.
    pub async fn comes(&mut self, woken: &Notify, patience: impl Future<Output = ()>) -> WaitOutcome {
        let PositionState::Waiting(waiting) = &mut self.progress else { return WaitOutcome::Granted };
        let held = tokio::select! {
            biased;
            held = waiting => held,
            () = woken.notified() => return WaitOutcome::Woken,
            _ = self.pointless.changed() => return WaitOutcome::Woken,
            () = patience => return WaitOutcome::TimedOut,
        };
        // Nobody closes the semaphore.
        self.progress = PositionState::Come { _held: held.ok() };
        WaitOutcome::Granted
    }
}

/// How waiting for a place ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome {
    /// It has come.
    Granted,
    /// Something happened, so that something else may be next.
    Woken,
    /// It was waited for as long as it may be.
    TimedOut,
}
