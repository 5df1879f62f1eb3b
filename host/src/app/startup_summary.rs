//! What a start and `check` say of a configuration, in a line each: the same words for both.

use crate::accounts::AccountsFile;
use crate::config::{Config, Endpoint};
use crate::redact::known;

/// The endpoints that are asked.
pub fn model(config: &Config) -> String {
    let Some(model) = &config.model else { return "model: none".into() };
    let one = |one: &Endpoint| format!("{} at {}", one.name, known::shown_url(&one.url));
    format!("model: {}", model.endpoints.iter().map(|(_, of)| one(of)).collect::<Vec<_>>().join(", then "))
}

/// Inspections, what is done by the clock, and who is to be heard from; those that there are.
pub fn scheduled_jobs(config: &Config) -> Vec<String> {
    let inspections = config.inspections.iter().map(|one| one.order.name.clone());
    let schedules = config.schedules.iter().map(|one| format!("{} ({})", one.name, one.does.word()));
    let heartbeats = config.heartbeats.iter().map(|one| one.name.clone());
    let all: [(&str, Vec<String>); 3] = [
        ("inspections", inspections.collect()),
        ("schedules", schedules.collect()),
        ("heartbeats", heartbeats.collect()),
    ];
    all.into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what}: {}", names.join(", ")))
        .collect()
}

/// How people and programs prove who they are; `had_accounts` says whether the journal knows of accounts.
pub fn sign_in(config: &Config, book: &AccountsFile, had_accounts: impl FnOnce() -> bool) -> String {
    let path = config.accounts_file();
    if !path.exists() && had_accounts() {
        return format!(
            "sign-in: the file of accounts {} is gone, so nobody gets in by one until it is back",
            path.display()
        );
    }
    let mut ways = Vec::new();
    if let Some(auth) = &config.server.auth {
        ways.push(auth.describe());
    }
    let users = config.users.values().filter(|user| !user.tokens.is_empty()).count();
    let passwords = book.accounts.values().filter(|account| account.password.is_some()).count();
    for (count, one, several) in [
        (users, "user of the configuration with a token", "users of the configuration with tokens"),
        (passwords, "account with a password", "accounts with passwords"),
        (book.tokens.len(), "token that the host keeps", "tokens that the host keeps"),
    ] {
        match count {
            0 => {}
            1 => ways.push(format!("1 {one}")),
            count => ways.push(format!("{count} {several}")),
        }
    }
    if let Some(oidc) = &config.server.oidc {
        ways.push(format!("the provider {} ({})", oidc.name, oidc.issuer_text));
    }
    if config.sign_in.proxy.is_some() {
        ways.push("a proxy that names people".into());
    }
    if ways.is_empty() {
        return "sign-in: nobody need prove anything, and whoever is at this machine may do everything".into();
    }
    format!("sign-in: {}", ways.join(", "))
}
