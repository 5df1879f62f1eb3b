//! Times and counts that bound the handling, and the pace of a verification within them.

use jiff::SignedDuration;

use crate::domain::call::Verification;
use crate::domain::delivery::DeliveryLimits;

/// Times and counts that bound the handling.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a handled incident waits for its alerts to resolve before it is closed and a
    /// repeat opens a new one.
    pub watch: SignedDuration,
    /// How long an action that no check of the policies verifies may take to make its alerts resolve.
    pub settle: SignedDuration,
    /// How often one action may be begun whose answers get lost.
    pub attempts: u32,
    /// Model calls an incident may cost.
    pub model_calls: u64,
    /// Read-only calls that one answer of the model may ask for.
    pub looks_per_answer: usize,
    /// The longest that a verification may take, whatever its origin says.
    pub verification: SignedDuration,
    /// Looks that one verification may cost.
    pub verification_looks: u32,
    /// How long a step waits for a tool server that is down, starts or has no room.
    pub begin_within: SignedDuration,
    /// How long and how often a message is tried.
    pub delivery: DeliveryLimits,
}

/// How a verification goes on: what it asked for, within the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifySchedule {
    /// Deadline after the action's result.
    pub within: SignedDuration,
    /// Pause between looks.
    pub every: SignedDuration,
}

/// Looks that may come before the pace that a verification asks for is reached: pauses double from 0.3 s to a day.
const QUICK: u32 = 20;

impl Limits {
    /// Whether there are looks enough to begin with short pauses.
    pub(super) fn looks_quickly(&self) -> bool {
        self.verification_looks > 2 * QUICK
    }

    /// The pace of a verification. Also for one that was taken in before there were bounds: so it is
    /// never slower than they say, and the looks last until the deadline.
    pub fn pace(&self, verification: &Verification) -> VerifySchedule {
        let verification = verification.clone().bounded();
        let within = millis(verification.within_ms).min(self.verification);
        // Those that come quickly at first are set aside.
        let quick = if self.looks_quickly() { QUICK } else { 0 };
        let looks = i64::from((self.verification_looks - quick).max(1));
        let spread = SignedDuration::from_millis(millis_of(within) / looks + 1);
        VerifySchedule { within, every: millis(verification.every_ms).max(spread) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            watch: SignedDuration::from_hours(1),
            settle: SignedDuration::from_mins(15),
            attempts: 3,
            model_calls: 6,
            looks_per_answer: 5,
            verification: SignedDuration::from_hours(1),
            verification_looks: 200,
            begin_within: SignedDuration::from_mins(15),
            delivery: DeliveryLimits::default(),
        }
    }
}

/// The milliseconds of a duration.
pub(super) fn millis_of(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn millis(ms: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}
