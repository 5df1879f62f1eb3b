//! What the file of accounts says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Permission, Role};
use crate::token::Hash;

/// Accounts by name, and tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Book {
    /// Accounts by name: those that are nowhere else, and passwords of users of the configuration.
    pub accounts: BTreeMap<String, Account>,
    /// Tokens of both.
    pub tokens: Vec<Token>,
}

/// What is kept of somebody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// What they are everywhere, where the configuration does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
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

impl Book {
    /// Whether anybody can prove a name by it.
    pub fn proves(&self) -> bool {
        self.accounts.values().any(|account| account.password.is_some()) || !self.tokens.is_empty()
    }

    /// The same where nobody comes in by it, and whoever was kept out stays so.
    #[must_use]
    pub fn closed(&self) -> Self {
        let account =
            |(name, account): (&String, &Account)| (name.clone(), Account { password: None, ..account.clone() });
        Self { accounts: self.accounts.iter().map(account).collect(), tokens: Vec::new() }
    }

    /// Whether somebody is kept out, by whatever proof.
    pub fn is_disabled(&self, name: &str) -> bool {
        self.accounts.get(name).is_some_and(|account| account.disabled)
    }
}

impl Book {
    /// What somebody has changed since it was another: sentences without anything secret.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut all = Vec::new();
        for (name, account) in &self.accounts {
            let Some(known) = before.accounts.get(name) else {
                let kept_out = if account.disabled { ", disabled" } else { "" };
                all.push(format!("account {name} was made{kept_out}"));
                continue;
            };
            if account.password != known.password || account.since != known.since {
                all.push(format!("the password of {name} was set"));
            }
            if account.disabled != known.disabled {
                all.push(format!("account {name} was {}", if account.disabled { "disabled" } else { "enabled" }));
            }
            if (account.role, &account.groups) != (known.role, &known.groups) {
                all.push(format!("role or groups of {name} were changed"));
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
