//! What was seen of a cluster, for the next start: up to which version, which occurrences, what is not well.
//!
//! It is a file beside the journal, of bounded size, written anew as a whole. It is no record: where it is lost, what is
//! older than some minutes counts as seen.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conditions::Conditions;
use super::{api_response, cluster_event};
use crate::regular_file;

/// Half of the occurrences that are remembered.
const HALF: usize = 10_000;
/// For how long: a cluster keeps an event for an hour, unless it is told otherwise.
const LASTS: SignedDuration = SignedDuration::from_hours(2);
/// Bytes of the file.
const FILE: u64 = 8 << 20;
/// How far clocks of a cluster may be behind this one.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
/// What happened within so long before the first look of all is news.
const YOUNG: SignedDuration = SignedDuration::from_mins(5);

/// What was seen.
#[derive(Debug)]
pub struct Checkpoint {
    file: PathBuf,
    /// The version from which a watch goes on; empty where a list must come first.
    pub version: String,
    /// Which of the ways to the objects it is about.
    pub way: usize,
    /// The version up to which all was seen, and when that was so.
    seen_to: Option<(String, Timestamp)>,
    /// What was seen since the last turn, and in the turn before: the occurrence of an object, and when.
    young: HashMap<u64, (u64, i64)>,
    old: HashMap<u64, (u64, i64)>,
    /// Objects whose occurrence was seen, and what came of it may not be durable.
    fresh: HashSet<u64>,
    /// What is not well.
    pub conditions: Conditions,
    /// Occurrences that were forgotten for want of room.
    pub forgotten: u64,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct SavedCheckpoint {
    version: String,
    way: usize,
    seen_to: Option<(String, Timestamp)>,
    seen: Vec<(u64, u64, i64)>,
    conditions: Conditions,
}

impl Checkpoint {
    /// Reads it. A file that cannot be read is none, and why.
    pub fn open(file: PathBuf) -> (Self, Option<String>) {
        let (kept, why) = match regular_file::read(&file, FILE) {
            Ok(bytes) => match serde_json::from_slice::<SavedCheckpoint>(&bytes) {
                Ok(kept) => (kept, None),
                Err(error) => (SavedCheckpoint::default(), Some(format!("{} cannot be read: {error}", file.display()))),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (SavedCheckpoint::default(), None),
            Err(error) => (SavedCheckpoint::default(), Some(format!("{} cannot be read: {error}", file.display()))),
        };
        let SavedCheckpoint { version, way, seen_to, seen, conditions } = kept;
        let since = seen.iter().map(|(_, _, at)| *at).max().unwrap_or_default() - LASTS.as_secs();
        let old = seen.into_iter().filter(|(_, _, at)| *at >= since).take(2 * HALF);
        let old = old.map(|(uid, occurrence, at)| (uid, (occurrence, at))).collect();
        let (young, fresh, conditions) = (HashMap::new(), HashSet::new(), conditions.restored());
        (Self { file, version, way, seen_to, young, old, fresh, conditions, forgotten: 0 }, why)
    }

    /// Whether an occurrence in a list is news: it was not seen, and is not older than what was.
    pub fn is_news_in_list(&self, object: &Value, occurred: Option<Timestamp>, now: Timestamp) -> bool {
        if self.knows(object) {
            return false;
        }
        let number = |text: &str| text.parse::<u64>().ok();
        let since = match &self.seen_to {
            None => now.saturating_sub(YOUNG),
            Some((version, at)) => {
                if let (Some(own), Some(seen)) = (api_response::version(object).and_then(number), number(version)) {
                    return own > seen;
                }
                at.saturating_sub(SKEW)
            }
        };
        let (Some(occurred), Ok(since)) = (occurred, since) else { return true };
        occurred >= since
    }

    /// Whether this occurrence was seen.
    pub fn knows(&self, object: &Value) -> bool {
        let (uid, occurrence) = cluster_event::identity(object);
        self.young.get(&uid).or_else(|| self.old.get(&uid)).is_some_and(|(seen, _)| *seen == occurrence)
    }

    /// Takes in that an occurrence was seen.
    pub fn note(&mut self, object: &Value, now: Timestamp) {
        let (uid, occurrence) = cluster_event::identity(object);
        if self.young.len() >= HALF {
            self.forgotten += self.old.len() as u64;
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&uid);
        self.young.insert(uid, (occurrence, now.as_second()));
        self.fresh.insert(uid);
    }

    /// What came of all that was seen is durable.
    pub fn durable(&mut self) {
        self.fresh.clear();
        self.conditions.durable();
    }

    /// A list begins, of this version. One that is older than what was seen is of another cluster, or of one that was
    /// put back: then versions tell nothing.
    pub fn begin_list(&mut self, version: &str) {
        self.conditions.begin();
        let number = |text: &str| text.parse::<u64>().ok();
        if let Some((seen, _)) = &mut self.seen_to
            && number(version).zip(number(seen)).is_some_and(|(version, seen)| version < seen)
        {
            seen.clear();
        }
    }

    /// All was seen up to this version.
    pub fn reached(&mut self, version: &str, now: Timestamp) {
        self.version.clear();
        self.version.push_str(version);
        self.seen_to = Some((self.version.clone(), now));
    }

    /// A list must come before the next watch.
    pub fn list_first(&mut self) {
        self.version.clear();
    }

    /// What of it is kept, and where: of what was seen that of which all is durable that came of it.
    ///
    /// # Errors
    /// Never in practice: when it cannot be written as JSON.
    pub fn snapshot(&self) -> Result<Snapshot, String> {
        let seen = self.young.iter().chain(&self.old).filter(|(uid, _)| !self.fresh.contains(*uid));
        let seen = seen.map(|(uid, (occurrence, at))| (*uid, *occurrence, *at)).collect();
        let (version, way, seen_to) = (self.version.clone(), self.way, self.seen_to.clone());
        let kept = SavedCheckpoint { version, way, seen_to, seen, conditions: self.conditions.clone() };
        let bytes = serde_json::to_vec(&kept).map_err(|error| error.to_string())?;
        Ok(Snapshot { file: self.file.clone(), bytes })
    }
}

/// What is written.
pub struct Snapshot {
    file: PathBuf,
    bytes: Vec<u8>,
}

impl Snapshot {
    /// Its bytes.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Writes it: all of it is there afterwards, or all of what was there before.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&self) -> std::io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let new = self.file.with_extension("new");
        let mut file = std::fs::File::create(&new)?;
        file.write_all(&self.bytes)?;
        file.sync_data()?;
        std::fs::rename(&new, &self.file)?;
        std::fs::File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_782_907_200;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(NOW + second).unwrap()
    }

    fn object(uid: usize, version: &str, count: u64) -> Value {
        json!({ "metadata": { "uid": uid.to_string(), "resourceVersion": version }, "count": count })
    }

    fn empty() -> (tempfile::TempDir, Checkpoint) {
        let folder = tempfile::tempdir().unwrap();
        let memory = Checkpoint::open(folder.path().join("watch/events.json")).0;
        (folder, memory)
    }

    #[test]
    fn old_events_are_no_news_after_a_restart_and_what_happened_meanwhile_is() {
        let (_folder, mut memory) = empty();
        assert!(memory.is_news_in_list(&object(1, "5", 1), Some(at(-60)), at(0)), "of the last minutes");
        assert!(!memory.is_news_in_list(&object(1, "5", 1), Some(at(-900)), at(0)), "of before the first look");
        assert!(memory.is_news_in_list(&object(1, "5", 1), None, at(0)), "who says no time is heard");
        memory.note(&object(1, "5", 1), at(0));
        memory.snapshot().unwrap().write().unwrap();
        assert!(!Checkpoint::open(memory.file.clone()).0.knows(&object(1, "5", 1)), "what came of it may be lost");
        memory.durable();
        memory.reached("10", at(0));
        memory.snapshot().unwrap().write().unwrap();
        let (mut memory, why) = Checkpoint::open(memory.file.clone());
        assert_eq!((why, memory.version.as_str()), (None, "10"));
        for (uid, version, count, second, news) in [
            (1, "5", 1, 0, false),
            (1, "11", 1, 0, false),
            (1, "12", 2, 300, true),
            (2, "9", 1, 0, false),
            // Late by nobody's fault but ours.
            (2, "11", 1, -7_000, true),
            // Where versions are no numbers, time tells.
            (3, "x", 1, -600, false),
            (3, "x", 1, 600, true),
        ] {
            let is_news = memory.is_news_in_list(&object(uid, version, count), Some(at(second)), at(3_000));
            assert_eq!(is_news, news, "{uid} {version} {count} {second}");
        }
        memory.begin_list("3");
        assert!(memory.is_news_in_list(&object(4, "2", 1), Some(at(10)), at(20)), "a cluster that was put back");
        assert!(!memory.is_news_in_list(&object(4, "2", 1), Some(at(-600)), at(20)));
    }

    #[test]
    fn the_memory_has_a_bound_and_says_what_it_forgot() {
        let (_folder, mut memory) = empty();
        for uid in 0..5 * HALF {
            memory.note(&object(uid, "1", 1), at(i64::try_from(uid / 100).unwrap()));
        }
        assert!(memory.young.len() + memory.old.len() <= 2 * HALF && memory.forgotten > 0);
        assert!(memory.knows(&object(5 * HALF - 1, "1", 1)) && !memory.knows(&object(0, "1", 1)));
        assert!((memory.snapshot().unwrap().bytes.len() as u64) < FILE / 4);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_costs_no_start() {
        let (folder, memory) = empty();
        memory.snapshot().unwrap().write().unwrap();
        std::fs::write(&memory.file, "{").unwrap();
        let (memory, why) = Checkpoint::open(memory.file.clone());
        assert!(why.unwrap().contains("events.json") && memory.version.is_empty());
        drop(folder);
    }
}
