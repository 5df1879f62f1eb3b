//! One incident on both sides: as recorded, and as the new policies would have it.

use jiff::Timestamp;

use super::report::{Pair, RouteChange, VerdictSide};
use super::world::World;
use crate::domain::conversation::has_opened;
use crate::domain::{ActionId, Entry, Fact, Incident, IncidentId, Occasion, Ruling};
use crate::pipeline::judge;

/// An incident on both sides.
pub struct IncidentReplay {
    /// As the journal has it.
    pub recorded: Incident,
    /// By the new policies.
    pub fresh: Incident,
    /// Whether the new policies went another way.
    pub parted: bool,
    /// Too old for anything that it spends to count: it is only remembered.
    pub cold: bool,
    /// When it is looked at again.
    pub timer: Option<Timestamp>,
    /// The whole record of this incident, once it is needed.
    pub script: Option<Vec<Fact>>,
    /// Old and new verdict, where they differ.
    pub verdict: Option<Pair<VerdictSide>>,
    /// Messages that would go to others.
    pub routes: Vec<RouteChange>,
    /// What else is to be said.
    pub notes: Vec<String>,
    /// Whether the new policies want other evidence for the model.
    pub other_evidence: bool,
    /// Model calls without a recorded answer.
    pub added: u64,
    /// Whether the record was made by these very policies.
    pub same_policies: bool,
    /// Whether an earlier incident that went another way may have led this one there too.
    pub shaken: bool,
    /// What the new policies say about a message that the next entry may record.
    pub expected: Option<(Occasion, Vec<String>)>,
}

impl IncidentReplay {
    /// Begins with the first entry of an incident; none where no rule decides it, because a conversation has opened it.
    pub fn open(id: &IncidentId, entry: &Entry, warm_from: Timestamp) -> Option<Self> {
        let recorded = Incident::open(id.clone(), entry)?;
        if has_opened(&recorded.source, recorded.alerts.iter()) {
            return None;
        }
        Some(Self {
            fresh: recorded.clone(),
            cold: recorded.opened_at < warm_from,
            recorded,
            parted: false,
            timer: None,
            script: None,
            verdict: None,
            routes: Vec::new(),
            notes: Vec::new(),
            other_evidence: false,
            added: 0,
            same_policies: true,
            shaken: false,
            expected: None,
        })
    }

    /// Applies a fact of the new side.
    pub fn apply(&mut self, at: Timestamp, fact: Fact) {
        self.fresh.apply(&Entry { at, fact });
    }

    /// What the new policies say now.
    pub fn judged(&self, world: &World<'_>, at: Timestamp) -> Vec<Fact> {
        judge(world.policies, &self.fresh, &world.context(at), world.model)
    }

    /// Takes in a ruling of the new side, which the gate learns from.
    pub fn apply_ruling(&mut self, world: &World<'_>, id: &ActionId, ruling: Ruling, at: Timestamp) {
        let fact = Fact::Ruled { action: id.clone(), ruling };
        self.apply(at, fact.clone());
        world.gate.record(&self.fresh, &fact);
    }

    /// Adds a note, once.
    pub fn note(&mut self, note: &str) {
        if !self.notes.iter().any(|known| known == note) {
            self.notes.push(note.to_string());
        }
    }
}
