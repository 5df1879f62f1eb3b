//! Incidents read back from their entries.

use super::{Incident, IncidentId};
use crate::domain::entry::{Entry, Sealed};

impl Incident {
    /// An incident behind one more entry of its stream; none when the first entry opens none. An entry
    /// that it holds already changes nothing.
    pub fn after(known: Option<Self>, sealed: &Sealed, entry: &Entry) -> Option<Self> {
        let version = sealed.n;
        match known {
            Some(incident) if incident.version >= version => Some(incident),
            Some(mut incident) => {
                incident.apply(entry);
                incident.version = version;
                Some(incident)
            }
            None => Self::open(IncidentId(sealed.stream.as_str().into()), entry)
                .map(|incident| Self { version, ..incident }),
        }
    }

    /// An incident as it stands behind all entries of its stream; none when they open none.
    ///
    /// # Errors
    /// Names the entry that this version cannot read.
    pub fn read(stream: &[Sealed]) -> Result<Option<Self>, String> {
        stream.iter().try_fold(None, |known, sealed| Ok(Self::after(known, sealed, &opened(sealed)?)))
    }
}

/// An entry read back.
///
/// # Errors
/// Names the entry that this version cannot read.
pub fn opened(sealed: &Sealed) -> Result<Entry, String> {
    let Sealed { stream, n, .. } = sealed;
    sealed.open().map_err(|error| format!("position {n} of {stream} is no entry that this program knows: {error}"))
}
