//! What the file of accounts says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::person::fold;
use crate::domain::{Grant, Permission, Role, Scope};
use crate::token::Hash;

use super::Change;

/// Accounts by name, and tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsFile {
    /// Accounts by name: those that are nowhere else, and passwords of users of the configuration.
    pub accounts: BTreeMap<String, Account>,
    /// Tokens of both.
    pub tokens: Vec<Token>,
    /// Whom a provider knows, by what they are known by (`domain::person::outside_id`), where something is kept of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outside: BTreeMap<String, ExternalUser>,
    /// What was changed lately, and by whom: the host takes it into its journal, once (`changes`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// There was a file, and nobody knows what it said.
    #[serde(skip)]
    pub lost: bool,
}

/// What is kept of somebody whom a provider knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExternalUser {
    /// What they were called then.
    pub name: String,
    /// They are not let in.
    pub disabled: bool,
}

/// What is kept of somebody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// What they are, where the configuration does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where that counts; everywhere if it names no place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Scope>,
    /// Groups besides those of the configuration.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// What is kept of their password: a PHC string of Argon2id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// When the password was set: who signed in before that is signed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Nobody comes in as them, by whatever proof.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Its public id.
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// Its SHA-256, as the configuration has those of users.
    pub sha256: String,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What it permits of what its owner may do; all of it where this is empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<Permission>,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The public id of the token with which it was made, if it was: it ends with that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_with: Option<String>,
}

impl Account {
    /// What their own role gives them, and where.
    pub fn grants(&self) -> Vec<Grant> {
        let Some(role) = self.role else { return Vec::new() };
        if self.places.is_empty() {
            return vec![Grant { role, bounds: Scope::default() }];
        }
        self.places.iter().map(|bounds| Grant { role, bounds: bounds.clone() }).collect()
    }
}

impl Token {
    /// What it is known by.
    pub fn hash(&self) -> Option<Hash> {
        Hash::parse(&self.sha256)
    }

    /// Whether it is good at a time.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

impl AccountsFile {
    /// Whether anybody can prove a name by it.
    pub fn proves(&self) -> bool {
        self.accounts.values().any(|account| account.password.is_some()) || !self.tokens.is_empty()
    }

    /// Whether it holds an admin who can sign in: with one a file that is gone is begun anew.
    pub fn begins_anew(&self) -> bool {
        let is_admin = |account: &Account| account.role == Some(Role::Admin) && account.password.is_some();
        self.accounts.values().any(|account| is_admin(account) && !account.disabled)
    }

    /// The same where nobody comes in by it, and whoever was kept out stays so.
    #[must_use]
    pub fn closed(&self) -> Self {
        let account =
            |(name, account): (&String, &Account)| (name.clone(), Account { password: None, ..account.clone() });
        Self { accounts: self.accounts.iter().map(account).collect(), tokens: Vec::new(), ..self.clone() }
    }

    /// Whether nobody comes in who is known by this (`Proven::id`), whoever says so: their account here is disabled, or they are
    /// kept out by what others call them.
    pub fn keeps_out(&self, id: &str) -> bool {
        let account = self.accounts.iter().any(|(name, account)| account.disabled && fold(name) == id);
        self.lost || account || self.outside.get(id).is_some_and(|known| known.disabled)
    }

    /// Whether somebody is kept out, by whatever proof.
    pub fn is_disabled(&self, name: &str) -> bool {
        self.accounts.get(name).is_some_and(|account| account.disabled)
    }
}

impl AccountsFile {
    /// What somebody has changed since it was another: sentences without anything secret.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut all = Vec::new();
        for (name, account) in &self.accounts {
            // Of a user of the configuration nothing is kept before something is said of them here.
            let nothing = Account::default();
            let known = match before.accounts.get(name) {
                Some(known) => known,
                None => {
                    if account.password.is_some() || account.role.is_some() || *account == nothing {
                        all.push(format!("account {name} was made"));
                    }
                    &nothing
                }
            };
            if account.password != known.password || account.since != known.since {
                all.push(format!("the password of {name} was set"));
            }
            if account.disabled != known.disabled {
                all.push(format!("account {name} was {}", if account.disabled { "disabled" } else { "enabled" }));
            }
            if (account.role, &account.places) != (known.role, &known.places) {
                all.push(format!("{name} is {} now, and was {}", shown(account), shown(known)));
            }
            if account.groups != known.groups {
                let (now, before) = (joined(&account.groups), joined(&known.groups));
                all.push(format!("the groups of {name} are {now} now, and were {before}"));
            }
        }
        let kept_out = |book: &Self, id: &str| book.outside.get(id).is_some_and(|known| known.disabled);
        let outside: BTreeMap<&String, &ExternalUser> = before.outside.iter().chain(&self.outside).collect();
        for (id, known) in outside {
            if kept_out(self, id) != kept_out(before, id) {
                let is = if kept_out(self, id) { "disabled" } else { "enabled" };
                all.push(format!("{} of the provider ({id}) was {is}", known.name));
            }
        }
        let gone = before.accounts.keys().filter(|name| !self.accounts.contains_key(*name));
        all.extend(gone.map(|name| format!("account {name} was removed")));
        let has = |book: &Self, token: &Token| book.tokens.iter().any(|known| known.id == token.id);
        let made = self.tokens.iter().filter(|token| !has(before, token));
        all.extend(made.map(|token| format!("token {} of {} was made", token.id, token.owner)));
        let revoked = before.tokens.iter().filter(|token| !has(self, token));
        all.extend(revoked.map(|token| format!("token {} of {} was revoked", token.id, token.owner)));
        all
    }
}

/// A role and its places, for people.
pub fn shown(account: &Account) -> String {
    let all: Vec<String> = account.grants().iter().map(ToString::to_string).collect();
    if all.is_empty() { "without a role of their own".into() } else { all.join(", ") }
}

fn joined(groups: &BTreeSet<String>) -> String {
    if groups.is_empty() { "none".into() } else { groups.iter().cloned().collect::<Vec<_>>().join(", ") }
}
