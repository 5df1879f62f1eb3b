//! What the server does not let the host publish: it says so beside its answers, with the subject alone.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// So many are remembered: more are not under way at a time.
const MAX_REMEMBERED: usize = 64;
/// What the server writes before a subject.
const PUBLISH: &str = "publish to \"";

/// The latest of them.
#[derive(Default)]
pub(super) struct PermissionViolations {
    state: Mutex<State>,
    came: Notify,
}

#[derive(Default)]
struct State {
    count: u64,
    /// Subjects, each with how many there were before it.
    latest: VecDeque<(u64, String)>,
}

impl PermissionViolations {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.state().count
    }

    /// Takes in what the server says, where that is one.
    pub fn record(&self, text: &str) {
        let Some(subject) = subject(text) else { return };
        let mut state = self.state();
        if state.latest.len() >= MAX_REMEMBERED {
            state.latest.pop_front();
        }
        let before = state.count;
        state.latest.push_back((before, subject.to_string()));
        state.count += 1;
        drop(state);
        self.came.notify_waiters();
    }

    /// Waits until the server has refused a subject, after it had refused so many; for ever where it takes all.
    pub async fn on_subject(&self, subject: &str, before: u64) {
        loop {
            let mut came = pin!(self.came.notified());
            came.as_mut().enable();
            if self.state().latest.iter().any(|(at, refused)| *at >= before && refused == subject) {
                return;
            }
            came.await;
        }
    }
}

/// The subject that the server does not let the host publish on, in its words.
fn subject(text: &str) -> Option<&str> {
    let at = text.to_ascii_lowercase().find(PUBLISH)?;
    text.get(at + PUBLISH.len()..)?.split('"').next()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_refusal_is_that_of_its_subject_and_of_its_time() {
        let violations = PermissionViolations::default();
        violations.record("server error: nats: Permissions Violation for Publish to \"Ops.a\"");
        violations.record("server error: nats: Permissions Violation for Subscription to \"ops.a\"");
        assert_eq!(violations.count(), 1);
        assert!(violations.on_subject("Ops.a", 0).now_or_never().is_some());
        assert!(violations.on_subject("ops.b", 0).now_or_never().is_none());
        assert!(violations.on_subject("Ops.a", 1).now_or_never().is_none(), "it was about an earlier message");
        let mut waits = pin!(violations.on_subject("ops.b", 1));
        assert!(waits.as_mut().now_or_never().is_none());
        violations.record("Permissions Violation for Publish to \"ops.b\"");
        assert!(waits.now_or_never().is_some());
    }
}
