//! One watch that goes on for ever: a list where nothing is known yet, then what happens since, and again.
//!
//! It reads no further before what it has read is durable, so that a host that is slow slows the cluster down instead of
//! filling its checkpoint.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::api_response::{self, Refusal};
use super::checkpoint::Checkpoint;
use super::connection::{Connection, RequestError};
use super::ingest::{Ingest, Ingested};
use super::resource::ApiResource;
use super::watch_status::{Count, WatchStatus};
use super::{EventSink, Parts, ResourceFilter};
use crate::ports::Clock;
use crate::random::Random;
use crate::redact::redact;

/// How long a watch is asked for, and by how much watches differ, so that they do not all end at once.
const WATCH: u64 = 240;
const DIFFERS: u64 = 60;
/// So much later than it was asked to end, a watch that has not is broken.
const GRACE: Duration = Duration::from_secs(20);
/// Watches without a word, after which all is listed: an API may answer a version that it has forgotten with silence.
const EMPTY: u32 = 2;
/// The shortest and the longest pause after what went wrong, and after a watch that ended at once.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
/// A watch that has lasted so long went well.
const WELL: Duration = Duration::from_secs(10);
/// What was seen is written down at most so often where some of it was news, and where none was.
const SOON: SignedDuration = SignedDuration::from_secs(1);
const LATER: SignedDuration = SignedDuration::from_secs(10);
/// How long nothing may come before it is looked whether something is to be written down.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks at what lasts, and at whether a rule still wants to hear of it.
const DUE: Duration = Duration::from_secs(5);
/// Between two looks whether a rule wants to hear of what is not watched.
const WANTED: Duration = Duration::from_secs(2);

/// How a watch ended.
enum WatchEnd {
    /// By itself, and whether anything came.
    Over { empty: bool },
    /// The API does not have the version.
    Gone,
}

/// One watch.
pub struct Watcher {
    connection: Arc<Connection>,
    status: Arc<WatchStatus>,
    sink: Arc<dyn EventSink>,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
    wanted: ResourceFilter,
    ingest: Ingest,
    /// When it was last written down, whether something has come since, and whether that was news.
    written: Timestamp,
    unwritten: bool,
    news: bool,
    /// When it was last looked at what lasts.
    looked: Duration,
    empty: u32,
    failures: u32,
}

impl Watcher {
    /// A watch that goes on where the one of the last start ended.
    pub fn new(connection: Arc<Connection>, status: Arc<WatchStatus>, parts: &Parts) -> Self {
        // None of the three may hold a sign of this kind.
        let name = format!("{}@{}@{}.json", status.resource().as_str(), status.namespace(), connection.cluster());
        let (checkpoint, problem) = Checkpoint::open(parts.folder.join(name));
        if let Some(problem) = &problem {
            tracing::warn!(cluster = connection.cluster(), problem, "it is not known what was seen before this start");
        }
        let ingest = Ingest::new(connection.cluster(), status.resource(), checkpoint);
        Self {
            connection,
            status,
            sink: Arc::clone(&parts.sink),
            clock: Arc::clone(&parts.clock),
            random: Arc::clone(&parts.random),
            wanted: Arc::clone(&parts.wanted),
            ingest,
            written: parts.clock.now(),
            unwritten: false,
            news: false,
            looked: Duration::ZERO,
            empty: 0,
            failures: 0,
        }
    }

    fn api_resource(&self) -> ApiResource {
        self.status.resource().api_resource(self.ingest.checkpoint.way)
    }

    /// Goes on for ever, after a pause of up to so long.
    pub async fn run(mut self, spread: Duration) {
        let most = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        self.clock.sleep(Duration::from_millis(self.random.below(most))).await;
        loop {
            while !self.is_wanted() {
                self.status.unwanted();
                self.clock.sleep(WANTED).await;
            }
            let began = self.clock.elapsed();
            let pause = match self.round().await {
                Ok(WatchEnd::Over { empty }) => {
                    self.empty = if empty { self.empty + 1 } else { 0 };
                    if self.empty >= EMPTY {
                        self.empty = 0;
                        self.ingest.checkpoint.list_first();
                    }
                    let lasted = self.clock.elapsed().saturating_sub(began) >= WELL;
                    self.failures = if lasted || !empty { 0 } else { self.failures + 1 };
                    // Whoever is cut off behind each word does not ask as fast as it is cut off.
                    if lasted { Duration::ZERO } else { self.pause() }
                }
                Ok(WatchEnd::Gone) => {
                    self.status.add(Count::Gone, 1);
                    self.ingest.checkpoint.list_first();
                    self.failures += 1;
                    self.pause()
                }
                Err(error) => {
                    self.failures += 1;
                    let asked = self.note(&error);
                    self.pause().max(asked)
                }
            };
            self.write().await;
            self.clock.sleep(pause).await;
        }
    }

    /// Whether anybody wants to hear of it.
    fn is_wanted(&self) -> bool {
        (self.wanted)(self.status.resource())
    }

    /// Tells now and then of what lasts. False where nobody wants to hear of it any more.
    async fn look(&mut self) -> bool {
        let now = self.clock.elapsed();
        if now.saturating_sub(self.looked) < DUE {
            return true;
        }
        self.looked = now;
        let due = self.ingest.due(self.clock.now());
        self.hand_on(due).await;
        self.is_wanted()
    }

    /// Twice as long each time, by chance up to a half less.
    fn pause(&self) -> Duration {
        let doubled = PAUSE.saturating_mul(1 << self.failures.saturating_sub(1).min(10)).min(LONGEST);
        let half = u64::try_from(doubled.as_millis() / 2).unwrap_or(0);
        Duration::from_millis(half + self.random.below(half + 1))
    }

    /// Takes note of trouble, and says how long the API wants to be left alone.
    fn note(&mut self, error: &RequestError) -> Duration {
        self.status.add(Count::Failures, 1);
        let (why, after) = match error {
            RequestError::Refused(refusal, after) => {
                let why = self.refused(refusal);
                // The other way shows the same, and rights may be for that one.
                if matches!(refusal.code, 403 | 404) {
                    self.ingest.checkpoint.way =
                        (self.ingest.checkpoint.way + 1) % self.status.resource().api_resources().len().max(1);
                    self.ingest.checkpoint.list_first();
                }
                (why, *after)
            }
            RequestError::Broken(why) | RequestError::Unconfigured(why) => (why.clone(), None),
        };
        if self.status.away(&why, self.clock.now()) {
            let (cluster, what) = (self.connection.cluster(), self.status.names());
            tracing::warn!(cluster, what, why = redact(&why), "a cluster is not watched; it is tried again");
        }
        after.unwrap_or_default().min(LONGEST)
    }

    fn refused(&self, Refusal { code, words }: &Refusal) -> String {
        match code {
            401 => format!("the API does not know who asks (401): {words}"),
            403 => {
                let rights: Vec<String> =
                    self.status.resource().api_resources().iter().map(|way| way.in_roles()).collect();
                format!(
                    "the API forbids it (403): {words}; it takes the rights list and watch on {}",
                    rights.join(" or ")
                )
            }
            code => format!("the API answers {code}: {words}"),
        }
    }

    async fn round(&mut self) -> Result<WatchEnd, RequestError> {
        if self.ingest.checkpoint.version.is_empty() {
            match self.list().await {
                Err(RequestError::Refused(refusal, _)) if refusal.is_about_the_version() => return Ok(WatchEnd::Gone),
                listed => listed?,
            }
        }
        self.watch().await
    }

    /// Reads all there is, page by page.
    async fn list(&mut self) -> Result<(), RequestError> {
        let path = self.api_resource().path(self.status.namespace());
        let (mut more, mut version) = (String::new(), String::new());
        loop {
            let mut query = vec![("limit", self.status.resource().page().to_string())];
            if !more.is_empty() {
                query.push(("continue", more));
            }
            let bytes = self.connection.page(&path, &query, self.clock.now()).await?;
            let mut page = api_response::page(self.status.resource(), &bytes).map_err(RequestError::Broken)?;
            drop(bytes);
            more = std::mem::take(&mut page.more);
            let first = version.is_empty();
            if first {
                version.clone_from(&page.version);
            }
            let taken = self.ingest.page(page, first, self.clock.now());
            self.hand_on(taken).await;
            if more.is_empty() {
                break;
            }
        }
        let events = self.ingest.listed(self.clock.now());
        self.hand_on(Ingested { events, version: Some(version), ..Ingested::default() }).await;
        self.status.add(Count::Lists, 1);
        self.news = true;
        self.write().await;
        Ok(())
    }

    /// Takes in what happens from the version on.
    async fn watch(&mut self) -> Result<WatchEnd, RequestError> {
        let path = self.api_resource().path(self.status.namespace());
        let seconds = WATCH + self.random.below(DIFFERS);
        let query = [
            ("watch", "true".to_string()),
            ("allowWatchBookmarks", "true".to_string()),
            ("timeoutSeconds", seconds.to_string()),
            ("resourceVersion", self.ingest.checkpoint.version.clone()),
        ];
        let response = match self.connection.watch(&path, &query, self.clock.now()).await {
            Err(RequestError::Refused(refusal, _)) if refusal.is_about_the_version() => return Ok(WatchEnd::Gone),
            response => response?,
        };
        self.ingest.begin();
        self.seen();
        let until = self.clock.elapsed() + Duration::from_secs(seconds) + GRACE;
        let (mut pieces, mut empty) = (response.bytes_stream(), true);
        loop {
            match tokio::time::timeout(LOOK, pieces.next()).await {
                Ok(Some(piece)) => {
                    let piece = piece.map_err(|_| RequestError::Broken("the watch broke off".into()))?;
                    let mut taken = self.ingest.piece(&piece, self.clock.now());
                    empty &= !taken.heard;
                    let refused = taken.refused.take();
                    self.hand_on(taken).await;
                    match refused {
                        Some(refusal) if refusal.is_about_the_version() => return Ok(WatchEnd::Gone),
                        Some(refusal) => return Err(RequestError::Refused(refusal, None)),
                        None => {}
                    }
                }
                Ok(None) => return Ok(WatchEnd::Over { empty }),
                Err(_) if self.clock.elapsed() > until => {
                    let why = "the watch did not end when it was to, so that nobody may be there any more";
                    return Err(RequestError::Broken(why.into()));
                }
                Err(_) => {}
            }
            if !self.look().await {
                return Ok(WatchEnd::Over { empty: false });
            }
            self.write().await;
        }
    }

    /// Comes back when all that follows is durable; only then the next start goes on behind it.
    async fn hand_on(&mut self, taken: Ingested) {
        let Ingested { events, version, objects, left_out, forgotten, .. } = taken;
        let counts = [(Count::Objects, objects), (Count::LeftOut, left_out), (Count::Forgotten, forgotten)];
        counts.iter().for_each(|(what, count)| self.status.add(*what, *count));
        if !events.is_empty() {
            self.status.add(Count::News, events.len() as u64);
            if self.ingest.checkpoint.conditions.must_be_kept_first() {
                self.keep().await;
            }
            self.sink.take(events).await;
            (self.unwritten, self.news) = (true, true);
        }
        self.ingest.checkpoint.durable();
        if let Some(version) = version {
            self.ingest.checkpoint.reached(&version, self.clock.now());
            self.unwritten = true;
            self.seen();
        }
    }

    fn seen(&mut self) {
        if self.status.up(self.clock.now()) {
            tracing::info!(cluster = self.connection.cluster(), what = self.status.names(), "a cluster is watched");
        }
    }

    /// Writes down what was seen, where there is something and it is time.
    async fn write(&mut self) {
        let now = self.clock.now();
        let pause = if self.news { SOON } else { LATER };
        if self.unwritten && now.duration_since(self.written).abs() >= pause {
            self.keep().await;
        }
    }

    async fn keep(&mut self) {
        let written = match self.ingest.checkpoint.snapshot() {
            Ok(snapshot) => match tokio::task::spawn_blocking(move || snapshot.write()).await {
                Ok(written) => written.map_err(|error| error.to_string()),
                Err(_) => Err("the writing was interrupted".into()),
            },
            Err(error) => Err(error),
        };
        (self.written, self.unwritten, self.news) = (self.clock.now(), written.is_err(), false);
        self.status.keeps(written.err());
    }
}
