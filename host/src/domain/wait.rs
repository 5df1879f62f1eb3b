//! Waits under a wall clock that is set back: none is longer than it was meant to be.
//!
//! Times of an incident are moments of the wall clock. When an entry is earlier than the one before it,
//! the clock was set back in between, and the times that lie ahead are moved with it: as seen from the
//! journal alone, each wait is counted from then. Whoever waits on a clock that nobody sets ends it earlier.

use jiff::{SignedDuration, Timestamp};

use super::Incident;
use super::delivery::DeliveryState;

/// What clocks are set back by in the course of things, and what entries that are written at the same
/// time may be apart.
const USUAL: SignedDuration = SignedDuration::from_secs(5);

/// By how much the clock was set back, if at `now` it shows less than it once did.
pub fn set_back(known: Timestamp, now: Timestamp) -> Option<SignedDuration> {
    let by = known.duration_since(now);
    (by > USUAL).then_some(by)
}

/// The pause behind so many failures: each doubles it, up to a bound.
pub fn backoff(first: SignedDuration, failures: u32, longest: SignedDuration) -> SignedDuration {
    first.saturating_mul(2_i32.saturating_pow(failures.min(16))).min(longest)
}

impl Incident {
    /// Moves what is waited for along with a clock that was set back.
    pub(super) fn follow_clock(&mut self, now: Timestamp) {
        let Some(by) = set_back(self.updated_at, now) else { return };
        *self.set_back = self.set_back.saturating_add(by);
        let earlier = |at: &mut Timestamp| *at = at.saturating_sub(by).unwrap_or(Timestamp::MIN);
        self.held_until().into_iter().for_each(earlier);
        if let Some(blocked) = &mut self.blocked {
            earlier(&mut blocked.until);
        }
        if self.deciding.held_since.is_some() || self.deciding.found_at.is_some() {
            let deciding = &mut *self.deciding;
            deciding.held_since.iter_mut().chain(&mut deciding.found_at).for_each(earlier);
        }
        for record in &mut self.actions {
            earlier(&mut record.since);
            let more = [&mut record.expires, &mut record.looked_at, &mut record.prepared_at];
            more.into_iter().flatten().for_each(earlier);
            if let Some(put_off) = &mut record.put_off {
                earlier(&mut put_off.since);
                earlier(&mut put_off.retry_at);
            }
        }
        if let Some(conclusion) = &mut self.conclusion {
            earlier(&mut conclusion.at);
        }
        for delivery in &mut self.deliveries {
            delivery.told_at.iter_mut().for_each(earlier);
            if let DeliveryState::Due { at, since, .. } = &mut delivery.state {
                earlier(at);
                since.iter_mut().for_each(earlier);
            }
        }
    }
}
