//! Notifier targets: one steady, the others down for hours, slow, busy or picky.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tidegate::ports::{Message, Notifiers, NotifyError};

use super::checker;
use super::dice::Dice;
use super::mutant::Mutant;
use super::world::World;

/// The targets that exist.
pub const TARGETS: [&str; 4] = ["steady", "flaky", "remote", "picky"];

/// What the targets have received.
pub struct Mailboxes {
    dice: Dice,
    /// Messages taken, by target and delivery id.
    pub taken: BTreeMap<(String, String), u64>,
    /// When each target can be reached again.
    pub down_until: [Duration; TARGETS.len()],
}

impl Mailboxes {
    /// Empty ones.
    pub fn new(dice: Dice) -> Self {
        Self { dice, taken: BTreeMap::new(), down_until: [Duration::ZERO; TARGETS.len()] }
    }
}

/// The notifier room of one process.
pub struct SimNotifiers(pub Arc<World>);

impl SimNotifiers {
    async fn attempt(&self, target: &str, message: &Message) -> Result<Option<String>, NotifyError> {
        let place = TARGETS.iter().position(|name| *name == target).unwrap_or(0);
        let retry = |reason: &str, after| NotifyError::Retry { reason: reason.into(), after };
        let (down, trouble, took, taken) = {
            let mut state = self.0.state();
            let mut id = message.delivery.clone();
            let boxes = &mut state.mailboxes;
            if self.0.mutant == Some(Mutant::NotifiersRename) {
                id.push_str(&boxes.dice.next().to_string());
            }
            checker::take_delivery(&mut state, target, &id);
            let percent = if place == 0 || state.quiet { 0 } else { state.plan.temper.notifiers };
            let down = state.mono() < state.mailboxes.down_until[place] && !state.quiet;
            let boxes = &mut state.mailboxes;
            let trouble = boxes.dice.chance(percent).then(|| boxes.dice.within(0..9));
            let took = if place == 0 { 20 } else { boxes.dice.skewed(30_000) };
            let trouble = if down { Some(boxes.dice.within(0..2)) } else { trouble };
            let stats = &mut state.stats;
            stats.notifier_faults += u64::from(trouble.is_some());
            match trouble {
                Some(0) if down => stats.hung += 1,
                Some(6) => stats.closed += 1,
                Some(7) if place == 3 => stats.refused += 1,
                Some(7) => stats.absurd_pauses += 1,
                Some(8) => stats.hung += 1,
                _ => {}
            }
            (down, trouble, Duration::from_millis(took), !matches!(trouble, Some(0..=4 | 6..=8)))
        };
        tokio::time::sleep(took).await;
        if taken && !self.0.state().dead && self.0.mutant != Some(Mutant::NotifiersSwallow) {
            let key = (target.to_string(), message.delivery.clone());
            *self.0.state().mailboxes.taken.entry(key).or_default() += 1;
        }
        self.0.point("message, arrived").await;
        if trouble.is_some() && self.0.mutant == Some(Mutant::NotifiersGiveUp) {
            return Err(NotifyError::Permanent("down".into()));
        }
        match trouble {
            None => Ok(Some(format!("thread-of-{target}"))),
            Some(0) if down => {
                tokio::time::sleep(Duration::from_secs(3_000)).await;
                Err(retry("no answer at all", None))
            }
            Some(0) => Err(retry("busy", Some(Duration::from_secs(900)))),
            Some(1) => Err(retry("down", None)),
            Some(2) => Err(retry("busy", Some(Duration::from_millis(10)))),
            Some(3) => Err(retry("rate limited", Some(Duration::from_secs(5)))),
            Some(4) if place == 3 => Err(NotifyError::Permanent("no such channel".into())),
            Some(4) => Err(retry("a page instead of an answer", None)),
            Some(6) => Err(retry("connection closed before message completed", None)),
            Some(7) if place == 3 => Err(NotifyError::Refused("refused as malformed".into())),
            Some(7) => Err(retry("busy", Some(Duration::from_secs(u64::MAX / 1000)))),
            Some(8) => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                Err(retry("it hangs", None))
            }
            // Taken, but the answer is lost.
            Some(_) => Err(retry("no answer", None)),
        }
    }
}

impl Notifiers for SimNotifiers {
    fn has(&self, target: &str) -> bool {
        TARGETS.contains(&target)
    }

    fn deliver<'a>(
        &'a self,
        target: &'a str,
        message: &'a Message,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<String>, NotifyError>> {
        async move {
            self.0.point("message, before").await;
            let answer = self.attempt(target, message).await;
            self.0.point("message, answered").await;
            answer
        }
        .boxed()
    }
}
