//! What many live incidents have alike, kept once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::{Decision, Fact, Incident};

/// Values of each kind that are known for being shared; beyond it they are forgotten and found anew.
const KNOWN: usize = 4096;

#[derive(Default)]
pub(super) struct Shared {
    sources: HashSet<Arc<str>>,
    /// The last decision of each rule: most rules decide again and again with the same words.
    decisions: HashMap<Option<String>, Arc<Decision>>,
}

impl Shared {
    /// Shares what a fact brings to an incident.
    pub fn fact(&mut self, fact: &mut Fact) {
        if let Fact::Decided { decision } = fact {
            self.decision(decision);
        }
    }

    /// Shares what an incident holds.
    pub fn incident(&mut self, incident: &mut Incident) {
        self.source(&mut incident.source);
        incident.decision.iter_mut().for_each(|decision| self.decision(decision));
    }

    fn source(&mut self, source: &mut Arc<str>) {
        match self.sources.get(source) {
            Some(known) => *source = Arc::clone(known),
            None => {
                if self.sources.len() >= KNOWN {
                    self.sources.clear();
                }
                self.sources.insert(Arc::clone(source));
            }
        }
    }

    fn decision(&mut self, decision: &mut Arc<Decision>) {
        match self.decisions.get(&decision.rule) {
            Some(known) if known == decision => *decision = Arc::clone(known),
            _ => {
                if self.decisions.len() >= KNOWN {
                    self.decisions.clear();
                }
                self.decisions.insert(decision.rule.clone(), Arc::clone(decision));
            }
        }
    }
}
