//! Chance, drawn from the seed alone: the same seed gives the same history.

use std::ops::Range;

/// A stream of random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// A stream of its own for one purpose: what one room draws does not shift what another draws.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut state = seed ^ 0x5851_f42d_4c95_7f2d;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut dice = Self(state);
        dice.next();
        dice
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in the range.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start).max(1)
    }

    /// True in this many of a hundred draws.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.next() as usize % from.len();
        &from[at]
    }

    /// A number whose size varies over magnitudes: mostly small, now and then as large as `max`.
    pub fn skewed(&mut self, max: u64) -> u64 {
        let bits = 64 - max.leading_zeros() as u64;
        let cap = 1_u64 << self.within(0..bits + 1);
        self.within(0..cap.min(max) + 1)
    }
}
