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

/// Wrong passwords after which somebody must wait.
const FREE: u32 = 3;
/// The longest that somebody waits at one address, and anybody for one account from all addresses together.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// Behind a proxy everybody is one address, whom a stranger must not keep out.
const LONGEST_OF_ADDRESS: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_OF_ACCOUNT: SignedDuration = SignedDuration::from_secs(20);
/// Wrong passwords for one account, from wherever, after which all wait.
const FREE_OF_ACCOUNT: u32 = 20;
/// What is remembered at once; what is oldest is forgotten.
const REMEMBERED: usize = 8192;

/// Pauses that grow with each wrong password: for an address, for an account at an address, and short ones for an account from
/// wherever, so that nobody can keep its owner out for long.
#[derive(Default)]
pub struct Pauses(Mutex<HashMap<String, Wrong>>);

#[derive(Clone, Copy)]
struct Wrong {
    count: u32,
    until: Timestamp,
    last: Timestamp,
}

impl Pauses {
    fn keys(account: &str, address: &str) -> [(String, u32, SignedDuration); 3] {
        [
            (format!("address {address}"), FREE * 3, LONGEST_OF_ADDRESS),
            (format!("both {address} {account}"), FREE, LONGEST),
            (format!("account {account}"), FREE_OF_ACCOUNT, LONGEST_OF_ACCOUNT),
        ]
    }

    /// How long somebody must wait before the next password is looked at; none where they need not.
    pub fn wait(&self, account: &str, address: &str, now: Timestamp) -> Option<SignedDuration> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = Self::keys(account, address);
        let until = keys.iter().filter_map(|(key, _, _)| table.get(key).map(|wrong| wrong.until)).max()?;
        (until > now).then(|| until.duration_since(now))
    }

    /// A password was wrong.
    pub fn wrong(&self, account: &str, address: &str, now: Timestamp) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, free, longest) in Self::keys(account, address) {
            if table.len() >= REMEMBERED && !table.contains_key(&key) {
                let oldest = table.iter().min_by_key(|(_, wrong)| wrong.last).map(|(key, _)| key.clone());
                oldest.map(|key| table.remove(&key));
            }
            let wrong = table.entry(key).or_insert(Wrong { count: 0, until: now, last: now });
            // Who has been quiet for long begins anew.
            if now.duration_since(wrong.last) > LONGEST + LONGEST {
                wrong.count = 0;
            }
            wrong.count = wrong.count.saturating_add(1);
            wrong.last = now;
            if wrong.count > free {
                let seconds = 1_i64 << (wrong.count - free).min(16);
                let pause = SignedDuration::from_secs(seconds).min(longest);
                wrong.until = now.saturating_add(pause).unwrap_or(now);
            }
        }
    }

    /// A password was right: its owner starts anew, at this address.
    pub fn right(&self, account: &str, address: &str) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [_, (both, _, _), _] = Self::keys(account, address);
        table.remove(&both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_longer_and_longer_and_keeps_nobody_out_for_long() {
        let (pauses, at) = (Pauses::default(), |s| Timestamp::from_second(s).unwrap());
        let wait = |account, address, s| pauses.wait(account, address, at(s)).map_or(0, |wait| wait.as_secs());
        for n in 0..FREE {
            assert_eq!(wait("ada", "a", i64::from(n)), 0);
            pauses.wrong("ada", "a", at(i64::from(n)));
        }
        let mut now = 10;
        let mut waits = Vec::new();
        for _ in 0..12 {
            pauses.wrong("ada", "a", at(now));
            waits.push(wait("ada", "a", now));
            now += waits.last().unwrap();
        }
        assert_eq!(waits[..4], [2, 4, 8, 16]);
        assert!(waits.is_sorted() && *waits.last().unwrap() == 900, "{waits:?}");
        // The owner at another address is not kept out, and neither is anybody else, but for a guesser's own address.
        assert_eq!(wait("ada", "home", now), 0);
        pauses.wrong("ada", "a", at(now));
        assert!(wait("bob", "a", now) > 0);
        // Many addresses against one account make its owner wait seconds.
        for n in 0..100 {
            pauses.wrong("ada", &format!("x{n}"), at(now));
        }
        assert!((1..=20).contains(&wait("ada", "home", now)));
        pauses.right("ada", "a");
        for n in 0..20_000 {
            pauses.wrong(&format!("u{n}"), "y", at(now));
        }
        assert!(pauses.0.lock().unwrap().len() <= REMEMBERED);
    }

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
