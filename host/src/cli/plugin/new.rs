//! `plugin new`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::failed;
use crate::author::scaffold::{self, Language, NewPlugin};
use crate::cli::Context;
use crate::cli::screen::Screen;
use crate::plugin::Kind;

#[derive(Args)]
#[command(after_help = "Example:
  tidegate plugin new --kind source --lang rust pager
  tidegate plugin build pager && tidegate plugin test pager")]
pub struct Arguments {
    /// What it does: source (decodes alerts), notifier (tells people) or remediation (repairs)
    #[arg(long)]
    kind: KindWord,
    /// What it is written in
    #[arg(long, value_name = "LANGUAGE")]
    lang: LanguageWord,
    /// Its name, which is also the folder's: lower-case letters, digits, `-` and `_`
    name: String,
    /// Where the folder is made
    #[arg(long, value_name = "DIRECTORY", default_value = ".", hide_default_value = true)]
    path: PathBuf,
    /// Take the name of a bundled plugin, in whose place this one is to stand
    #[arg(long)]
    replace: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KindWord {
    Source,
    Notifier,
    Remediation,
}

#[derive(Clone, Copy, ValueEnum)]
enum LanguageWord {
    Rust,
    Js,
    Python,
    C,
}

pub fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let bundled = context.host.bundled();
    let new = NewPlugin {
        bundled: &bundled,
        replace: arguments.replace,
        kind: match arguments.kind {
            KindWord::Source => Kind::Source,
            KindWord::Notifier => Kind::Notifier,
            KindWord::Remediation => Kind::Remediation,
        },
        language: match arguments.lang {
            LanguageWord::Rust => Language::Rust,
            LanguageWord::Js => Language::Js,
            LanguageWord::Python => Language::Python,
            LanguageWord::C => Language::C,
        },
        name: &arguments.name,
        parent: &arguments.path,
    };
    let created = scaffold::create(&new).map_err(failed)?;
    let folder = created.folder.strip_prefix(".").unwrap_or(&created.folder).display().to_string();
    let mut screen = Screen::default();
    screen.line(format!("{folder} is a {} in {}:", new.kind, new.language));
    // What is the author's own; the contract and the kit are there to be read.
    let given =
        |file: &&String| !["wit/", "kit/"].iter().any(|part| file.starts_with(part)) && !file.ends_with(".lock");
    created.files.iter().filter(given).for_each(|file| screen.line(format!("  {file}")));
    screen.line("next:");
    screen.line(format!("  tidegate plugin build {folder}"));
    screen.line(format!("  tidegate plugin test {folder}"));
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}
