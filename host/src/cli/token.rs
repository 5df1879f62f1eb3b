//! `token`: tokens that the host keeps, with an end and no more rights than they need. A running host takes them at once.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Context;
use super::screen::{Screen, one_line};
use super::user::{LastAdminConsent, change};
use crate::accounts::edit::{self, NewToken};
use crate::accounts::{self, LastUsed, Token};
use crate::clock::SystemClock;
use crate::config::Period;
use crate::domain::Permission;
use crate::domain::text::letters::visible_line;
use crate::ports::Clock;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a token of somebody that there is; it is shown once
    New {
        /// Whose it is
        name: String,
        /// What it permits of what its owner may do: look, metrics, handle, approve, silence, chat, pause, operate, audit, administer;
        /// without it everything
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<String>,
        /// How long it is good for, such as 30d; 366d at most
        #[arg(long, value_name = "TIME", default_value = "90d")]
        expires: String,
        /// What it is for
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        label: String,
    },
    /// List tokens that the host keeps: whose, what for, until when, when last used
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// End a token at once
    Revoke {
        /// Its id, as `token list` names it
        id: String,
        #[command(flatten)]
        meant: LastAdminConsent,
    },
}

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::New { name, scopes, expires, label } => make(context, &name, &scopes, &expires, label)?.print()?,
        Command::List { json } => list(context, json)?.print()?,
        Command::Revoke { id, meant } => {
            change(context, meant, |book| book.revoke(&id, None))?;
            one_line(format!("revoked: {id}")).print()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn make(context: &Context<'_>, name: &str, scopes: &[String], expires: &str, label: String) -> anyhow::Result<Screen> {
    let scopes = edit::scopes(scopes.iter().map(String::as_str)).map_err(anyhow::Error::msg)?;
    let length = Period::parse(expires).and_then(|period| SignedDuration::try_from(period.0).ok());
    let length = length.filter(|length| *length > SignedDuration::ZERO && *length <= edit::LONGEST);
    let Some(length) = length else { bail!("--expires {expires:?} is no length of time up to 366d, such as 30d") };
    let label = visible_line(label.trim());
    let made = SystemClock.now();
    let until = made.checked_add(length)?;
    let permits = if scopes.is_empty() { "all that its owner may do".to_string() } else { words(&scopes) };
    let (secret, token) = change(context, LastAdminConsent::NEVER, |book| {
        // A name that [[access]] alone knows is nobody's yet: there is nothing that it could be proven by.
        if !context.config.users.contains_key(name) && !book.accounts.contains_key(name) {
            return Err(format!(
                "there is nobody called {name}; `tidegate user create {name}` makes an account, with --role none one \
                 that may do what [[access]] says and no more"
            ));
        }
        let access = context.config.access_of(book, name);
        book.mint(NewToken { owner: name.into(), scopes, expires: until, label, made_with: None }, &access, made)
    })?;
    let id = token.id;
    let mut screen = Screen::default();
    screen.block(&format!(
        "The token, shown this once:\n\n{}\n\nIt is {name}'s until {}, and permits {permits}. A running host takes it at once. The \
         journal names it as {id}; `tidegate token revoke {id}` ends it.\n",
        secret.expose(),
        crate::report::date(until)
    ));
    Ok(screen)
}

fn words(scopes: &BTreeSet<Permission>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
}

fn list(context: &Context<'_>, json: bool) -> anyhow::Result<Screen> {
    let file = context.config.accounts_file();
    let book = accounts::read(&file).map_err(anyhow::Error::msg)?;
    let (used, now) = (LastUsed::beside(&file), SystemClock.now());
    if json {
        let one = |token: &Token| {
            json!({
                "id": token.id, "owner": token.owner, "label": token.label, "scopes": token.scopes, "made": token.made,
                "expires": token.expires, "used": used.at(&token.id), "good": token.is_good(now) && !book.is_disabled(&token.owner),
            })
        };
        return Ok(Screen::json(&json!({ "tokens": book.tokens.iter().map(one).collect::<Vec<_>>() }))?);
    }
    if book.tokens.is_empty() {
        return Ok(one_line("the host keeps no tokens; `tidegate token new NAME` makes one"));
    }
    let date = |at: Option<Timestamp>| at.map_or("-".into(), crate::report::date);
    let row = |token: &Token| {
        let state = match (token.is_good(now), book.is_disabled(&token.owner)) {
            (_, true) => "disabled",
            (false, _) => "expired",
            (true, false) => "good",
        };
        let scopes = if token.scopes.is_empty() { "all".into() } else { words(&token.scopes) };
        let label = if token.label.is_empty() { "-".into() } else { token.label.clone() };
        [
            token.id.clone(),
            token.owner.clone(),
            label,
            scopes,
            date(token.expires),
            date(used.at(&token.id)),
            state.into(),
        ]
    };
    Ok(Screen::table(["ID", "OWNER", "FOR", "SCOPES", "EXPIRES", "LAST USED", "STATE"], book.tokens.iter().map(row)))
}
