//! What is refused or fails again and again is written once, counted, and written once more with its number.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::Person;
use crate::domain::audit::{AuditEntry, Channel};

/// How long those of one kind are counted before their number is written.
const WINDOW: Duration = Duration::from_secs(600);
/// Kinds that are counted at once, and those of one address; more are counted together.
const KINDS: usize = 128;
const OF_ADDRESS: usize = 16;

/// What is told of together: the same, of the same.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Kind {
    who: String,
    proven: bool,
    from: String,
    way: Option<Channel>,
    route: String,
    object: String,
    status: u16,
    why: String,
}

impl Kind {
    fn of(audited: &AuditEntry) -> Self {
        Self {
            who: audited.person.as_ref().map(Person::key).unwrap_or_default(),
            proven: audited.person.as_ref().is_some_and(|person| person.proven().is_some()),
            from: audited.from.clone(),
            way: Some(audited.way),
            route: audited.route.clone(),
            object: audited.object.clone(),
            status: audited.status,
            why: audited.why.clone(),
        }
    }
}

struct Counted {
    /// As it is told.
    told: AuditEntry,
    began: Duration,
    /// Those that were not written.
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

/// What was refused or failed within the last minutes.
#[derive(Default)]
pub struct RepeatedRefusals(Mutex<HashMap<Kind, Counted>>);

impl RepeatedRefusals {
    /// What is to be written of something that was not done: itself, or nothing yet.
    pub(super) fn take(&self, audited: AuditEntry, now: Timestamp, elapsed: Duration) -> Option<AuditEntry> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kind = Kind::of(&audited);
        let mut told = audited;
        if !kinds.contains_key(&kind) {
            // What strangers make up, such as names, fills the room of their own address and no other's. Behind a proxy all who have
            // proven who they are have one address.
            let known = told.person.as_ref().is_some_and(|person| person.proven().is_some());
            let strange = |one: &&Kind| one.from == kind.from && !one.proven;
            let of_address = if known { 0 } else { kinds.keys().filter(strange).count() };
            let several = |from: &str| Kind { from: from.into(), ..Kind::default() };
            if kinds.len() >= KINDS {
                (kind, told.from) = (several(""), String::new());
            } else if of_address >= OF_ADDRESS {
                kind = several(&kind.from);
            }
            if kind.way.is_none() {
                let (route, none) = ("(several)".to_string(), String::new());
                told = AuditEntry { person: None, route, object: none.clone(), status: 0, why: none, ..told };
            }
        }
        if let Some(counted) = kinds.get_mut(&kind) {
            if counted.count == 0 {
                counted.first = now;
            }
            counted.count += 1;
            counted.last = now;
            return None;
        }
        let counted = Counted { told: told.clone(), began: elapsed, count: 0, first: now, last: now };
        kinds.insert(kind, counted);
        Some(told)
    }

    /// The numbers that are due: of kinds that have been counted long enough, or of all.
    pub(super) fn due(&self, elapsed: Duration, all: bool) -> Vec<AuditEntry> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        kinds.retain(|_, counted| {
            let over = all || elapsed.saturating_sub(counted.began) >= WINDOW;
            if over && counted.count > 0 {
                let (since, until) = (Some(counted.first), Some(counted.last));
                due.push(AuditEntry { times: counted.count, since, until, ..counted.told.clone() });
            }
            !over
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::AuditOutcome;

    fn refused(from: &str, route: &str) -> AuditEntry {
        AuditEntry {
            person: None,
            way: Channel::Api,
            from: from.into(),
            route: route.into(),
            object: String::new(),
            outcome: AuditOutcome::Refused,
            status: 401,
            why: "who is it?".into(),
            times: 1,
            since: None,
            until: None,
        }
    }

    #[test]
    fn two_that_differ_are_told_both_and_names_of_one_address_leave_room_for_others() {
        let (fold, at) = (RepeatedRefusals::default(), Timestamp::UNIX_EPOCH);
        let take = |audited: AuditEntry| fold.take(audited, at, Duration::ZERO);
        let one = || refused("10.0.0.1", "POST /sign-in");
        let as_ada = |name: &str| AuditEntry { person: Some(Person::typed(name)), ..one() };
        for other in [
            one(),
            as_ada("ada"),
            as_ada("bob"),
            AuditEntry { why: "too many were wrong".into(), ..one() },
            AuditEntry { status: 429, ..one() },
            AuditEntry { object: "/i/i-1/a1".into(), ..one() },
            AuditEntry { way: Channel::Page, ..one() },
            refused("10.0.0.2", "POST /sign-in"),
        ] {
            assert!(take(other.clone()).is_some() && take(other.clone()).is_none(), "{other:?}");
        }
        let told = (0..1_000).filter_map(|n| take(as_ada(&format!("n{n}")))).collect::<Vec<_>>();
        assert!(told.len() <= OF_ADDRESS && told.last().is_some_and(|told| told.route == "(several)"), "{told:?}");
        assert_eq!(told.last().unwrap().from, "10.0.0.1");
        assert!(take(AuditEntry { status: 500, ..refused("10.0.0.3", "GET /") }).is_some());
        let due = fold.due(Duration::ZERO, true);
        let several = due.iter().find(|told| told.route == "(several)").unwrap();
        assert_eq!((several.person.is_none(), several.why.as_str()), (true, ""));
    }

    #[test]
    fn a_flood_is_told_of_twice_and_with_its_number() {
        let (fold, at, minutes) =
            (RepeatedRefusals::default(), |s| Timestamp::from_second(s).unwrap(), |n: u64| Duration::from_secs(n * 60));
        assert!(fold.take(refused("10.0.0.1", "GET /"), at(0), minutes(0)).is_some());
        for n in 1..1000 {
            assert!(fold.take(refused("10.0.0.1", "GET /"), at(n), minutes(1)).is_none());
        }
        assert!(fold.due(minutes(9), false).is_empty());
        let due = fold.due(minutes(10), false);
        assert_eq!((due.len(), due[0].times, due[0].since, due[0].until), (1, 999, Some(at(1)), Some(at(999))));
        assert!(fold.due(minutes(30), true).is_empty());
        // Addresses that strangers make up are no more kinds than there is room for.
        let written = (0..10_000).filter(|n| fold.take(refused(&n.to_string(), "GET /"), at(0), minutes(30)).is_some());
        assert_eq!(written.count(), KINDS + 1);
        let due = fold.due(minutes(31), true);
        assert_eq!((due.len(), due[0].times, due[0].route.as_str()), (1, 10_000 - KINDS as u64 - 1, "(several)"));
    }
}
