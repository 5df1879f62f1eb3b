//! Who has signed in. A session is 32 random bytes in a cookie; the table holds their SHA-256, in memory alone, so that
//! a restart signs everybody out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use super::sign::is_on_this_machine;
use crate::http::callers::Caller;
use crate::random;
use crate::secret::Secret;

/// Sessions of one person, and of all. The one that was used least lately gives way.
const OF_ONE: usize = 16;
const MOST: usize = 1024;

/// The cookie over TLS; browsers take it from exactly this host and from no plain page.
pub const GUARDED: &str = "__Host-tidegate";
/// The cookie on this machine itself.
pub const LOCAL: &str = "tidegate";

/// What is kept of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// What it is called where people see it; it proves nothing.
    pub fn public(&self) -> String {
        hex::encode(Sha256::digest(self.0)).chars().take(16).collect()
    }
}

/// A session as its owner sees it.
pub struct Listed {
    /// What it is called.
    pub id: String,
    /// When it began.
    pub began: Duration,
    /// When it was used last.
    pub used: Duration,
}

struct Session {
    caller: Caller,
    began: Duration,
    used: Duration,
    /// What ends the session at the provider, where one was opened there.
    hint: Option<Secret>,
}

impl Session {
    /// Whether it is somebody's who is known by this (`Proven::id`). A name is none: two may have it.
    fn is_of(&self, id: &str) -> bool {
        self.caller.proven().is_some_and(|person| person.id() == id)
    }
}

/// All sessions.
pub struct Sessions {
    table: Mutex<HashMap<Key, Session>>,
    /// A session that nobody uses ends after so long.
    idle: Duration,
    /// And any after so long.
    longest: Duration,
}

impl Sessions {
    /// None yet.
    pub fn new(idle: Duration, longest: Duration) -> Self {
        Self { table: Mutex::default(), idle, longest }
    }

    fn is_over(&self, session: &Session, now: Duration) -> bool {
        now.saturating_sub(session.used) >= self.idle || now.saturating_sub(session.began) >= self.longest
    }

    /// Opens a session, with what ends the one at the provider, if that opened one; what its cookie holds.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn open(&self, caller: Caller, hint: Option<Secret>, now: Duration) -> Result<String, String> {
        let value = hex::encode(random::unguessable()?);
        let mut sessions = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| !self.is_over(session, now));
        let of_one = sessions.values().filter(|session| session.caller.is_same_as(&caller)).count();
        let full = sessions.len() >= MOST;
        if of_one >= OF_ONE || full {
            let others =
                sessions.iter().filter(|(_, session)| full && of_one < OF_ONE || session.caller.is_same_as(&caller));
            let oldest = others.min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            oldest.map(|key| sessions.remove(&key));
        }
        sessions.insert(of(&value), Session { caller, began: now, used: now, hint });
        Ok(value)
    }

    /// Whose session it is, if it is one; it counts as used.
    pub fn find(&self, key: &Key, now: Duration) -> Option<Caller> {
        let mut sessions = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(key)?;
        let over = self.is_over(session, now);
        if over {
            sessions.remove(key);
            return None;
        }
        session.used = now;
        Some(session.caller.clone())
    }

    /// Whose session it is, if it still is one; it does not count as used.
    pub fn held(&self, key: &Key, now: Duration) -> Option<Caller> {
        let sessions = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(key).filter(|session| !self.is_over(session, now)).map(|session| session.caller.clone())
    }

    /// How many sessions somebody has.
    pub fn of_person(&self, id: &str) -> usize {
        let sessions = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|session| session.is_of(id)).count()
    }

    /// The sessions of a person, the one that was used last first.
    pub fn list_of(&self, id: &str) -> Vec<Listed> {
        let sessions = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let own = sessions.iter().filter(|(_, session)| session.is_of(id));
        let one =
            |(key, session): (&Key, &Session)| Listed { id: key.public(), began: session.began, used: session.used };
        let mut all: Vec<Listed> = own.map(one).collect();
        all.sort_by_key(|session| std::cmp::Reverse(session.used));
        all
    }

    /// Ends one session of a person, by what people call it; false where there is none such.
    pub fn end_one_of(&self, id: &str, public: &str) -> bool {
        let mut sessions = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let before = sessions.len();
        let is_meant = |key: &Key, session: &Session| key.public() == public && session.is_of(id);
        sessions.retain(|key, session| !is_meant(key, session));
        before > sessions.len()
    }

    /// Ends all sessions of somebody; how many those were.
    pub fn end_all_of(&self, id: &str) -> usize {
        let mut sessions = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let before = sessions.len();
        sessions.retain(|_, session| !session.is_of(id));
        before - sessions.len()
    }

    /// Ends a session, or all of the same person; what ends the one at the provider.
    pub fn end(&self, key: &Key, everywhere: bool) -> Option<Secret> {
        let mut sessions = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = sessions.remove(key)?;
        if everywhere {
            sessions.retain(|_, session| !session.caller.is_same_as(&ended.caller));
        }
        ended.hint
    }
}

fn of(value: &str) -> Key {
    Key(Sha256::digest(value.as_bytes()).into())
}

/// The session that a request names. The cookie without a guard is taken on this machine itself alone: elsewhere another host
/// of the same domain could have set it.
pub fn key(headers: &HeaderMap) -> Option<Key> {
    let value = |wanted: &str| cookies(headers).find(|(name, _)| *name == wanted).map(|(_, value)| of(value));
    value(GUARDED).or_else(|| if is_on_this_machine(headers) { value(LOCAL) } else { None })
}

/// Names and values of a request's cookies.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).filter_map(|one| one.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Sessions {
        Sessions::new(Duration::from_secs(8 * 3600), Duration::from_secs(24 * 3600))
    }

    fn holds(sessions: &Sessions, key: &Key, now: Duration) -> bool {
        sessions.held(key, now).is_some()
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_after_a_day_and_when_somebody_says_so() {
        let (sessions, hours) = (new(), |hours: u64| Duration::from_secs(hours * 3600));
        let open = |at| of(&sessions.open(Caller::unnamed(), None, at).unwrap());
        let (idle, used, other) = (open(hours(0)), open(hours(0)), open(hours(0)));
        for at in [7, 14, 21] {
            assert!(sessions.find(&used, hours(at)).is_some(), "{at}");
        }
        assert!(sessions.find(&idle, hours(8)).is_none() && !holds(&sessions, &idle, hours(0)));
        assert!(sessions.find(&used, hours(24)).is_none());
        assert!(sessions.find(&of("guessed"), hours(0)).is_none());
        let (one, two) = (open(hours(24)), open(hours(24)));
        sessions.end(&one, false);
        assert!(!holds(&sessions, &one, hours(24)) && holds(&sessions, &two, hours(24)));
        sessions.end(&two, true);
        assert!(!holds(&sessions, &two, hours(24)) && !holds(&sessions, &other, hours(24)));
    }

    #[test]
    fn nobody_has_more_sessions_than_devices() {
        let (sessions, second) = (new(), Duration::from_secs);
        let open = |at| of(&sessions.open(Caller::unnamed(), None, second(at)).unwrap());
        let keys: Vec<Key> = (0..=OF_ONE as u64).map(open).collect();
        let held = |key: &Key| holds(&sessions, key, second(20));
        assert!(!held(&keys[0]) && keys[1..].iter().all(held));
    }

    #[test]
    fn the_guarded_cookie_is_read_first() {
        let headers = |host: &'static str, text: &'static str| {
            HeaderMap::from_iter([(header::HOST, host.parse().unwrap()), (header::COOKIE, text.parse().unwrap())])
        };
        for (host, cookies, wanted) in [
            ("localhost:10000", "tidegate=a; __Host-tidegate=b", Some("b")),
            ("127.0.0.1", "x=1;tidegate=a", Some("a")),
            ("localhost", "tidegat=a", None),
            // What another host of the domain can set is not read where the guarded one is used.
            ("t.example", "tidegate=a; __Host-tidegate=b", Some("b")),
            ("t.example", "tidegate=a", None),
            ("localhost.evil.example", "tidegate=a", None),
        ] {
            assert_eq!(key(&headers(host, cookies)), wanted.map(of), "{host}: {cookies}");
        }
    }
}
