//! One watch that goes on for ever: a list where nothing is known yet, then what happens since, and again.
//!
//! It reads no further before what it has read is durable, so that a host that is slow slows the cluster down instead of
//! filling its memory.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::answer::{self, Refusal};
use super::connection::{Connection, Trouble};
use super::intake::{Intake, Taken};
use super::memory::Memory;
use super::resource::Way;
use super::standing::{Count, Standing};
use super::{Inlet, Parts, Wanted};
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
enum End {
    /// By itself, and whether anything came.
    Over { empty: bool },
    /// The API does not have the version.
    Gone,
}

/// One watch.
pub struct Follower {
    connection: Arc<Connection>,
    standing: Arc<Standing>,
    inlet: Arc<dyn Inlet>,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
    wanted: Wanted,
    intake: Intake,
    /// When it was last written down, whether something has come since, and whether that was news.
    written: Timestamp,
    unwritten: bool,
    news: bool,
    /// When it was last looked at what lasts.
    looked: Duration,
    empty: u32,
    failures: u32,
}

impl Follower {
    /// A watch that goes on where the one of the last start ended.
    pub fn new(connection: Arc<Connection>, standing: Arc<Standing>, parts: &Parts) -> Self {
        // None of the three may hold a sign of this kind.
        let name = format!("{}@{}@{}.json", standing.what().as_str(), standing.namespace(), connection.cluster());
        let (memory, problem) = Memory::open(parts.folder.join(name));
        if let Some(problem) = &problem {
            tracing::warn!(cluster = connection.cluster(), problem, "it is not known what was seen before this start");
        }
        let intake = Intake::new(connection.cluster(), standing.what(), memory);
        Self {
            connection,
            standing,
            inlet: Arc::clone(&parts.inlet),
            clock: Arc::clone(&parts.clock),
            random: Arc::clone(&parts.random),
            wanted: Arc::clone(&parts.wanted),
            intake,
            written: parts.clock.now(),
            unwritten: false,
            news: false,
            looked: Duration::ZERO,
            empty: 0,
            failures: 0,
        }
    }

    fn way(&self) -> Way {
        self.standing.what().way(self.intake.memory.way)
    }

    /// Goes on for ever, after a pause of up to so long.
    pub async fn follow(mut self, spread: Duration) {
        let most = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        self.clock.sleep(Duration::from_millis(self.random.below(most))).await;
        loop {
            while !self.is_wanted() {
                self.standing.unwanted();
                self.clock.sleep(WANTED).await;
            }
            let began = self.clock.elapsed();
            let pause = match self.round().await {
                Ok(End::Over { empty }) => {
                    self.empty = if empty { self.empty + 1 } else { 0 };
                    if self.empty >= EMPTY {
                        self.empty = 0;
                        self.intake.memory.list_first();
                    }
                    let lasted = self.clock.elapsed().saturating_sub(began) >= WELL;
                    self.failures = if lasted || !empty { 0 } else { self.failures + 1 };
                    // Whoever is cut off behind each word does not ask as fast as it is cut off.
                    if lasted { Duration::ZERO } else { self.pause() }
                }
                Ok(End::Gone) => {
                    self.standing.add(Count::Gone, 1);
                    self.intake.memory.list_first();
                    self.failures += 1;
                    self.pause()
                }
                Err(trouble) => {
                    self.failures += 1;
                    let asked = self.note(&trouble);
                    self.pause().max(asked)
                }
            };
            self.write().await;
            self.clock.sleep(pause).await;
        }
    }

    /// Whether anybody wants to hear of it.
    fn is_wanted(&self) -> bool {
        (self.wanted)(self.standing.what())
    }

    /// Tells now and then of what lasts. False where nobody wants to hear of it any more.
    async fn look(&mut self) -> bool {
        let now = self.clock.elapsed();
        if now.saturating_sub(self.looked) < DUE {
            return true;
        }
        self.looked = now;
        let due = self.intake.due(self.clock.now());
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
    fn note(&mut self, trouble: &Trouble) -> Duration {
        self.standing.add(Count::Failures, 1);
        let (why, after) = match trouble {
            Trouble::Refused(refusal, after) => {
                let why = self.refused(refusal);
                // The other way shows the same, and rights may be for that one.
                if matches!(refusal.code, 403 | 404) {
                    self.intake.memory.way = (self.intake.memory.way + 1) % self.standing.what().ways().len().max(1);
                    self.intake.memory.list_first();
                }
                (why, *after)
            }
            Trouble::Broken(why) | Trouble::Unknown(why) => (why.clone(), None),
        };
        if self.standing.away(&why, self.clock.now()) {
            let (cluster, what) = (self.connection.cluster(), self.standing.names());
            tracing::warn!(cluster, what, why = redact(&why), "a cluster is not watched; it is tried again");
        }
        after.unwrap_or_default().min(LONGEST)
    }

    fn refused(&self, Refusal { code, words }: &Refusal) -> String {
        match code {
            401 => format!("the API does not know who asks (401): {words}"),
            403 => {
                let rights: Vec<String> = self.standing.what().ways().iter().map(|way| way.in_roles()).collect();
                format!(
                    "the API forbids it (403): {words}; it takes the rights list and watch on {}",
                    rights.join(" or ")
                )
            }
            code => format!("the API answers {code}: {words}"),
        }
    }

    async fn round(&mut self) -> Result<End, Trouble> {
        if self.intake.memory.version.is_empty() {
            match self.list().await {
                Err(Trouble::Refused(refusal, _)) if refusal.is_about_the_version() => return Ok(End::Gone),
                listed => listed?,
            }
        }
        self.watch().await
    }

    /// Reads all there is, page by page.
    async fn list(&mut self) -> Result<(), Trouble> {
        let path = self.way().path(self.standing.namespace());
        let (mut more, mut version) = (String::new(), String::new());
        loop {
            let mut query = vec![("limit", self.standing.what().page().to_string())];
            if !more.is_empty() {
                query.push(("continue", more));
            }
            let bytes = self.connection.page(&path, &query, self.clock.now()).await?;
            let mut page = answer::page(self.standing.what(), &bytes).map_err(Trouble::Broken)?;
            drop(bytes);
            more = std::mem::take(&mut page.more);
            let first = version.is_empty();
            if first {
                version.clone_from(&page.version);
            }
            let taken = self.intake.page(page, first, self.clock.now());
            self.hand_on(taken).await;
            if more.is_empty() {
                break;
            }
        }
        let events = self.intake.listed(self.clock.now());
        self.hand_on(Taken { events, version: Some(version), ..Taken::default() }).await;
        self.standing.add(Count::Lists, 1);
        self.news = true;
        self.write().await;
        Ok(())
    }

    /// Takes in what happens from the version on.
    async fn watch(&mut self) -> Result<End, Trouble> {
        let path = self.way().path(self.standing.namespace());
        let seconds = WATCH + self.random.below(DIFFERS);
        let query = [
            ("watch", "true".to_string()),
            ("allowWatchBookmarks", "true".to_string()),
            ("timeoutSeconds", seconds.to_string()),
            ("resourceVersion", self.intake.memory.version.clone()),
        ];
        let response = match self.connection.watch(&path, &query, self.clock.now()).await {
            Err(Trouble::Refused(refusal, _)) if refusal.is_about_the_version() => return Ok(End::Gone),
            response => response?,
        };
        self.intake.begin();
        self.seen();
        let until = self.clock.elapsed() + Duration::from_secs(seconds) + GRACE;
        let (mut pieces, mut empty) = (response.bytes_stream(), true);
        loop {
            match tokio::time::timeout(LOOK, pieces.next()).await {
                Ok(Some(piece)) => {
                    let piece = piece.map_err(|_| Trouble::Broken("the watch broke off".into()))?;
                    let mut taken = self.intake.piece(&piece, self.clock.now());
                    empty &= !taken.heard;
                    let refused = taken.refused.take();
                    self.hand_on(taken).await;
                    match refused {
                        Some(refusal) if refusal.is_about_the_version() => return Ok(End::Gone),
                        Some(refusal) => return Err(Trouble::Refused(refusal, None)),
                        None => {}
                    }
                }
                Ok(None) => return Ok(End::Over { empty }),
                Err(_) if self.clock.elapsed() > until => {
                    let why = "the watch did not end when it was to, so that nobody may be there any more";
                    return Err(Trouble::Broken(why.into()));
                }
                Err(_) => {}
            }
            if !self.look().await {
                return Ok(End::Over { empty: false });
            }
            self.write().await;
        }
    }

    /// Comes back when all that follows is durable; only then the next start goes on behind it.
    async fn hand_on(&mut self, taken: Taken) {
        let Taken { events, version, objects, left_out, forgotten, .. } = taken;
        let counts = [(Count::Objects, objects), (Count::LeftOut, left_out), (Count::Forgotten, forgotten)];
        counts.iter().for_each(|(what, count)| self.standing.add(*what, *count));
        if !events.is_empty() {
            self.standing.add(Count::News, events.len() as u64);
            if self.intake.memory.conditions.must_be_kept_first() {
                self.keep().await;
            }
            self.inlet.take(events).await;
            (self.unwritten, self.news) = (true, true);
        }
        self.intake.memory.durable();
        if let Some(version) = version {
            self.intake.memory.reached(&version, self.clock.now());
            self.unwritten = true;
            self.seen();
        }
    }

    fn seen(&mut self) {
        if self.standing.up(self.clock.now()) {
            tracing::info!(cluster = self.connection.cluster(), what = self.standing.names(), "a cluster is watched");
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
        let written = match self.intake.memory.snapshot() {
            Ok(snapshot) => match tokio::task::spawn_blocking(move || snapshot.write()).await {
                Ok(written) => written.map_err(|error| error.to_string()),
                Err(_) => Err("the writing was interrupted".into()),
            },
            Err(error) => Err(error),
        };
        (self.written, self.unwritten, self.news) = (self.clock.now(), written.is_err(), false);
        self.standing.keeps(written.err());
    }
}
