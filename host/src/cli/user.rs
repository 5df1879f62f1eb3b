//! `user`: a token that proves somebody's name. Only its hash goes into the configuration, by the hand
//! of the operator.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};

use super::remote::USER_TOKEN;
use super::{Context, table};
use crate::config::is_user_name;
use crate::token::{self, Hash};

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a token for somebody and print what goes into the configuration; stores nothing
    Add {
        /// The name that the token proves, such as ada
        name: String,
        /// Groups that gates ask and that the person is in
        #[arg(long, value_name = "GROUP", value_delimiter = ',')]
        groups: Vec<String>,
        /// responder (answers), viewer (looks) or sender (sends alerts)
        #[arg(long, value_name = "ROLE", default_value = "responder", hide_possible_values = true)]
        role: RoleWord,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleWord {
    Responder,
    Viewer,
    Sender,
}

impl RoleWord {
    fn as_str(self) -> &'static str {
        match self {
            Self::Responder => "responder",
            Self::Viewer => "viewer",
            Self::Sender => "sender",
        }
    }
}

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Command::Add { name, groups, role } = arguments.command;
    if !is_user_name(&name) {
        bail!("{name:?} cannot be a name: use lower-case ASCII letters, digits, `.`, `-`, `_` and `@`");
    }
    let token = token::make().map_err(anyhow::Error::msg)?;
    let hash = Hash::of(token.expose());
    let file = context.config.file().map_or("tidegate.toml".to_string(), |file| file.display().to_string());
    let text = match context.config.users.get(&name) {
        Some(known) => {
            let mut tokens: Vec<String> = known.tokens.iter().map(|hash| format!("{:?}", hash.to_string())).collect();
            tokens.push(format!("{:?}", hash.to_string()));
            let (key, line) = (key(&name), line(&tokens));
            format!("{name} is known; this line replaces `tokens` of [users.{key}] in {file}:\n\n{line}")
        }
        None => format!("This goes into {file}:\n\n{}", section(&name, &groups, role, &hash)),
    };
    let use_it = match role {
        RoleWord::Sender => {
            "The sender gives it as Authorization: Bearer …, or as the password of Basic with its name.".into()
        }
        _ => format!("{name} sets {USER_TOKEN} to it, or gives it on the page of a question."),
    };
    let (token, id) = (token.expose(), hash.id());
    table::print(&format!(
        "The token, shown this once:\n\n{token}\n\n{text}\nThe host reads it when it starts. {use_it}\n\
         The journal names the token as {id}.\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn section(name: &str, groups: &[String], role: RoleWord, hash: &Hash) -> String {
    let mut text = format!("[users.{}]\n", key(name));
    if !groups.is_empty() {
        text.push_str(&format!("groups = {groups:?}\n"));
    }
    if role != RoleWord::Responder {
        text.push_str(&format!("role = \"{}\"\n", role.as_str()));
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
