//! What was found to be wrong when something was done, in three bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::named_cause::{Cause, NamedCause};

/// Causes that are kept of one action.
const KEPT: usize = 3;

/// The most telling causes of one incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Causes([Option<Cause>; KEPT]);

impl Causes {
    /// The first of these; those that follow from others only where there are no others.
    pub fn of(named: &[NamedCause]) -> Self {
        let leading = named.iter().filter(|named| !named.cause.follows());
        leading.chain(named.iter().filter(|named| named.cause.follows())).map(|named| named.cause).collect()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Cause> {
        self.0.into_iter().flatten()
    }

    /// Whether this is one of them.
    pub fn has(&self, cause: Cause) -> bool {
        self.iter().any(|known| known == cause)
    }
}

impl FromIterator<Cause> for Causes {
    /// The first few different ones.
    fn from_iter<I: IntoIterator<Item = Cause>>(all: I) -> Self {
        let mut causes = Self::default();
        for cause in all {
            match causes.0.iter_mut().find(|place| place.is_none_or(|known| known == cause)) {
                Some(place) => *place = Some(cause),
                None => break,
            }
        }
        causes
    }
}

impl Serialize for Causes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Cause::as_str))
    }
}

impl<'de> Deserialize<'de> for Causes {
    /// What another version calls otherwise is left out.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Ok(names.iter().filter_map(|name| Cause::of(name)).collect())
    }
}
