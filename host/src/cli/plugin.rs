//! `plugin`: from an empty folder to a plugin in somebody's host, and how those there are.

mod build;
mod check;
mod install;
mod list;
mod new;
mod reload;
mod run;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Context;
use super::screen::note;
use crate::author::PluginFolder;
use crate::environment::Environment;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Begin a plugin: a folder that stands alone, with code, contract and a test case
    New(new::Arguments),
    /// Build it: run the command of its plugin.toml and leave the component beside that
    Build(build::Arguments),
    /// Run its testdata through the real host, and show what differs
    Test(test::Arguments),
    /// Say what it is, what it asks for and what would be refused
    Check(check::Arguments),
    /// Call it once by hand; nothing is sent or changed unless that is asked for
    Run(run::Arguments),
    /// Copy it into the configured folder, pin its digest and print the lines that grant what it asks for
    Install(install::Arguments),
    /// Let the running host take a plugin's new code, without losing a call
    Reload(reload::Arguments),
    /// List the plugins: kind, state, calls, errors and times from the running host
    List(list::Arguments),
}

/// Says what was changed since the component was built.
fn note_stale(found: &PluginFolder) {
    found.stale().into_iter().for_each(|stale| note(format!("note: {stale}")));
}

impl Arguments {
    /// Which log lines an author sees: those of the plugin where it is called by hand.
    pub fn log_level(&self) -> &'static str {
        match &self.command {
            Command::Run(_) => "error,plugin=debug",
            _ => "error",
        }
    }

    /// Whether the command speaks of a host, and so of its configuration. Authors have none.
    pub fn needs_configuration(&self) -> bool {
        match &self.command {
            Command::New(_) | Command::Build(_) | Command::Test(_) | Command::Check(_) => false,
            Command::Run(arguments) => arguments.needs_configuration(),
            Command::Install(_) | Command::Reload(_) | Command::List(_) => true,
        }
    }
}

pub async fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let environment = context.environment;
    match arguments.command {
        Command::New(arguments) => new::run(context, &arguments),
        Command::Build(arguments) => build::run(&arguments, environment),
        Command::Test(arguments) => test::run(&arguments, environment).await,
        Command::Check(arguments) => check::run(&arguments, environment).await,
        Command::Run(arguments) => run::run(context, arguments).await,
        Command::Install(arguments) => install::run(context, &arguments).await,
        Command::Reload(arguments) => reload::run(context, &arguments).await,
        Command::List(arguments) => list::run(context, &arguments).await,
    }
}

/// Where compiled components are kept between commands, if that folder can be used.
fn cache(environment: &dyn Environment) -> Option<PathBuf> {
    let folder = crate::author::cache_folder(environment)?;
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Some(folder),
        Err(error) => {
            note(format!("compiled plugins are not kept: {}: {error}", folder.display()));
            None
        }
    }
}

/// A text of several lines as an error.
fn failed(text: String) -> anyhow::Error {
    Lines(text).into()
}

/// An error whose lines are the host's own.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Lines(pub String);
