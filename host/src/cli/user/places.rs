//! `user show` and `user set`: what somebody may do and where, and changing that.

use clap::Args;
use serde_json::json;

use super::super::Context;
use super::super::screen::{Screen, one_line};
use super::running::{Running, standing};
use super::{LastAdminConsent, RoleWord, change, nobody, shown_access};
use crate::accounts::{self, Edit, LastUsed, edit};
use crate::report::date;

#[derive(Args)]
#[command(after_help = "\
What is not named stays. A running host that reads the same file takes it at once: whoever is signed in may do from then on what this says.
  tidegate user set eve --role responder --place namespace=pay* --place cluster=lab
  tidegate user set eve --everywhere --groups sre,dba")]
pub struct SetArguments {
    /// Whom
    name: String,
    /// viewer, responder, operator, admin, sender, or none: what [[access]] gives them and no more
    #[arg(long, value_name = "ROLE", hide_possible_values = true)]
    role: Option<RoleWord>,
    /// The groups that they are in, all of them
    #[arg(long, value_name = "GROUP", value_delimiter = ',', conflicts_with = "no_groups")]
    groups: Vec<String>,
    /// They are in no group
    #[arg(long)]
    no_groups: bool,
    /// Where the role counts, such as namespace=pay* or cluster=prod-eu,namespace=shop; several times for several places
    #[arg(long = "place", value_name = "PLACE", conflicts_with = "everywhere")]
    places: Vec<String>,
    /// The role counts everywhere
    #[arg(long)]
    everywhere: bool,
    #[command(flatten)]
    meant: LastAdminConsent,
}

pub async fn set(context: &Context<'_>, arguments: SetArguments) -> anyhow::Result<()> {
    let SetArguments { name, role, groups, no_groups, places, everywhere, meant } = arguments;
    let places = edit::places(places.iter().map(String::as_str)).map_err(anyhow::Error::msg)?;
    let edit = Edit {
        role: role.map(RoleWord::role),
        groups: (no_groups || !groups.is_empty()).then(|| edit::groups(groups)),
        places: (everywhere || !places.is_empty()).then_some(places),
        disabled: None,
    };
    if edit == Edit::default() {
        anyhow::bail!("say what is to be otherwise: --role, --groups, --no-groups, --place or --everywhere");
    }
    let (access, here) = change(context, meant, |book| {
        book.edit(&name, edit, context.config.users.contains_key(&name))?;
        let access = context.config.access_of(book, &name);
        let disabled = book.is_disabled(&name);
        let here = standing(&access.grants(), disabled, &context.config.groups_of(book, &name));
        Ok((shown_access(&access), here))
    })?;
    let mut screen = one_line(format!("set: {name} may be {access}"));
    let (running, address) = Running::of(context, &name, &here).await?;
    screen.line(running.taken(&address));
    Ok(screen.print()?)
}

pub async fn show(context: &Context<'_>, name: &str, json: bool) -> anyhow::Result<()> {
    let file = context.config.accounts_file();
    let book = accounts::read(&file).map_err(anyhow::Error::msg)?;
    let (user, account) = (context.config.users.get(name), book.accounts.get(name));
    if user.is_none() && account.is_none() {
        anyhow::bail!("{}", nobody(name));
    }
    let access = context.config.access_of(&book, name);
    let kept = account.cloned().unwrap_or_default();
    let groups = context.config.groups_of(&book, name);
    let tokens: Vec<&accounts::Token> = book.tokens.iter().filter(|token| token.owner == name).collect();
    let (used, configured) = (LastUsed::beside(&file), user.map_or(0, |user| user.tokens.len()));
    let (running, address) = Running::of(context, name, &standing(&access.grants(), kept.disabled, &groups)).await?;
    if json {
        let one = |token: &&accounts::Token| {
            json!({
                "id": token.id, "label": token.label, "scopes": token.scopes, "made": token.made, "expires": token.expires,
                "used": used.at(&token.id),
            })
        };
        let document = json!({
            "name": name, "access": access.grants(), "role": kept.role, "places": kept.places, "groups": groups,
            "password": kept.password.is_some(), "since": kept.since, "disabled": kept.disabled, "configured": user.is_some(),
            "tokens": tokens.iter().map(one).collect::<Vec<_>>(), "configured_tokens": configured,
            "running_host": running.word(),
        });
        return Ok(Screen::json(&document)?.print()?);
    }
    let mut screen = Screen::default();
    screen.line(format!("{name}{}", if kept.disabled { ", disabled: nobody comes in as them" } else { "" }));
    screen.line(format!("may be: {}", shown_access(&access)));
    let own = if user.is_some() { "said by [users] in the configuration".into() } else { accounts::shown(&kept) };
    screen.line(format!("role of their own: {own}"));
    let groups: Vec<String> = groups.into_iter().collect();
    screen.line(format!("groups: {}", if groups.is_empty() { "none".into() } else { groups.join(", ") }));
    let password =
        kept.since.filter(|_| kept.password.is_some()).map_or("none".into(), |since| format!("since {}", date(since)));
    screen.line(format!("password: {password}"));
    screen.line(format!("tokens: {configured} in the configuration, {} kept by the host", tokens.len()));
    for token in tokens {
        let until = token.expires.map_or("for good".into(), |expires| format!("until {}", date(expires)));
        screen.line(format!("  {} {} {until}", token.id, token.label));
    }
    screen.line(running.seen(&address));
    Ok(screen.print()?)
}
