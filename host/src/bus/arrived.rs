//! What has arrived at one bus of messages that a stream has still, because they wait for another bus: when such a message comes
//! again, as behind a restart, it goes to the others alone, however long that takes.
//!
//! A message that was acknowledged never comes again, so that in good times there is nothing to remember and nothing is written.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::Bus;
use super::onward::Settling;

const KEY: &str = "arrived";
/// So many are remembered: with more, the oldest are forgotten.
const MOST: usize = 8_000;
/// How long one is remembered that never came again.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Between two times that they are written down.
const PAUSE: Duration = Duration::from_secs(1);

/// Those of one bus.
#[derive(Default)]
pub(super) struct Arrived {
    known: Mutex<Known>,
    came: Notify,
}

#[derive(Default)]
struct Known {
    by: HashMap<String, One>,
    /// The oldest first. Some of them may be forgotten already.
    order: VecDeque<String>,
    /// As it was written last.
    written: String,
}

struct One {
    /// When it arrived, in seconds since 1970.
    at: i64,
    /// Tells when its message is acknowledged; none where it has not come again since the start.
    settling: Option<Settling>,
}

impl Known {
    /// Forgets what never comes again.
    fn prune(&mut self, now: Timestamp) {
        let since = now.checked_sub(KEPT).map_or(i64::MIN, Timestamp::as_second);
        self.by.retain(|_, one| one.at >= since && !one.settling.as_ref().is_some_and(Settling::is_settled));
        let by = &self.by;
        self.order.retain(|name| by.contains_key(name));
    }

    fn insert(&mut self, name: &str, one: One) {
        if self.by.insert(name.to_string(), one).is_none() {
            self.order.push_back(name.to_string());
        }
        while self.by.len() > MOST {
            let Some(oldest) = self.order.pop_front() else { break };
            self.by.remove(&oldest);
        }
    }

    fn text(&self) -> String {
        let known = self.order.iter().filter_map(|name| Some((name, self.by.get(name)?)));
        known.map(|(name, one)| format!("{name} {}\n", one.at)).collect()
    }
}

impl Arrived {
    /// Those that were written down. What cannot be read is not known.
    pub fn read(text: &str) -> Self {
        let mut known = Known { written: text.to_string(), ..Known::default() };
        for line in text.lines() {
            if let Some((name, at)) = line.split_once(' ')
                && let Ok(at) = at.parse()
            {
                known.insert(name, One { at, settling: None });
            }
        }
        Self { known: Mutex::new(known), came: Notify::new() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message has arrived, by its name.
    pub fn add(&self, name: &str, settling: Settling, now: Timestamp) {
        let mut known = self.known();
        if known.by.len() >= MOST {
            known.prune(now);
        }
        known.insert(name, One { at: now.as_second(), settling: Some(settling) });
        drop(known);
        self.came.notify_one();
    }

    /// Whether a message has arrived already; if so, it is remembered until it is acknowledged.
    pub fn has(&self, name: &str, settling: &Settling) -> bool {
        let mut known = self.known();
        let Some(one) = known.by.get_mut(name) else { return false };
        one.settling = Some(settling.clone());
        drop(known);
        self.came.notify_one();
        true
    }

    /// What is to be written down now; none where that has not changed.
    fn changed(&self, now: Timestamp) -> Option<String> {
        let mut known = self.known();
        known.prune(now);
        let text = known.text();
        if text == known.written {
            return None;
        }
        known.written.clone_from(&text);
        Some(text)
    }

    /// Whether something is written that may be forgotten soon.
    fn holds_any(&self) -> bool {
        !self.known().written.is_empty()
    }
}

impl Bus {
    /// What was written down at some time.
    pub(super) fn arrived_before(&self) -> Arrived {
        Arrived::read(&self.state.get(&self.place(), KEY).ok().flatten().unwrap_or_default())
    }

    /// Writes down what has arrived, for ever.
    pub(super) async fn follow_arrived(&self) {
        loop {
            if !self.arrived.holds_any() {
                self.arrived.came.notified().await;
            }
            self.clock.sleep(PAUSE).await;
            self.remembers().await;
        }
    }

    /// Writes down what has arrived, if that has changed.
    pub async fn remembers(&self) {
        if let Some(text) = self.arrived.changed(self.clock.now()) {
            self.keep(KEY, text).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::Arrival;

    #[test]
    fn what_waits_for_another_bus_is_known_across_starts_until_it_is_acknowledged() {
        let now = Timestamp::from_second(1_780_000_000).unwrap();
        let arrived = Arrived::default();
        let (_, quick) = Arrival::new();
        arrived.add("quick", quick.settling(), now);
        quick.settling().settle();
        assert_eq!(arrived.changed(now), None, "what is acknowledged at once costs nothing");
        let (_, slow) = Arrival::new();
        arrived.add("slow", slow.settling(), now);
        let text = arrived.changed(now).unwrap();
        assert_eq!((text.as_str(), arrived.changed(now)), ("slow 1780000000\n", None));

        // The host dies, and the message comes again.
        let later = Arrived::read(&text);
        let (_, again) = Arrival::new();
        assert!(later.has("slow", &again.settling()) && !later.has("other", &again.settling()));
        assert_eq!(later.changed(now), None, "it is not acknowledged yet");
        again.settling().settle();
        assert_eq!(later.changed(now), Some(String::new()));
    }

    #[test]
    fn so_many_are_known_and_so_long() {
        let now = Timestamp::from_second(1_780_000_000).unwrap();
        let arrived = Arrived::default();
        let (_, waits) = Arrival::new();
        for n in 0..MOST + 10 {
            arrived.add(&format!("n{n}"), waits.settling(), now);
        }
        assert!(!arrived.has("n9", &waits.settling()) && arrived.has("n10", &waits.settling()));
        assert_eq!(arrived.changed(now).unwrap().lines().count(), MOST);
        let much_later = now.checked_add(KEPT).unwrap().checked_add(SignedDuration::from_secs(1)).unwrap();
        assert_eq!(arrived.changed(much_later), Some(String::new()));
        assert!(!Arrived::read("odd\na b\n").has("a", &waits.settling()));
    }
}
