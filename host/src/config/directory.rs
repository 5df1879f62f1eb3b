//! Who there is: users of the configuration and accounts that the host keeps, what they may do, and what proves their names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Auth, Config, sign_in};
use crate::accounts::{self, Book};
use crate::domain::person::fold;
use crate::domain::{Access, Permission, Proof, Proven, Role};
use crate::gate::People;
use crate::gate::people::Account;
use crate::token::Hash;

impl Config {
    /// The file of accounts.
    pub fn accounts_file(&self) -> PathBuf {
        self.sign_in.accounts.clone().unwrap_or_else(|| self.data().join(sign_in::FILE))
    }

    /// Whether callers of the API must prove something. What cannot be read is no reason to let everybody in.
    pub fn demands_proof(&self) -> bool {
        let kept = || accounts::read(&self.accounts_file()).map_or(true, |book| book.proves());
        self.server.auth.is_some()
            || self.sign_in.proxy.is_some()
            || self.users.values().any(|user| !user.tokens.is_empty())
            || kept()
    }

    /// Everybody by name, with the groups that their section and their account name.
    fn everybody(&self, book: &Book) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, user) in &self.users {
            all.entry(name.clone()).or_default().extend(user.groups.iter().cloned());
        }
        for (name, account) in &book.accounts {
            all.entry(name.clone()).or_default().extend(account.groups.iter().cloned());
        }
        all
    }

    /// What somebody of this name may do, by the configuration alone.
    pub fn access(&self, name: &str) -> Access {
        self.access_of(&Book::default(), name)
    }

    /// What somebody of this name may do; whoever is disabled may do nothing.
    pub fn access_of(&self, book: &Book, name: &str) -> Access {
        let id = fold(name);
        let account = book.accounts.iter().find(|(known, _)| fold(known) == id).map(|(_, account)| account);
        if account.is_some_and(|account| account.disabled) {
            return Access::default();
        }
        let user = self.users.iter().find(|(known, _)| fold(known) == id).map(|(_, user)| user);
        let own = user.map(|user| &user.groups).into_iter().flatten();
        let own: Vec<&String> = own.chain(account.iter().flat_map(|account| &account.groups)).collect();
        let is_in = |group: &str| self.is_in(&id, group) || own.iter().any(|known| fold(known) == fold(group));
        let role: Option<Role> = user
            .and_then(|user| user.role)
            .or_else(|| account.and_then(|account| account.role).filter(|_| user.is_none()));
        self.rights.of(name, &is_in, role, user.is_some())
    }

    /// Somebody whom a proxy names, with the groups that it and the configuration know, and what they may do. Nothing is theirs
    /// that neither their section nor an `[[access]]` says; none where they are disabled.
    pub fn named_by_proxy(&self, book: &Book, name: &str, groups: &BTreeSet<String>) -> Option<(Proven, Access)> {
        let id = fold(name);
        if book.accounts.iter().any(|(known, account)| fold(known) == id && account.disabled) {
            return None;
        }
        let user = self.users.iter().find(|(known, _)| fold(known) == id).map(|(_, user)| user);
        let own = user.iter().flat_map(|user| &user.groups).map(|group| fold(group));
        let of_people = self.people.keys().filter(|group| self.is_in(&id, group)).map(|group| fold(group));
        let all: BTreeSet<String> = groups.iter().cloned().chain(own).chain(of_people).collect();
        let access = self.rights.of(name, &|group| all.contains(&fold(group)), user.and_then(|user| user.role), false);
        Some((Proven::new(name, Proof::Proxy, all)?, access))
    }

    /// Whether `[people]` names somebody in a group.
    fn is_in(&self, id: &str, group: &str) -> bool {
        let named = self.people.iter().filter(|(known, _)| fold(known) == fold(group));
        named.flat_map(|(_, names)| names).any(|member| fold(member) == id)
    }

    /// Accounts and groups for the gate, by the configuration alone.
    pub fn people(&self) -> People {
        self.people_of(&Book::default())
    }

    /// Accounts and groups for the gate.
    pub fn people_of(&self, book: &Book) -> People {
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
            let enabled = kept.is_none_or(|account| !account.disabled);
            Account {
                name: name.clone(),
                tokens: user.iter().flat_map(|user| &user.tokens).map(Hash::id).chain(kept_tokens).collect(),
                password: kept.is_some_and(|account| account.password.is_some())
                    || basic.is_some_and(|basic| fold(basic) == fold(name)),
                link: user.is_some_and(|user| user.notify.is_some()) && self.approvals.link.is_some(),
                answers: enabled && self.access_of(book, name).may(Permission::Approve),
            }
        };
        let mut accounts: Vec<Account> = everybody.keys().map(account).collect();
        if let Some(name) = basic.filter(|name| !accounts.iter().any(|known| fold(name) == fold(&known.name))) {
            accounts.push(Account { name: name.clone(), password: true, answers: true, ..Account::default() });
        }
        let disabled = book.accounts.iter().filter(|(_, account)| account.disabled).map(|(name, _)| fold(name));
        let people = People::new(&groups, accounts);
        if self.sign_in.proxy.is_some() { people.with_proxy(disabled.collect()) } else { people }
    }
}
