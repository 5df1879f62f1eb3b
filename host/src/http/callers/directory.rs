//! Tokens and people as the configuration and one edition of the file of accounts have them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::HeaderMap;
use base64::Engine;
use jiff::Timestamp;

use crate::accounts::AccountsFile;
use crate::config::Config;
use crate::domain::{Access, Permission};
use crate::gate::People;
use crate::http::authorization::authorization;
use crate::token::{self, Hash};

/// A token that somebody has.
pub(super) struct TokenEntry {
    pub(super) hash: Hash,
    pub(super) name: String,
    /// What it permits of what its owner may do; none for all.
    pub(super) scopes: Option<BTreeSet<Permission>>,
    pub(super) expires: Option<Timestamp>,
    /// Whether its uses are kept.
    pub(super) noted: bool,
}

/// What is known as long as the file of accounts is the same.
pub(super) struct Directory {
    pub(super) edition: u64,
    pub(super) book: Arc<AccountsFile>,
    pub(super) tokens: Vec<TokenEntry>,
    pub(super) people: People,
}

impl Directory {
    pub(super) fn new(config: &Config, book: Arc<AccountsFile>, edition: u64) -> Self {
        let entry = |name: &String, hash: &Hash| TokenEntry {
            hash: hash.clone(),
            name: name.clone(),
            scopes: None,
            expires: None,
            noted: false,
        };
        let of_users = config.users.iter().flat_map(|(name, user)| user.tokens.iter().map(|hash| entry(name, hash)));
        let kept = book.tokens.iter().filter_map(|token| {
            let scopes = (!token.scopes.is_empty()).then(|| token.scopes.clone());
            Some(TokenEntry { scopes, expires: token.expires, noted: true, ..entry(&token.owner, &token.hash()?) })
        });
        let tokens = of_users.chain(kept).collect();
        Self { edition, tokens, people: config.people_of(&book), book }
    }

    /// Looks at every token, so that the time tells nothing.
    pub(super) fn entry(&self, token: &str) -> Option<&TokenEntry> {
        if !token::is_token(token) {
            return None;
        }
        let given = Hash::of(token);
        self.tokens.iter().fold(None, |found, entry| if entry.hash.matches(&given) { Some(entry) } else { found })
    }

    pub(super) fn access(&self, config: &Config, entry: &TokenEntry) -> Access {
        let access = config.access_of(&self.book, &entry.name);
        match &entry.scopes {
            Some(scopes) => access.only(scopes.iter().copied()),
            None => access,
        }
    }
}

/// The token that a request carries, as a bearer's or as the password of its owner.
pub(super) fn owner<'a>(known: &'a Directory, headers: &HeaderMap) -> Option<&'a TokenEntry> {
    let (scheme, credentials) = authorization(headers)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return known.entry(credentials);
    }
    let (name, token) = basic(headers)?;
    known.entry(&token).filter(|entry| entry.name == name)
}

/// The name and the password that a request carries.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, credentials) = authorization(headers)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(credentials).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    decoded.split_once(':').map(|(name, password)| (name.to_string(), password.to_string()))
}
