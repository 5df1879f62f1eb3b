//! How long a call may wait for others: a little less than it may last, so that a plugin hears who did not
//! answer and can still say what becomes of that.

use std::future::Future;
use std::time::{Duration, Instant};

/// Of the time of a call, what is kept for the plugin itself.
const KEPT: u32 = 10;
const MOST_KEPT: Duration = Duration::from_secs(2);

/// The end of one call's waiting, and who has made it wait in vain.
#[derive(Clone, Debug, Default)]
pub struct Deadline {
    ends: Option<Instant>,
    silent: Option<String>,
}

impl Deadline {
    /// Of a call that has begun then and may last so long.
    pub fn of(started: Instant, wall: Duration) -> Self {
        let kept = (wall / KEPT).min(MOST_KEPT);
        Self { ends: started.checked_add(wall.saturating_sub(kept)), silent: None }
    }

    /// The shorter of these and what is left.
    pub fn within(&self, longest: Duration) -> Duration {
        self.ends.map_or(longest, |ends| ends.saturating_duration_since(Instant::now()).min(longest))
    }

    /// Says that somebody did not answer within so long. The first counts: who is asked after it has less time.
    pub fn did_not_answer(&mut self, who: &str, within: Duration) {
        self.silent.get_or_insert_with(|| match within.as_millis() {
            0 => format!("there was no time left to wait for {who}"),
            ms if ms < 10_000 => format!("{who} did not answer within {ms} ms"),
            ms => format!("{who} did not answer within {} s", ms / 1000),
        });
    }

    /// Waits for somebody as long as there is time; none where there is no more.
    pub async fn wait<T>(&mut self, who: &str, answer: impl Future<Output = T>) -> Option<T> {
        let Some(ends) = self.ends else { return Some(answer.await) };
        let left = ends.saturating_duration_since(Instant::now());
        let answered = tokio::time::timeout(left, answer).await.ok();
        if answered.is_none() {
            self.did_not_answer(who, left);
        }
        answered
    }

    /// Who did not answer, as a sentence without its full stop.
    pub fn silent(self) -> Option<String> {
        self.silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_ends_before_the_call_does() {
        let now = Instant::now();
        for (wall, most) in [(30_000, 28_000), (60_000, 58_000), (1_000, 900), (1, 1), (0, 0)] {
            let deadline = Deadline::of(now, Duration::from_millis(wall));
            let left = deadline.within(Duration::from_secs(120));
            assert!(left <= Duration::from_millis(most), "{wall}: {left:?}");
        }
        let deadline = Deadline::of(now, Duration::from_secs(30));
        assert_eq!(deadline.within(Duration::from_millis(5)), Duration::from_millis(5));
        assert_eq!(Deadline::default().within(Duration::from_secs(9)), Duration::from_secs(9));
    }

    #[tokio::test]
    async fn the_first_who_is_silent_is_named() {
        let mut deadline = Deadline::of(Instant::now(), Duration::from_millis(20));
        assert_eq!(deadline.wait("a.example", async { 7 }).await, Some(7));
        assert_eq!(deadline.wait("b.example", std::future::pending::<()>()).await, None);
        assert_eq!(deadline.wait("c.example", std::future::pending::<()>()).await, None);
        let silent = deadline.silent().unwrap();
        assert!(silent.starts_with("b.example did not answer within ") && silent.ends_with(" ms"), "{silent}");
    }
}
