//! From what an API sends to events: what is read, what of it is news, and how far it goes. It asks nobody anything.

use jiff::Timestamp;

use super::api_response::{self, Line, Page, Refusal};
use super::checkpoint::Checkpoint;
use super::cluster_event;
use super::conditions::{self, Context};
use super::lines::Lines;
use super::object::Object;
use super::resource::Resource;
use crate::domain::Event;

/// Bytes of a line: an object is at most as large as what etcd takes.
const LINE: usize = 3 << 20;

/// What one watch knows.
#[derive(Debug)]
pub struct Ingest {
    cluster: String,
    resource: Resource,
    lines: Lines,
    /// What was seen.
    pub checkpoint: Checkpoint,
}

/// What came of a piece.
#[derive(Debug, Default)]
pub struct Ingested {
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

impl Ingest {
    /// What a watch knows of the last start.
    pub fn new(cluster: &str, resource: Resource, checkpoint: Checkpoint) -> Self {
        Self { cluster: cluster.into(), resource, lines: Lines::new(LINE), checkpoint }
    }

    /// A watch begins.
    pub fn begin(&mut self) {
        self.lines = Lines::new(LINE);
    }

    /// Takes in a piece of a watch.
    pub fn piece(&mut self, piece: &[u8], now: Timestamp) -> Ingested {
        let mut taken = Ingested::default();
        let mut read = Vec::new();
        let (resource, before) = (self.resource, self.lines.left_out);
        self.lines.take(piece, |line| read.push((api_response::line(resource, line), line.len())));
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
                    if let Object::State(state) = object {
                        let Self { cluster, checkpoint, .. } = self;
                        let context = Context { cluster, resource, now };
                        taken.events.extend(checkpoint.conditions.gone(context, &state.metadata.uid));
                    }
                }
                Line::Bookmark(mark) => taken.version = Some(mark),
                Line::Refused(refusal) => taken.refused = Some(refusal),
                Line::Unreadable => taken.left_out += 1,
            }
        }
        taken
    }

    /// Takes in a page of a list; the first one where `first`.
    pub fn page(&mut self, page: Page, first: bool, now: Timestamp) -> Ingested {
        if first {
            self.checkpoint.begin_list(&page.version);
        }
        let mut taken = Ingested { left_out: page.unreadable, ..Ingested::default() };
        for (object, size) in page.objects {
            self.object(object, size, true, now, &mut taken);
        }
        taken
    }

    /// A list of this version has been read to its end.
    pub fn listed(&mut self, now: Timestamp) -> Vec<Event> {
        let Self { cluster, resource, checkpoint, .. } = self;
        checkpoint.conditions.end(Context { cluster, resource: *resource, now })
    }

    /// What is to be told though nothing came.
    pub fn due(&mut self, now: Timestamp) -> Ingested {
        let Self { cluster, resource, checkpoint, .. } = self;
        Ingested {
            events: checkpoint.conditions.due(Context { cluster, resource: *resource, now }),
            ..Ingested::default()
        }
    }

    fn object(&mut self, object: Object, size: usize, listed: bool, now: Timestamp, taken: &mut Ingested) {
        taken.objects += 1;
        let Self { cluster, resource, checkpoint, .. } = self;
        match object {
            Object::Event(object) => {
                if !listed && checkpoint.knows(&object) {
                    return;
                }
                match cluster_event::event(cluster, object, size, cluster_event::EVENTS) {
                    Ok(event) => self.once(event, listed, now, taken),
                    Err(_) => taken.left_out += 1,
                }
            }
            Object::State(state) => {
                let context = Context { cluster, resource: *resource, now };
                let before = checkpoint.conditions.left_out;
                taken.events.extend(checkpoint.conditions.take(context, &state));
                taken.left_out += checkpoint.conditions.left_out - before;
                if let Some(event) = conditions::completed(context, &state)
                    && (listed || !checkpoint.knows(&event.said.data))
                {
                    self.once(event, listed, now, taken);
                }
            }
        }
    }

    /// Takes in an occurrence, which is news once.
    fn once(&mut self, event: Event, listed: bool, now: Timestamp, taken: &mut Ingested) {
        let object = &event.said.data;
        let is_news = !listed || self.checkpoint.is_news_in_list(object, event.occurred(), now);
        let before = self.checkpoint.forgotten;
        self.checkpoint.note(object, now);
        taken.forgotten += self.checkpoint.forgotten - before;
        if is_news {
            taken.events.push(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn intake() -> (tempfile::TempDir, Ingest) {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::open(folder.path().join("events.json")).0;
        (folder, Ingest::new("kestrel", Resource::Events, checkpoint))
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
        assert!(intake.checkpoint.snapshot().unwrap().size() < 2 << 20);
    }
}
