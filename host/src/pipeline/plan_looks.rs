//! The looks of a plugin while it plans: one, or several side by side.
//!
//! What is side by side outside of the host is in the order of the calls inside of it: the gate hears them one
//! after the other before the first is made, and they are noted for the journal in that order, whichever is
//! answered first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use futures::{StreamExt, stream};

use super::look::record;
use super::{PolicyInputs, Services};
use crate::domain::entry::Purpose;
use crate::domain::{Call, Catalogue, Entry, Fact, Incident, Mode};
use crate::gate::{Gate, LookRefusal, ReadPermit};
use crate::ports::{Clock, LookError, Looks, ToolAnswer, Tools};
use crate::rules::Policies;
use crate::store::Store;

/// Looks of one plan that are under way at once; a tool server takes no more either.
const AT_ONCE: usize = 8;

/// The looks of a plugin while it plans. They outlive a plugin that traps.
pub struct PlanLooks {
    gate: Arc<Gate>,
    policies: Arc<dyn Policies>,
    tools: Arc<dyn Tools>,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    mode: Mode,
    made: Mutex<RecordedLooks>,
}

/// The incident with the looks so far, which gates and budgets count, and those looks as facts.
struct RecordedLooks {
    incident: Incident,
    facts: Vec<Fact>,
}

impl RecordedLooks {
    fn add(&mut self, entry: Entry) {
        self.incident.apply(&entry);
        self.facts.push(entry.fact);
    }
}

type Ruled = Result<ReadPermit, LookRefusal>;

impl PlanLooks {
    pub fn new(services: &Services, incident: &Incident) -> Arc<Self> {
        Arc::new(Self {
            gate: services.gate.clone(),
            policies: services.policies.clone(),
            tools: services.tools.clone(),
            store: services.store.clone(),
            clock: services.clock.clone(),
            mode: services.mode,
            made: Mutex::new(RecordedLooks { incident: incident.clone(), facts: Vec::new() }),
        })
    }

    fn made(&self) -> MutexGuard<'_, RecordedLooks> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The looks so far, in order, once.
    pub fn taken(&self) -> Vec<Fact> {
        std::mem::take(&mut self.made().facts)
    }

    /// Rules on calls in order. Each counts for those behind it, as if it had been made.
    fn ruled(&self, calls: Vec<Call>) -> Vec<(Call, Ruled)> {
        let at = self.clock.now();
        let moment = PolicyInputs::new(&self.store, self.tools.as_ref(), at, self.mode);
        let context = moment.context();
        let mut incident = self.made().incident.clone();
        let rule = |call: Call| {
            let ruled = self.gate.admit_look(self.policies.as_ref(), &incident, &Purpose::Plan, &call, &context);
            let refused = ruled.as_ref().err().map(|refused| refused.gate.clone());
            let (ok, text) = (refused.is_none(), String::new());
            let fact = Fact::Looked { purpose: Purpose::Plan, call: call.clone(), ok, text, took_ms: 0, refused };
            incident.apply(&Entry { at, fact });
            (call, ruled)
        };
        calls.into_iter().map(rule).collect()
    }
}

impl Looks for PlanLooks {
    fn offered(&self, catalogue: Arc<Catalogue>) -> Arc<Catalogue> {
        catalogue.for_incident(&self.made().incident)
    }

    fn look_all(&self, calls: Vec<Call>) -> BoxFuture<'_, Vec<Result<ToolAnswer, LookError>>> {
        Box::pin(async move {
            let batch = &LookBatch { looks: self, answered: Mutex::new(calls.iter().map(|_| None).collect()) };
            let looks = self.ruled(calls).into_iter().enumerate().map(|(place, (call, ruled))| async move {
                let began = self.clock.now();
                let answer = match ruled {
                    Ok(permit) => self.tools.look(&permit).await.map_err(LookError::from),
                    Err(refused) => Err(refused.into()),
                };
                batch.note(place, record(Purpose::Plan, call, &answer, self.clock.ms_since(began)));
                answer
            });
            let looks: Vec<_> = looks.collect();
            stream::iter(looks).buffered(AT_ONCE).collect().await
        })
    }
}

/// The answered ones of looks that are made side by side. They are noted when it is dropped, so that what was
/// seen stands in the journal also where the plugin is ended meanwhile.
struct LookBatch<'a> {
    looks: &'a PlanLooks,
    /// By their places among the calls.
    answered: Mutex<Vec<Option<Entry>>>,
}

impl LookBatch<'_> {
    fn note(&self, place: usize, fact: Fact) {
        let entry = Entry { at: self.looks.clock.now(), fact };
        if let Some(answered) = self.answered.lock().unwrap_or_else(PoisonError::into_inner).get_mut(place) {
            *answered = Some(entry);
        }
    }
}

impl Drop for LookBatch<'_> {
    fn drop(&mut self) {
        let answered = std::mem::take(self.answered.get_mut().unwrap_or_else(PoisonError::into_inner));
        let mut made = self.looks.made();
        answered.into_iter().flatten().for_each(|entry| made.add(entry));
    }
}

#[cfg(test)]
mod tests;
