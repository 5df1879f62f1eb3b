//! `plugin check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::build::size;
use super::{cache, failed, note_stale};
use crate::author::cases::{ComponentLocation, PluginUnderTest};
use crate::author::{PluginFolder, configuration};
use crate::cli::screen::{Screen, note_lines};
use crate::environment::Environment;
use crate::plugin::examine::{ExamineReport, examine};
use crate::plugin::{Kind, Limits, Manifest};

#[derive(Args)]
#[command(after_help = "Exit codes: 0 when a host would load it, 1 when it would not, 2 for wrong usage.")]
pub struct Arguments {
    /// The plugin's folder, or its WASM file
    #[arg(default_value = ".", hide_default_value = true, value_name = "FILE|FOLDER")]
    plugin: PathBuf,
}

pub async fn run(arguments: &Arguments, environment: &dyn Environment) -> anyhow::Result<ExitCode> {
    let found = PluginFolder::at(&arguments.plugin).map_err(failed)?;
    let bytes = found.bytes().map_err(failed)?;
    note_stale(&found);
    let kind = found.manifest.as_ref().map(|manifest| manifest.kind);
    let (cache, at) = (cache(environment), found.manifest.as_ref());
    let of = cache.clone();
    let examined = tokio::task::spawn_blocking(move || examine(&bytes, kind, of.as_deref())).await?;
    let mut examined = examined.map_err(failed)?;
    let mut offers = Vec::new();
    // What a remediation can do itself only it can say; without the settings that it needs it is not asked.
    if let Some(manifest) = at.filter(|manifest| {
        manifest.kind == Kind::Remediation
            && examined.problems.is_empty()
            && configuration::required(manifest).is_empty()
    }) {
        let subject =
            PluginUnderTest { manifest, place: ComponentLocation::Folder(&found.folder), cache: cache.as_deref() };
        match subject.offers().await {
            Ok(tools) => offers = tools,
            Err(problem) => examined.problems.push(problem),
        }
    }
    shown(&found.component, at, &examined, &offers).print()?;
    if examined.problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    examined.problems.iter().for_each(|problem| note_lines(format!("refused: {problem}")));
    Ok(ExitCode::FAILURE)
}

fn shown(path: &Path, manifest: Option<&Manifest>, examined: &ExamineReport, offers: &[String]) -> Screen {
    let mut screen = Screen::default();
    let name = manifest.map_or_else(|| path.display().to_string(), Manifest::label);
    let kind = manifest.map(|manifest| manifest.kind).or(examined.kind);
    let what = kind.map_or_else(|| "no plugin".to_string(), |kind| format!("a {kind}"));
    let lane = examined.lane.map(|lane| format!(" for the contract {lane}")).unwrap_or_default();
    screen.line(format!("{name}, {what}{lane}"));
    let module = if examined.core_module { " (a core module; the host makes a component of it)" } else { "" };
    let mut rows = vec![
        ("component", format!("{}, {}{module}", path.display(), size(examined.size))),
        ("sha256", examined.sha256.clone()),
    ];
    if !examined.ready_in.is_zero() {
        let how = if examined.cached { "it was compiled before" } else { "it was compiled" };
        rows.push(("ready in", format!("{} ms: {how}", examined.ready_in.as_millis())));
    }
    rows.push(("exports", names(&examined.exports)));
    rows.push(("imports", names(&examined.imports)));
    rows.extend(offers.iter().map(|tool| ("offers", tool.clone())));
    if let Some(manifest) = manifest {
        rows.extend(asks(manifest).into_iter().map(|ask| ("asks for", ask)));
        rows.extend(configuration::settings(manifest).into_iter().map(|setting| ("setting", setting)));
    }
    rows.push(("limits", limits(kind)));
    screen.columns(&rows.into_iter().map(|(head, text)| vec![format!("  {head}"), text]).collect::<Vec<_>>());
    if let Some(manifest) = manifest.filter(|_| examined.problems.is_empty()) {
        screen.gap();
        screen.line("for the configuration:");
        screen.gap();
        configuration::lines(manifest, &examined.sha256, &configuration::ExistingConfig::default())
            .lines()
            .for_each(|line| screen.line(line));
    }
    screen
}

/// Interfaces without the package that all of them share.
fn names(interfaces: &[String]) -> String {
    let (wasi, own): (Vec<&String>, Vec<&String>) = interfaces.iter().partition(|name| name.starts_with("wasi:"));
    let short = |name: &&String| {
        let name = name.strip_prefix("tidegate:plugin/").unwrap_or(name);
        name.split('@').next().unwrap_or(name).to_string()
    };
    let mut names: Vec<String> = own.iter().map(short).collect();
    if !wasi.is_empty() {
        names.push(format!("{} interfaces of WASI, in which there is nothing for it", wasi.len()));
    }
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn asks(manifest: &Manifest) -> Vec<String> {
    let asks = &manifest.asks;
    let any =
        |word: &str, what: &str| if word == "*" { format!("any {what} that is granted") } else { word.to_string() };
    let list = |words: &[String], what: &str| words.iter().map(|word| any(word, what)).collect::<Vec<_>>().join(", ");
    let mut lines: Vec<String> = asks
        .http
        .iter()
        .map(|ask| {
            let secrets = if ask.secrets.is_empty() {
                String::new()
            } else {
                format!(", with the secrets: {}", list(&ask.secrets, "secret"))
            };
            let paths = if ask.paths.is_empty() { String::new() } else { format!(" ({})", ask.paths.join(", ")) };
            format!("{} {}{paths}{secrets}", ask.methods.join(", "), any(&ask.origin, "origin"))
        })
        .collect();
    if asks.mail {
        lines.push("sending mail, to those whom the operator names".into());
    }
    if asks.bus {
        lines.push("publishing on a message bus, on the subjects that the operator names".into());
    }
    if !asks.signer.is_empty() {
        lines.push(format!("signing with the secrets: {}", list(&asks.signer, "secret")));
    }
    if !asks.tools.is_empty() {
        lines.push(format!("tools, to look with if they only read: {}", asks.tools.join(", ")));
    }
    if lines.is_empty() {
        lines.push("nothing".into());
    }
    lines
}

fn limits(kind: Option<Kind>) -> String {
    let limits = Limits::default();
    let wall = kind.map(|kind| format!(", {} s in all", kind.wall().as_secs())).unwrap_or_default();
    format!(
        "unless configured otherwise, a call has {} MiB of memory, {} ms on a processor{wall}; {} calls at once",
        limits.memory_mib, limits.cpu_ms, limits.concurrency
    )
}
