//! Which open incidents are about an object, and which would explain what else happens.

use std::collections::HashMap;

use super::index::Identity;
use super::sources::Scope;
use crate::domain::subject::correlation::{CorrelationKey, CorrelationKeys};
use crate::domain::{Alert, Incident, IncidentId};

/// Incidents by what they have to do with, the oldest first; mostly it is one.
type Places = HashMap<Identity, Vec<IncidentId>>;

/// Open incidents by what their alerts are about, and concluded ones that a person has.
#[derive(Debug, Default)]
pub struct Objects {
    pub(super) scope: Scope,
    about: Places,
    explaining: Places,
    concluded: Places,
    /// Where an incident stands in these, whatever has become of its labels since.
    of: HashMap<IncidentId, Vec<Relation>>,
}

/// Of a concluded incident's alerts so many are looked at.
const LOOKED_AT: usize = 32;

/// One place of an incident.
#[derive(Clone, Copy, Debug)]
enum Relation {
    About(Identity),
    Explaining(Identity),
    Concluded(Identity),
}

impl Objects {
    /// Of none yet, where alerts of several sources come together like this.
    pub fn new(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// Takes in what an alert of an incident is about.
    pub fn take(&mut self, incident: &IncidentId, alert: &Alert) {
        let ties = CorrelationKeys::of(alert);
        let about = ties.object.iter().map(|tie| Relation::About(identity(tie)));
        let explaining = ties.explains.iter().map(|tie| Relation::Explaining(identity(tie)));
        about.chain(explaining).collect::<Vec<_>>().into_iter().for_each(|standing| self.put(incident, standing));
    }

    /// Takes in that an incident is concluded, and is a person's.
    pub fn conclude(&mut self, incident: &Incident) {
        if self.scope.join_sources.is_empty() {
            return;
        }
        for tie in incident.alerts.iter().take(LOOKED_AT).filter_map(|alert| CorrelationKeys::of(alert).object) {
            self.put(&incident.id, Relation::Concluded(identity(&tie)));
        }
    }

    fn put(&mut self, incident: &IncidentId, standing: Relation) {
        let places = self.places(standing);
        if let Err(place) = places.binary_search(incident) {
            places.insert(place, incident.clone());
            self.of.entry(incident.clone()).or_insert_with(|| Vec::with_capacity(1)).push(standing);
        }
    }

    fn places(&mut self, standing: Relation) -> &mut Vec<IncidentId> {
        let (places, identity) = match standing {
            Relation::About(identity) => (&mut self.about, identity),
            Relation::Explaining(identity) => (&mut self.explaining, identity),
            Relation::Concluded(identity) => (&mut self.concluded, identity),
        };
        places.entry(identity).or_insert_with(|| Vec::with_capacity(1))
    }

    /// Forgets an incident.
    pub fn leave(&mut self, incident: &IncidentId) {
        for standing in self.of.remove(incident).into_iter().flatten() {
            let places = self.places(standing);
            places.retain(|id| id != incident);
            if places.is_empty() {
                match standing {
                    Relation::About(identity) => self.about.remove(&identity),
                    Relation::Explaining(identity) => self.explaining.remove(&identity),
                    Relation::Concluded(identity) => self.concluded.remove(&identity),
                };
            }
        }
    }

    /// Open incidents about an object, the oldest first.
    pub fn about(&self, tie: &CorrelationKey) -> impl DoubleEndedIterator<Item = &IncidentId> {
        self.about.get(&identity(tie)).into_iter().flatten()
    }

    /// Concluded incidents about an object that a person has, the oldest first.
    pub fn concluded_about(&self, tie: &CorrelationKey) -> impl DoubleEndedIterator<Item = &IncidentId> {
        self.concluded.get(&identity(tie)).into_iter().flatten()
    }

    /// Open incidents that are about the same as an alert, or whose trouble is tied to it, with what they share.
    pub fn tied<'a>(&'a self, ties: &'a CorrelationKeys) -> impl Iterator<Item = (&'a IncidentId, &'a CorrelationKey)> {
        let about = |tie: &'a CorrelationKey| self.about(tie).map(move |id| (id, tie));
        let explaining = |tie: &'a CorrelationKey| {
            self.explaining.get(&identity(tie)).into_iter().flatten().map(move |id| (id, tie))
        };
        let explained = ties.object.iter().chain(&ties.explained_by);
        let explaining = explained.flat_map(explaining);
        let same = ties.object.iter().chain(&ties.explained_by).chain(&ties.explains).flat_map(about);
        explaining.chain(same)
    }
}

fn identity(tie: &CorrelationKey) -> Identity {
    Identity::of_parts(&[&tie.cluster, &tie.namespace, tie.kind, &tie.name])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(pod: &str) -> Alert {
        serde_json::from_value(serde_json::json!({
            "source": "s", "fingerprint": "f", "name": "KubePodNotReady", "severity": "warning", "status": "firing",
            "labels": {"namespace": "shop", "pod": pod}, "annotations": {},
        }))
        .unwrap()
    }

    #[test]
    fn an_incident_leaves_what_it_was_about_before_its_labels_changed_too() {
        let (mut objects, id) = (Objects::default(), IncidentId("i1".into()));
        let (before, after) = (about("web-7f9c6d5b8-abcde"), about("api-7f9c6d5b8-abcde"));
        objects.take(&id, &before);
        objects.take(&id, &after);
        let ties = [&before, &after].map(CorrelationKeys::of);
        let found = |objects: &Objects| ties.iter().filter(|ties| objects.tied(ties).next().is_some()).count();
        assert_eq!(found(&objects), 2);
        objects.leave(&id);
        assert_eq!((found(&objects), objects.about.len(), objects.of.len()), (0, 0, 0));
    }
}
