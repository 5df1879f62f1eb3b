//! Who calls: by a token of their own, or by the one proof that callers of the API share; and what they may do.
//!
//! What the configuration and the file of accounts say is put together anew whenever the file is another one.

mod again;
mod caller;
mod directory;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::HeaderMap;
use jiff::Timestamp;

pub use caller::{Caller, typed};

use super::answer::Failure;
use super::oidc::Identity;
use super::proof::Proof;
use super::proxy::ProxyUser;
use crate::accounts::{Accounts, AccountsFile, LastUsed, Visitors};
use crate::config::{Config, SignInRefusal};
use crate::domain::person::{self, fold};
use crate::domain::{Access, Permission, Person, Proven, Role};
use crate::gate::People;
use directory::{Directory, TokenEntry, basic, owner};

/// Everybody who can call.
pub struct Callers {
    shared: Option<Proof>,
    config: Config,
    accounts: Accounts,
    used: LastUsed,
    visitors: Visitors,
    known: RwLock<Arc<Directory>>,
    /// Whether a proof is demanded. It stays so, whatever becomes of the file.
    demands: AtomicBool,
}

impl Callers {
    /// The users of a configuration, the accounts of its file, and the proof that callers share.
    ///
    /// # Errors
    /// When the file cannot be read: a sentence.
    pub fn new(config: &Config, shared: Option<Proof>) -> Result<Self, String> {
        let file = config.accounts_file();
        let accounts = Accounts::open(&file)?;
        let (book, edition) = accounts.now();
        let demands = shared.is_some() || config.demands_proof() || book.proves();
        Ok(Self {
            shared,
            known: RwLock::new(Arc::new(Directory::new(config, book, edition))),
            config: config.clone(),
            accounts,
            used: LastUsed::beside(&file),
            visitors: Visitors::beside(&file),
            demands: AtomicBool::new(demands),
        })
    }

    fn known(&self) -> Arc<Directory> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over what the file of accounts says now. Where that is something else, the people there are since, and what was changed.
    pub fn refresh(&self) -> Option<(People, Vec<String>)> {
        let (book, edition) = self.accounts.now();
        if self.known().edition == edition { None } else { self.take(book, edition) }
    }

    /// The same of an edition that was read. One that is newer stays: several requests read the file at once, and whoever was quicker to
    /// read may be slower here.
    fn take(&self, book: Arc<AccountsFile>, edition: u64) -> Option<(People, Vec<String>)> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.edition >= edition {
            return None;
        }
        if book.proves() {
            self.demands.store(true, Ordering::Relaxed);
        }
        let changes = self.accounts.take_changes();
        *known = Arc::new(Directory::new(&self.config, book, edition));
        Some((known.people.clone(), changes))
    }

    /// Whether the file of accounts is there.
    pub fn have_file(&self) -> bool {
        self.accounts.is_there()
    }

    /// The journal knows of accounts, and there is no file of them: nobody gets in as if there had never been any.
    pub fn were_there(&self) {
        self.demands.store(true, Ordering::Relaxed);
        self.accounts.were_there();
        // It is said now; whoever comes next takes it over.
        drop(self.accounts.now());
    }

    /// Whether there were accounts, and the file of them is gone.
    pub fn are_lost(&self) -> bool {
        !self.have_file() && self.problem().is_some()
    }

    /// The only one whom the host knows itself who may say who there is.
    pub fn last_admin(&self, now: Timestamp) -> Option<String> {
        self.config.last_admin(&self.book(), now)
    }

    /// Whose proof a request shows that is not taken, or who it says that it is: for the record of what was tried, and nothing else.
    pub fn tried(&self, headers: &HeaderMap) -> Option<Person> {
        let known = self.known();
        if let Some(entry) = owner(&known, headers) {
            let shown = Proven::new(&entry.name, person::Proof::Token(entry.hash.id()), BTreeSet::new());
            return shown.map(Person::from);
        }
        typed(&basic(headers)?.0)
    }

    /// What is not as it should be.
    pub fn problem(&self) -> Option<String> {
        self.accounts.problem()
    }

    /// Whether nobody need prove anything.
    pub fn are_open(&self) -> bool {
        !self.demands.load(Ordering::Relaxed)
    }

    /// Whether somebody signs in with a password.
    pub fn have_passwords(&self) -> bool {
        self.known().book.accounts.values().any(|account| account.password.is_some())
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the file of accounts says.
    pub fn book(&self) -> Arc<AccountsFile> {
        Arc::clone(&self.known().book)
    }

    /// When a token was last used.
    pub fn used(&self) -> &LastUsed {
        &self.used
    }

    /// Who was here, and when.
    pub fn visitors(&self) -> &Visitors {
        &self.visitors
    }

    /// Somebody is here.
    pub fn saw(&self, caller: &Caller, now: Timestamp) {
        if let Some(person) = &caller.person {
            self.visitors.note(person, now);
        }
    }

    /// Writes down when tokens were last used, and who was here.
    ///
    /// # Errors
    /// When that cannot be written: a sentence.
    pub fn save_used(&self) -> Result<(), String> {
        let book = self.book();
        let visitors = self.visitors.save();
        self.used.save(|id| book.tokens.iter().any(|token| token.id == id)).and(visitors)
    }

    /// Who a request to the API comes from; none when nobody need prove anything.
    ///
    /// # Errors
    /// When a proof is wanted and this is none, or it is one for sending alerts alone.
    pub fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Option<Caller>, Failure> {
        let known = self.known();
        if let Some(entry) = owner(&known, headers) {
            return self.of_entry(&known, entry, now).map(Some);
        }
        match &self.shared {
            Some(proof) => {
                proof.header_alone(headers)?;
                let user = proof.user().and_then(|user| known.people.prove(user, person::Proof::Password));
                Ok(Some(self.of_shared(&known, user)))
            }
            None if self.are_open() => Ok(None),
            None if self.are_lost() => {
                Err(Failure::unauthorized(self.problem().unwrap_or_default(), "Bearer realm=\"tidegate\""))
            }
            None => Err(Failure::unauthorized(
                "this needs a token of yours in the header Authorization, behind the word Bearer; commands take it from TIDEGATE_USER_TOKEN (`tidegate token new NAME` makes one)",
                "Bearer realm=\"tidegate\"",
            )),
        }
    }

    fn of_shared(&self, known: &Directory, person: Option<Proven>) -> Caller {
        let user = person.as_ref().filter(|user| self.config.users.keys().any(|name| fold(name) == user.id()));
        let access = user.map(|user| self.config.access_of(&known.book, user.name()));
        Caller { access: access.unwrap_or_else(|| Access::of(Role::Admin)), person, since: None, ends: None }
    }

    fn of_entry(&self, known: &Directory, entry: &TokenEntry, now: Timestamp) -> Result<Caller, Failure> {
        let challenge = "Bearer realm=\"tidegate\", error=\"invalid_token\"";
        if let Some(expired) = entry.expires.filter(|expires| *expires <= now) {
            let text = format!("this token expired at {expired}; `tidegate token new {}` makes another", entry.name);
            return Err(Failure::unauthorized(text, challenge));
        }
        let access = known.access(&self.config, entry);
        if access.sends_only() {
            return Err(Failure::forbidden("this token may send alerts and nothing else"));
        }
        let person = known.people.prove(&entry.name, person::Proof::Token(entry.hash.id()));
        if access.grants().is_empty() || person.is_none() {
            return Err(Failure::unauthorized("whose token this is, is not let in any more", challenge));
        }
        if entry.noted {
            self.used.note(&entry.hash.id(), now);
        }
        Ok(Caller { person, access, since: None, ends: entry.expires })
    }

    /// Somebody whom the proxy names; none where they are not let in.
    pub fn by_proxy(&self, named: &ProxyUser) -> Option<Caller> {
        let (person, access) = self.config.named_by_proxy(&self.known().book, &named.name, &named.groups)?;
        Some(Caller { person: Some(person), access, since: None, ends: None })
    }

    /// Somebody whom the provider knows; they may do nothing where none of their groups has a role.
    ///
    /// # Errors
    /// Why they are not let in.
    pub fn by_provider(&self, identity: &Identity) -> Result<Caller, SignInRefusal> {
        let (groups, known) = (identity.groups.clone().unwrap_or_default(), self.known());
        let named = self.config.named_by_provider(&known.book, &identity.subject, &identity.name, &groups);
        named.map(|(person, access)| Caller { person: Some(person), access, since: None, ends: None })
    }

    /// Somebody whom the provider knows, whether they are let in or not.
    pub fn identified(&self, identity: &Identity) -> Option<Person> {
        let issuer = self.config.server.oidc.as_ref().map(|oidc| oidc.issuer_text.clone())?;
        let proof = person::Proof::Oidc { issuer, subject: identity.subject.clone() };
        let groups = identity.groups.clone().unwrap_or_default();
        Proven::new(&identity.name, proof, groups).map(Person::from)
    }

    /// Whether a request carries the token of somebody who may send alerts.
    pub fn sends(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let known = self.known();
        owner(&known, headers).is_some_and(|entry| {
            entry.expires.is_none_or(|expires| now < expires) && known.access(&self.config, entry).sends_only()
        })
    }

    /// Whose token it is, if they may answer questions.
    pub fn answering(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let known = self.known();
        let caller = self.of_entry(&known, known.entry(token)?, now).ok()?;
        Some(caller).filter(|caller| caller.access.may(Permission::Approve))
    }

    /// The person for whom alone a link was made, if they may answer questions.
    pub fn linked(&self, name: &str) -> Option<Caller> {
        let known = self.known();
        let person = known.people.prove(name, person::Proof::Link)?;
        let access = self.config.access_of(&known.book, person.name());
        Some(Caller { person: Some(person), access, since: None, ends: None })
            .filter(|caller| caller.access.may(Permission::Approve))
    }

    /// What is kept of somebody's password, if they can come in with one.
    pub fn password_of(&self, name: &str) -> Option<String> {
        let known = self.known();
        known.book.accounts.get(name).filter(|account| !account.disabled).and_then(|account| account.password.clone())
    }

    /// Somebody who has given this password, as it is kept.
    pub fn by_password(&self, name: &str, kept: &str) -> Option<Caller> {
        let known = self.known();
        let account = known.book.accounts.get(name).filter(|account| !account.disabled)?;
        // It may have been changed while it was looked at.
        if account.password.as_deref() != Some(kept) {
            return None;
        }
        let person = known.people.prove(name, person::Proof::Password)?;
        let access = self.config.access_of(&known.book, name);
        Some(Caller { person: Some(person), access, since: account.since, ends: None })
            .filter(|caller| caller.access.may(Permission::Look))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Account;
    use crate::config::Overrides;

    #[test]
    fn who_has_read_an_older_file_takes_nothing_back() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[sign_in]\naccounts = {:?}\n", folder.path().join("accounts.json"));
        let callers = Callers::new(&Config::parse(text, None, &Overrides::default()).unwrap(), None).unwrap();
        let with = |names: &[&str]| {
            let accounts = names.iter().map(|name| (name.to_string(), Account::default())).collect();
            Arc::new(AccountsFile { accounts, ..AccountsFile::default() })
        };
        assert!(callers.take(with(&["ada", "eve"]), 1).is_some());
        assert!(callers.take(with(&["ada"]), 3).is_some());
        assert!(callers.take(with(&["ada", "eve"]), 2).is_none(), "read before, and later here");
        assert_eq!(callers.book(), with(&["ada"]), "eve is gone");
    }
}
