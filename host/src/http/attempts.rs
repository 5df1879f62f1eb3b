//! Wrong tokens at one link are counted, so that nobody can go on trying.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Wrong tokens that one question may see within [`WINDOW`].
pub const WRONG: u32 = 5;
/// How long a wrong token counts from the first one on.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Questions that are watched at once.
const MOST: usize = 1024;

/// Wrong tokens by question.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<String, (u32, Timestamp)>>);

impl Attempts {
    /// Whether another token may be tried.
    pub fn may_try(&self, question: &str, now: Timestamp) -> bool {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|_, (_, since)| now.duration_since(*since) < WINDOW);
        attempts.get(question).map_or(attempts.len() < MOST, |(wrong, _)| *wrong < WRONG)
    }

    /// Counts a wrong token.
    pub fn wrong(&self, question: &str, now: Timestamp) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.entry(question.to_string()).or_insert((0, now)).0 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_sees_few_wrong_tokens_a_minute() {
        let (attempts, at) = (Attempts::default(), |s| Timestamp::from_second(s).unwrap());
        for _ in 0..WRONG {
            assert!(attempts.may_try("i1/a1", at(0)));
            attempts.wrong("i1/a1", at(0));
        }
        assert!(!attempts.may_try("i1/a1", at(59)) && attempts.may_try("i1/a2", at(0)));
        assert!(attempts.may_try("i1/a1", at(60)));
        for n in 0..MOST {
            attempts.wrong(&format!("i{n}/a1"), at(100));
        }
        assert!(!attempts.may_try("another", at(100)) && attempts.may_try("another", at(161)));
    }
}
