//! Puts drafts into files, after they have shown that they work.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use super::{Draft, DraftOutcome};
use crate::policy::{Set, test};

/// Writes drafts under `out`, each as `NAME.rhai` and `tests/NAME.toml`. What cannot be written is
/// said in the answer.
///
/// # Errors
/// When `out` is the folder of policies in force, or a folder in it.
pub fn write(drafts: Vec<Draft>, out: &Path, in_force: &Path) -> Result<Vec<DraftOutcome>, String> {
    if is_within(out, in_force) {
        return Err(format!(
            "drafts are not written to {}, because the policies in {} are in force; name another folder",
            out.display(),
            in_force.display()
        ));
    }
    Ok(drafts.into_iter().map(|draft| one(draft, out)).collect())
}

fn one(draft: Draft, out: &Path) -> DraftOutcome {
    let result = proven(&draft).and_then(|()| files(&draft, out));
    let Draft { name, alert, finding, tools, evidence, .. } = draft;
    let (files, refused) = match result {
        Ok(files) => (files, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    DraftOutcome { name, alert, finding, tools, evidence, files, refused }
}

/// A draft compiles and passes its own tests, or it is not written.
pub fn proven(draft: &Draft) -> Result<(), String> {
    let file = format!("{}.rhai", draft.name);
    let set = Set::from_sources(&[(file.as_str(), draft.rule.as_str())])
        .map_err(|problems| format!("the draft would not compile: {problems}"))?;
    let report = test::run_texts(&set, vec![(format!("tests/{}.toml", draft.name), Ok(draft.test.clone()))]);
    match report.failed.first() {
        Some(failure) => Err(format!("the draft would not do what was done: {failure}")),
        None if report.passed == 0 => Err("the draft has no test".into()),
        None => Ok(()),
    }
}

fn files(draft: &Draft, out: &Path) -> Result<Vec<PathBuf>, String> {
    let tests = out.join("tests");
    let wrong = |path: &Path, error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    fs::create_dir_all(&tests).map_err(|error| wrong(&tests, error))?;
    let rule = out.join(format!("{}.rhai", draft.name));
    let test = tests.join(format!("{}.toml", draft.name));
    if let Some(path) = [&rule, &test].into_iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(format!("{} exists already and is left as it is", path.display()));
    }
    for (path, text) in [(&rule, &draft.rule), (&test, &draft.test)] {
        let fresh = OpenOptions::new().write(true).create_new(true).open(path);
        let written = fresh.and_then(|mut file: File| file.write_all(text.as_bytes()));
        written.map_err(|error| wrong(path, error))?;
    }
    Ok(vec![rule, test])
}

/// Whether a folder is another or lies in it; links are followed as far as there is something.
pub fn is_within(out: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return out == folder };
    let absolute = std::path::absolute(out).unwrap_or_else(|_| out.to_path_buf());
    let there = absolute.ancestors().find_map(|part| part.canonicalize().ok().map(|real| (part, real)));
    let Some((part, real)) = there else { return false };
    let mut place = real;
    for step in absolute.strip_prefix(part).unwrap_or(Path::new("")).components() {
        match step {
            // These folders are yet to be made, so none of them is a link that leads elsewhere.
            Component::ParentDir => {
                place.pop();
            }
            step => place.push(step),
        }
    }
    place.starts_with(&folder)
}
