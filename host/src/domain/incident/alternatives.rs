//! Alternatives, best first: one that helps is enough, and the next is tried only where nothing is left of the one before.

use super::{ActionRecord, ActionState, Incident};
use crate::domain::action::{ActionId, Origin};

/// Alternatives that are tried one after the other.
pub(super) const TRIED: usize = 3;

impl Incident {
    /// The first of the alternatives that an action is one of; none where it is a step of its own.
    pub fn alternatives_of<'a>(&'a self, record: &'a ActionRecord) -> Option<&'a ActionId> {
        // All that a model proposes are alternatives, also where the journal does not say which is the first.
        let of_model = || {
            let mut all = self.actions.iter().filter(|_| record.action.origin == Origin::Model);
            all.find(|other| other.action.origin == Origin::Model).map(|first| &first.action.id)
        };
        record.action.alternative_to.as_ref().or_else(of_model)
    }

    /// Whether one that helps makes this action needless.
    pub fn is_alternative(&self, record: &ActionRecord) -> bool {
        self.alternatives_of(record).is_some()
    }

    /// The alternatives of an action that are ranked behind it.
    pub fn ranked_behind<'a>(&'a self, record: &'a ActionRecord) -> impl Iterator<Item = &'a ActionRecord> {
        let first = self.alternatives_of(record);
        let later = self.actions.iter().skip_while(|other| other.action.id != record.action.id).skip(1);
        later.filter(move |other| first.is_some() && self.alternatives_of(other) == first)
    }

    /// The alternatives of an action that were begun or ruled on before it.
    pub fn tried_before<'a>(&'a self, record: &'a ActionRecord) -> impl Iterator<Item = &'a ActionRecord> {
        let first = self.alternatives_of(record);
        let earlier = self.actions.iter().take_while(|other| other.action.id != record.action.id);
        earlier.filter(move |other| {
            first.is_some() && other.state != ActionState::Proposed && self.alternatives_of(other) == first
        })
    }
}
