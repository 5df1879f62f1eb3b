//! Puts what was imported into files, after it has shown that it works.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::policy::{self, Ready};
use super::{Hook, Imported, Texts, config, tests_of};
use crate::policy::{Set, test};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The folder.
    pub into: PathBuf,
    /// Whether files that are there give way.
    pub force: bool,
}

/// The file of what tells targets; it comes before the shipped rules about events, and what becomes alerts behind them.
const NOTIFYING: &str = "12-hooks";
const CONVERTING: &str = "18-hooks-alerts";

/// Translates hooks and writes what came of it.
///
/// # Errors
/// When what was made does not work, a file is there already, or none can be written.
pub fn import(hooks: Vec<Hook>, skipped: Vec<String>, wanted: &Wanted) -> Result<Imported, String> {
    let mut imported = Imported { skipped, ..Imported::default() };
    together(&hooks, &mut imported.notes);
    let mut all = policy::ready(hooks);
    let mut texts = Texts::default();
    config::write(&mut all, &wanted.into.to_string_lossy(), &mut texts);
    let (notifying, converting) = (policy::notifying(&all), policy::converting(&all));
    let files: Vec<(&str, &str)> = [(NOTIFYING, notifying.as_str()), (CONVERTING, converting.as_str())]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let named: Vec<(String, &str)> = files.iter().map(|(name, text)| (format!("{name}.rhai"), *text)).collect();
    let sources: Vec<(&str, &str)> = named.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let set = Set::from_sources(&sources).map_err(|problems| format!("what was made does not compile: {problems}"))?;
    for (name, text) in files {
        let notifies = name == NOTIFYING;
        let (cases, untested) = tests_of::of(&set, all.iter().filter(|one| one.notifies == notifies));
        texts.policies.push((format!("{name}.rhai"), text.to_string()));
        if !cases.is_empty() {
            texts.tests.push((format!("tests/{name}.toml"), cases));
        }
        for one in all.iter_mut().filter(|one| untested.contains(&one.rule())) {
            one.became.notes.push("no event was found that it surely hears, so write a test of your own".into());
        }
    }
    let report =
        test::run_texts(&set, texts.tests.iter().map(|(name, text)| (name.clone(), Ok(text.clone()))).collect());
    if let Some(failure) = report.failed.first() {
        return Err(format!("what was made does not do what hooks do: {failure}"));
    }
    imported.tests = report.passed;
    all.iter_mut().for_each(said);
    imported.hooks = all.into_iter().map(|one| one.became).collect();
    imported.files = files_of(&texts, wanted)?;
    Ok(imported)
}

/// What holds for several.
fn together(hooks: &[Hook], notes: &mut Vec<String>) {
    let mut namespaces: Vec<&str> = hooks.iter().map(|hook| hook.namespace.as_str()).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    if namespaces.len() > 1 {
        notes.push(format!(
            "ops hears only the hooks of its controller's own namespace (usually ops-system), and these are of {}: leave out what was not in force",
            namespaces.join(", ")
        ));
    }
    let twice = hooks.iter().enumerate().find(|(n, hook)| {
        hooks.iter().skip(n + 1).any(|other| other.subject == hook.subject && other.namespace != hook.namespace)
    });
    if let Some((_, hook)) = twice {
        notes.push(format!(
            "two namespaces have a hook on {:?}: in ops one of them switches the other off; here both are in force",
            hook.subject
        ));
    }
}

/// Says what a hook became.
fn said(one: &mut Ready) {
    if !one.fires() {
        return;
    }
    let (rule, kind) = (one.rule(), one.hook.kind.clone());
    let became = &mut one.became;
    if one.notifies {
        became.became.push(format!("event rule, route {rule}"));
        if one.has_target {
            became.became.push(format!("target [notifiers.{}]", one.name));
        }
        became.notes.push(format!(
            "ops sends each event; here an object and reason are one message until nothing of them has come for {}",
            policy::ENDS_AFTER
        ));
    } else {
        became.became.push(format!("event rule {rule}: alerts that the other rules decide about"));
        became.notes.push(format!(
            "the event itself is not published as {}; who listens there outside must hear it from here by a notifier",
            super::config::shown(&one.hook.url)
        ));
        if !one.hook.additional.is_empty() {
            became.notes.push("`additional` is left out, as ops does for type event".into());
        }
    }
    if one.notifies && kind != "elasticsearch" && !one.hook.options.is_empty() {
        one.became.notes.push(format!("`options` are left out, as ops does for type {kind}"));
    }
    if one.cordons() {
        one.became.became.push(format!("rule {rule}-cordons, which only says what it would do (mode observe)"));
    }
}

fn files_of(texts: &Texts, wanted: &Wanted) -> Result<Vec<String>, String> {
    let secrets = texts.secrets.iter().map(|(name, text)| (format!("secrets/{name}"), text, 0o600));
    let open = texts.policies.iter().chain(&texts.tests).map(|(name, text)| (name.clone(), text, 0o644));
    let notifiers = texts.notifiers.iter().map(|text| ("notifiers.toml".to_string(), text, 0o644));
    let all: Vec<(PathBuf, &String, u32)> =
        open.chain(notifiers).chain(secrets).map(|(name, text, mode)| (wanted.into.join(name), text, mode)).collect();
    if !wanted.force
        && let Some((path, ..)) = all.iter().find(|(path, ..)| path.symlink_metadata().is_ok())
    {
        return Err(format!(
            "{} is there already, and nothing was written; name another folder, or say --force",
            path.display()
        ));
    }
    let mut written = Vec::new();
    for (path, text, mode) in all {
        put(&path, text, mode).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        written.push(path.display().to_string());
    }
    Ok(written)
}

/// A file is there whole or not at all.
fn put(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
