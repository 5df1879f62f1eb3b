//! Tokens of people, made and ended while the host runs.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::acts::{Preconditions, Requester, changed};
use crate::accounts::edit::{self, NewToken};
use crate::accounts::{AccountsFile, Token};
use crate::config::Period;
use crate::domain::{Permission, Proof, Proven};
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::callers::Caller;
use crate::secret::Secret;

/// Ends a token of somebody.
pub async fn revoke(
    state: &Arc<Shared>,
    requester: &Requester,
    id: &str,
    owner: &str,
    last_admin: bool,
) -> Result<(), Failure> {
    let (id, owner) = (id.to_string(), owner.to_string());
    let change = move |_: &Shared, book: &mut AccountsFile| book.revoke(&id, Some(&owner)).map_err(Failure::not_found);
    changed(state, requester, Permission::Administer, Preconditions { last_admin, read: None }, change).await
}

/// Ends one of one's own tokens. With a token that one may be ended, and those that permit no more: whoever has found one that may
/// only look stops nobody's work.
pub async fn revoke_own(state: &Arc<Shared>, requester: &Requester, id: &str, last_admin: bool) -> Result<(), Failure> {
    let caller = requester.caller().clone();
    let (owner, id) = (owner(&caller)?.to_string(), id.to_string());
    let change = move |_: &Shared, book: &mut AccountsFile| {
        if let Some(own) = caller.access().scopes() {
            let is_shown = matches!(caller.proven().map(Proven::proof), Some(Proof::Token(shown)) if *shown == id);
            let meant = book.tokens.iter().find(|token| token.id == id && token.owner == owner);
            let permits_more = meant.is_some_and(|token| token.scopes.is_empty() || !token.scopes.is_subset(own));
            if permits_more && !is_shown {
                return Err(Failure::forbidden(
                    "the token that you show permits less than that one, and does not end it",
                ));
            }
        }
        book.revoke(&id, Some(&owner)).map_err(Failure::not_found)
    };
    changed(state, requester, Permission::Look, Preconditions { last_admin, read: None }, change).await
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
    requester: &Requester,
    scopes: &[String],
    length: Option<&str>,
    label: &str,
) -> Result<Minted, Failure> {
    let caller = requester.caller();
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
    let made_with = match caller.proven().map(Proven::proof) {
        Some(Proof::Token(shown)) => Some(shown.clone()),
        _ => None,
    };
    let wanted = NewToken { owner, scopes, expires: until, label, made_with };
    let change = move |state: &Shared, book: &mut AccountsFile| {
        let access = state.callers.config().access_of(book, &wanted.owner);
        book.mint(wanted, &access, now).map_err(Failure::invalid)
    };
    let (secret, token) = changed(state, requester, Permission::Look, Preconditions::ALWAYS, change).await?;
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
