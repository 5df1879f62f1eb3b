//! What has arrived at one bus of messages that a stream has still, because they wait for another bus: when such a message comes
//! again, as behind a restart, it goes to the others alone, however long that takes.
//!
//! A message that was acknowledged never comes again, so that in good times there is nothing to remember and nothing is written.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::AckFlag;
use crate::bus::Bus;

const KEY: &str = "arrived";
/// So many are remembered: with more, the oldest are forgotten.
const MAX_REMEMBERED: usize = 8_000;
/// How long one is remembered that never came again.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Between two times that they are written down.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Those of one bus.
#[derive(Default)]
pub(in crate::bus) struct SentForwards {
    state: Mutex<State>,
    came: Notify,
}

#[derive(Default)]
struct State {
    by_id: HashMap<String, SentForward>,
    /// The oldest first. Some of them may be forgotten already.
    order: VecDeque<String>,
    /// As it was written last.
    written: String,
}

struct SentForward {
    /// When it arrived, in seconds since 1970.
    at: i64,
    /// Tells when its message is acknowledged; none where it has not come again since the start.
    ack: Option<AckFlag>,
}

impl State {
    /// Forgets what never comes again.
    fn prune(&mut self, now: Timestamp) {
        let since = now.checked_sub(REMEMBERED_FOR).map_or(i64::MIN, Timestamp::as_second);
        self.by_id.retain(|_, one| one.at >= since && !one.ack.as_ref().is_some_and(AckFlag::is_set));
        let by_id = &self.by_id;
        self.order.retain(|name| by_id.contains_key(name));
    }

    fn insert(&mut self, name: &str, one: SentForward) {
        if self.by_id.insert(name.to_string(), one).is_none() {
            self.order.push_back(name.to_string());
        }
        while self.by_id.len() > MAX_REMEMBERED {
            let Some(oldest) = self.order.pop_front() else { break };
            self.by_id.remove(&oldest);
        }
    }

    fn text(&self) -> String {
        let state = self.order.iter().filter_map(|name| Some((name, self.by_id.get(name)?)));
        state.map(|(name, one)| format!("{name} {}\n", one.at)).collect()
    }
}

impl SentForwards {
    /// Those that were written down. What cannot be read is not known.
    pub fn read(text: &str) -> Self {
        let mut state = State { written: text.to_string(), ..State::default() };
        for line in text.lines() {
            if let Some((name, at)) = line.split_once(' ')
                && let Ok(at) = at.parse()
            {
                state.insert(name, SentForward { at, ack: None });
            }
        }
        Self { state: Mutex::new(state), came: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message has arrived, by its name.
    pub fn add(&self, name: &str, ack: AckFlag, now: Timestamp) {
        let mut state = self.state();
        if state.by_id.len() >= MAX_REMEMBERED {
            state.prune(now);
        }
        state.insert(name, SentForward { at: now.as_second(), ack: Some(ack) });
        drop(state);
        self.came.notify_one();
    }

    /// Whether a message has arrived already; if so, it is remembered until it is acknowledged.
    pub fn contains(&self, name: &str, ack: &AckFlag) -> bool {
        let mut state = self.state();
        let Some(one) = state.by_id.get_mut(name) else { return false };
        one.ack = Some(ack.clone());
        drop(state);
        self.came.notify_one();
        true
    }

    /// What is to be written down now; none where that has not changed.
    fn changed(&self, now: Timestamp) -> Option<String> {
        let mut state = self.state();
        state.prune(now);
        let text = state.text();
        if text == state.written {
            return None;
        }
        state.written.clone_from(&text);
        Some(text)
    }

    /// Whether something is written that may be forgotten soon.
    fn has_written(&self) -> bool {
        !self.state().written.is_empty()
    }
}

impl Bus {
    /// What was written down at some time.
    pub(in crate::bus) fn load_sent_forwards(&self) -> SentForwards {
        SentForwards::read(&self.state.get(&self.place(), KEY).ok().flatten().unwrap_or_default())
    }

    /// Writes down what has arrived, for ever.
    pub(in crate::bus) async fn save_sent_forwards_for_ever(&self) {
        loop {
            if !self.sent_forwards.has_written() {
                self.sent_forwards.came.notified().await;
            }
            self.clock.sleep(SAVE_EVERY).await;
            self.save_sent_forwards().await;
        }
    }

    /// Writes down what has arrived, if that has changed.
    pub async fn save_sent_forwards(&self) {
        if let Some(text) = self.sent_forwards.changed(self.clock.now()) {
            self.save_state(KEY, text).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::Completion;

    #[test]
    fn what_waits_for_another_bus_is_known_across_starts_until_it_is_acknowledged() {
        let now = Timestamp::from_second(1_780_000_000).unwrap();
        let sent = SentForwards::default();
        let (_, quick) = Completion::new();
        sent.add("quick", quick.ack_flag(), now);
        quick.ack_flag().set();
        assert_eq!(sent.changed(now), None, "what is acknowledged at once costs nothing");
        let (_, slow) = Completion::new();
        sent.add("slow", slow.ack_flag(), now);
        let text = sent.changed(now).unwrap();
        assert_eq!((text.as_str(), sent.changed(now)), ("slow 1780000000\n", None));

        // The host dies, and the message comes again.
        let later = SentForwards::read(&text);
        let (_, again) = Completion::new();
        assert!(later.contains("slow", &again.ack_flag()) && !later.contains("other", &again.ack_flag()));
        assert_eq!(later.changed(now), None, "it is not acknowledged yet");
        again.ack_flag().set();
        assert_eq!(later.changed(now), Some(String::new()));
    }

    #[test]
    fn so_many_are_known_and_so_long() {
        let now = Timestamp::from_second(1_780_000_000).unwrap();
        let sent = SentForwards::default();
        let (_, waits) = Completion::new();
        for n in 0..MAX_REMEMBERED + 10 {
            sent.add(&format!("n{n}"), waits.ack_flag(), now);
        }
        assert!(!sent.contains("n9", &waits.ack_flag()) && sent.contains("n10", &waits.ack_flag()));
        assert_eq!(sent.changed(now).unwrap().lines().count(), MAX_REMEMBERED);
        let much_later = now.checked_add(REMEMBERED_FOR).unwrap().checked_add(SignedDuration::from_secs(1)).unwrap();
        assert_eq!(sent.changed(much_later), Some(String::new()));
        assert!(!SentForwards::read("odd\na b\n").contains("a", &waits.ack_flag()));
    }
}
