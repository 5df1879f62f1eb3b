//! One look with a read-only tool: ruled on, made, and noted for the journal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;

use super::{Moment, Services};
use crate::domain::entry::Purpose;
use crate::domain::text::cut;
use crate::domain::{ActionId, Call, Entry, Fact, Incident, Mode, Verification};
use crate::gate::Gate;
use crate::ports::{Clock, LookError, Looks, ToolAnswer, Tools};
use crate::rules::{Context, Policies};
use crate::store::Store;

/// Bytes that the journal keeps of a look that verifies: such looks repeat until the condition holds.
const KEPT: usize = 4096;

/// Makes a look, if no gate refuses it. One that failed or was refused is a finding as well.
pub async fn look(
    services: &Services,
    incident: &Incident,
    purpose: Purpose,
    call: Call,
) -> (Result<ToolAnswer, LookError>, Fact) {
    let moment = services.moment();
    let policies = services.policies.as_ref();
    let ruled = services.gate.admit_look(policies, incident, &purpose, &call, &moment.context());
    let began = services.clock.now();
    let answer = match ruled {
        Ok(permit) => services.tools.look(&permit).await.map_err(LookError::from),
        Err(refused) => Err(refused.into()),
    };
    let fact = noted(purpose, call, &answer, services.clock.ms_since(began));
    (answer, fact)
}

/// Looks with what an action is verified with.
pub async fn verifying(
    services: &Services,
    incident: &Incident,
    action: &ActionId,
    verification: &Verification,
) -> (Result<ToolAnswer, LookError>, Fact) {
    look(services, incident, Purpose::Verify { action: action.clone() }, verification.look.clone()).await
}

fn noted(purpose: Purpose, call: Call, answer: &Result<ToolAnswer, LookError>, took_ms: u64) -> Fact {
    let (ok, text, refused) = match answer {
        Ok(answer) => (answer.ok, answer.text.clone(), None),
        Err(LookError::Refused(by)) => (false, by.reason.clone(), Some(by.gate.clone())),
        Err(LookError::Failed(error)) => (false, error.to_string(), None),
    };
    let text = if matches!(purpose, Purpose::Verify { .. }) { cut(&text, KEPT) } else { text };
    Fact::Looked { purpose, call, ok, text, took_ms, refused }
}

/// The looks of a plugin while it plans. They outlive a plugin that traps.
pub struct PlanLooks {
    gate: Arc<Gate>,
    policies: Arc<dyn Policies>,
    tools: Arc<dyn Tools>,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    mode: Mode,
    made: Mutex<Made>,
}

/// The incident with the looks so far, which gates and budgets count, and those looks as facts.
struct Made {
    incident: Incident,
    facts: Vec<Fact>,
}

impl PlanLooks {
    pub fn new(services: &Services, incident: &Incident) -> Arc<Self> {
        Arc::new(Self {
            gate: services.gate.clone(),
            policies: services.policies.clone(),
            tools: services.tools.clone(),
            store: services.store.clone(),
            clock: services.clock.clone(),
            mode: services.mode,
            made: Mutex::new(Made { incident: incident.clone(), facts: Vec::new() }),
        })
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The looks so far, in order, once.
    pub fn taken(&self) -> Vec<Fact> {
        std::mem::take(&mut self.made().facts)
    }
}

impl Looks for PlanLooks {
    fn look(&self, call: Call) -> BoxFuture<'_, Result<ToolAnswer, LookError>> {
        Box::pin(async move {
            let began = self.clock.now();
            let moment = Moment::new(&self.store, self.tools.as_ref(), began, self.mode);
            let ruled = {
                let context: Context<'_> = moment.context();
                self.gate.admit_look(self.policies.as_ref(), &self.made().incident, &Purpose::Plan, &call, &context)
            };
            let answer = match ruled {
                Ok(permit) => self.tools.look(&permit).await.map_err(LookError::from),
                Err(refused) => Err(refused.into()),
            };
            let fact = noted(Purpose::Plan, call, &answer, self.clock.ms_since(began));
            let mut made = self.made();
            let entry = Entry { at: self.clock.now(), fact };
            made.incident.apply(&entry);
            made.facts.push(entry.fact);
            drop(made);
            answer
        })
    }
}
