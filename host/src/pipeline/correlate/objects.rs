//! Which open incidents are about an object, and which would explain what else happens.

use std::collections::HashMap;

use super::index::Identity;
use crate::domain::subject::ties::{Tie, Ties};
use crate::domain::{Alert, IncidentId};

/// Incidents by what they have to do with, the oldest first; mostly it is one.
type Places = HashMap<Identity, Vec<IncidentId>>;

/// Open incidents by what their alerts are about.
#[derive(Debug, Default)]
pub struct Objects {
    about: Places,
    explaining: Places,
    /// Where an incident stands in these, whatever has become of its labels since.
    of: HashMap<IncidentId, Vec<Standing>>,
}

/// One place of an incident.
#[derive(Clone, Copy, Debug)]
enum Standing {
    About(Identity),
    Explaining(Identity),
}

impl Objects {
    /// Takes in what an alert of an incident is about.
    pub fn take(&mut self, incident: &IncidentId, alert: &Alert) {
        let ties = Ties::of(alert);
        let about = ties.object.iter().map(|tie| Standing::About(identity(tie)));
        for standing in about.chain(ties.explains.iter().map(|tie| Standing::Explaining(identity(tie)))) {
            let places = self.places(standing);
            if let Err(place) = places.binary_search(incident) {
                places.insert(place, incident.clone());
                self.of.entry(incident.clone()).or_insert_with(|| Vec::with_capacity(1)).push(standing);
            }
        }
    }

    fn places(&mut self, standing: Standing) -> &mut Vec<IncidentId> {
        let (places, identity) = match standing {
            Standing::About(identity) => (&mut self.about, identity),
            Standing::Explaining(identity) => (&mut self.explaining, identity),
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
                    Standing::About(identity) => self.about.remove(&identity),
                    Standing::Explaining(identity) => self.explaining.remove(&identity),
                };
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
        let explaining =
            |tie: &'a Tie| self.explaining.get(&identity(tie)).into_iter().flatten().map(move |id| (id, tie));
        let explained = ties.object.iter().chain(&ties.explained_by);
        let explaining = explained.flat_map(explaining);
        let same = ties.object.iter().chain(&ties.explained_by).chain(&ties.explains).flat_map(about);
        explaining.chain(same)
    }
}

fn identity(tie: &Tie) -> Identity {
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
        let ties = [&before, &after].map(Ties::of);
        let found = |objects: &Objects| ties.iter().filter(|ties| objects.tied(ties).next().is_some()).count();
        assert_eq!(found(&objects), 2);
        objects.leave(&id);
        assert_eq!((found(&objects), objects.about.len(), objects.of.len()), (0, 0, 0));
    }
}
