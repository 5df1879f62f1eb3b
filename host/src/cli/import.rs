//! `import`: what people have elsewhere, as policies and targets of this host.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Context;
use super::screen::Screen;
use crate::hooks::{self, ExistingNames, HookResult, ImportRequest, Imported, LeftOut, ParsedHooks};
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
which only you can read. With the first target in the configuration, `tidegate check` wants those that your routes lead to
as well: the shipped ones tell [notifiers.default].

Each hook is taken by itself. What is left out is named with its file, its field and why; what would have a name that
something else has gets a free one, and that is said.

Exit codes:
  0  every hook has something that stands for it, and all of it is written
  3  some were left out or can never fire, or a file that somebody changed stays as it is; the rest is written
  1  an error: nothing was written
  2  wrong usage")]
struct Eventhooks {
    /// Files with hooks, YAML or JSON; of a folder all of these, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder that is written
    #[arg(long, value_name = "DIR", default_value = "imported-hooks")]
    into: PathBuf,
    /// Writes over what an earlier import has written, and removes what of it is no longer there. What you have written or
    /// changed stays, and the new text is put beside it, with `.new` behind its name
    #[arg(long)]
    force: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let What::Eventhooks(arguments) = arguments.what;
    let in_force = &context.config.policies.path;
    if suggest::is_within(&arguments.into, in_force) {
        anyhow::bail!(
            "nothing is written to {}, because the policies in {} are in force; name another folder",
            arguments.into.display(),
            in_force.display()
        );
    }
    let mut read = ParsedHooks::default();
    let mut seen = BTreeSet::new();
    for path in files(&arguments.files)? {
        let name = if path == Path::new("-") { "standard input".to_string() } else { path.display().to_string() };
        // The same file may have several names.
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            read.notes.push(format!("{name} is named twice, and is read once"));
            continue;
        }
        match text(&path) {
            Ok(text) => hooks::read(&name, &text, &mut read),
            Err(why) => read.without(&name, why),
        }
    }
    if read.hooks.is_empty() {
        let left_out = read.left_out.iter().map(without);
        let why: Vec<String> = left_out.chain(read.skipped).collect();
        let why = if why.is_empty() { "they are empty".to_string() } else { why.join("; ") };
        anyhow::bail!("there is no EventHooks in these files that could be read: {why}");
    }
    let bundled = context.host.bundled().into_iter().map(|(name, _)| name);
    let (rules, routed) = hooks::in_force(in_force);
    let taken = ExistingNames {
        plugins: bundled.chain(context.config.plugins.each.keys().cloned()).collect(),
        targets: context.config.notifiers.clone(),
        rules,
        routed,
    };
    let telling =
        context.config.buses.iter().filter_map(|bus| Some((bus.name.clone(), bus.publish.as_ref()?.prefix.clone())));
    let wanted = ImportRequest { into: arguments.into, force: arguments.force, taken, buses: telling.collect() };
    let imported = hooks::import(read, &wanted).map_err(anyhow::Error::msg)?;
    if arguments.json { Screen::json(&imported)? } else { told(&imported) }.print()?;
    Ok(if imported.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

fn text(path: &Path) -> Result<String, String> {
    if path != Path::new("-") {
        return regular_file::read_text(path, regular_file::TEXT)
            .map_err(|error| format!("it cannot be read: {error}"));
    }
    let mut text = String::new();
    let most = regular_file::TEXT;
    let read = std::io::stdin().lock().take(most + 1).read_to_string(&mut text);
    read.map_err(|error| format!("it cannot be read: {error}"))?;
    if text.len() as u64 > most { Err(format!("it is larger than {} MiB", most >> 20)) } else { Ok(text) }
}

/// That something was left out, and why.
fn without(one: &LeftOut) -> String {
    let LeftOut { file, hook, field, why } = one;
    let parts = [file, hook, field].into_iter().filter(|part| !part.is_empty());
    format!("{}: {why}", parts.map(String::as_str).collect::<Vec<_>>().join(": "))
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
        let HookResult { hook, file, became, never, notes } = hook;
        screen.line(if never.is_empty() {
            format!("{hook} ({file}): {}", became.join("; "))
        } else {
            format!("{hook} ({file}): can never fire")
        });
        never.iter().for_each(|why| screen.line(format!("    because {why}")));
        notes.iter().for_each(|note| screen.line(format!("    {note}")));
    }
    imported.left_out.iter().for_each(|one| screen.line(format!("left out: {}", without(one))));
    imported.skipped.iter().for_each(|one| screen.line(format!("no hook: {one}")));
    imported.notes.iter().for_each(|note| screen.line(note));
    screen.gap();
    imported.files.iter().for_each(|file| screen.line(format!("written  {file}")));
    imported.removed.iter().for_each(|file| screen.line(format!("removed  {file}")));
    imported.kept.iter().for_each(|kept| screen.line(format!("kept     {kept}")));
    screen.line(match (imported.files.is_empty(), imported.tests) {
        (true, _) => "nothing is written".to_string(),
        (false, 1) => "1 case of their own tests passed".to_string(),
        (false, n) => format!("{n} cases of their own tests passed"),
    });
    screen
}
