//! Which open incidents are about an object, and which would explain what else happens.

use std::collections::HashMap;

use super::index::Identity;
use crate::domain::subject::ties::{Tie, Ties};
use crate::domain::{Alert, Incident, IncidentId};

/// Incidents by what they have to do with, the oldest first; mostly it is one.
type Places = HashMap<Identity, Vec<IncidentId>>;

/// Open incidents by what their alerts are about.
#[derive(Debug, Default)]
pub struct Objects {
    about: Places,
    explaining: Places,
}

impl Objects {
    /// Takes in what an alert of an incident is about.
    pub fn take(&mut self, incident: &IncidentId, alert: &Alert) {
        let ties = Ties::of(alert);
        if let Some(tie) = &ties.object {
            insert(&mut self.about, tie, incident);
        }
        for tie in &ties.explains {
            insert(&mut self.explaining, tie, incident);
        }
    }

    /// Forgets an incident.
    pub fn leave(&mut self, incident: &Incident) {
        if self.about.is_empty() && self.explaining.is_empty() {
            return;
        }
        for alert in &incident.alerts {
            let ties = Ties::of(alert);
            let about = ties.object.iter().map(|tie| (true, tie));
            for (about, tie) in about.chain(ties.explains.iter().map(|tie| (false, tie))) {
                let places = if about { &mut self.about } else { &mut self.explaining };
                if let Some(of_tie) = places.get_mut(&identity(tie)) {
                    of_tie.retain(|id| *id != incident.id);
                    if of_tie.is_empty() {
                        places.remove(&identity(tie));
                    }
                }
            }
        }
    }

    /// Open incidents about an object, the oldest first.
    pub fn about(&self, tie: &Tie) -> impl DoubleEndedIterator<Item = &IncidentId> {
        self.about.get(&identity(tie)).into_iter().flatten()
    }

    /// Open incidents that are about the same as an alert, or whose trouble is tied to it, with what they share.
    pub fn tied<'a>(&'a self, ties: &'a Ties) -> impl Iterator<Item = (&'a IncidentId, &'a Tie)> {
        let about = |tie: &'a Tie| self.about(tie).map(move |id| (id, tie));
        let explaining = |tie: &'a Tie| {
            self.explaining.get(&identity(tie)).into_iter().flatten().map(move |id| (id, tie))
        };
        let explained = ties.object.iter().chain(&ties.explained_by);
        let explaining = explained.flat_map(explaining);
        let same = ties.object.iter().chain(&ties.explained_by).chain(&ties.explains).flat_map(about);
        explaining.chain(same)
    }
}

fn insert(places: &mut Places, tie: &Tie, incident: &IncidentId) {
    let of_tie = places.entry(identity(tie)).or_insert_with(|| Vec::with_capacity(1));
    if let Err(place) = of_tie.binary_search(incident) {
        of_tie.insert(place, incident.clone());
    }
}

fn identity(tie: &Tie) -> Identity {
    Identity::of_parts(&[&tie.cluster, &tie.namespace, tie.kind, &tie.name])
}
