//! What has changed, in the order in which it did, for those who look on: a reader that falls behind or comes back goes on
//! where it was, as long as that is remembered.
//!
//! However many look on: they are woken together and now and then, not by each change of a storm, and what one of them has
//! read and written down is shown to all.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OnceCell, broadcast, watch};
use tokio::time::{Instant, timeout_at};

use crate::domain::Incident;
use crate::domain::incident::IncidentView;

/// Changes that are remembered.
const KEPT: usize = 4_096;
/// Incidents that are kept as they are shown.
const VIEWS: usize = 256;
/// Between two times that those who look on are woken.
const PAUSE: Duration = Duration::from_millis(100);

/// An incident that somebody reads for all; none where it cannot be read.
type Read = OnceCell<Option<Arc<View>>>;

/// The latest changes.
pub struct Changes {
    /// Tells places of this start from those of another one.
    start: u64,
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
    /// Incidents as they stood behind a change, the newest last.
    views: Mutex<VecDeque<(u64, Arc<Read>)>>,
}

#[derive(Default)]
struct Kept {
    /// Number and incident, oldest first.
    changes: VecDeque<(u64, Arc<str>)>,
    last: u64,
    /// The last change that is not remembered.
    forgotten: u64,
}

/// What a reader has not seen.
#[derive(Debug, PartialEq, Eq)]
pub enum Missed {
    /// Changes of these incidents, each with its last number, in their order.
    Changes(Vec<(u64, Arc<str>)>),
    /// Nobody knows, or it is more than the reader wants to hear of one by one: it must read everything anew.
    Everything(u64),
}

/// An incident as it stood behind a change.
pub struct View {
    /// The incident.
    pub incident: Incident,
    /// The same as JSON, without its report.
    pub text: String,
}

impl View {
    fn of(incident: Incident) -> Option<Arc<Self>> {
        let mut view = IncidentView::from(&incident);
        view.report = None;
        let text = serde_json::to_string(&view).ok()?;
        Some(Arc::new(Self { incident, text }))
    }
}

impl Changes {
    /// None so far.
    pub fn new(start: u64) -> Self {
        Self { start, kept: Mutex::default(), last: watch::channel(0).0, views: Mutex::default() }
    }

    /// Takes changes in until nobody makes any more. The first after a pause is told at once.
    pub async fn follow(self: Arc<Self>, mut changes: broadcast::Receiver<String>) {
        let mut waiting = false;
        loop {
            if !waiting && !self.take(changes.recv().await) {
                return;
            }
            self.tell();
            let until = Instant::now() + PAUSE;
            waiting = false;
            while let Ok(change) = timeout_at(until, changes.recv()).await {
                if !self.take(change) {
                    self.tell();
                    return;
                }
                waiting = true;
            }
        }
    }

    /// Takes one in; false where there will be no more.
    fn take(&self, change: Result<String, RecvError>) -> bool {
        match change {
            Ok(id) => self.note(Some(&id)),
            Err(RecvError::Lagged(_)) => self.note(None),
            Err(RecvError::Closed) => return false,
        }
        true
    }

    fn tell(&self) {
        self.last.send_replace(self.last());
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change; none where it is not known of what.
    fn note(&self, id: Option<&str>) {
        let mut kept = self.kept();
        kept.last += 1;
        let last = kept.last;
        match id {
            Some(id) => kept.changes.push_back((last, id.into())),
            None => {
                kept.changes.clear();
                kept.forgotten = last;
            }
        }
        if kept.changes.len() > KEPT
            && let Some((number, _)) = kept.changes.pop_front()
        {
            kept.forgotten = number;
        }
    }

    /// The number of the last change.
    pub fn last(&self) -> u64 {
        self.kept().last
    }

    /// Resolves to the last number, whenever there are new ones.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// The name of a place.
    pub fn name(&self, number: u64) -> String {
        format!("{:016x}-{number}", self.start)
    }

    /// The place of a name; none where it is one of another start or none at all.
    pub fn place(&self, name: &str) -> Option<u64> {
        let (start, number) = name.split_once('-')?;
        (u64::from_str_radix(start, 16).ok()? == self.start).then(|| number.parse().ok())?
    }

    /// What happened behind a place; each incident once, and so many of them at most.
    pub fn since(&self, place: u64, most: usize) -> Missed {
        let kept = self.kept();
        if place < kept.forgotten || place > kept.last {
            return Missed::Everything(kept.last);
        }
        let mut seen = BTreeSet::new();
        let mut changes = Vec::new();
        for (number, id) in kept.changes.iter().rev().take_while(|(number, _)| *number > place) {
            if seen.insert(id) {
                changes.push((*number, Arc::clone(id)));
            }
            if changes.len() > most {
                return Missed::Everything(kept.last);
            }
        }
        changes.reverse();
        Missed::Changes(changes)
    }

    /// The incident of a change as it is shown: whoever is first reads it, and all others have it from them.
    pub async fn view(&self, number: u64, read: impl Future<Output = Option<Incident>>) -> Option<Arc<View>> {
        let cell = {
            let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
            let known = views.iter().rev().find(|(known, _)| *known == number).map(|(_, cell)| Arc::clone(cell));
            known.unwrap_or_else(|| {
                let cell = Arc::<Read>::default();
                views.push_back((number, Arc::clone(&cell)));
                if views.len() > VIEWS {
                    views.pop_front();
                }
                cell
            })
        };
        cell.get_or_init(|| async { read.await.and_then(View::of) }).await.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_hears_what_it_missed_once() {
        let changes = Changes::new(7);
        for id in ["a", "b", "a", "c"] {
            changes.note(Some(id));
        }
        let missed = |place: u64| changes.since(place, usize::MAX);
        assert_eq!(missed(1), Missed::Changes(vec![(2, "b".into()), (3, "a".into()), (4, "c".into())]));
        assert_eq!((missed(4), missed(9)), (Missed::Changes(Vec::new()), Missed::Everything(4)));
        assert_eq!(changes.place(&changes.name(3)), Some(3));
        for other in [Changes::new(8).name(3).as_str(), "", "3", "x-3", "0000000000000007-x"] {
            assert_eq!(changes.place(other), None, "{other}");
        }
        assert_eq!(changes.since(1, 2), Missed::Everything(4), "three are more than it wants to hear of");
        changes.note(None);
        assert_eq!((missed(4), missed(5)), (Missed::Everything(5), Missed::Changes(Vec::new())));
        (0..KEPT + 1).for_each(|_| changes.note(Some("d")));
        assert_eq!(missed(5), Missed::Everything(5 + KEPT as u64 + 1));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_look_on_are_woken_together() {
        let changes = Arc::new(Changes::new(7));
        let (sender, receiver) = broadcast::channel(10_000);
        let following = tokio::spawn(Arc::clone(&changes).follow(receiver));
        let mut news = changes.news();
        sender.send("a".into()).unwrap();
        let began = Instant::now();
        news.changed().await.unwrap();
        assert_eq!((changes.last(), began.elapsed()), (1, Duration::ZERO), "the first is told at once");
        for n in 0..1_000 {
            sender.send(format!("i{n}")).unwrap();
        }
        news.changed().await.unwrap();
        assert_eq!((*news.borrow_and_update(), began.elapsed() <= PAUSE * 2), (1_001, true));
        assert!(tokio::time::timeout(PAUSE * 5, news.changed()).await.is_err(), "and once for all of them");
        drop(sender);
        following.await.unwrap();
    }

    #[tokio::test]
    async fn what_one_has_read_is_shown_to_all() {
        let changes = Changes::new(7);
        let opened = crate::domain::Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
        let entry = crate::domain::Entry { at: jiff::Timestamp::UNIX_EPOCH, fact: opened };
        let incident = Incident::open(crate::domain::IncidentId("i1".into()), &entry).unwrap();
        let first = changes.view(3, async { Some(incident) }).await.unwrap();
        let second = changes.view(3, async { unreachable!("it is known") }).await.unwrap();
        assert!(Arc::ptr_eq(&first, &second) && first.text.contains("\"id\":\"i1\""), "{}", first.text);
        assert!(changes.view(4, async { None }).await.is_none(), "it could not be read");
        for number in 5..5 + VIEWS as u64 {
            changes.view(number, async { None }).await;
        }
        assert!(changes.view(3, async { None }).await.is_none(), "the memory has a bound");
    }
}
