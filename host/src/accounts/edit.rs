//! What can be done to accounts, whoever does it: commands, the API and pages.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Account, AccountsFile, ExternalUser, Token};
use crate::domain::person::is_group;
use crate::domain::{Access, Permission, Role, Scope};
use crate::secret::Secret;
use crate::token::{self, Hash};

/// The longest that a token is good for.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// Bytes of what a token is for.
const LABEL: usize = 100;
/// Groups and places of one account, tokens of one person, and accounts of one file.
const GROUPS: usize = 100;
const PLACES: usize = 100;
const TOKENS: usize = 100;
const ACCOUNTS: usize = 10_000;
/// Bytes of the name of a group.
const GROUP: usize = 100;

/// What is to be otherwise; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// The role; none in it for none of their own.
    pub role: Option<Option<Role>>,
    /// The groups, all of them.
    pub groups: Option<BTreeSet<String>>,
    /// Where the role counts, all of it; everywhere where it is empty.
    pub places: Option<Vec<Scope>>,
    /// Whether nobody comes in as them.
    pub disabled: Option<bool>,
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose.
    pub owner: String,
    /// What it permits; all that its owner may do where it is empty.
    pub scopes: BTreeSet<Permission>,
    /// Until when.
    pub expires: Timestamp,
    /// What for.
    pub label: String,
    /// The public id of the token that is shown for it, if one is.
    pub made_with: Option<String>,
}

fn nobody(name: &str) -> String {
    format!("there is no account {name}; `tidegate user list` names those that there are")
}

/// Reads the name of a role; `none` is none.
pub fn role(word: &str) -> Result<Option<Role>, String> {
    let known = Role::ALL.into_iter().find(|role| role.as_str() == word);
    match known {
        None if word != "none" => {
            let all: Vec<&str> = Role::ALL.into_iter().map(Role::as_str).collect();
            Err(format!("there is no role {word:?}; there are {} and none", all.join(", ")))
        }
        known => Ok(known),
    }
}

/// Reads names of groups, as people write them in a list.
pub fn groups(words: impl IntoIterator<Item = impl AsRef<str>>) -> BTreeSet<String> {
    let named = words.into_iter().map(|word| word.as_ref().trim().to_string());
    named.filter(|name| !name.is_empty()).collect()
}

/// Reads names of scopes.
pub fn scopes<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<BTreeSet<Permission>, String> {
    let read = |word: &str| {
        let all: Vec<&str> = Permission::ALL.into_iter().map(Permission::as_str).collect();
        Permission::of(word).ok_or_else(|| format!("there is no scope {word:?}; there are {}", all.join(", ")))
    };
    words.into_iter().map(read).collect()
}

/// Reads places.
pub fn places<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Vec<Scope>, String> {
    let read = |word: &str| {
        let wrong = || {
            format!(
                "{word:?} is no place: write namespace=NAME, cluster=NAME or both with a comma, in which * stands for any letters"
            )
        };
        Scope::parse(word).ok_or_else(wrong)
    };
    words.into_iter().map(read).collect()
}

fn check(account: &Account) -> Result<(), String> {
    let odd = |group: &String| !is_group(group) || group.len() > GROUP;
    if account.groups.iter().any(odd) || account.groups.len() > GROUPS {
        return Err(format!("a group has a name of {GROUP} bytes at most, and somebody is in {GROUPS} at most"));
    }
    if account.places.len() > PLACES {
        return Err(format!("a role counts in {PLACES} places at most, or everywhere"));
    }
    match account.role {
        None if !account.places.is_empty() => {
            Err("a place bounds a role, and there is none: give one, or no places".into())
        }
        Some(Role::Sender) if !account.places.is_empty() => Err("a sender sends alerts of any place".into()),
        Some(Role::Sender) if account.password.is_some() => Err("a sender needs a token and no password".into()),
        _ => Ok(()),
    }
}

impl AccountsFile {
    /// Makes an account.
    ///
    /// # Errors
    /// When there is one, or it says what cannot be: a sentence.
    pub fn make(&mut self, name: &str, account: Account) -> Result<(), String> {
        check(&account)?;
        if self.accounts.contains_key(name) {
            return Err(format!("there is an account {name} already; `tidegate user passwd {name}` sets its password"));
        }
        if self.accounts.len() >= ACCOUNTS {
            return Err(format!("there are {ACCOUNTS} accounts, and no more than that"));
        }
        self.accounts.insert(name.into(), account);
        Ok(())
    }

    /// Changes what is said of somebody. Of whom the configuration speaks, it says role and places.
    ///
    /// # Errors
    /// When there is nobody of this name, or it cannot be so: a sentence.
    pub fn edit(&mut self, name: &str, edit: Edit, configured: bool) -> Result<(), String> {
        if configured && (edit.role.is_some() || edit.places.is_some()) {
            return Err(format!("{name} is in the configuration: [users] and [[access]] there say role and places"));
        }
        let mut account = match self.accounts.get(name) {
            Some(account) => account.clone(),
            None if configured => Account::default(),
            None => return Err(nobody(name)),
        };
        account.role = edit.role.unwrap_or(account.role);
        account.groups = edit.groups.unwrap_or(account.groups);
        account.places = edit.places.unwrap_or(account.places);
        account.disabled = edit.disabled.unwrap_or(account.disabled);
        check(&account)?;
        self.accounts.insert(name.into(), account);
        Ok(())
    }

    /// Keeps out somebody whom a provider knows, or lets them in again.
    pub fn keep_out(&mut self, id: &str, name: &str, disabled: bool) {
        if disabled {
            self.outside.insert(id.into(), ExternalUser { name: name.into(), disabled });
        } else {
            self.outside.remove(id);
        }
    }

    /// Makes a token; it is shown once.
    ///
    /// # Errors
    /// When its owner may not do what it is to permit, or it lasts too long: a sentence.
    pub fn mint(&mut self, wanted: NewToken, access: &Access, now: Timestamp) -> Result<(Secret, Token), String> {
        let NewToken { owner, scopes, expires, label, made_with } = wanted;
        let length = expires.duration_since(now);
        if length <= SignedDuration::ZERO || length > LONGEST {
            return Err("a token is good for some time, and for 366d at most".into());
        }
        if label.len() > LABEL || label.chars().any(char::is_control) {
            return Err(format!("what a token is for has {LABEL} bytes at most, on one line"));
        }
        if access.grants().is_empty() {
            return Err(format!(
                "there is nobody called {owner} who may do anything; `tidegate user list` names who there is"
            ));
        }
        if let Some(scope) = scopes.iter().find(|scope| !access.may(**scope)) {
            let word = scope.as_str();
            return Err(format!("{owner} may not {}, so no token of theirs can: leave {word} out", scope.does()));
        }
        if self.tokens.iter().filter(|token| token.owner == owner).count() >= TOKENS {
            return Err(format!("{owner} has {TOKENS} tokens; revoke some of them first"));
        }
        let secret = token::generate()?;
        let hash = Hash::of(secret.expose());
        let (id, sha256) = (hash.id(), hash.to_string());
        let token = Token { id, owner, sha256, label, scopes, made: now, expires: Some(expires), made_with };
        self.tokens.push(token.clone());
        Ok((secret, token))
    }

    /// Ends a token, of somebody or whosever it is, and all that were made with it: whoever has found one has made others.
    ///
    /// # Errors
    /// When there is no such token: a sentence.
    pub fn revoke(&mut self, id: &str, owner: Option<&str>) -> Result<(), String> {
        let is_meant = |token: &Token| token.id == id && owner.is_none_or(|owner| token.owner == owner);
        if !self.tokens.iter().any(is_meant) {
            return Err(format!("the host keeps no token {id}; those of the configuration stand in [users]"));
        }
        let mut ended: BTreeSet<String> = [id.to_string()].into();
        loop {
            let made_with = |token: &&Token| token.made_with.as_ref().is_some_and(|with| ended.contains(with));
            let more: BTreeSet<String> = self.tokens.iter().filter(made_with).map(|token| token.id.clone()).collect();
            let before = ended.len();
            ended.extend(more);
            if ended.len() == before {
                break;
            }
        }
        self.tokens.retain(|token| !ended.contains(&token.id));
        Ok(())
    }
}
