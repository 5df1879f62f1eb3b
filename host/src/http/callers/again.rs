//! Whoever came in a while ago is looked at again: what let them in may be gone.

use jiff::Timestamp;

use super::{Caller, Callers};
use crate::domain::Permission;
use crate::domain::person::{self, fold};
use crate::http::answer::Failure;
use crate::http::proof::Proof;

impl Callers {
    /// Somebody whose request goes on, with what they may do now; none where they are not let in any more.
    pub fn goes_on(&self, caller: &Caller, now: Timestamp) -> Option<Caller> {
        let Some(person) = &caller.person else { return Some(caller.clone()) };
        match person.proof() {
            person::Proof::Link => Some(caller.clone()),
            person::Proof::Proxy => {
                let kept_out = self.known().book.keeps_out(&person.id());
                (!kept_out).then(|| caller.clone())
            }
            _ => self.still(caller, now),
        }
    }

    /// Whether somebody whose request has waited may go on with it by what is known now. Whoever came in without a proof because nobody
    /// needed one is somebody else once there are accounts.
    ///
    /// # Errors
    /// Why not.
    pub fn may_still(&self, caller: &Caller, wants: Permission, now: Timestamp) -> Result<(), Failure> {
        let shown_nothing = caller.person.is_none() && self.shared.is_none();
        let caller = self.goes_on(caller, now).filter(|_| !shown_nothing || self.are_open());
        let Some(caller) = caller else {
            let text = "what lets you in was changed while this waited; come in anew, and send it again";
            return Err(Failure::unauthorized(text, "Bearer realm=\"tidegate\""));
        };
        if caller.access.may(wants) { Ok(()) } else { Err(Failure::forbidden(caller.refusal(wants))) }
    }

    /// Somebody who came in a while ago, with what they may do now; none where they would not come in any more.
    pub fn still(&self, caller: &Caller, now: Timestamp) -> Option<Caller> {
        let known = self.known();
        let Some(person) = &caller.person else { return self.shared.as_ref().map(|_| caller.clone()) };
        match person.proof() {
            person::Proof::Token(id) => {
                let entry =
                    known.tokens.iter().find(|entry| entry.hash.id() == *id && fold(&entry.name) == person.id())?;
                self.of_entry(&known, entry, now).ok()
            }
            person::Proof::Password => {
                let shared = self.shared.as_ref().and_then(Proof::user).is_some_and(|user| fold(user) == person.id());
                if shared && caller.since.is_none() {
                    let person = known.people.prove(person.name(), person::Proof::Password);
                    return person.map(|person| self.of_shared(&known, Some(person)));
                }
                let account = known.book.accounts.get(person.name())?;
                let same = account.since == caller.since;
                same.then(|| self.by_password(person.name(), account.password.as_deref()?)).flatten()
            }
            person::Proof::Oidc { issuer, subject } => {
                let trusted = self.config.server.oidc.as_ref().is_some_and(|oidc| oidc.issuer_text == *issuer);
                let named = self
                    .config
                    .named_by_provider(&known.book, subject, person.name(), person.groups())
                    .ok()
                    .filter(|_| trusted);
                let caller =
                    named.map(|(person, access)| Caller { person: Some(person), access, since: None, ends: None });
                caller.filter(|caller| caller.access.may(Permission::Look))
            }
            person::Proof::Link | person::Proof::Proxy => None,
        }
    }
}
