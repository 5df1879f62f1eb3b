//! The alerts of an incident that are kept in full. One alert more costs the same in a group of
//! thousands as in one of two, and so does a clone.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Index;
use std::sync::Arc;

use rpds::{HashTrieMapSync, VectorSync};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::alert::{Alert, Severity, Status};

/// Up to this many, looking at each is quicker than any index, and takes no memory.
const FEW: usize = 8;

/// Alerts in the order of arrival, each identity once. A clone shares everything.
#[derive(Clone)]
pub struct Alerts(Storage);

#[derive(Clone)]
enum Storage {
    /// As nearly all incidents have them; written anew with each change.
    Few(Arc<[Arc<Alert>]>),
    Many(Arc<Many>),
}

/// Alerts with what would take long to be found among many.
#[derive(Clone, Default)]
struct Many {
    list: VectorSync<Arc<Alert>>,
    /// The hash of an identity, to its place. Of two with one hash the first is here.
    places: HashTrieMapSync<u64, u32>,
    firing: u32,
    /// How many there are of each severity, the least bad first.
    severities: [u32; 4],
}

impl Default for Alerts {
    fn default() -> Self {
        Self(Storage::Few(Arc::default()))
    }
}

impl Alerts {
    /// All of them, the first that came first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Alert> + ExactSizeIterator {
        (0..self.len()).map(|place| &self[place])
    }

    /// The one that came first.
    pub fn first(&self) -> Option<&Alert> {
        self.get(0)
    }

    /// The one at this place.
    pub fn get(&self, place: usize) -> Option<&Alert> {
        match &self.0 {
            Storage::Few(list) => list.get(place),
            Storage::Many(many) => many.list.get(place),
        }
        .map(AsRef::as_ref)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Storage::Few(list) => list.len(),
            Storage::Many(many) => many.list.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them fire.
    pub fn firing(&self) -> usize {
        match &self.0 {
            Storage::Few(list) => list.iter().filter(|alert| alert.status == Status::Firing).count(),
            Storage::Many(many) => many.firing as usize,
        }
    }

    /// The worst severity among them; none where there are none.
    pub fn severity(&self) -> Option<Severity> {
        match &self.0 {
            Storage::Few(list) => list.iter().map(|alert| alert.severity).max(),
            Storage::Many(many) => many.severity(),
        }
    }

    /// The place of the alert with this identity.
    pub fn place(&self, source: &str, fingerprint: &str) -> Option<usize> {
        let is = |alert: &Arc<Alert>| alert.fingerprint == fingerprint && alert.source == source;
        match &self.0 {
            Storage::Few(list) => list.iter().position(is),
            Storage::Many(many) => many.place(source, fingerprint),
        }
    }

    /// Puts an alert in the place of the one with its identity, or behind all others.
    pub fn put(&mut self, alert: Alert) {
        let place = self.place(&alert.source, &alert.fingerprint);
        let alert = Arc::new(alert);
        match (&mut self.0, place) {
            (Storage::Few(list), Some(place)) => {
                if let Some(known) = Arc::make_mut(list).get_mut(place) {
                    *known = alert;
                }
            }
            (Storage::Few(list), None) if list.len() < FEW => {
                *list = list.iter().cloned().chain([alert]).collect();
            }
            (Storage::Few(list), None) => {
                let mut many = Many::default();
                list.iter().cloned().chain([alert]).for_each(|alert| many.push(alert));
                self.0 = Storage::Many(Arc::new(many));
            }
            (Storage::Many(many), Some(place)) => Arc::make_mut(many).set(place, alert),
            (Storage::Many(many), None) => Arc::make_mut(many).push(alert),
        }
    }
}

impl Many {
    fn severity(&self) -> Option<Severity> {
        let there = |severity: &Severity| self.severities.get(*severity as usize).is_some_and(|count| *count > 0);
        Severity::ALL.into_iter().rev().find(there)
    }

    fn place(&self, source: &str, fingerprint: &str) -> Option<usize> {
        let is = |alert: &Arc<Alert>| alert.fingerprint == fingerprint && alert.source == source;
        let place = *self.places.get(&hash(source, fingerprint))? as usize;
        if self.list.get(place).is_some_and(is) {
            return Some(place);
        }
        self.list.iter().position(is)
    }

    fn set(&mut self, place: usize, alert: Arc<Alert>) {
        if let Some(known) = self.list.get(place).map(Arc::clone) {
            self.count(&known, u32::wrapping_sub);
            self.count(&alert, u32::wrapping_add);
            self.list.set_mut(place, alert);
        }
    }

    fn push(&mut self, alert: Arc<Alert>) {
        self.count(&alert, u32::wrapping_add);
        let (key, place) = (hash(&alert.source, &alert.fingerprint), self.list.len());
        self.list.push_back_mut(alert);
        if !self.places.contains_key(&key) {
            self.places.insert_mut(key, u32::try_from(place).unwrap_or(u32::MAX));
        }
    }

    fn count(&mut self, alert: &Alert, change: fn(u32, u32) -> u32) {
        self.firing = change(self.firing, u32::from(alert.status == Status::Firing));
        if let Some(count) = self.severities.get_mut(alert.severity as usize) {
            *count = change(*count, 1);
        }
    }
}

fn hash(source: &str, fingerprint: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    (source, fingerprint).hash(&mut hash);
    hash.finish()
}

impl FromIterator<Alert> for Alerts {
    fn from_iter<I: IntoIterator<Item = Alert>>(alerts: I) -> Self {
        let mut all = Self::default();
        alerts.into_iter().for_each(|alert| all.put(alert));
        all
    }
}

impl From<Vec<Alert>> for Alerts {
    fn from(alerts: Vec<Alert>) -> Self {
        alerts.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a Alerts {
    type Item = &'a Alert;
    type IntoIter = Box<dyn Iterator<Item = &'a Alert> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

/// The alert at a place.
///
/// # Panics
/// When there is none.
impl Index<usize> for Alerts {
    type Output = Alert;

    #[allow(clippy::panic)]
    fn index(&self, place: usize) -> &Alert {
        self.get(place).unwrap_or_else(|| panic!("there is no alert {place}"))
    }
}

impl PartialEq for Alerts {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Alerts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Alerts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Alert>::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Labels;

    fn alert(n: usize, severity: Severity, status: Status) -> Alert {
        Alert {
            source: "s".into(),
            name: "n".into(),
            status,
            severity,
            labels: Labels::from([("n", n.to_string())]),
            annotations: Labels::new(),
            starts_at: None,
            ends_at: None,
            fingerprint: format!("f{n}"),
            link: None,
        }
    }

    #[test]
    fn each_identity_is_there_once_and_what_is_counted_is_what_is_there() {
        let mut alerts = Alerts::default();
        let mut plain: Vec<Alert> = Vec::new();
        let mut seed = 7_usize;
        for _ in 0..600 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let pick = seed >> 33;
            let severity = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical][pick % 4];
            let status = if pick.is_multiple_of(3) { Status::Resolved } else { Status::Firing };
            let one = alert(pick % 60, severity, status);
            match plain.iter_mut().find(|known| known.fingerprint == one.fingerprint) {
                Some(known) => *known = one.clone(),
                None => plain.push(one.clone()),
            }
            let before = alerts.clone();
            alerts.put(one);
            assert!(before.len() <= alerts.len());
            assert!(alerts.iter().eq(plain.iter()), "in the order of arrival");
            assert_eq!(alerts.firing(), plain.iter().filter(|alert| alert.status == Status::Firing).count());
            assert_eq!(alerts.severity(), plain.iter().map(|alert| alert.severity).max());
            for (place, alert) in plain.iter().enumerate() {
                assert_eq!(alerts.place("s", &alert.fingerprint), Some(place));
            }
            assert_eq!((alerts.place("s", "none"), alerts.place("t", "f1")), (None, None));
        }
        let json = serde_json::to_string(&alerts).unwrap();
        assert_eq!(json, serde_json::to_string(&plain).unwrap());
        assert_eq!(serde_json::from_str::<Alerts>(&json).unwrap(), alerts);
    }
}
