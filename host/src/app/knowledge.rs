//! What is known from before, kept up beside the work: folders are looked at again and again, and the journal
//! is followed as it grows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::Records;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::domain::knowledge::{Knowledge, SearchResults};
use crate::journal::{Reader, Sqlite};
use crate::knowledge::{CatchUp, IndexedKnowledge, Options};
use crate::network::Network;
use crate::ports::{Clock, Journal};

/// Pause between two looks at the folders.
const WATCH: Duration = Duration::from_secs(30);
/// Shortest and longest pause between two slices of the journal, and how much longer it rests than it works.
const FOLLOW: Duration = Duration::from_millis(500);
const FOLLOW_BUSY: Duration = Duration::from_secs(10);
const RESTS: u32 = 4;
/// Most pieces and incidents that a search brings.
pub const MOST: usize = 50;

/// Opens what the configuration names.
pub fn open(config: &Config, network: Arc<Network>, clock: Arc<dyn Clock>) -> Result<IndexedKnowledge, String> {
    let options = Options {
        folders: config.knowledge.folders.clone(),
        fetch: config.knowledge.fetch.clone(),
        directory: Some(config.data().join("knowledge")),
    };
    IndexedKnowledge::open(options, network, clock)
}

/// Reads the folders of runbooks once: what was found, and a sentence for each that cannot be used.
pub fn check(config: &Config) -> Result<(String, Vec<String>), String> {
    let options = Options { folders: config.knowledge.folders.clone(), ..Options::default() };
    let library = IndexedKnowledge::open(options, Arc::new(Network::default()), Arc::new(SystemClock))?;
    library.follow_folders();
    Ok((format!("runbooks: {}", library.runbooks()), library.problems()))
}

/// Keeps the index of runbooks behind their folders.
pub async fn follow_folders(library: Arc<IndexedKnowledge>) {
    while library.has_folders() {
        let of = Arc::clone(&library);
        if tokio::task::spawn_blocking(move || of.follow_folders()).await.is_err() {
            return;
        }
        tokio::time::sleep(WATCH).await;
    }
}

/// Keeps the index of closed incidents behind the journal. Everything else comes first: it works a fifth of
/// the time.
pub async fn follow_journal(library: Arc<IndexedKnowledge>, journal: Arc<Sqlite>) {
    let mut told = false;
    loop {
        journal.beyond(library.applied()).await;
        let (of, from) = (Arc::clone(&library), Arc::clone(&journal));
        let started = Instant::now();
        let followed = tokio::task::spawn_blocking(move || of.follow_journal(from.as_ref() as &dyn Journal)).await;
        let Ok(followed) = followed else { return };
        if let Err(error) = &followed
            && !told
        {
            tracing::warn!(%error, "closed incidents are not indexed");
        }
        told = followed.is_err();
        let pause = (started.elapsed() * RESTS).clamp(FOLLOW, FOLLOW_BUSY);
        tokio::time::sleep(if told { FOLLOW_BUSY } else { pause }).await;
    }
}

/// What a search or an incident brings, without a running host.
pub fn of_disk(config: &Config, reader: &Reader, clock: Arc<dyn Clock>) -> Result<IndexedKnowledge, String> {
    let library = open(config, Arc::new(Network::default()), clock)?;
    library.follow_folders();
    while library.follow_journal(reader).map_err(|error| error.to_string())? == CatchUp::More {}
    Ok(library)
}

/// Searches, and says what of the folders cannot be searched.
pub fn search(library: &IndexedKnowledge, text: &str, most: usize) -> SearchResults {
    let mut found = library.search(text, most.clamp(1, MOST));
    found.unread.extend(library.problems());
    found
}

/// What is known about an incident, by its full id; none where there is no such incident.
pub fn knowledge_for(library: &IndexedKnowledge, records: &dyn Records, id: &str) -> Result<Option<Knowledge>, String> {
    let Some(incident) = records.incident(id)? else { return Ok(None) };
    let mut known = library.known_about(&incident);
    // What the alert names was fetched when it was handled, and only then.
    let fetched = incident.knowledge.iter().flat_map(|known| &known.runbooks);
    let fetched = fetched.filter(|quote| quote.because == crate::domain::knowledge::MatchReason::Linked).cloned();
    known.runbooks = fetched.chain(known.runbooks).collect();
    Ok(Some(known))
}
