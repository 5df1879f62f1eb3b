//! Who there is: users of the configuration and accounts that the host keeps, what they may do, and what proves their names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::access::{RoleSource, everywhere};
use super::{Auth, Config, sign_in};
use crate::accounts::{self, Account, AccountsFile};
use crate::domain::person::{fold, is_in_group, outside_id, proxied_id, same_group};
use crate::domain::{Access, Grant, Proof, Proven, Role};
use crate::gate::people::{ExternalIdentities, ExternalRule};
use crate::gate::{self, People};
use crate::token::Hash;

/// Why somebody whom a provider knows is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// They are kept out.
    Disabled,
    /// It has no letters.
    Nameless,
}

impl Config {
    /// The file of accounts.
    pub fn accounts_file(&self) -> PathBuf {
        self.sign_in.accounts.clone().unwrap_or_else(|| self.data().join(sign_in::FILE))
    }

    /// Whether callers of the API must prove something. What cannot be read is no reason to let everybody in.
    pub fn demands_proof(&self) -> bool {
        accounts::read(&self.accounts_file()).map_or(true, |book| self.demands_proof_with(&book))
    }

    /// The same with what a file of accounts says.
    pub fn demands_proof_with(&self, book: &AccountsFile) -> bool {
        self.server.auth.is_some()
            || self.sign_in.proxy.is_some()
            || self.server.oidc.is_some()
            || self.users.values().any(|user| !user.tokens.is_empty())
            || book.proves()
    }

    /// Everybody by name, with the groups that their section and their account name.
    fn everybody(&self, book: &AccountsFile) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, user) in &self.users {
            all.entry(name.clone()).or_default().extend(user.groups.iter().cloned());
        }
        for (name, account) in &book.accounts {
            all.entry(name.clone()).or_default().extend(account.groups.iter().cloned());
        }
        all
    }

    /// The groups that somebody of this name is in.
    pub fn groups_of(&self, book: &AccountsFile, name: &str) -> BTreeSet<String> {
        let id = fold(name);
        let own =
            self.everybody(book).into_iter().filter(|(known, _)| fold(known) == id).flat_map(|(_, groups)| groups);
        let of_people = self.people.keys().filter(|group| self.is_in(&id, group)).cloned();
        own.chain(of_people).collect()
    }

    /// What somebody of this name may do, by the configuration alone.
    pub fn access(&self, name: &str) -> Access {
        self.access_of(&AccountsFile::default(), name)
    }

    /// What somebody of this name may do; whoever is disabled may do nothing.
    pub fn access_of(&self, book: &AccountsFile, name: &str) -> Access {
        Access::new(self.why_of(book, name).into_iter().map(|(grant, _)| grant))
    }

    /// The same, and why.
    pub fn why_of(&self, book: &AccountsFile, name: &str) -> Vec<(Grant, RoleSource)> {
        let id = fold(name);
        let account = book.accounts.iter().find(|(known, _)| fold(known) == id).map(|(_, account)| account);
        if account.is_some_and(|account| account.disabled) {
            return Vec::new();
        }
        let user = self.users.iter().find(|(known, _)| fold(known) == id).map(|(_, user)| user);
        let own = user.map(|user| &user.groups).into_iter().flatten();
        let own: Vec<&String> = own.chain(account.iter().flat_map(|account| &account.groups)).collect();
        let is_in = |group: &str| self.is_in(&id, group) || is_in_group(own.iter().copied(), group);
        // Of whom the configuration speaks it says it all.
        let own = match (user, account) {
            (Some(user), _) => user.role.map(everywhere).into_iter().collect(),
            (None, account) => account.map(Account::grants).unwrap_or_default(),
        };
        self.rights.why(&id, &is_in, own, user.is_some())
    }

    /// Why somebody may do what they may, however their name was proven.
    pub fn why_of_person(&self, book: &AccountsFile, person: &Proven) -> Vec<(Grant, RoleSource)> {
        let is_in = |group: &str| person.is_in(group);
        match person.proof() {
            Proof::Oidc { .. } => self.rights.why("", &is_in, Vec::new(), false),
            Proof::Proxy => {
                let user = self.users.iter().find(|(known, _)| fold(known) == person.id()).map(|(_, user)| user);
                let own = user.and_then(|user| user.role).map(everywhere).into_iter().collect();
                self.rights.why(&person.id(), &is_in, own, false)
            }
            Proof::Token(_) | Proof::Password | Proof::Link => self.why_of(book, person.name()),
        }
    }

    /// Somebody whom a proxy names, with the groups that it and the configuration know, and what they may do. Nothing is theirs
    /// that neither their section nor an `[[access]]` says; none where they are disabled.
    pub fn named_by_proxy(
        &self,
        book: &AccountsFile,
        name: &str,
        groups: &BTreeSet<String>,
    ) -> Option<(Proven, Access)> {
        let id = proxied_id(name);
        if book.keeps_out(&id) {
            return None;
        }
        let user = self.users.iter().find(|(known, _)| fold(known) == id).map(|(_, user)| user);
        let own = user.iter().flat_map(|user| &user.groups).cloned();
        let of_people = self.people.keys().filter(|group| self.is_in(&id, group)).cloned();
        let all: BTreeSet<String> = groups.iter().cloned().chain(own).chain(of_people).collect();
        let own = user.and_then(|user| user.role).map(everywhere).into_iter().collect();
        let access = self.rights.of(&id, &|group| is_in_group(&all, group), own, false);
        Some((Proven::new(name, Proof::Proxy, all)?, access))
    }

    /// Somebody whom the provider knows, with the groups that it names, and what they may do: what `[[access]]` gives these groups
    /// and nothing else, because a name is whatever the provider, or the person there, says today. So it is nothing either to them
    /// that somebody here has the same name: neither is the other.
    ///
    /// # Errors
    /// Why they are not let in.
    pub fn named_by_provider(
        &self,
        book: &AccountsFile,
        subject: &str,
        name: &str,
        groups: &BTreeSet<String>,
    ) -> Result<(Proven, Access), SignInRefusal> {
        let issuer = self.server.oidc.as_ref().map(|oidc| oidc.issuer_text.clone()).unwrap_or_default();
        if book.keeps_out(&outside_id(&issuer, subject)) {
            return Err(SignInRefusal::Disabled);
        }
        let access = self.rights.of("", &|group| is_in_group(groups, group), Vec::new(), false);
        let proof = Proof::Oidc { issuer, subject: subject.into() };
        Proven::new(name, proof, groups.clone()).map(|person| (person, access)).ok_or(SignInRefusal::Nameless)
    }

    /// Whether somebody of this name is known here already, so that another one must not be called so.
    pub fn is_kept_here(&self, book: &AccountsFile, name: &str) -> bool {
        let id = fold(name);
        let basic = match &self.server.auth {
            Some(Auth::Basic { user, .. }) => Some(user),
            _ => None,
        };
        let of_groups = self.people.values().flatten();
        let names = self.users.keys().chain(book.accounts.keys()).chain(of_groups).chain(basic);
        names.map(|known| fold(known)).any(|known| known == id)
    }

    /// Whether `[people]` names somebody in a group.
    fn is_in(&self, id: &str, group: &str) -> bool {
        let named = self.people.iter().filter(|(known, _)| same_group(known, group));
        named.flat_map(|(_, names)| names).any(|member| fold(member) == id)
    }

    /// Accounts and groups for the gate, by the configuration alone.
    pub fn people(&self) -> People {
        self.people_of(&AccountsFile::default())
    }

    /// Accounts and groups for the gate.
    pub fn people_of(&self, book: &AccountsFile) -> People {
        let mut groups = self.people.clone();
        let everybody = self.everybody(book);
        for (name, own) in &everybody {
            for group in own {
                groups.entry(group.clone()).or_default().push(name.clone());
            }
        }
        let basic = match &self.server.auth {
            Some(Auth::Basic { user, .. }) => Some(user),
            _ => None,
        };
        let account = |name: &String| {
            let (user, kept) = (self.users.get(name), book.accounts.get(name));
            let kept_tokens = book.tokens.iter().filter(|token| token.owner == *name).map(|token| token.id.clone());
            gate::people::Account {
                name: name.clone(),
                tokens: user.iter().flat_map(|user| &user.tokens).map(Hash::id).chain(kept_tokens).collect(),
                password: kept.is_some_and(|account| account.password.is_some())
                    || basic.is_some_and(|basic| fold(basic) == fold(name)),
                link: user.is_some_and(|user| user.notify.is_some()) && self.approvals.link.is_some(),
                access: self.access_of(book, name),
            }
        };
        let mut accounts: Vec<gate::people::Account> = everybody.keys().map(account).collect();
        if let Some(name) = basic.filter(|name| !accounts.iter().any(|known| fold(name) == fold(&known.name))) {
            let access = Access::of(Role::Admin);
            accounts.push(gate::people::Account { name: name.clone(), password: true, access, ..Default::default() });
        }
        let disabled = book.accounts.iter().filter(|(_, account)| account.disabled).map(|(name, _)| fold(name));
        let outside = book.outside.iter().filter(|(_, known)| known.disabled).map(|(id, _)| id.clone());
        let of_users = self.users.iter().filter_map(|(name, user)| {
            let people = [fold(name)].into();
            Some(ExternalRule { people, groups: BTreeSet::new(), grant: everywhere(user.role?) })
        });
        let outside = ExternalIdentities {
            proxy: self.sign_in.proxy.is_some(),
            issuer: self.server.oidc.as_ref().map(|oidc| oidc.issuer_text.clone()),
            kept_out: disabled.chain(outside).collect(),
            rules: self.rights.rules().chain(of_users).collect(),
        };
        if outside.names_people() {
            // What others say is a group is one, if anything here speaks of it.
            for group in self.rights.groups() {
                groups.entry(group.clone()).or_default();
            }
        }
        People::new(&groups, accounts).with_outside(outside)
    }
}
