//! `[users.NAME]`: who can prove their name, by which tokens, and what they may do.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::problem::Report;
use crate::domain::Role;
use crate::token::Hash;

/// Longer names are none.
const LONGEST: usize = 64;

/// Somebody who can prove their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Groups that they are in besides those of `[people]`.
    pub groups: Vec<String>,
    /// What is kept of their tokens.
    pub tokens: Vec<Hash>,
    /// What they are everywhere, where their section says so; what else they are, `[[access]]` says.
    pub role: Option<Role>,
    /// A notifier target that reaches them and nobody else.
    pub notify: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    tokens: Vec<String>,
    role: Option<Role>,
    notify: Option<String>,
}

/// Whether a text can be somebody's name: it must look like itself and no other, in links and logs too.
pub fn is_name(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_@".contains(&b));
    plain && name.len() <= LONGEST && name.bytes().any(|b| b.is_ascii_alphanumeric())
}

/// Checks users, and the groups that they are in.
pub fn build(raw: BTreeMap<String, Raw>, targets: &BTreeSet<String>, report: &mut Report) -> BTreeMap<String, User> {
    let mut users = BTreeMap::new();
    let mut tokens: Vec<(String, Hash)> = Vec::new();
    let mut reached: BTreeMap<String, String> = BTreeMap::new();
    for (name, raw) in raw {
        if !is_name(&name) {
            let text = format!("a name has lower-case ASCII letters, digits, `.`, `-`, `_` and `@`, {LONGEST} at most");
            report(&["users", &name], text);
        }
        if raw.groups.iter().any(|group| group.trim().is_empty()) {
            report(&["users", &name, "groups"], "a group needs a name".into());
        }
        let mut own = Vec::new();
        for text in &raw.tokens {
            // The text is not repeated: somebody may have written the token itself.
            let Some(hash) = Hash::parse(text) else {
                let text = "a token is kept as sha256: and 64 hex digits; `tidegate user section` makes one and prints the line";
                report(&["users", &name, "tokens"], text.into());
                continue;
            };
            if let Some((other, _)) = tokens.iter().find(|(_, known)| known.matches(&hash)) {
                report(&["users", &name, "tokens"], format!("{other} has the same token: it would prove neither name"));
            }
            tokens.push((name.clone(), hash.clone()));
            own.push(hash);
        }
        if let Some(target) = &raw.notify {
            if !targets.contains(target) {
                report(&["users", &name, "notify"], format!("there is no [notifiers.{target}]"));
            }
            if let Some(other) = reached.insert(target.clone(), name.clone()) {
                let text = format!("{target} reaches {other} too; a link for one person needs a target of their own");
                report(&["users", &name, "notify"], text);
            }
        }
        users.insert(name, User { groups: raw.groups, tokens: own, role: raw.role, notify: raw.notify });
    }
    users
}
