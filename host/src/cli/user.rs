//! `user`: who there is. A token's hash goes into the configuration by the hand of the operator; passwords are kept in the file
//! of accounts, which a running host reads anew by itself.

mod places;
mod running;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::remote::USER_TOKEN;
use super::screen::{Screen, ask_secret, note, one_line};
use crate::accounts::{
    self, Account, AccountsFile, Actor, ChangeError, Edit, Guards, LockedFile, Visitors, edit, password,
};
use crate::clock::SystemClock;
use crate::config::is_user_name;
use crate::domain::audit::Channel;
use crate::domain::{Access, Person, Role};
use crate::ports::Clock;
use crate::token::{self, Hash};

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Keep an account: a name and a password, which is asked for or read from standard input; a running host takes it at once
    Create {
        /// The name, such as ada
        name: String,
        /// Groups that gates ask and that the person is in
        #[arg(long, value_name = "GROUP", value_delimiter = ',')]
        groups: Vec<String>,
        /// viewer (looks), responder (answers, handles, silences), operator (resumes and runs, too), admin (says who there is, too), or
        /// none: what [[access]] gives them and no more
        #[arg(long, value_name = "ROLE", default_value = "responder", hide_possible_values = true)]
        role: RoleWord,
    },
    /// Make a token and print the section that goes into the configuration, by which a host knows somebody when it starts
    Section {
        /// The name that is proven, such as ada
        name: String,
        /// Groups that gates ask and that the person is in
        #[arg(long, value_name = "GROUP", value_delimiter = ',')]
        groups: Vec<String>,
        /// viewer, responder, operator, admin, sender (sends alerts and nothing else), or none: what [[access]] gives them and no more
        #[arg(long, value_name = "ROLE", default_value = "responder", hide_possible_values = true)]
        role: RoleWord,
    },
    /// As `section`, and with --password as `create`: how both were spelled before
    #[command(hide = true)]
    Add {
        /// The name that is proven, such as ada
        name: String,
        /// Groups that gates ask and that the person is in
        #[arg(long, value_name = "GROUP", value_delimiter = ',')]
        groups: Vec<String>,
        /// What they are
        #[arg(long, value_name = "ROLE", default_value = "responder", hide_possible_values = true)]
        role: RoleWord,
        /// Keep an account with a password, which is asked for or read from standard input
        #[arg(long)]
        password: bool,
    },
    /// Set the password of somebody; whoever is signed in by the old one is signed out
    Passwd {
        /// Whose
        name: String,
    },
    /// Show what somebody may do and where, their groups and their tokens
    Show {
        /// Whom
        name: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Say what somebody may do and where, and which groups they are in
    Set(places::SetArguments),
    /// Remove the account of somebody that the host keeps, and their tokens in it
    Remove {
        /// Whose
        name: String,
        #[command(flatten)]
        meant: LastAdminConsent,
    },
    /// Let nobody in as somebody, by whatever proof, until `user enable`
    Disable {
        /// Whom
        name: String,
        #[command(flatten)]
        meant: LastAdminConsent,
    },
    /// Let somebody in again
    Enable {
        /// Whom
        name: String,
    },
    /// Say that there are no accounts any more, where the file of them is gone: until then a host that remembers some lets nobody in
    Reset,
    /// List who there is, and what they may do
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// A word for what nobody does by the way.
#[derive(Args, Clone, Copy)]
pub struct LastAdminConsent {
    /// It is meant, also where nobody is left then who may say who there is
    #[arg(long)]
    last_admin: bool,
}

impl LastAdminConsent {
    /// Of what cannot leave nobody.
    pub const NEVER: Self = Self { last_admin: false };
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleWord {
    None,
    Sender,
    Viewer,
    Responder,
    Operator,
    Admin,
}

impl RoleWord {
    fn role(self) -> Option<Role> {
        match self {
            Self::None => None,
            Self::Sender => Some(Role::Sender),
            Self::Viewer => Some(Role::Viewer),
            Self::Responder => Some(Role::Responder),
            Self::Operator => Some(Role::Operator),
            Self::Admin => Some(Role::Admin),
        }
    }
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let said = match arguments.command {
        Command::Section { name, groups, role } | Command::Add { name, groups, role, password: false } => {
            section(context, &name, &edit::groups(groups), role.role())?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Create { name, groups, role } | Command::Add { name, groups, role, password: true } => {
            create(context, &name, edit::groups(groups), role.role())?
        }
        Command::Passwd { name } => set_password(context, &name)?,
        Command::Remove { name, meant } => change(context, meant, |book| {
            let Some(account) = book.accounts.remove(&name) else { return Err(nobody(&name)) };
            if context.config.users.contains_key(&name) && account.disabled {
                return Err(format!(
                    "{name} is in the configuration and disabled; `tidegate user enable {name}` first"
                ));
            }
            book.tokens.retain(|token| token.owner != name);
            let left = if context.config.users.contains_key(&name) {
                "; the configuration still has [users] of this name"
            } else {
                ""
            };
            Ok(format!("removed: {name}, with password and tokens{left}"))
        })?,
        Command::Show { name, json } => {
            places::show(context, &name, json).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Set(arguments) => {
            places::set(context, arguments).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Disable { name, meant } => change(context, meant, |book| {
            if let Some((id, called)) = outside(context, book, &name) {
                book.keep_out(&id, &called, true);
                return Ok(format!("disabled: {called} ({id}) is let in no more, whoever says who they are"));
            }
            let edit = Edit { disabled: Some(true), ..Edit::default() };
            book.edit(&name, edit, context.config.users.contains_key(&name))?;
            Ok(format!("disabled: nobody comes in as {name} any more, and sessions and yeses of theirs count no more"))
        })?,
        Command::Enable { name } => change(context, LastAdminConsent::NEVER, |book| {
            if let Some((id, called)) = outside(context, book, &name) {
                book.keep_out(&id, &called, false);
                return Ok(format!("enabled: {called} ({id})"));
            }
            book.accounts.get_mut(&name).ok_or_else(|| nobody(&name))?.disabled = false;
            Ok(format!("enabled: {name}"))
        })?,
        Command::Reset => reset(context)?,
        Command::List { json } => {
            list(context, json)?.print()?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    one_line(said).print()?;
    Ok(ExitCode::SUCCESS)
}

/// Somebody whom a provider knows and nobody here: what they are known by, and what they were called.
fn outside(context: &Context<'_>, book: &AccountsFile, name: &str) -> Option<(String, String)> {
    if context.config.users.contains_key(name) || book.accounts.contains_key(name) {
        return None;
    }
    let seen = Visitors::beside(&context.config.accounts_file()).all();
    let seen = seen.into_iter().filter(|(_, seen)| seen.outside).map(|(id, seen)| (id, seen.name));
    let kept = book.outside.iter().map(|(id, known)| (id.clone(), known.name.clone()));
    let mut meant = seen.chain(kept).filter(|(id, called)| id == name || called == name);
    // One of two who are called the same is meant by what their provider calls them.
    let first = meant.next()?;
    meant.all(|(id, _)| id == first.0).then_some(first)
}

fn nobody(name: &str) -> String {
    format!("there is no account {name}; `tidegate user list` names those that there are")
}

fn check(name: &str) -> anyhow::Result<()> {
    if !is_user_name(name) {
        bail!("{name:?} cannot be a name: use lower-case ASCII letters, digits, `.`, `-`, `_` and `@`");
    }
    Ok(())
}

/// Changes the file of accounts, one command after the other.
pub fn change<T>(
    context: &Context<'_>,
    meant: LastAdminConsent,
    change: impl FnOnce(&mut AccountsFile) -> Result<T, String>,
) -> anyhow::Result<T> {
    let file = LockedFile::take(&context.config.accounts_file()).map_err(anyhow::Error::msg)?;
    let guards = Guards {
        had_accounts: &|| are_lost(context),
        admins_lost: &|before, after| context.config.last_admin_lost(before, after, SystemClock.now()),
        last_admin: meant.last_admin,
    };
    file.change(&by(context), &guards, change).map_err(|unchanged| match unchanged {
        ChangeError::Refused(text) | ChangeError::Gone(text) | ChangeError::Unwritten(text) => anyhow::Error::msg(text),
        ChangeError::LastAdmin(lost) => {
            anyhow::anyhow!("{lost}; nothing was changed. --last-admin says that it is meant")
        }
    })
}

/// Who runs a command: the name that the shell knows, which proves nothing, and where the terminal is.
fn by(context: &Context<'_>) -> Actor {
    let variable = |name: &str| context.environment.get(name).filter(|value| !value.trim().is_empty());
    // Who became somebody else for this is who did it.
    let name = variable("SUDO_USER").or_else(|| variable("USER")).or_else(|| variable("LOGNAME"));
    let from = variable("SSH_CONNECTION").and_then(|text| text.split(' ').next()?.parse::<IpAddr>().ok());
    // A service, a timer or a container has no such variable.
    let uid = || format!("uid {}", rustix::process::getuid().as_raw());
    Actor {
        person: Some(name.map_or_else(|| Person::typed(uid()), Person::typed)).filter(|person| !person.is_nameless()),
        way: Channel::Cli,
        from: from.map_or_else(|| "this machine".into(), |from| from.to_string()),
        at: SystemClock.now(),
    }
}

/// Asks for a password, twice where somebody sits at the terminal, and gives what is kept of it.
fn new_password(name: &str) -> anyhow::Result<String> {
    let (given, typed) = ask_secret(&format!("Password of {name}: "))?;
    if let Some(unfit) = password::unfit(given.expose()) {
        bail!("{unfit}");
    }
    if typed && ask_secret("The same once more: ")?.0.expose() != given.expose() {
        bail!("these were two different ones; nothing was changed");
    }
    password::hash(given.expose()).map_err(anyhow::Error::msg)
}

fn create(context: &Context<'_>, name: &str, groups: BTreeSet<String>, role: Option<Role>) -> anyhow::Result<String> {
    check(name)?;
    if context.config.users.contains_key(name) {
        bail!(
            "{name} is in the configuration, which says their role and groups; `tidegate user passwd {name}` gives them a password"
        );
    }
    if role == Some(Role::Sender) {
        bail!("a sender needs a token and no password; `tidegate user section {name} --role sender` makes one");
    }
    if accounts::read(&context.config.accounts_file()).map_err(anyhow::Error::msg)?.accounts.contains_key(name) {
        bail!("there is an account {name} already; `tidegate user passwd {name}` sets its password");
    }
    closes(context, role);
    let password = Some(new_password(name)?);
    change(context, LastAdminConsent::NEVER, |book| {
        let since = Some(SystemClock.now());
        book.make(name, Account { role, groups, password, since, ..Account::default() })?;
        let access = shown_access(&context.config.access_of(book, name));
        let is = if access == "-" {
            "may do nothing until [[access]] names them or a group of theirs, and then".to_string()
        } else {
            format!("is {access} and")
        };
        Ok(format!("kept: {name}, who {is} signs in with the password at once, on the page /sign-in"))
    })
}

/// Says what the first proof of anybody does to everybody else, before it is there.
fn closes(context: &Context<'_>, role: Option<Role>) {
    if context.config.demands_proof() || are_lost(context) {
        return;
    }
    note(
        "nobody need prove anything yet: whoever is at this machine may do everything. From the first account or token on nobody gets in \
         without a proof, also not from here: pages, the API, `approve`, `pause`, `chat` and the like want a password or a token. Alerts \
         are taken as before",
    );
    if role != Some(Role::Admin) {
        note("this one may not say who there is: make an admin as well, with --role admin");
    }
}

/// Whether there were accounts, and the file of them is gone.
fn are_lost(context: &Context<'_>) -> bool {
    !context.config.accounts_file().exists() && context.host.had_accounts(&context.config).unwrap_or(true)
}

/// Begins with no accounts, where the file of them is gone: for a host that remembers some.
fn reset(context: &Context<'_>) -> anyhow::Result<String> {
    let path = context.config.accounts_file();
    let file = LockedFile::take(&path).map_err(anyhow::Error::msg)?;
    file.reset(&by(context)).map_err(anyhow::Error::msg)?;
    Ok(format!(
        "reset: {} says that there are no accounts; a host that is started from now on lets in as if there had never been any",
        path.display()
    ))
}

fn set_password(context: &Context<'_>, name: &str) -> anyhow::Result<String> {
    let book = accounts::read(&context.config.accounts_file()).map_err(anyhow::Error::msg)?;
    if !context.config.users.contains_key(name) && !book.accounts.contains_key(name) {
        bail!("{}; `tidegate user create {name}` makes one", nobody(name));
    }
    let password = Some(new_password(name)?);
    change(context, LastAdminConsent::NEVER, |book| {
        // Somebody may have removed it while the password was typed.
        if !context.config.users.contains_key(name) && !book.accounts.contains_key(name) {
            return Err(nobody(name));
        }
        let account = book.accounts.entry(name.into()).or_default();
        (account.password, account.since) = (password, Some(SystemClock.now()));
        Ok(format!("set: the password of {name}; sessions that were opened with another one have ended"))
    })
}

/// Where and what, for people.
fn shown_access(access: &Access) -> String {
    let all: Vec<String> = access.grants().iter().map(ToString::to_string).collect();
    if all.is_empty() { "-".into() } else { all.join(", ") }
}

fn list(context: &Context<'_>, json: bool) -> anyhow::Result<Screen> {
    let book = accounts::read(&context.config.accounts_file()).map_err(anyhow::Error::msg)?;
    let users = &context.config.users;
    let names: BTreeSet<&String> = users.keys().chain(book.accounts.keys()).collect();
    let tokens = |name: &String| {
        users.get(name).map_or(0, |user| user.tokens.len())
            + book.tokens.iter().filter(|token| token.owner == *name).count()
    };
    let account = |name: &String| book.accounts.get(name).cloned().unwrap_or_default();
    if json {
        let one = |name: &&String| {
            let kept = account(name);
            json!({
                "name": name, "access": context.config.access_of(&book, name).grants(), "password": kept.password.is_some(),
                "since": kept.since, "disabled": kept.disabled, "role": kept.role, "places": kept.places,
                "groups": context.config.groups_of(&book, name), "tokens": tokens(name), "configured": users.contains_key(*name),
            })
        };
        return Ok(Screen::json(&json!({ "people": names.iter().map(one).collect::<Vec<_>>() }))?);
    }
    if names.is_empty() && are_lost(context) {
        return Ok(one_line(format!(
            "nobody: the file of accounts {} is gone, and there were accounts, so nobody gets in by one until it is back; \
             `tidegate user reset` says that there are none any more",
            context.config.accounts_file().display()
        )));
    }
    if names.is_empty() {
        return Ok(one_line(
            "nobody: whoever is at this machine may do everything; `tidegate user create NAME` makes an account",
        ));
    }
    let row = |name: &String| {
        let kept = account(name);
        let state = if kept.disabled { "disabled" } else { "-" };
        let password = kept
            .since
            .filter(|_| kept.password.is_some())
            .map_or("-".into(), |since: Timestamp| crate::report::date(since));
        let access = shown_access(&context.config.access_of(&book, name));
        let place = if users.contains_key(name) { "configuration" } else { "accounts" };
        [name.clone(), access, password, tokens(name).to_string(), place.into(), state.into()]
    };
    Ok(Screen::table(["NAME", "MAY BE", "PASSWORD SINCE", "TOKENS", "FROM", "STATE"], names.into_iter().map(row)))
}

fn section(context: &Context<'_>, name: &str, groups: &BTreeSet<String>, role: Option<Role>) -> anyhow::Result<()> {
    check(name)?;
    closes(context, role);
    if accounts::read(&context.config.accounts_file()).map_err(anyhow::Error::msg)?.accounts.contains_key(name) {
        bail!(
            "{name} is an account that the host keeps, and a section in the configuration would take its place; \
             `tidegate token new {name}` makes a token for it"
        );
    }
    let token = token::generate().map_err(anyhow::Error::msg)?;
    let hash = Hash::of(token.expose());
    let file = context.config.file().map_or("tidegate.toml".to_string(), |file| file.display().to_string());
    let text = match context.config.users.get(name) {
        Some(known) => {
            let mut tokens: Vec<String> = known.tokens.iter().map(|hash| format!("{:?}", hash.to_string())).collect();
            tokens.push(format!("{:?}", hash.to_string()));
            let (key, line) = (key(name), line(&tokens));
            format!("{name} is known; this line replaces `tokens` of [users.{key}] in {file}:\n\n{line}")
        }
        None => format!("This goes into {file}:\n\n{}", lines(name, groups, role, &hash)),
    };
    let use_it = match role {
        Some(Role::Sender) => {
            "The sender gives it as Authorization: Bearer …, or as the password of Basic with its name.".into()
        }
        _ => format!("{name} sets {USER_TOKEN} to it, or gives it on the page of a question."),
    };
    let (token, id) = (token.expose(), hash.id());
    let mut screen = Screen::default();
    screen.block(&format!(
        "The token, shown this once:\n\n{token}\n\n{text}\nThe host reads it when it starts. {use_it}\n\
         The journal names the token as {id}.\n"
    ));
    screen.print()?;
    Ok(())
}

fn lines(name: &str, groups: &BTreeSet<String>, role: Option<Role>, hash: &Hash) -> String {
    let mut text = format!("[users.{}]\n", key(name));
    if !groups.is_empty() {
        text.push_str(&format!("groups = {:?}\n", groups.iter().collect::<Vec<_>>()));
    }
    if let Some(role) = role {
        text.push_str(&format!("role = \"{role}\"\n"));
    }
    text.push_str(&line(&[format!("{:?}", hash.to_string())]));
    text
}

fn line(tokens: &[String]) -> String {
    format!("tokens = [{}]\n", tokens.join(", "))
}

/// A name as a key of TOML.
fn key(name: &str) -> String {
    let bare = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if bare { name.to_string() } else { format!("{name:?}") }
}
