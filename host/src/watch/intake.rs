//! From what an API sends to events: what is read, what of it is news, and how far it goes. It asks nobody anything.

use jiff::Timestamp;

use super::answer::{self, Line, Page, Refusal};
use super::conditions::{self, Scene};
use super::lines::Lines;
use super::memory::Memory;
use super::object::Object;
use super::resource::What;
use super::told;
use crate::domain::Event;

/// Bytes of a line: an object is at most as large as what etcd takes.
const LINE: usize = 3 << 20;

/// What one watch knows.
#[derive(Debug)]
pub struct Intake {
    cluster: String,
    what: What,
    lines: Lines,
    /// What was seen.
    pub memory: Memory,
}

/// What came of a piece.
#[derive(Debug, Default)]
pub struct Taken {
    /// What is news.
    pub events: Vec<Event>,
    /// The version up to which all was seen, where one was told.
    pub version: Option<String>,
    /// That the API refuses to go on.
    pub refused: Option<Refusal>,
    /// Whether a whole line came.
    pub heard: bool,
    /// Objects that came, that could not be taken, and those of which it was forgotten that they were seen.
    pub objects: u64,
    /// As above.
    pub left_out: u64,
    /// As above.
    pub forgotten: u64,
}

impl Intake {
    /// What a watch knows of the last start.
    pub fn new(cluster: &str, what: What, memory: Memory) -> Self {
        Self { cluster: cluster.into(), what, lines: Lines::new(LINE), memory }
    }

    /// A watch begins.
    pub fn begin(&mut self) {
        self.lines = Lines::new(LINE);
    }

    /// Takes in a piece of a watch.
    pub fn piece(&mut self, piece: &[u8], now: Timestamp) -> Taken {
        let mut taken = Taken::default();
        let mut read = Vec::new();
        let (what, before) = (self.what, self.lines.left_out);
        self.lines.take(piece, |line| read.push((answer::line(what, line), line.len())));
        taken.left_out += self.lines.left_out - before;
        taken.heard = !read.is_empty() || taken.left_out > 0;
        for (line, size) in read {
            match line {
                Line::Changed(object) => {
                    taken.version = object.version().map(str::to_string).or(taken.version);
                    self.object(object, size, false, now, &mut taken);
                }
                Line::Deleted(object) => {
                    taken.version = object.version().map(str::to_string).or(taken.version);
                    // An event that is deleted has only become old.
                    if let Object::Kept(kept) = object {
                        let Self { cluster, memory, .. } = self;
                        let scene = Scene { cluster, what, now };
                        taken.events.extend(memory.conditions.gone(scene, &kept.metadata.uid));
                    }
                }
                Line::Mark(mark) => taken.version = Some(mark),
                Line::Refused(refusal) => taken.refused = Some(refusal),
                Line::Unreadable => taken.left_out += 1,
            }
        }
        taken
    }

    /// Takes in a page of a list; the first one where `first`.
    pub fn page(&mut self, page: Page, first: bool, now: Timestamp) -> Taken {
        if first {
            self.memory.begin_list(&page.version);
        }
        let mut taken = Taken { left_out: page.unreadable, ..Taken::default() };
        for (object, size) in page.objects {
            self.object(object, size, true, now, &mut taken);
        }
        taken
    }

    /// A list of this version has been read to its end.
    pub fn listed(&mut self, now: Timestamp) -> Vec<Event> {
        let Self { cluster, what, memory, .. } = self;
        memory.conditions.end(Scene { cluster, what: *what, now })
    }

    /// What is to be told though nothing came.
    pub fn due(&mut self, now: Timestamp) -> Taken {
        let Self { cluster, what, memory, .. } = self;
        Taken { events: memory.conditions.due(Scene { cluster, what: *what, now }), ..Taken::default() }
    }

    fn object(&mut self, object: Object, size: usize, listed: bool, now: Timestamp, taken: &mut Taken) {
        taken.objects += 1;
        let Self { cluster, what, memory, .. } = self;
        match object {
            Object::Event(object) => {
                if !listed && memory.knows(&object) {
                    return;
                }
                match told::event(cluster, object, size, told::EVENTS) {
                    Ok(event) => self.once(event, listed, now, taken),
                    Err(_) => taken.left_out += 1,
                }
            }
            Object::Kept(kept) => {
                let scene = Scene { cluster, what: *what, now };
                let before = memory.conditions.left_out;
                taken.events.extend(memory.conditions.take(scene, &kept));
                taken.left_out += memory.conditions.left_out - before;
                if let Some(event) = conditions::completed(scene, &kept)
                    && (listed || !memory.knows(&event.said.data))
                {
                    self.once(event, listed, now, taken);
                }
            }
        }
    }

    /// Takes in an occurrence, which is news once.
    fn once(&mut self, event: Event, listed: bool, now: Timestamp, taken: &mut Taken) {
        let object = &event.said.data;
        let is_news = !listed || self.memory.is_news_in_list(object, event.occurred(), now);
        let before = self.memory.forgotten;
        self.memory.note(object, now);
        taken.forgotten += self.memory.forgotten - before;
        if is_news {
            taken.events.push(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn intake() -> (tempfile::TempDir, Intake) {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::open(folder.path().join("events.json")).0;
        (folder, Intake::new("kestrel", What::Events, memory))
    }

    fn now() -> Timestamp {
        "2026-07-01T12:00:00Z".parse().unwrap()
    }

    fn event(n: usize, version: usize, count: u64) -> Value {
        json!({
            "metadata": { "name": format!("pod-{n}.17e0"), "namespace": "shop", "uid": format!("u-{n}"), "resourceVersion": version.to_string() },
            "involvedObject": { "kind": "Pod", "namespace": "shop", "name": format!("pod-{n}") },
            "reason": "BackOff", "message": "Back-off restarting failed container", "type": "Warning", "count": count,
            "firstTimestamp": "2026-07-01T11:00:00Z", "lastTimestamp": format!("2026-07-01T11:59:{:02}Z", count % 60),
        })
    }

    fn lines(kind: &str, objects: impl Iterator<Item = Value>) -> Vec<u8> {
        let line = |object: Value| format!("{}\n", json!({ "type": kind, "object": object }));
        objects.map(line).collect::<String>().into_bytes()
    }

    #[test]
    fn each_occurrence_is_news_once_and_what_is_deleted_is_none() {
        let (_folder, mut intake) = intake();
        let mut news = |kind: &str, object: Value| {
            let taken = intake.piece(&lines(kind, [object].into_iter()), now());
            (taken.events.len(), taken.version.unwrap_or_default())
        };
        assert_eq!(news("ADDED", event(1, 10, 1)), (1, "10".into()));
        assert_eq!(news("MODIFIED", event(1, 11, 1)), (0, "11".into()), "another version of the same");
        assert_eq!(news("MODIFIED", event(1, 12, 50)), (1, "12".into()));
        assert_eq!(news("ADDED", event(1, 12, 50)), (0, "12".into()), "told twice");
        assert_eq!(news("DELETED", event(2, 13, 1)), (0, "13".into()));
        assert_eq!(news("BOOKMARK", json!({ "metadata": { "resourceVersion": "20" } })), (0, "20".into()));
        let gone = intake.piece(&lines("ERROR", [json!({ "code": 410 })].into_iter()), now());
        assert_eq!(gone.refused.map(|refusal| refusal.code), Some(410));
        let torn = intake.piece(b"{\"type\":\"ADDED\"", now());
        assert!(!torn.heard && torn.version.is_none());
    }

    #[test]
    fn a_hundred_thousand_events_leave_no_more_than_the_memory_has_room_for() {
        const ALL: usize = 100_000;
        let (_folder, mut intake) = intake();
        let (mut news, mut objects, mut largest) = (0, 0, 0);
        for from in (0..ALL).step_by(1_000) {
            // Whoever repeats everything says nothing new.
            let bytes = lines("ADDED", (from..from + 500).flat_map(|n| [event(n, n + 1, 1), event(n, n + 1, 1)]));
            for piece in bytes.chunks(16 << 10) {
                let taken = intake.piece(piece, now());
                objects += taken.objects;
                news += taken.events.len();
                largest = largest.max(taken.events.len());
            }
        }
        assert_eq!((objects, news), (100_000, 50_000));
        // A piece holds what it holds, and what is kept of all that came is a file of a few hundred kilobytes.
        assert!(largest <= 100, "{largest}");
        assert!(intake.memory.snapshot().unwrap().size() < 2 << 20);
    }
}
