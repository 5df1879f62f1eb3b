//! Reading incidents: from the projection, and fresher from the live store where there is one.

use jiff::Timestamp;

use crate::backend::{Filter, Records};
use crate::config::Config;
use crate::domain::control::{self, Control};
use crate::domain::history::REMEMBERED;
use crate::domain::{Catalogue, History, Incident, IncidentId};
use crate::journal::{self, Projection, Reader};
use crate::ports::Story;
use crate::store::{Store, open_all};

/// More than a listing shows, because the live state may drop some of what the projection says.
const SLACK: usize = 50;

/// Incidents that pass the filter, newest first.
pub fn list(projection: &Projection, store: Option<&Store>, filter: &Filter) -> Result<Vec<Incident>, String> {
    let stored = journal::Filter {
        // State and outcome may have changed since; the prefix is not the projection's business.
        before: filter.before.as_deref().map(|before| IncidentId(before.into())),
        limit: if wants_all(filter) { 0 } else { filter.limit + SLACK },
        ..journal::Filter::default()
    };
    let mut incidents = projection.list(&stored).map_err(|error| error.to_string())?;
    if let Some(store) = store {
        for live in store.all() {
            match incidents.iter_mut().find(|known| known.id == live.id) {
                Some(known) => *known = (*live).clone(),
                None if filter.before.as_ref().is_none_or(|before| *live.id.0 < **before) => {
                    incidents.push((*live).clone());
                }
                None => {}
            }
        }
        incidents.sort_by(|a, b| b.id.cmp(&a.id));
    }
    incidents.retain(|incident| passes(incident, filter));
    incidents.truncate(filter.limit);
    Ok(incidents)
}

fn wants_all(filter: &Filter) -> bool {
    filter.state.is_some() || filter.outcome.is_some() || filter.prefix.is_some()
}

fn passes(incident: &Incident, filter: &Filter) -> bool {
    filter.state.is_none_or(|state| incident.state() == state)
        && filter.outcome.is_none_or(|outcome| incident.outcome() == Some(outcome))
        && filter.prefix.as_ref().is_none_or(|prefix| incident.id.0.starts_with(prefix))
}

/// The files of a host that may or may not be running.
pub struct DiskRecords {
    reader: Reader,
    projection: Projection,
}

impl DiskRecords {
    /// Opens the journal for reading and brings the projection up to date with it: a running host
    /// does the same and is not disturbed, a stopped one is read to its last entry.
    pub fn open(config: &Config) -> Result<Self, String> {
        if !config.journal.exists() {
            let path = config.journal.display();
            return Err(format!("there is no journal at {path}; has tidegate run with this configuration?"));
        }
        let reader = Reader::open(&config.journal).map_err(|error| error.to_string())?;
        let projection = Projection::open(&config.projection()).map_err(|error| error.to_string())?;
        projection.catch_up(&reader).map_err(|error| error.to_string())?;
        Ok(Self { reader, projection })
    }
}

impl DiskRecords {
    /// The past as it was when an incident was opened, as far as it can be known.
    pub fn history(&self, incident: &Incident) -> Result<History, String> {
        let until = incident.opened_at;
        let since = until.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let past = self.projection.past(since).map_err(|error| error.to_string())?;
        Ok(History::of(past.into_iter().filter(|past| past.opened_at < until), []))
    }
}

impl DiskRecords {
    /// The tools on which decisions rested at a time.
    pub fn tools(&self, at: Timestamp) -> Result<Catalogue, String> {
        let sealed = self.reader.stream(control::STREAM).map_err(|error| error.to_string())?;
        let mut catalogue = Catalogue::default();
        for entry in sealed.iter().filter_map(|sealed| sealed.open::<Control>().ok()) {
            if let (Control::Tools(change), true) = (&entry.fact, entry.at <= at) {
                catalogue.follow(change);
            }
        }
        Ok(catalogue)
    }
}

impl Records for DiskRecords {
    fn list(&self, filter: &Filter) -> Result<Vec<Incident>, String> {
        list(&self.projection, None, filter)
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, String> {
        self.projection.get(&IncidentId(id.into())).map_err(|error| error.to_string())
    }

    fn story(&self, id: &str) -> Result<Option<Story>, String> {
        let Some(incident) = self.incident(id)? else { return Ok(None) };
        let sealed = self.reader.stream(&incident.id.0).map_err(|error| error.to_string())?;
        let entries = open_all(&sealed).map_err(|error| error.to_string())?;
        Ok(Some(Story { incident, entries }))
    }
}
