//! Puts what was imported into files, after it has shown that it works.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::manifest::{self, FileState, Manifest};
use super::policy::{self, ConvertedHook};
use super::{GeneratedFiles, Hook, ImportRequest, Imported, LeftOut, ParsedHooks, config, test_cases};
use crate::policy::{Set, test};

/// Translates hooks and writes what came of it.
///
/// # Errors
/// When nothing could be made, what was made does not work, or the folder cannot be written.
pub fn import(read: ParsedHooks, wanted: &ImportRequest) -> Result<Imported, String> {
    let ParsedHooks { hooks, left_out, skipped, notes } = read;
    let mut imported = Imported { left_out, skipped, notes, ..Imported::default() };
    together(&hooks, &mut imported.notes);
    let (mut all, left_out) = policy::ready(hooks, wanted);
    imported.left_out.extend(left_out);
    let set = works(&mut all, &mut imported.left_out)?;
    let mut texts = GeneratedFiles::default();
    config::write(&all, &mut texts);
    let policies = policy::text(&all);
    let (cases, untested) = test_cases::of(&set, all.iter());
    let of_rule = |one: &ConvertedHook, name: &str| name.split('/').next() == Some(one.rule().as_str());
    for one in all.iter_mut().filter(|one| untested.iter().any(|name| of_rule(one, name))) {
        one.became.notes.push("no event was found that it surely hears, so write a test of your own".into());
    }
    for (text, to, end) in [(policies, &mut texts.policies, "rhai"), (cases, &mut texts.tests, "toml")] {
        let folder = if end == "toml" { "tests/" } else { "" };
        if !text.is_empty() {
            to.push((format!("{folder}{}.{end}", manifest::POLICIES), text));
        }
    }
    let tests = texts.tests.iter().map(|(name, text)| (name.clone(), Ok(text.clone()))).collect();
    let report = test::run_texts(&set, tests);
    if let Some(failure) = report.failed.first() {
        return Err(format!("what was made does not do what hooks do: {failure}"));
    }
    imported.tests = report.passed;
    policy::configured(&all, wanted, &mut imported.notes);
    policy::routed(&all, wanted, &mut imported.notes);
    all.iter_mut().for_each(said);
    imported.hooks = all.into_iter().map(|one| one.became).collect();
    files(&texts, wanted, &mut imported)?;
    Ok(imported)
}

/// All that compiles, each by itself; what does not is left out.
fn works(all: &mut Vec<ConvertedHook>, left_out: &mut Vec<LeftOut>) -> Result<Set, String> {
    let compiled = |all: &[ConvertedHook]| {
        let text = policy::text(all);
        Set::from_sources(&[(&format!("{}.rhai", manifest::POLICIES), text.as_str())])
    };
    if let Ok(set) = compiled(all) {
        return Ok(set);
    }
    let mut sound = Vec::with_capacity(all.len());
    for one in std::mem::take(all) {
        match compiled(std::slice::from_ref(&one)) {
            Ok(_) => sound.push(one),
            Err(problems) => {
                let why = format!("what would be made of it does not compile: {problems}");
                left_out.push(one.left_out("", why));
            }
        }
    }
    *all = sound;
    compiled(all).map_err(|problems| format!("what was made does not compile: {problems}"))
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
fn said(one: &mut ConvertedHook) {
    if !one.fires() {
        return;
    }
    let (rule, kind) = (one.rule(), one.hook.kind.clone());
    let became = &mut one.became;
    if let Some(sends) = &one.sends {
        became.became.push(format!("event rule {rule}, which sends it on as {}", sends.text()));
        if !one.hook.additional.is_empty() {
            became.notes.push("`additional` is left out, as ops does for type event".into());
        }
    } else {
        became.became.push(format!("event rule, route {rule}"));
        became.became.push(format!("target [notifiers.{}]", one.name));
        became.notes.push(format!(
            "ops sends each event; here an object and reason are one message until nothing of them has come for {}",
            policy::ENDS_AFTER
        ));
    }
    if kind != "elasticsearch" && !one.hook.options.is_empty() {
        one.became.notes.push(format!("`options` are left out, as ops does for type {kind}"));
    }
    if one.cordons() {
        one.became.became.push(format!("rule {rule}-cordons, which only says what it would do (mode observe)"));
    }
}

/// Writes the files, and removes those of an earlier import that are no longer there. What somebody else wrote or changed
/// stays, and what was to stand there is put beside it.
fn files(texts: &GeneratedFiles, wanted: &ImportRequest, imported: &mut Imported) -> Result<(), String> {
    let folder = &wanted.into;
    let secrets = texts.secrets.iter().map(|(name, text)| (format!("secrets/{name}"), text, 0o600));
    let open = texts.policies.iter().chain(&texts.tests).map(|(name, text)| (name.clone(), text, 0o644));
    let notifiers = texts.notifiers.iter().map(|text| ("notifiers.toml".to_string(), text, 0o644));
    let all: Vec<(String, &String, u32)> = open.chain(notifiers).chain(secrets).collect();
    let there = |name: &String| folder.join(name).symlink_metadata().is_ok();
    if !wanted.force
        && let Some((name, ..)) = all.iter().find(|(name, ..)| there(name))
    {
        return Err(format!(
            "{} is there already, and nothing was written; name another folder, or say --force",
            folder.join(name).display()
        ));
    }
    if all.is_empty() {
        return Ok(());
    }
    no_link(folder, manifest::NAME)?;
    let before = Manifest::of(folder)?;
    all.iter().map(|(name, ..)| name.as_str()).chain(before.names()).try_for_each(|name| no_link(folder, name))?;
    let shown = |name: &str| folder.join(name).display().to_string();
    let (mut placed, mut theirs) = (Vec::new(), BTreeSet::new());
    for (name, text, mode) in all {
        if before.found(folder, &name) != FileState::Theirs {
            placed.push((name, text, mode));
            continue;
        }
        let beside = format!("{name}.new");
        let (path, why) = (shown(&name), "somebody else has written or changed it, and it stays");
        theirs.insert(name);
        if before.found(folder, &beside) == FileState::Theirs {
            imported
                .kept
                .push(format!("{path}: {why}; so does {beside}, and what was made of the hooks is not written"));
            theirs.insert(beside);
        } else {
            imported.kept.push(format!("{path}: {why}; what was made of the hooks stands in {beside}"));
            placed.push((beside, text, mode));
        }
    }
    // Whoever is broken off in between leaves files that are known as an import's own.
    let mut both = before.clone();
    placed.iter().for_each(|(name, text, _)| both.adds(name, text));
    let mark = |manifest: &Manifest| put(&folder.join(manifest::NAME), &manifest.text(), 0o600);
    let unwritten = |name: &str, error: std::io::Error| format!("{} cannot be written: {error}", shown(name));
    mark(&both).map_err(|error| unwritten(manifest::NAME, error))?;
    let mut now = if wanted.force { Manifest::default() } else { before.clone() };
    for (name, text, mode) in &placed {
        put(&folder.join(name), text, *mode).map_err(|error| unwritten(name, error))?;
        now.adds(name, text);
        imported.files.push(shown(name));
    }
    let gone = before.names().filter(|name| wanted.force && !placed.iter().any(|(placed, ..)| placed == name));
    for name in gone.filter(|name| !theirs.contains(*name)) {
        match before.found(folder, name) {
            FileState::Nothing => {}
            FileState::Ours => {
                let removed = fs::remove_file(folder.join(name));
                removed.map_err(|error| format!("{} cannot be removed: {error}", shown(name)))?;
                imported.removed.push(shown(name));
            }
            FileState::Theirs => {
                let why = "no hook stands behind it any more, but somebody else has changed it, and it stays";
                imported.kept.push(format!("{}: {why}", shown(name)));
            }
        }
    }
    mark(&now).map_err(|error| unwritten(manifest::NAME, error))
}

/// Nothing is written, and nothing compared, through a link that somebody has put into the folder: it may lead to what is in force.
fn no_link(folder: &Path, name: &str) -> Result<(), String> {
    let mut path = folder.to_path_buf();
    for part in Path::new(name).components() {
        path.push(part);
        if path.symlink_metadata().is_ok_and(|there| there.is_symlink()) {
            return Err(format!(
                "{} is a link to another place, and nothing was written; remove it, or name another folder",
                path.display()
            ));
        }
    }
    Ok(())
}

/// A file is there whole or not at all.
fn put(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
