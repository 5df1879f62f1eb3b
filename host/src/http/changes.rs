//! What has changed, in the order in which it did, for those who look on: a reader that falls behind or comes back goes on
//! where it was, as long as that is remembered.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

/// Changes that are remembered.
const KEPT: usize = 4_096;

/// The latest changes.
pub struct Changes {
    /// Tells places of this start from those of another one.
    start: u64,
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    /// Number and incident, oldest first.
    changes: VecDeque<(u64, String)>,
    last: u64,
    /// The last change that is not remembered.
    forgotten: u64,
}

/// What a reader has not seen.
#[derive(Debug, PartialEq, Eq)]
pub enum Missed {
    /// Changes of these incidents, each with its last number, in their order.
    Changes(Vec<(u64, String)>),
    /// Nobody knows: it must read everything anew.
    Everything(u64),
}

impl Changes {
    /// None so far.
    pub fn new(start: u64) -> Self {
        Self { start, kept: Mutex::default(), last: watch::channel(0).0 }
    }

    /// Takes changes in until nobody makes any more.
    pub async fn follow(self: Arc<Self>, mut changes: broadcast::Receiver<String>) {
        loop {
            match changes.recv().await {
                Ok(id) => self.note(Some(id)),
                Err(RecvError::Lagged(_)) => self.note(None),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// A change; none where it is not known of what.
    fn note(&self, id: Option<String>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let last = kept.last;
        match id {
            Some(id) => kept.changes.push_back((last, id)),
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
        drop(kept);
        self.last.send_replace(last);
    }

    /// The number of the last change.
    pub fn last(&self) -> u64 {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).last
    }

    /// Resolves to the last number, whenever there is a new one.
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

    /// What happened behind a place; each incident once.
    pub fn since(&self, place: u64) -> Missed {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if place < kept.forgotten || place > kept.last {
            return Missed::Everything(kept.last);
        }
        let mut seen = BTreeSet::new();
        let newer = kept.changes.iter().rev().take_while(|(number, _)| *number > place);
        let mut changes: Vec<(u64, String)> = newer.filter(|(_, id)| seen.insert(id.clone())).cloned().collect();
        changes.reverse();
        Missed::Changes(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_hears_what_it_missed_once() {
        let changes = Changes::new(7);
        for id in ["a", "b", "a", "c"] {
            changes.note(Some(id.into()));
        }
        let missed = |place: u64| changes.since(place);
        assert_eq!(missed(1), Missed::Changes(vec![(2, "b".into()), (3, "a".into()), (4, "c".into())]));
        assert_eq!((missed(4), missed(9)), (Missed::Changes(Vec::new()), Missed::Everything(4)));
        assert_eq!(changes.place(&changes.name(3)), Some(3));
        for other in [Changes::new(8).name(3).as_str(), "", "3", "x-3", "0000000000000007-x"] {
            assert_eq!(changes.place(other), None, "{other}");
        }
        changes.note(None);
        assert_eq!((missed(4), missed(5)), (Missed::Everything(5), Missed::Changes(Vec::new())));
        (0..KEPT + 1).for_each(|_| changes.note(Some("d".into())));
        assert_eq!(missed(5), Missed::Everything(5 + KEPT as u64 + 1));
    }
}
