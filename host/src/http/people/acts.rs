//! What can be done to accounts while the host runs, by the API and by pages: each goes into the file of accounts together with who
//! did it and from where, and is in force before it is answered.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::Request;
use jiff::{SignedDuration, Timestamp};

use super::whom::Whom;
use crate::accounts::edit::{self, Wanted};
use crate::accounts::{Account, Book, By, Edit, Guards, Locked, Token, Unchanged, password};
use crate::config::{Period, is_user_name};
use crate::domain::audit::Way;
use crate::domain::person::fold;
use crate::domain::{Person, Proof, Proven};
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::audit::{self, Address};
use crate::http::callers::Caller;
use crate::http::etag;
use crate::secret::Secret;

/// An account that is to be made, in words.
pub struct Making {
    /// Their password, if they are to have one.
    pub password: Option<String>,
    /// The name of a role, or `none`.
    pub role: String,
    /// Their groups.
    pub groups: Vec<String>,
    /// Where the role counts; everywhere where there is none.
    pub places: Vec<String>,
}

/// Who asks the API for a change, and from where.
pub fn by(state: &Shared, caller: &Caller, request: &Request) -> By {
    by_way(state, caller, Way::Api, request.extensions().get::<Address>())
}

/// The same over any way.
pub fn by_way(state: &Shared, caller: &Caller, way: Way, from: Option<&Address>) -> By {
    let from = from.map(|address| address.0.to_canonical().to_string());
    let person = caller.proven().cloned().map(Person::from);
    By { person, way, from: from.unwrap_or_default(), at: state.clock.now() }
}

/// What whoever changes something has said besides.
#[derive(Default)]
pub struct Sure {
    /// It is meant, also where nobody is left then who may say who there is.
    pub last_admin: bool,
    /// What it rests on: who was read, and the tags in `If-Match` one of which they must have still.
    pub read: Option<(String, String)>,
}

impl Sure {
    /// Of what leaves nobody without an admin, and rests on nothing.
    const ALWAYS: Self = Self { last_admin: true, read: None };

    /// Whether what was read is so still. Nobody else changes the file meanwhile.
    fn stands(&self, state: &Shared) -> Result<(), Failure> {
        let Some((key, tags)) = &self.read else { return Ok(()) };
        etag::holds(tags, &super::one(state, key)?.1)
    }
}

/// Changes the file of accounts, and takes it over.
async fn changed<T: Send + 'static>(
    state: &Arc<Shared>,
    by: By,
    sure: Sure,
    change: impl FnOnce(&mut Book) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (path, of) = (state.callers.config().accounts_file(), Arc::clone(state));
    let work = tokio::task::spawn_blocking(move || {
        let file = Locked::take(&path).map_err(Failure::unavailable)?;
        // Whoever held the lock before may have changed what this one rests on.
        audit::take_over(&of);
        sure.stands(&of)?;
        let guards = Guards {
            had_accounts: &|| of.callers.are_lost(),
            admins_lost: &|before, after| of.callers.config().last_admin_lost(before, after, of.clock.now()),
            last_admin: sure.last_admin,
        };
        file.change(&by, &guards, change).map_err(|unchanged| match unchanged {
            Unchanged::Refused(failure) => failure,
            Unchanged::Gone(text) | Unchanged::Unwritten(text) => Failure::unavailable(text),
            Unchanged::LastAdmin(lost) => Failure::conflict(format!(
                "{lost}; if that is meant, `\"last_admin\": true` says so, or `--last-admin` of the command"
            )),
        })
    });
    let done = work.await.map_err(|_| Failure::internal("the file of accounts could not be changed"))?;
    audit::take_over(state);
    done
}

/// Nobody says of themselves what they may do, nor shuts themselves out: somebody else must see it.
fn not_oneself(by: &By, whom: &Whom) -> Result<(), Failure> {
    let own = by.person.as_ref().and_then(Person::proven).is_some_and(|person| person.id() == whom.id());
    if own { Err(Failure::forbidden("nobody changes what they may do themselves; another admin can")) } else { Ok(()) }
}

/// What is to be otherwise, from words.
pub fn edit_of(
    role: Option<&str>,
    groups: Option<Vec<String>>,
    places: Option<Vec<String>>,
    disabled: Option<bool>,
) -> Result<Edit, Failure> {
    let role = role.map(edit::role).transpose().map_err(Failure::invalid)?;
    let read = |places: Vec<String>| edit::places(places.iter().map(String::as_str));
    let places = places.map(read).transpose().map_err(Failure::invalid)?;
    Ok(Edit { role, groups: groups.map(named), places, disabled })
}

fn named(groups: Vec<String>) -> BTreeSet<String> {
    groups.into_iter().map(|group| group.trim().to_string()).filter(|group| !group.is_empty()).collect()
}

/// Makes an account.
pub async fn make(state: &Arc<Shared>, by: By, name: &str, making: Making) -> Result<(), Failure> {
    let Making { password: given, role, groups, places } = making;
    if !is_user_name(name) {
        let text = format!("{name:?} cannot be a name: use lower-case ASCII letters, digits, `.`, `-`, `_` and `@`");
        return Err(Failure::invalid(text));
    }
    let (config, book) = (state.callers.config(), state.callers.book());
    if config.is_kept_here(&book, name) || config.users.contains_key(name) {
        return Err(Failure::conflict(format!("there is somebody called {name} already")));
    }
    // Names that a proxy gives are names of this host, those of a provider are not.
    if state.callers.visitors().all().get(name).is_some_and(|seen| seen.outside) {
        return Err(Failure::conflict(format!(
            "the proxy calls somebody {name}, who would be the same person as this account; choose another name"
        )));
    }
    let edit = edit_of(Some(&role), Some(groups), Some(places), None)?;
    let kept = match given.filter(|given| !given.is_empty()) {
        Some(given) => {
            if let Some(unfit) = password::unfit(&given) {
                return Err(Failure::invalid(unfit));
            }
            let hashed = tokio::task::spawn_blocking(move || password::hash(&given)).await;
            let hashed = hashed.unwrap_or_else(|_| Err("the password could not be kept".into()));
            Some(hashed.map_err(Failure::unavailable)?)
        }
        None => None,
    };
    let account = Account {
        role: edit.role.flatten(),
        groups: edit.groups.unwrap_or_default(),
        places: edit.places.unwrap_or_default(),
        since: kept.is_some().then(|| state.clock.now()),
        password: kept,
        disabled: false,
    };
    let name = name.to_string();
    changed(state, by, Sure::ALWAYS, move |book| book.make(&name, account).map_err(Failure::invalid)).await
}

/// Changes what is said of somebody.
pub async fn change(state: &Arc<Shared>, by: By, key: &str, edit: Edit, sure: Sure) -> Result<(), Failure> {
    let whom = Whom::of(state, key)?;
    not_oneself(&by, &whom)?;
    match whom {
        Whom::Outside { id, called } => {
            let Edit { role: None, groups: None, places: None, disabled: Some(disabled) } = edit else {
                return Err(Failure::invalid(
                    "whoever says who they are says their groups, and [[access]] what these may do; here they can be kept out (disabled)",
                ));
            };
            let change = move |book: &mut Book| {
                book.keep_out(&id, &called, disabled);
                Ok(())
            };
            changed(state, by, sure, change).await
        }
        Whom::Here { name, configured } => {
            let enabled = edit.disabled == Some(false);
            let change = move |book: &mut Book| {
                if enabled {
                    book.outside.remove(&fold(&name));
                }
                book.edit(&name, edit, configured).map_err(Failure::invalid)
            };
            changed(state, by, sure, change).await
        }
    }
}

/// Ends all sessions of somebody: how many there were.
pub fn sign_out(state: &Shared, key: &str) -> Result<usize, Failure> {
    Ok(state.pages.end_all_of(&Whom::of(state, key)?.id()))
}

/// Ends a token of somebody.
pub async fn revoke(state: &Arc<Shared>, by: By, id: &str, owner: &str, last_admin: bool) -> Result<(), Failure> {
    let (id, owner) = (id.to_string(), owner.to_string());
    let sure = Sure { last_admin, read: None };
    changed(state, by, sure, move |book| book.revoke(&id, Some(&owner)).map_err(Failure::not_found)).await
}

/// Ends one of one's own tokens. With a token that one may be ended, and those that permit no more: whoever has found one that may
/// only look stops nobody's work.
pub async fn revoke_own(
    state: &Arc<Shared>,
    by: By,
    caller: &Caller,
    id: &str,
    last_admin: bool,
) -> Result<(), Failure> {
    let owner = owner(caller)?;
    if let Some(own) = caller.access().scopes() {
        let is_shown = matches!(caller.proven().map(Proven::proof), Some(Proof::Token(shown)) if shown == id);
        let book = state.callers.book();
        let meant = book.tokens.iter().find(|token| token.id == id && token.owner == owner);
        let permits_more = meant.is_some_and(|token| token.scopes.is_empty() || !token.scopes.is_subset(own));
        if permits_more && !is_shown {
            return Err(Failure::forbidden("the token that you show permits less than that one, and does not end it"));
        }
    }
    revoke(state, by, id, owner, last_admin).await
}

/// Whether somebody may end sessions of their own: not with a token that does not permit all that its owner may do.
pub fn may_end_sessions(caller: &Caller) -> Result<(), Failure> {
    match caller.access().scopes() {
        Some(_) => {
            Err(Failure::forbidden("the token that you show does not permit all that you may do, and ends no sessions"))
        }
        None => Ok(()),
    }
}

/// Ends all of one's own sessions: how many there were.
pub fn sign_out_own(state: &Shared, caller: &Caller) -> Result<usize, Failure> {
    may_end_sessions(caller)?;
    Ok(caller.proven().map_or(0, |person| state.pages.end_all_of(&person.id())))
}

/// How long a token is good for where nobody says it.
pub const USUAL: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A token that was made.
pub struct Minted {
    /// What proves it.
    pub secret: Secret,
    /// What is kept of it.
    pub token: Token,
    /// It ends sooner than usual, with the token that was shown for it.
    pub capped: bool,
}

/// Until when a token is to be good: as long as was said, and else as long as usual, but no longer than the one that is shown for it.
fn until(length: Option<&str>, ends: Option<Timestamp>, now: Timestamp) -> Result<(Timestamp, bool), Failure> {
    let Some(length) = length.map(str::trim).filter(|length| !length.is_empty()) else {
        let usual = now.saturating_add(USUAL).unwrap_or(now);
        return Ok(ends.filter(|end| *end < usual).map_or((usual, false), |end| (end, true)));
    };
    let period = Period::parse(length).and_then(|period| SignedDuration::try_from(period.0).ok());
    let wrong = || Failure::invalid(format!("expires: {length:?} is no length of time up to 366d, such as 30d"));
    let until = period.and_then(|period| now.checked_add(period).ok()).ok_or_else(wrong)?;
    match ends.filter(|end| until > *end) {
        Some(end) => Err(Failure::forbidden(format!(
            "the token that you show ends at {end}, and makes none that outlasts it; say a shorter time, or none for as long as that"
        ))),
        None => Ok((until, false)),
    }
}

/// Makes a token of whoever asks. With a token no more is made than it permits itself, and nothing that outlasts it: whoever has found
/// one has found no more than that one.
pub async fn mint(
    state: &Arc<Shared>,
    by: By,
    caller: &Caller,
    scopes: &[String],
    length: Option<&str>,
    label: &str,
) -> Result<Minted, Failure> {
    let owner = owner(caller)?.to_string();
    let mut scopes = edit::scopes(scopes.iter().map(String::as_str)).map_err(Failure::invalid)?;
    if let Some(own) = caller.access().scopes() {
        if scopes.is_empty() {
            scopes = own.clone();
        }
        if let Some(more) = scopes.iter().find(|scope| !own.contains(scope)) {
            let text = format!("the token that you show does not permit {}, so it makes none that does", more.as_str());
            return Err(Failure::forbidden(text));
        }
    }
    let now = state.clock.now();
    let (until, capped) = until(length, caller.ends(), now)?;
    let label = crate::domain::text::letters::visible_line(label.trim());
    let access = state.callers.config().access_of(&state.callers.book(), &owner);
    let made_with = match caller.proven().map(Proven::proof) {
        Some(Proof::Token(shown)) => Some(shown.clone()),
        _ => None,
    };
    let wanted = Wanted { owner, scopes, expires: until, label, made_with };
    let change = move |book: &mut Book| book.mint(wanted, &access, now).map_err(Failure::invalid);
    let (secret, token) = changed(state, by, Sure::ALWAYS, change).await?;
    Ok(Minted { secret, token, capped })
}

/// Whose tokens somebody makes: their own, where the host knows them itself.
pub fn owner(caller: &Caller) -> Result<&str, Failure> {
    let person =
        caller.proven().ok_or_else(|| Failure::forbidden("a token is somebody's, and nothing proves who you are"))?;
    match person.proof() {
        Proof::Oidc { .. } | Proof::Proxy => Err(Failure::forbidden(
            "who you are is said by others anew with each sign-in, and a token would outlast that; an account of this host can have tokens",
        )),
        Proof::Token(_) | Proof::Password | Proof::Link => Ok(person.name()),
    }
}
