//! What people do, and what they or anybody tries in vain, goes into the journal: who, over which way, from where, with which
//! outcome. What is refused or fails again and again is written once, counted, and written once more with its number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::Shared;
use super::access::table::{About, Door, Row};
use super::answer::Failure;
use super::proxy::Named;
use super::refusals::Refused;
use crate::config::oidc::CALLBACK;
use crate::domain::audit::{self, ACCOUNTS, AuditOutcome, Audited, Way};
use crate::domain::text::cut;
use crate::domain::{Permission, Person};

/// How long those of one kind are counted before their number is written.
const WINDOW: Duration = Duration::from_secs(600);
/// Kinds that are counted at once, and those of one address; more are counted together.
const KINDS: usize = 128;
const OF_ADDRESS: usize = 16;
/// How often it is looked at whether a number is due.
const LOOK: Duration = Duration::from_secs(15);
/// Changes of the file of accounts that are told one by one.
const CHANGES: usize = 50;
/// Bytes of a path or a sentence that are kept.
const LONGEST: usize = 300;

/// Where a connection comes from.
#[derive(Clone, Copy)]
pub struct Address(pub IpAddr);

/// Goes along with an answer where the handler has found out who it is.
#[derive(Clone)]
pub struct Known(pub Person);

/// Goes along with an answer that looks well although nothing was done: why.
#[derive(Clone)]
pub struct NotDone(pub String);

/// Goes along with an answer to what only looked, whatever its method says.
#[derive(Clone, Copy)]
pub struct OnlyLooked;

/// What is told of together: the same, of the same.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Kind {
    who: String,
    proven: bool,
    from: String,
    way: Option<Way>,
    route: String,
    object: String,
    status: u16,
    why: String,
}

impl Kind {
    fn of(audited: &Audited) -> Self {
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
    told: Audited,
    began: Duration,
    /// Those that were not written.
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

/// What was refused or failed within the last minutes.
#[derive(Default)]
pub struct Fold(Mutex<HashMap<Kind, Counted>>);

impl Fold {
    /// What is to be written of something that was not done: itself, or nothing yet.
    fn take(&self, audited: Audited, now: Timestamp, elapsed: Duration) -> Option<Audited> {
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
                told = Audited { person: None, route, object: none.clone(), status: 0, why: none, ..told };
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
    fn due(&self, elapsed: Duration, all: bool) -> Vec<Audited> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        kinds.retain(|_, counted| {
            let over = all || elapsed.saturating_sub(counted.began) >= WINDOW;
            if over && counted.count > 0 {
                let (since, until) = (Some(counted.first), Some(counted.last));
                due.push(Audited { times: counted.count, since, until, ..counted.told.clone() });
            }
            !over
        });
        due
    }
}

/// A request whose outcome is to be written, also when whoever sent it hangs up.
pub struct Pending {
    state: Arc<Shared>,
    audited: Option<Audited>,
    changes: bool,
}

impl Pending {
    /// What a request wants; nobody is known yet.
    pub fn new(state: &Arc<Shared>, row: &Row, request: &Request) -> Self {
        let headers = request.headers();
        let own = |agent: &str| agent.starts_with(concat!("tidegate/", env!("CARGO_PKG_VERSION")));
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let way = match row.door {
            Door::Page | Door::Open => Way::Page,
            Door::Link => Way::Link,
            Door::Api if row.path.starts_with("/mcp") => Way::Mcp,
            Door::Api | Door::Source if row.path.starts_with("/api/v2/") => Way::Alertmanager,
            Door::Api | Door::Source if own(agent) => Way::Cli,
            Door::Api | Door::Source => Way::Api,
        };
        let method = request.method().as_str();
        let (path, pattern) = (request.uri().path(), row.path);
        let from = request.extensions().get::<Address>().map(|address| address.0.to_canonical().to_string());
        let way = if request.extensions().get::<Named>().is_some() { Way::Proxy } else { way };
        let audited = Audited {
            person: None,
            way,
            from: from.unwrap_or_default(),
            route: format!("{} {pattern}", cut(method, 20)),
            object: if path == pattern { String::new() } else { cut(path, LONGEST) },
            outcome: AuditOutcome::BrokenOff,
            status: 0,
            why: String::new(),
            times: 1,
            since: None,
            until: None,
        };
        Self {
            state: Arc::clone(state),
            audited: Some(audited),
            // Whoever comes back from a provider opens a session, although a browser follows a link there.
            changes: !matches!(method, "GET" | "HEAD" | "OPTIONS") || pattern == CALLBACK,
        }
    }

    /// Who it is.
    pub fn is_of(&mut self, person: Option<Person>) {
        if let Some(audited) = &mut self.audited {
            audited.person = person;
        }
    }

    /// It is refused, which is written.
    pub fn refuses(self, failure: Failure) -> Response {
        let response = failure.into_response();
        self.answered(&response, true);
        response
    }

    /// It is nothing that is written here.
    pub fn nothing(mut self) {
        self.audited = None;
    }

    /// Writes what came of it, if that is to be known: what changes something, and whatever was refused.
    pub fn answered(mut self, response: &Response, refused: bool) {
        let Some(mut audited) = self.audited.take() else { return };
        let (status, known) = (response.status(), response.extensions());
        let refused = refused || matches!(status.as_u16(), 401 | 403 | 429);
        if !(self.changes || refused) || known.get::<OnlyLooked>().is_some() {
            return;
        }
        if let Some(Known(person)) = known.get() {
            audited.person = Some(person.clone());
        }
        audited.status = status.as_u16();
        audited.outcome = match () {
            () if refused => AuditOutcome::Refused,
            () if status.is_client_error() || status.is_server_error() => AuditOutcome::Failed,
            () if known.get::<NotDone>().is_some() => AuditOutcome::Failed,
            () => AuditOutcome::Done,
        };
        let why = known.get::<Refused>().map(|refused| &refused.0).or(known.get::<NotDone>().map(|not| &not.0));
        audited.why = why.map(|why| cut(why, LONGEST)).unwrap_or_default();
        write(&self.state, audited);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Whoever hangs up does not keep what they did from being written.
        if let Some(audited) = self.audited.take().filter(|_| self.changes) {
            write(&self.state, audited);
        }
    }
}

fn write(state: &Arc<Shared>, audited: Audited) {
    let done = matches!(audited.outcome, AuditOutcome::Done | AuditOutcome::BrokenOff);
    let (now, elapsed) = (state.clock.now(), state.clock.elapsed());
    let audited = if done { Some(audited) } else { state.fold.take(audited, now, elapsed) };
    if let Some(audited) = audited {
        let state = Arc::clone(state);
        tokio::spawn(async move { append(&state, audited).await });
    }
}

async fn append(state: &Shared, audited: Audited) {
    let route = audited.route.clone();
    if let Err(error) = state.backend.audit(audited).await {
        tracing::error!(route, %error, "who did what could not be written into the journal");
    }
}

/// A request that has not come to any route yet.
pub fn at_the_door(state: &Arc<Shared>, request: &Request) -> Pending {
    let row = Row { method: "", path: "(at the door)", door: Door::Api, wants: Permission::Look, about: About::Host };
    let mut pending = Pending::new(state, &row, request);
    // What comes of it where it is let in, the route's own says.
    pending.changes = false;
    pending
}

/// Takes over what the file of accounts says now: from here on nobody comes in who is gone from it.
pub fn take_over(state: &Arc<Shared>) {
    let Some((people, changes)) = state.callers.refresh() else { return };
    state.backend.people_are(people);
    let telling = Arc::clone(state);
    tokio::spawn(async move { tell_changes(&telling).await });
    let all = changes.len();
    let told = changes.into_iter().take(CHANGES);
    let more = (all > CHANGES).then(|| format!("and {} more changes", all - CHANGES));
    for why in told.chain(more) {
        tracing::info!(change = why, "the file of accounts was changed");
        let audited = Audited {
            person: None,
            way: Way::Cli,
            from: String::new(),
            route: ACCOUNTS.into(),
            object: String::new(),
            outcome: AuditOutcome::Done,
            status: 0,
            why: cut(&why, LONGEST),
            times: 1,
            since: None,
            until: None,
        };
        write(state, audited);
    }
}

/// Which changes of the file of accounts are in the journal; none while nobody has looked. Held while some are written.
#[derive(Default)]
pub struct Told(tokio::sync::Mutex<Option<u64>>);

/// Writes the changes that the file of accounts tells of itself, each once, also those that were made while no host ran.
pub async fn tell_changes(state: &Arc<Shared>) {
    let mut told = state.told.0.lock().await;
    let known = match *told {
        Some(known) => known,
        None => {
            let backend = Arc::clone(&state.backend);
            let looked = tokio::task::spawn_blocking(move || backend.accounts_told()).await;
            // Whatever keeps it from being read keeps it from being written as well, for now.
            let Ok(Ok(known)) = looked else { return };
            *told.insert(known)
        }
    };
    let book = state.callers.book();
    for change in book.changes.iter().filter(|change| change.n > known) {
        let audited = Audited {
            person: change.person.clone(),
            way: change.way,
            from: change.from.clone(),
            route: ACCOUNTS.into(),
            object: audit::change(change.n),
            outcome: AuditOutcome::Done,
            status: 0,
            why: cut(&change.what, LONGEST),
            times: 1,
            since: Some(change.at),
            until: Some(change.at),
        };
        if state.backend.audit(audited).await.is_err() {
            // It is tried again in a while.
            return;
        }
        *told = Some(change.n);
    }
}

/// Writes numbers when they are due.
pub async fn follow(state: &Arc<Shared>) {
    loop {
        tell_changes(state).await;
        state.clock.sleep(LOOK).await;
        take_over(state);
        for audited in state.fold.due(state.clock.elapsed(), false) {
            append(state, audited).await;
        }
        if let Err(error) = state.callers.save_used() {
            tracing::warn!(error, "when tokens were last used could not be written down");
        }
    }
}

/// Writes what has been counted, before the server ends.
pub async fn finish(state: &Arc<Shared>) {
    tell_changes(state).await;
    for audited in state.fold.due(state.clock.elapsed(), true) {
        append(state, audited).await;
    }
    if let Err(error) = state.callers.save_used() {
        tracing::warn!(error, "when tokens were last used could not be written down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str, route: &str) -> Audited {
        Audited {
            person: None,
            way: Way::Api,
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
        let (fold, at) = (Fold::default(), Timestamp::UNIX_EPOCH);
        let take = |audited: Audited| fold.take(audited, at, Duration::ZERO);
        let one = || refused("10.0.0.1", "POST /sign-in");
        let as_ada = |name: &str| Audited { person: Some(Person::typed(name)), ..one() };
        for other in [
            one(),
            as_ada("ada"),
            as_ada("bob"),
            Audited { why: "too many were wrong".into(), ..one() },
            Audited { status: 429, ..one() },
            Audited { object: "/i/i-1/a1".into(), ..one() },
            Audited { way: Way::Page, ..one() },
            refused("10.0.0.2", "POST /sign-in"),
        ] {
            assert!(take(other.clone()).is_some() && take(other.clone()).is_none(), "{other:?}");
        }
        let told = (0..1_000).filter_map(|n| take(as_ada(&format!("n{n}")))).collect::<Vec<_>>();
        assert!(told.len() <= OF_ADDRESS && told.last().is_some_and(|told| told.route == "(several)"), "{told:?}");
        assert_eq!(told.last().unwrap().from, "10.0.0.1");
        assert!(take(Audited { status: 500, ..refused("10.0.0.3", "GET /") }).is_some());
        let due = fold.due(Duration::ZERO, true);
        let several = due.iter().find(|told| told.route == "(several)").unwrap();
        assert_eq!((several.person.is_none(), several.why.as_str()), (true, ""));
    }

    #[test]
    fn a_flood_is_told_of_twice_and_with_its_number() {
        let (fold, at, minutes) =
            (Fold::default(), |s| Timestamp::from_second(s).unwrap(), |n: u64| Duration::from_secs(n * 60));
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
