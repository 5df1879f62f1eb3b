//! Reading incidents: which there are from the projection, and fresher from the live store where there
//! is one; what they are from the live store, or from the journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{knowledge, options};
use crate::backend::{Cancellation, Filter, Records};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::domain::audit::{AuditQuery, AuditView};
use crate::domain::control::{self, Control};
use crate::domain::history::REMEMBERED;
use crate::domain::incident::Limits;
use crate::domain::knowledge::{Knowledge, SearchResults};
use crate::domain::{
    Alert, Catalogue, History, Incident, IncidentId, Next, Sealed, SilenceEvent, Silences, Stream, next,
};
use crate::journal::{CatchUpError, Projection, Reader};
use crate::knowledge::IndexedKnowledge;
use crate::model::costs::{CostAggregation, Costs};
use crate::model::today;
use crate::pipeline;
use crate::ports::{Clock as _, IncidentRecord, Journal};
use crate::report::waiting;
use crate::store::{Store, open_all};

/// More than a listing shows, because some of what the projection knows is no longer so.
const SLACK: usize = 16;

/// Live incidents of which it is read what fires, where no host holds them.
const STANDING: usize = 1_000;

/// Incidents that pass the filter, newest first.
pub fn list(
    journal: &dyn Journal,
    projection: &Projection,
    store: Option<&Store>,
    filter: &Filter,
    cancellation: &Cancellation,
) -> Result<Vec<Incident>, String> {
    let (wanted, mut range) = (filter.wanted(), filter.range());
    let live = store.map(|store| store.newest(&wanted, &range, filter.limit)).unwrap_or_default();
    // What is live is not read from the journal, so that pages of live incidents cost nothing there.
    let live: BTreeMap<IncidentId, Arc<Incident>> = live.into_iter().map(|live| (live.id.clone(), live)).collect();
    // Where live ones fill the list alone, nothing older belongs to it: in a storm the projection is behind by many that are live.
    if live.len() >= filter.limit
        && let Some((oldest, _)) = live.first_key_value()
    {
        range.from = range.from.max(oldest.0.to_string());
    }
    let mut stored: BTreeMap<IncidentId, Incident> = BTreeMap::new();
    let mut passed = 0;
    loop {
        let ids = projection.newest(&wanted, &range, filter.limit + SLACK).map_err(|error| error.to_string())?;
        let last = ids.last().cloned();
        let all = ids.len() < filter.limit + SLACK;
        for id in ids {
            if cancellation.is_cancelled() {
                return Err("nobody waits for this listing any more".into());
            }
            if passed == filter.limit {
                break;
            }
            if live.contains_key(&id) {
                passed += 1;
                continue;
            }
            // The live store has said what passes of what is live.
            if store.is_some_and(|store| store.get(&id).is_some()) {
                continue;
            }
            if let Some(incident) = incident(journal, &id)?.filter(|incident| filter.passes(incident)) {
                stored.insert(id, incident);
                passed += 1;
            }
        }
        match last {
            Some(last) if !all && passed < filter.limit => range = range.before(&last.0),
            _ => break,
        }
    }
    let mut ids: Vec<&IncidentId> = live.keys().chain(stored.keys()).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    ids.truncate(filter.limit);
    let one = |id: &IncidentId| live.get(id).map(Arc::as_ref).or_else(|| stored.get(id)).cloned();
    Ok(ids.into_iter().filter_map(one).collect())
}

/// The entries of an incident; none where the name is one of another stream.
fn of_incident(journal: &dyn Journal, id: &IncidentId) -> Result<Vec<Sealed>, String> {
    match Stream::of(&id.0) {
        Stream::Host | Stream::Conversation => Ok(Vec::new()),
        Stream::Incident => journal.stream(&id.0).map_err(|error| error.to_string()),
    }
}

/// One incident as the journal knows it.
pub fn incident(journal: &dyn Journal, id: &IncidentId) -> Result<Option<Incident>, String> {
    let stream = of_incident(journal, id)?;
    Incident::read(&stream)
}

/// One incident with its entries as the journal knows them.
pub fn story(journal: &dyn Journal, id: &IncidentId) -> Result<Option<IncidentRecord>, String> {
    let stream = of_incident(journal, id)?;
    let Some(incident) = Incident::read(&stream)? else { return Ok(None) };
    let entries = open_all(&stream).map_err(|error| error.to_string())?;
    Ok(Some(IncidentRecord { incident, entries }))
}

/// What an incident waits for and until when, in a sentence.
pub fn waits_for(incident: &Incident, now: Timestamp, limits: &Limits, silences: &Silences) -> Option<String> {
    match (next(incident, now, limits), silences.over(incident, now)) {
        (Next::Do(effect), Some(cover)) if pipeline::is_held_back(&effect, incident) => Some(waiting::silenced(&cover)),
        _ => waiting::sentence(incident, now, limits),
    }
}

/// The files of a host that may or may not be running.
pub struct DiskRecords {
    reader: Reader,
    projection: Projection,
    config: Config,
}

impl DiskRecords {
    /// Opens the journal for reading and brings the projection up to date with it: a running host
    /// does the same and is not disturbed, a stopped one is read to its last entry. Where the disk
    /// cannot be written, what is there is read.
    pub fn open(config: &Config) -> Result<Self, String> {
        if !config.journal.exists() {
            let path = config.journal.display();
            return Err(format!("there is no journal at {path}; has tidegate run with this configuration?"));
        }
        let reader = Reader::open(&config.journal).map_err(|error| error.to_string())?;
        let path = config.projection();
        let projection = Projection::open_shared(&path).map_err(|error| error.to_string())?;
        let projection = match projection.catch_up(&reader) {
            Ok(_) => projection,
            Err(CatchUpError::Journal(error)) => return Err(error.to_string()),
            Err(CatchUpError::Lost(lost)) => {
                tracing::warn!("{lost}");
                projection
            }
            Err(CatchUpError::Projection(error)) => {
                tracing::warn!(%error, "the listing is derived for this command alone");
                let projection = Projection::temporary(&path).map_err(|error| error.to_string())?;
                projection.catch_up(&reader).map_err(|error| error.to_string())?;
                projection
            }
        };
        Ok(Self { reader, projection, config: config.clone() })
    }

    /// What is known from before, brought up to date with folders and journal.
    fn library(&self) -> Result<IndexedKnowledge, String> {
        knowledge::of_disk(&self.config, &self.reader, Arc::new(SystemClock))
    }
}

impl DiskRecords {
    /// The past as it was when an incident was opened, as far as it can be known.
    pub fn history(&self, incident: &Incident) -> Result<History, String> {
        self.history_before(incident.opened_at, incident.updated_at, Vec::new())
    }

    /// What decisions at a time rest on: the past, silences, and what fires now.
    pub fn standing(&self, at: Timestamp) -> Result<History, String> {
        let live = self.list(&Filter { live: true, limit: STANDING, ..Filter::default() }, &Cancellation::default())?;
        let firing =
            live.iter().flat_map(|incident| incident.firing().map(|alert| (incident.id.clone(), alert.clone())));
        self.history_before(at, at, firing.collect())
    }

    /// What was opened within the 31 days before a time, with silences up to another one.
    fn history_before(
        &self,
        at: Timestamp,
        silences_until: Timestamp,
        firing: Vec<(IncidentId, Alert)>,
    ) -> Result<History, String> {
        let since = at.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let past = self.projection.past(since).map_err(|error| error.to_string())?;
        let mut history = History::of(past.into_iter().filter(|past| past.opened_at < at), firing);
        for (event, when) in self.silenced(silences_until)? {
            history.silence(&event, when);
        }
        Ok(history)
    }

    /// What happened to silences up to a time.
    fn silenced(&self, until: Timestamp) -> Result<Vec<(SilenceEvent, Timestamp)>, String> {
        let sealed = self.reader.stream(control::STREAM).map_err(|error| error.to_string())?;
        let controls = sealed.iter().filter_map(|sealed| sealed.open::<Control>().ok());
        let events = controls.filter(|entry| entry.at <= until).filter_map(|entry| match entry.fact {
            Control::Silence(event) => Some((*event, entry.at)),
            _ => None,
        });
        Ok(events.collect())
    }
}

impl DiskRecords {
    /// Who did what.
    pub fn audited(&self, wanted: &AuditQuery) -> Result<Vec<AuditView>, String> {
        let stream = self.reader.stream(control::STREAM).map_err(|error| error.to_string())?;
        Ok(super::audit::of(&stream, wanted))
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

impl DiskRecords {
    /// What models have cost since the day (UTC) that was so many days ago; `1` means today alone.
    pub fn costs(&self, now: Timestamp, days: u32) -> Result<Costs, String> {
        costs(&self.reader, &self.projection, now, days, None).map(|(costs, _)| costs)
    }
}

/// How much may be read to count something, and whether somebody still waits for it.
pub struct ScanLimits<'a> {
    /// So many streams.
    pub most: usize,
    /// Whether anybody waits.
    pub cancellation: &'a Cancellation,
}

/// What models have cost since the day (UTC) that was so many days ago, and how many streams were not read for that.
pub fn costs(
    journal: &dyn Journal,
    projection: &Projection,
    now: Timestamp,
    days: u32,
    bounds: Option<&ScanLimits<'_>>,
) -> Result<(Costs, usize), String> {
    let back = SignedDuration::from_hours(24 * i64::from(days.saturating_sub(1)));
    let since = today(now.saturating_sub(back).unwrap_or(Timestamp::MIN));
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let opened = projection.opened_by_day(since).map_err(|error| text(&error))?;
    let mut counting = CostAggregation::new(since, opened);
    let asked = projection.asked(since).map_err(|error| text(&error))?;
    let conversations = projection.conversations_since(since).map_err(|error| text(&error))?;
    let most = bounds.map_or(usize::MAX, |bounds| bounds.most);
    let (passed, of_conversations) = (asked.len().saturating_sub(most), conversations.len().saturating_sub(most));
    let unwanted = || bounds.is_some_and(|bounds| bounds.cancellation.is_cancelled());
    // The newest are those that are asked about.
    for id in asked.into_iter().skip(passed) {
        if unwanted() {
            return Err("nobody waits for these costs any more".into());
        }
        let stream = journal.stream(&id.0).map_err(|error| text(&error))?;
        counting.take(id, &stream)?;
    }
    for id in conversations.into_iter().rev().take(most) {
        if unwanted() {
            return Err("nobody waits for these costs any more".into());
        }
        counting.take_conversation(&journal.stream(&id.0).map_err(|error| text(&error))?)?;
    }
    Ok((counting.done(), passed + of_conversations))
}

impl Records for DiskRecords {
    fn list(&self, filter: &Filter, cancellation: &Cancellation) -> Result<Vec<Incident>, String> {
        list(&self.reader, &self.projection, None, filter, cancellation)
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, String> {
        incident(&self.reader, &IncidentId(id.into()))
    }

    fn story(&self, id: &str) -> Result<Option<IncidentRecord>, String> {
        story(&self.reader, &IncidentId(id.into()))
    }

    fn waits_for(&self, incident: &Incident) -> Option<String> {
        let (now, limits) = (SystemClock.now(), options::limits(&self.config));
        let mut silences = Silences::default();
        self.silenced(now).unwrap_or_default().iter().for_each(|(event, at)| silences.take(event, *at));
        waits_for(incident, now, &limits, &silences)
    }

    fn search(&self, text: &str, most: usize) -> Result<SearchResults, String> {
        Ok(knowledge::search(&self.library()?, text, most))
    }

    fn known_about(&self, id: &str) -> Result<Option<Knowledge>, String> {
        knowledge::knowledge_for(&self.library()?, self, id)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::domain::{Entry, Fact};
    use crate::journal::Memory;
    use crate::pipeline::correlate::Group;
    use crate::random::Random;

    #[tokio::test]
    async fn live_ones_that_fill_a_list_are_not_looked_for_in_a_projection_that_is_behind() {
        let (journal, folder) = (Arc::new(Memory::new()), tempfile::tempdir().unwrap());
        let projection = Projection::open(&folder.path().join("projection.db")).unwrap();
        let mut incidents = Vec::new();
        for n in 1..=4 {
            let (id, at) = (format!("i{n}"), Timestamp::UNIX_EPOCH);
            let fact = Fact::Opened { group_key: id.clone(), source: "s".into(), alerts: Vec::new() };
            let entry = Entry { at, fact };
            journal.append(vec![Sealed::new(&id, 1, &entry).unwrap()]).await.unwrap();
            incidents.push(Incident::open(IncidentId(id.as_str().into()), &entry).unwrap());
            if n == 2 {
                projection.catch_up(journal.as_ref()).unwrap();
            }
        }
        let (wake, _woken) = mpsc::unbounded_channel();
        let random = Arc::new(Random::seeded(1));
        let store =
            Store::new(Arc::clone(&journal) as _, Arc::new(SystemClock), random, Box::new(|_| Group::BySubject), wake);
        store.reload(incidents, Vec::new()).unwrap();
        let listed = |limit: usize, cancellation: &Cancellation| {
            let filter = Filter { limit, ..Filter::default() };
            let all = list(journal.as_ref(), &projection, Some(&store), &filter, cancellation)?;
            Ok::<String, String>(all.iter().map(|incident| &*incident.id.0).collect::<Vec<_>>().join(" "))
        };
        // Whatever is read of the projection ends the listing.
        let over = Cancellation::default();
        drop(over.on_drop());
        assert_eq!(listed(2, &over).unwrap(), "i4 i3");
        assert!(listed(9, &over).is_err());
        assert_eq!(listed(9, &Cancellation::default()).unwrap(), "i4 i3 i2 i1");
        assert_eq!(listed(3, &Cancellation::default()).unwrap(), "i4 i3 i2");
    }
}
