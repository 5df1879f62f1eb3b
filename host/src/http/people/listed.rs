//! Who there is, for the API and for pages: users of the configuration, accounts that the host keeps, and whom others name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::accounts::Token;
use crate::domain::person::{fold, is_in_group};
use crate::domain::{Grant, Permission, Role, Scope};
use crate::http::{Shared, etag};

/// Somebody.
#[derive(Clone, Debug, Serialize)]
pub struct PersonView {
    /// The name.
    pub name: String,
    /// What they are known by of whom somebody else says who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `configuration`, `accounts`, `oidc` or `proxy`: who knows them.
    pub from: String,
    /// What they may do, and where.
    pub access: Vec<Grant>,
    /// Their own role, where the host keeps it.
    pub role: Option<Role>,
    /// Where that counts.
    pub places: Vec<Scope>,
    /// Their groups.
    pub groups: BTreeSet<String>,
    /// Whether they have a password.
    pub password: bool,
    /// Whether nobody comes in as them.
    pub disabled: bool,
    /// Their tokens that the host keeps.
    pub tokens: Vec<TokenView>,
    /// How many sessions they have.
    pub sessions: usize,
    /// When they were here last.
    pub seen: Option<Timestamp>,
}

impl PersonView {
    /// The tag of what can be changed of somebody: that they were here meanwhile changes nothing.
    pub fn tag(&self) -> String {
        let tokens: Vec<&str> = self.tokens.iter().map(|token| token.id.as_str()).collect();
        let Self { name, access, role, places, groups, password, disabled, .. } = self;
        etag::of(json!([name, access, role, places, groups, password, disabled, tokens]).to_string().as_bytes())
    }
}

/// A token; nothing of it proves anything.
#[derive(Clone, Debug, Serialize)]
pub struct TokenView {
    /// Its public id.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// What it permits; everything where it is empty.
    pub scopes: BTreeSet<Permission>,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// When it was used last.
    pub used: Option<Timestamp>,
}

impl TokenView {
    /// As the file of accounts has it.
    pub fn of(state: &Shared, token: &Token) -> Self {
        let Token { id, label, scopes, made, expires, .. } = token.clone();
        let used = state.callers.used().at(&id);
        Self { id, label, scopes, made, expires, used }
    }
}

/// The tokens of somebody that the host keeps.
pub fn tokens_of(state: &Shared, name: &str) -> Vec<TokenView> {
    let book = state.callers.book();
    let own = book.tokens.iter().filter(|token| fold(&token.owner) == fold(name));
    own.map(|token| TokenView::of(state, token)).collect()
}

/// Everybody.
pub fn everybody(state: &Shared) -> Vec<PersonView> {
    let (config, book, seen) = (state.callers.config(), state.callers.book(), state.callers.visitors().all());
    let names: BTreeSet<&String> = config.users.keys().chain(book.accounts.keys()).collect();
    let here = names.into_iter().map(|name| {
        let account = book.accounts.get(name).cloned().unwrap_or_default();
        PersonView {
            id: None,
            from: if config.users.contains_key(name) { "configuration" } else { "accounts" }.into(),
            access: config.access_of(&book, name).grants().to_vec(),
            role: account.role,
            places: account.places,
            groups: config.groups_of(&book, name),
            password: account.password.is_some(),
            disabled: account.disabled,
            tokens: tokens_of(state, name),
            sessions: state.pages.sessions_of(&fold(name)),
            seen: seen.get(&fold(name)).map(|seen| seen.at),
            name: name.clone(),
        }
    });
    // Who is kept out stands here also where they were not seen for so long that they are forgotten.
    let mut outside: BTreeMap<String, PersonView> = BTreeMap::new();
    // Whoever has an account here is that one, whoever else says who they are.
    let here_too: BTreeSet<String> = config.users.keys().chain(book.accounts.keys()).map(|name| fold(name)).collect();
    for (id, known) in seen.iter().filter(|(id, known)| known.outside && !here_too.contains(*id)) {
        let is_in = |group: &str| is_in_group(&known.groups, group);
        let access = config.rights.of(if known.way == "proxy" { id } else { "" }, &is_in, Vec::new(), false);
        let view = stranger(state, id, &known.name, &known.way);
        let (groups, seen) = (known.groups.clone(), Some(known.at));
        outside.insert(id.clone(), PersonView { access: access.grants().to_vec(), groups, seen, ..view });
    }
    for (id, known) in book.outside.iter().filter(|(id, _)| !here_too.contains(*id)) {
        let view = outside.entry(id.clone()).or_insert_with(|| stranger(state, id, &known.name, "oidc"));
        view.disabled = known.disabled;
        if known.disabled {
            view.access.clear();
        }
    }
    here.chain(outside.into_values()).collect()
}

fn stranger(state: &Shared, id: &str, name: &str, from: &str) -> PersonView {
    PersonView {
        name: name.into(),
        id: Some(id.into()),
        from: from.into(),
        access: Vec::new(),
        role: None,
        places: Vec::new(),
        groups: BTreeSet::new(),
        password: false,
        disabled: false,
        tokens: Vec::new(),
        sessions: state.pages.sessions_of(id),
        seen: None,
    }
}
