//! One watch that goes on for ever: a list where nothing is known yet, then what happens since, and again.
//!
//! It reads no further before what it has read is durable, so that a host that is slow slows the cluster down instead of
//! filling its memory.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::answer::{self, Line, Page, Refusal};
use super::conditions::Scene;
use super::connection::{Connection, Trouble};
use super::lines::Lines;
use super::memory::Memory;
use super::resource::{Way, What};
use super::standing::{Count, Standing};
use super::{Inlet, Parts, told};
use crate::domain::Event;
use crate::ports::Clock;
use crate::random::Random;

/// Bytes of a line: an object is at most as large as what etcd takes.
const LINE: usize = 3 << 20;
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
/// What was seen is written down so long after an alert came of it, and so long after anything else.
const SOON: SignedDuration = SignedDuration::from_millis(200);
const LATER: SignedDuration = SignedDuration::from_secs(10);
/// How long nothing may come before it is looked whether something is to be written down.
const LOOK: Duration = Duration::from_secs(5);

/// How a watch ended.
enum End {
    /// By itself, and whether anything came.
    Over { empty: bool },
    /// The API has forgotten the version.
    Gone,
}

/// One watch.
pub struct Follower {
    connection: Arc<Connection>,
    standing: Arc<Standing>,
    inlet: Arc<dyn Inlet>,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
    memory: Memory,
    /// When it was last written down, and whether something has come since; or an alert.
    written: Timestamp,
    unwritten: bool,
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
        Self {
            connection,
            standing,
            inlet: Arc::clone(&parts.inlet),
            clock: Arc::clone(&parts.clock),
            random: Arc::clone(&parts.random),
            memory,
            written: parts.clock.now(),
            unwritten: false,
            empty: 0,
            failures: 0,
        }
    }

    fn scene<'a>(&self, connection: &'a Connection) -> Scene<'a> {
        Scene { cluster: connection.cluster(), now: self.clock.now() }
    }

    fn way(&self) -> Way {
        self.standing.what().way(self.memory.way)
    }

    /// Goes on for ever, after a pause of up to so long.
    pub async fn follow(mut self, spread: Duration) {
        let most = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        self.clock.sleep(Duration::from_millis(self.random.below(most))).await;
        loop {
            let began = self.clock.elapsed();
            let pause = match self.round().await {
                Ok(End::Over { empty }) => {
                    self.empty = if empty { self.empty + 1 } else { 0 };
                    if self.empty >= EMPTY {
                        self.empty = 0;
                        self.memory.list_first();
                    }
                    if self.clock.elapsed().saturating_sub(began) >= WELL || !empty {
                        self.failures = 0;
                        Duration::ZERO
                    } else {
                        self.failures += 1;
                        self.pause()
                    }
                }
                Ok(End::Gone) => {
                    self.standing.add(Count::Gone, 1);
                    self.memory.list_first();
                    self.failures += 1;
                    self.pause()
                }
                Err(trouble) => {
                    self.failures += 1;
                    let asked = self.note(&trouble);
                    self.pause().max(asked)
                }
            };
            self.write(true).await;
            self.clock.sleep(pause).await;
        }
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
                    self.memory.way = (self.memory.way + 1) % self.standing.what().ways().len().max(1);
                    self.memory.list_first();
                }
                (why, *after)
            }
            Trouble::Broken(why) | Trouble::Unknown(why) => (why.clone(), None),
        };
        if self.standing.away(&why, self.clock.now()) {
            let (cluster, what) = (self.connection.cluster(), self.standing.names());
            tracing::warn!(cluster, what, why, "a cluster is not watched; it is tried again");
        }
        after.unwrap_or_default().min(LONGEST)
    }

    fn refused(&self, Refusal { code, words }: &Refusal) -> String {
        match code {
            401 => format!("the API does not know who asks (401): {words}"),
            403 => {
                let rights: Vec<String> = self.standing.what().ways().iter().map(|way| way.in_roles()).collect();
                format!("the API forbids it (403): {words}; it takes the rights list and watch on {}", rights.join(" or "))
            }
            code => format!("the API answers {code}: {words}"),
        }
    }

    async fn round(&mut self) -> Result<End, Trouble> {
        if self.memory.version.is_empty() {
            match self.list().await {
                Err(Trouble::Refused(Refusal { code: 410, .. }, _)) => return Ok(End::Gone),
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
            let page: Page = answer::page(&bytes).map_err(Trouble::Broken)?;
            drop(bytes);
            if version.is_empty() {
                version.clone_from(&page.version);
                self.memory.begin_list(&version);
            }
            self.standing.add(Count::LeftOut, page.unreadable);
            let mut events = Vec::new();
            for (object, size) in page.objects {
                self.take(object, size, true, &mut events);
            }
            self.hand_on(events).await;
            more = page.more;
            if more.is_empty() {
                break;
            }
        }
        let connection = Arc::clone(&self.connection);
        let over = self.memory.conditions.end(self.scene(&connection));
        self.hand_on(over).await;
        self.memory.reached(&version, self.clock.now());
        self.unwritten = true;
        self.standing.add(Count::Lists, 1);
        self.seen();
        self.write(true).await;
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
            ("resourceVersion", self.memory.version.clone()),
        ];
        let response = match self.connection.watch(&path, &query, self.clock.now()).await {
            Err(Trouble::Refused(Refusal { code: 410, .. }, _)) => return Ok(End::Gone),
            response => response?,
        };
        self.seen();
        let until = self.clock.elapsed() + Duration::from_secs(seconds) + GRACE;
        let (mut pieces, mut lines, mut empty) = (response.bytes_stream(), Lines::new(LINE), true);
        loop {
            let piece = match tokio::time::timeout(LOOK, pieces.next()).await {
                Ok(Some(piece)) => piece.map_err(|_| Trouble::Broken("the watch broke off".into()))?,
                Ok(None) => return Ok(End::Over { empty }),
                Err(_) if self.clock.elapsed() > until => {
                    return Err(Trouble::Broken("the watch did not end when it was to, so that nobody may be there".into()));
                }
                Err(_) => {
                    self.write(false).await;
                    continue;
                }
            };
            let mut read = Vec::new();
            let before = lines.left_out;
            lines.take(&piece, |line| read.push((answer::line(line), line.len())));
            self.standing.add(Count::LeftOut, lines.left_out - before);
            empty &= read.is_empty() && lines.left_out == before;
            if let Some(end) = self.take_lines(read).await {
                return end;
            }
            self.write(false).await;
        }
    }

    /// Takes in lines of a watch; how it ends, if it does.
    async fn take_lines(&mut self, lines: Vec<(Line, usize)>) -> Option<Result<End, Trouble>> {
        let (mut events, mut version, mut end) = (Vec::new(), None, None);
        for (line, size) in lines {
            match line {
                Line::Changed(object) => {
                    version = answer::version(&object).map(str::to_string).or(version);
                    self.take(object, size, false, &mut events);
                }
                Line::Deleted(object) => {
                    version = answer::version(&object).map(str::to_string).or(version);
                    // An event that is deleted has only become old.
                    if self.standing.what() == What::Nodes {
                        let connection = Arc::clone(&self.connection);
                        events.extend(self.memory.conditions.gone(self.scene(&connection), &object));
                    }
                }
                Line::Mark(mark) => version = Some(mark),
                Line::Refused(Refusal { code: 410, .. }) => end = Some(Ok(End::Gone)),
                Line::Refused(refusal) => end = Some(Err(Trouble::Refused(refusal, None))),
                Line::Unreadable => self.standing.add(Count::LeftOut, 1),
            }
        }
        self.hand_on(events).await;
        if let Some(version) = version {
            self.memory.reached(&version, self.clock.now());
            self.unwritten = true;
            self.seen();
        }
        end
    }

    /// Takes in an object as it stands, and adds what is news about it.
    fn take(&mut self, object: Value, size: usize, listed: bool, events: &mut Vec<Event>) {
        self.standing.add(Count::Objects, 1);
        let connection = Arc::clone(&self.connection);
        let scene = self.scene(&connection);
        if self.standing.what() == What::Nodes {
            let before = self.memory.conditions.left_out;
            events.extend(self.memory.conditions.node(scene, &object));
            self.standing.add(Count::LeftOut, self.memory.conditions.left_out - before);
            return;
        }
        if !listed && self.memory.knows(&object) {
            return;
        }
        match told::event(scene.cluster, object, size) {
            Ok(event) => {
                let object = &event.said.data;
                let is_news = !listed || self.memory.is_news_in_list(object, event.occurred(), scene.now);
                let before = self.memory.forgotten;
                self.memory.note(object, scene.now);
                self.standing.add(Count::Forgotten, self.memory.forgotten - before);
                if is_news {
                    events.push(event);
                }
            }
            Err(why) => {
                self.standing.add(Count::LeftOut, 1);
                tracing::debug!(cluster = scene.cluster, why, "an event could not be taken");
            }
        }
    }

    /// Comes back when all that follows is durable.
    async fn hand_on(&mut self, events: Vec<Event>) {
        if !events.is_empty() {
            self.standing.add(Count::News, events.len() as u64);
            self.inlet.take(events).await;
            self.unwritten = true;
        }
    }

    fn seen(&mut self) {
        if self.standing.up(self.clock.now()) {
            tracing::info!(cluster = self.connection.cluster(), what = self.standing.names(), "a cluster is watched");
        }
    }

    /// Writes down what was seen, where there is something and it is time.
    async fn write(&mut self, soon: bool) {
        let now = self.clock.now();
        let pause = if soon { SOON } else { LATER };
        if !self.unwritten || now.duration_since(self.written).abs() < pause {
            return;
        }
        let written = match self.memory.snapshot() {
            Ok(snapshot) => match tokio::task::spawn_blocking(move || snapshot.write()).await {
                Ok(written) => written.map_err(|error| error.to_string()),
                Err(_) => Err("the writing was interrupted".into()),
            },
            Err(error) => Err(error),
        };
        (self.written, self.unwritten) = (now, written.is_err());
        self.standing.keeps(written.err());
    }
}
