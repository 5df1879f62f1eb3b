//! Lines of the log about many of one kind: one now and then, which says how many it stands for.

use std::time::Duration;

/// Between two lines of one kind.
const INTERVAL: Duration = Duration::from_secs(10);

/// When the last line was, and how many were passed over since.
#[derive(Default)]
pub(super) struct LogPacer(pub Option<(Duration, u64)>);

impl LogPacer {
    /// How many were passed over since the last line, if it is time for another one.
    pub fn allow(&mut self, elapsed: Duration) -> Option<u64> {
        self.allow_each(INTERVAL, elapsed)
    }

    /// The same, with so much between two lines.
    pub fn allow_each(&mut self, pause: Duration, elapsed: Duration) -> Option<u64> {
        match &mut self.0 {
            Some((at, others)) if elapsed.saturating_sub(*at) < pause => {
                *others += 1;
                None
            }
            last => Some(last.replace((elapsed, 0)).map_or(0, |(_, others)| others)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_about_many_come_now_and_then_and_say_how_many() {
        let mut pacer = LogPacer::default();
        let at = |seconds| Duration::from_secs(seconds);
        let allowed: Vec<_> = [0, 1, 9, 10, 11, 25].into_iter().map(|second| pacer.allow(at(second))).collect();
        assert_eq!(allowed, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
