//! `import`: what people have elsewhere, as policies and targets of this host.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Context;
use super::screen::Screen;
use crate::hooks::{self, Became, Imported, Wanted};
use crate::{regular_file, suggest};

#[derive(Args)]
#[command(subcommand_value_name = "WHAT", subcommand_help_heading = "What")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// EventHooks of ops (kubectl get eventhooks -A -o yaml): event rules, their tests, and targets
    Eventhooks(Eventhooks),
}

#[derive(Args)]
#[command(after_help = "\
Nothing is put in force. Read what was written, run `tidegate policy test DIR`, move the policies and their tests to
your own, and put the sections of notifiers.toml into the configuration. Addresses with a key lie in DIR/secrets,
which only you can read.

Exit codes:
  0  every hook has something that stands for it
  3  some can never fire, or have a target that could not be written down
  1  an error: nothing was written
  2  wrong usage")]
struct Eventhooks {
    /// Files with hooks, YAML or JSON; of a folder all of these, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder that is written
    #[arg(long, value_name = "DIR", default_value = "imported-hooks")]
    into: PathBuf,
    /// Writes over files that are there
    #[arg(long)]
    force: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let What::Eventhooks(arguments) = arguments.what;
    let in_force = &context.config.policies.path;
    if suggest::within(&arguments.into, in_force) {
        anyhow::bail!(
            "nothing is written to {}, because the policies in {} are in force; name another folder",
            arguments.into.display(),
            in_force.display()
        );
    }
    let (mut all, mut skipped) = (Vec::new(), Vec::new());
    for path in files(&arguments.files)? {
        let (name, text) = if path == Path::new("-") {
            ("standard input".to_string(), std::io::read_to_string(std::io::stdin().lock())?)
        } else {
            let text = regular_file::read_text(&path, regular_file::TEXT)
                .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            (path.display().to_string(), text)
        };
        all.extend(hooks::read(&name, &text, &mut skipped).map_err(anyhow::Error::msg)?);
    }
    if all.is_empty() {
        let why = if skipped.is_empty() { "they are empty".to_string() } else { skipped.join("; ") };
        anyhow::bail!("there is no EventHooks in these files: {why}");
    }
    let wanted = Wanted { into: arguments.into, force: arguments.force };
    let imported = hooks::import(all, skipped, &wanted).map_err(anyhow::Error::msg)?;
    let whole = imported.hooks.iter().all(|hook| hook.never.is_empty());
    if arguments.json { Screen::json(&imported)? } else { told(&imported) }.print()?;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// The files, and those of folders in the order of their names.
fn files(named: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in named {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let listed = std::fs::read_dir(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        let mut found: Vec<PathBuf> = listed.filter_map(Result::ok).map(|entry| entry.path()).collect();
        found.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json"));
        found.sort();
        all.extend(found);
    }
    Ok(all)
}

fn told(imported: &Imported) -> Screen {
    let mut screen = Screen::default();
    for hook in &imported.hooks {
        let Became { hook, became, never, notes } = hook;
        screen.line(if never.is_empty() {
            format!("{hook}: {}", became.join("; "))
        } else {
            format!("{hook}: can never fire")
        });
        never.iter().for_each(|why| screen.line(format!("    because {why}")));
        notes.iter().for_each(|note| screen.line(format!("    {note}")));
    }
    imported.notes.iter().for_each(|note| screen.line(note));
    imported.skipped.iter().for_each(|one| screen.line(format!("left out: {one}")));
    screen.gap();
    imported.files.iter().for_each(|file| screen.line(format!("written  {file}")));
    screen.line(match imported.tests {
        1 => "1 case of their own tests passed".to_string(),
        n => format!("{n} cases of their own tests passed"),
    });
    screen
}
