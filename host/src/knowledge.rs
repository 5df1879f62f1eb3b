//! What is known from before: runbooks in folders of Markdown, pages that alerts name, closed incidents.
//!
//! Nothing here decides anything, and all of it is data from outside: it is quoted with its source in reports,
//! messages and prompts. Both indexes are derived files beside the journal, [`Runbooks`] of the folders and
//! [`Past`] of the journal; whatever happens to them, they are made anew. They are kept up beside the work, by
//! whoever calls [`IndexedKnowledge::follow_folders`] and [`IndexedKnowledge::follow_journal`], and asked when an incident is
//! investigated, asked about or reported, each time within a bound: an index that is not ready or too slow is
//! named in the answer and keeps nobody waiting.

mod document;
mod fetch;
mod file;
mod folder;
mod front_matter;
mod html;
mod keys;
mod matched;
mod past;
mod question;
mod runbooks;
mod summary;
#[cfg(test)]
mod tests;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Semaphore;

pub use fetch::Grant;
pub use past::{CatchUp, Past};
pub use question::Question;
pub use runbooks::Runbooks;
pub use summary::Summary;

use crate::domain::Incident;
use crate::domain::knowledge::{Knowledge, MatchReason, Quote, SearchResults};
use crate::domain::text::one_line;
use crate::network::Network;
use crate::ports::{self, Clock, Journal, JournalError};
use crate::redact::{redact, visible};
use fetch::{Page, Pages};
use matched::SearchQuery;

/// How long an incident waits for what is known, pages that are fetched included.
const PATIENCE: Duration = Duration::from_secs(4);
/// Looks into the indexes at the same time: each waits for the other in the file.
const PLACES: usize = 4;
/// Letters of a sentence about what could not be read.
const SENTENCE: usize = 300;

/// Where knowledge is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Folders of runbooks.
    pub folders: Vec<PathBuf>,
    /// Addresses below which pages that alerts name may be fetched.
    pub fetch: Vec<Grant>,
    /// The directory of the indexes; none for indexes of this process alone.
    pub directory: Option<PathBuf>,
}

/// Everything that is known from before.
pub struct IndexedKnowledge {
    shelves: Arc<Indexes>,
    pages: Pages,
    clock: Arc<dyn Clock>,
    /// For looks into the indexes, which go on when nobody waits for them any more.
    places: Arc<Semaphore>,
}

/// The two indexes; questions to them wait for files.
struct Indexes {
    runbooks: Option<Runbooks>,
    past: Past,
}

impl IndexedKnowledge {
    /// Opens the indexes; reads no folder and no journal yet.
    ///
    /// # Errors
    /// When there is no place even for indexes of this process alone.
    pub fn open(options: Options, network: Arc<Network>, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let Options { folders, fetch, directory } = options;
        let at = |name: &str| directory.as_ref().map(|directory| directory.join(name));
        let runbooks = if folders.is_empty() { None } else { Some(Runbooks::open(folders, at("runbooks.db"))?) };
        let past = Past::open(at("incidents.db"))?;
        let pages = Pages::new(fetch, network, Arc::clone(&clock));
        Ok(Self {
            shelves: Arc::new(Indexes { runbooks, past }),
            pages,
            clock,
            places: Arc::new(Semaphore::new(PLACES)),
        })
    }

    /// Takes in what has changed in the folders. May take long.
    pub fn follow_folders(&self) {
        if let Some(runbooks) = &self.shelves.runbooks {
            runbooks.follow();
        }
    }

    /// Whether there are folders to follow.
    pub fn has_folders(&self) -> bool {
        self.shelves.runbooks.is_some()
    }

    /// How many runbooks can be found.
    pub fn runbooks(&self) -> usize {
        self.shelves.runbooks.as_ref().and_then(|runbooks| runbooks.count().ok()).unwrap_or(0)
    }

    /// Takes in a slice of what the journal has got.
    ///
    /// # Errors
    /// When the journal cannot be read or the index not written.
    pub fn follow_journal(&self, journal: &dyn Journal) -> Result<CatchUp, JournalError> {
        self.shelves.past.follow(journal)
    }

    /// Position of the journal up to which closed incidents are known.
    pub fn applied(&self) -> u64 {
        self.shelves.past.applied().unwrap_or(0)
    }

    /// What cannot be used of the folders, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.shelves.runbooks.as_ref().map(Runbooks::problems).unwrap_or_default()
    }

    /// What is known about an incident without fetching anything. Waits for files.
    pub fn known_about(&self, incident: &Incident) -> Knowledge {
        self.shelves.about(incident, &Question::of(incident), self.clock.as_ref())
    }

    /// Runbooks and incidents that hold the words of a text. Waits for files.
    pub fn search(&self, text: &str, most: usize) -> SearchResults {
        let mut found = SearchResults::default();
        match self.shelves.runbooks.as_ref().map(|runbooks| runbooks.search(text, most)).transpose() {
            Ok(runbooks) => found.runbooks = runbooks.unwrap_or_default().into_iter().map(shown).collect(),
            Err(error) => found.unread.push(format!("runbooks: {error}")),
        }
        match self.shelves.past.search(text, most, self.clock.now()) {
            Ok(answer) => {
                found.incidents = answer.incidents;
                found.unread.extend(
                    answer.late.then(|| "past incidents: it took too long to look at all; rarer words help".into()),
                );
            }
            Err(error) => found.unread.push(format!("past incidents: {error}")),
        }
        found
    }
}

impl Indexes {
    fn about(&self, incident: &Incident, question: &Question, clock: &dyn Clock) -> Knowledge {
        let mut knowledge = Knowledge::default();
        match self.runbooks.as_ref().map(|runbooks| runbooks.about(question)).transpose() {
            Ok(runbooks) => knowledge.runbooks = runbooks.unwrap_or_default().into_iter().map(shown).collect(),
            Err(error) => knowledge.unread.push(format!("runbooks: {error}")),
        }
        match self.past.similar(incident, question, clock.now()) {
            Ok(answer) => {
                knowledge.similar = answer.incidents;
                knowledge
                    .unread
                    .extend(answer.late.then(|| "past incidents: it took too long to look at all".to_string()));
            }
            Err(error) => knowledge.unread.push(format!("past incidents: {error}")),
        }
        knowledge
    }
}

impl ports::KnowledgeBase for IndexedKnowledge {
    fn recall<'a>(&'a self, incident: &'a Incident) -> BoxFuture<'a, Knowledge> {
        Box::pin(async move {
            let question = Question::of(incident);
            let (shelves, clock) = (Arc::clone(&self.shelves), Arc::clone(&self.clock));
            let (asked, about) = (question.clone(), incident.clone());
            let places = Arc::clone(&self.places);
            let looking = tokio::time::timeout(PATIENCE, async move {
                let place = places.acquire_owned().await.ok()?;
                let looking = tokio::task::spawn_blocking(move || {
                    let _place = place;
                    shelves.about(&about, &asked, clock.as_ref())
                });
                looking.await.ok()
            });
            let (known, pages) = futures::join!(looking, self.pages.named_by(incident));
            let mut knowledge = known.ok().flatten().unwrap_or_else(|| Knowledge {
                unread: vec!["runbooks and past incidents: they could not be looked up in time".into()],
                ..Knowledge::default()
            });
            let asked = SearchQuery { groups: question.groups(), words: question.words };
            for Page { address, document } in pages {
                match document {
                    // What the alert names comes first.
                    Ok(page) => {
                        let quote = matched::quote(&page.title, &address, MatchReason::Linked, &page.sections, &asked);
                        knowledge.runbooks.insert(0, shown(quote));
                    }
                    Err(why) => knowledge.unread.push(one_line(&format!("{address}: {why}"), SENTENCE)),
                }
            }
            knowledge
        })
    }
}

/// A piece as it may be shown: without secrets and letters that nobody sees.
fn shown(quote: Quote) -> Quote {
    let clean = |text: &str| redact(&visible(text));
    Quote { title: clean(&quote.title), heading: clean(&quote.heading), excerpt: clean(&quote.excerpt), ..quote }
}
