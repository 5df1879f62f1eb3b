//! What can be done to accounts while the host runs, by the API and by pages: each goes into the file of accounts together with who
//! did it and from where, and is in force before it is answered.

use std::sync::Arc;

use super::person_ref::PersonRef;
use crate::accounts::edit;
use crate::accounts::{Account, AccountsFile, Actor, ChangeError, Edit, Guards, LockedFile, password};
use crate::config::is_user_name;
use crate::domain::audit::Channel;
use crate::domain::person::fold;
use crate::domain::{Permission, Person};
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::audit::{self, Address};
use crate::http::callers::Caller;
use crate::http::control::caller;
use crate::http::etag;
use axum::extract::Request;

/// An account that is to be made, in words.
pub struct NewAccount {
    /// Their password, if they are to have one.
    pub password: Option<String>,
    /// The name of a role, or `none`.
    pub role: String,
    /// Their groups.
    pub groups: Vec<String>,
    /// Where the role counts; everywhere where there is none.
    pub places: Vec<String>,
}

/// Who asks for a change of accounts, over which way and from where.
#[derive(Clone)]
pub struct Requester {
    caller: Caller,
    by: Actor,
}

impl Requester {
    /// Who asks the API.
    pub fn of_api(state: &Shared, request: &Request) -> Self {
        Self::new(state, &caller(request), Channel::Api, request.extensions().get::<Address>())
    }

    /// Who asks over any way.
    pub fn new(state: &Shared, caller: &Caller, way: Channel, from: Option<&Address>) -> Self {
        let from = from.map(|address| address.0.to_canonical().to_string());
        let person = caller.proven().cloned().map(Person::from);
        let by = Actor { person, way, from: from.unwrap_or_default(), at: state.clock.now() };
        Self { caller: caller.clone(), by }
    }

    /// Who it is, as they came in.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Nobody says of themselves what they may do, nor shuts themselves out: somebody else must see it.
    fn is_not(&self, whom: &PersonRef) -> Result<(), Failure> {
        if self.caller.proven().is_some_and(|person| person.id() == whom.id()) {
            return Err(Failure::forbidden("nobody changes what they may do themselves; another admin can"));
        }
        Ok(())
    }
}

/// What whoever changes something has said besides.
#[derive(Default)]
pub struct Preconditions {
    /// It is meant, also where nobody is left then who may say who there is.
    pub last_admin: bool,
    /// What it rests on: who was read, and the tags in `If-Match` one of which they must have still.
    pub read: Option<(String, String)>,
}

impl Preconditions {
    /// Of what leaves nobody without an admin, and rests on nothing.
    pub(super) const ALWAYS: Self = Self { last_admin: true, read: None };

    /// Whether what was read is so still. Nobody else changes the file meanwhile.
    fn stands(&self, state: &Shared) -> Result<(), Failure> {
        let Some((key, tags)) = &self.read else { return Ok(()) };
        etag::holds(tags, &super::one(state, key)?.1)
    }
}

/// Changes the file of accounts, and takes it over. All that a change rests on is looked at once it is its turn, by `change` as well:
/// what the request was let in by, and whom it means, may have been changed by whoever held the lock before.
pub(super) async fn changed<T: Send + 'static>(
    state: &Arc<Shared>,
    requester: &Requester,
    wants: Permission,
    sure: Preconditions,
    change: impl FnOnce(&Shared, &mut AccountsFile) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (path, of) = (state.callers.config().accounts_file(), Arc::clone(state));
    let Requester { caller, by } = requester.clone();
    let work = tokio::task::spawn_blocking(move || {
        let file = LockedFile::take(&path).map_err(Failure::unavailable)?;
        audit::take_over(&of);
        of.callers.may_still(&caller, wants, of.clock.now())?;
        sure.stands(&of)?;
        let guards = Guards {
            had_accounts: &|| of.callers.are_lost(),
            admins_lost: &|before, after| of.callers.config().last_admin_lost(before, after, of.clock.now()),
            last_admin: sure.last_admin,
        };
        file.change(&by, &guards, |book| change(&of, book)).map_err(|unchanged| match unchanged {
            ChangeError::Refused(failure) => failure,
            ChangeError::Gone(text) | ChangeError::Unwritten(text) => Failure::unavailable(text),
            ChangeError::LastAdmin(lost) => Failure::conflict(format!(
                "{lost}; if that is meant, `\"last_admin\": true` says so, or `--last-admin` of the command"
            )),
        })
    });
    let done = work.await.map_err(|_| Failure::internal("the file of accounts could not be changed"))?;
    audit::take_over(state);
    done
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
    Ok(Edit { role, groups: groups.map(edit::groups), places, disabled })
}

/// Whether nobody is called so yet.
fn is_free(state: &Shared, name: &str) -> Result<(), Failure> {
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
    Ok(())
}

/// Makes an account.
pub async fn make(state: &Arc<Shared>, requester: &Requester, name: &str, making: NewAccount) -> Result<(), Failure> {
    let NewAccount { password: given, role, groups, places } = making;
    if !is_user_name(name) {
        let text = format!("{name:?} cannot be a name: use lower-case ASCII letters, digits, `.`, `-`, `_` and `@`");
        return Err(Failure::invalid(text));
    }
    is_free(state, name)?;
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
    let change = move |state: &Shared, book: &mut AccountsFile| {
        is_free(state, &name)?;
        book.make(&name, account).map_err(Failure::invalid)
    };
    changed(state, requester, Permission::Administer, Preconditions::ALWAYS, change).await
}

/// Changes what is said of somebody.
pub async fn change(
    state: &Arc<Shared>,
    requester: &Requester,
    key: &str,
    edit: Edit,
    sure: Preconditions,
) -> Result<(), Failure> {
    let (key, asks) = (key.to_string(), requester.clone());
    let change = move |state: &Shared, book: &mut AccountsFile| {
        let whom = PersonRef::of(state, &key)?;
        asks.is_not(&whom)?;
        match whom {
            PersonRef::Outside { id, called } => {
                let Edit { role: None, groups: None, places: None, disabled: Some(disabled) } = edit else {
                    return Err(Failure::invalid(
                        "whoever says who they are says their groups, and [[access]] what these may do; here they can be kept out \
                         (disabled)",
                    ));
                };
                book.keep_out(&id, &called, disabled);
                Ok(())
            }
            PersonRef::Here { name, configured } => {
                if edit.disabled == Some(false) {
                    book.outside.remove(&fold(&name));
                }
                book.edit(&name, edit, configured).map_err(Failure::invalid)
            }
        }
    };
    changed(state, requester, Permission::Administer, sure, change).await
}

/// Ends all sessions of somebody: how many there were.
pub fn sign_out(state: &Shared, key: &str) -> Result<usize, Failure> {
    Ok(state.pages.end_all_of(&PersonRef::of(state, key)?.id()))
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
