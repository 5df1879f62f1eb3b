//! Whether a component is older than what it is built from.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::folder::PluginFolder;

/// Folders in which nothing stands that goes into the component, or only what its build makes.
const PASSED: [&str; 9] =
    ["target", "node_modules", "testdata", "actions", "renderings", "bindings", "venv", "__pycache__", "dist"];

/// Ends of the names of files that do not go into it, or that its build writes.
const LEFT_OUT: [&str; 4] = [".md", ".wasm", ".lock", "package-lock.json"];

/// A file that was changed after the component was built, by its path within the folder; none where the component is
/// not there or not built here.
pub(super) fn newer(found: &PluginFolder) -> Option<PathBuf> {
    found.manifest.as_ref()?.build.as_ref()?;
    let built = fs::metadata(&found.component).and_then(|data| data.modified()).ok()?;
    let newest = newest(&found.folder, 0)?;
    let file = newest.1.strip_prefix(&found.folder).unwrap_or(&newest.1).to_path_buf();
    (newest.0 > built).then_some(file)
}

/// Folders beneath one another: a link could lead round in a circle.
const DEEPEST: usize = 12;

fn newest(folder: &Path, depth: usize) -> Option<(SystemTime, PathBuf)> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let one = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.starts_with('.') || depth > DEEPEST {
            return None;
        }
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            return if PASSED.contains(&name.as_str()) { None } else { newest(&path, depth + 1) };
        }
        if !kind.is_file() || LEFT_OUT.iter().any(|end| name.ends_with(end)) {
            return None;
        }
        Some((entry.metadata().ok()?.modified().ok()?, path))
    };
    entries.filter_map(one).max_by(|a, b| a.0.cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_changed_after_the_build_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().canonicalize().unwrap().join("pager");
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::create_dir_all(folder.join("testdata/first")).unwrap();
        let head = "name = \"pager\"\nkind = \"source\"\nversion = \"1\"\n";
        let at = |file: &str, seconds: u64| {
            let path = folder.join(file);
            fs::write(
                &path,
                if file == "plugin.toml" { format!("{head}[build]\ncommand = \"true\"") } else { "x".into() },
            )
            .unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        at("plugin.toml", 10);
        at("src/lib.rs", 20);
        assert_eq!(newer(&PluginFolder::at(&folder).unwrap()), None, "nothing is built yet");
        at("pager.wasm", 30);
        for file in ["testdata/first/body.json", "README.md", "Cargo.lock"] {
            at(file, 40);
        }
        assert_eq!(newer(&PluginFolder::at(&folder).unwrap()), None);
        at("src/lib.rs", 31);
        assert_eq!(newer(&PluginFolder::at(&folder).unwrap()), Some(PathBuf::from("src/lib.rs")));
        fs::write(folder.join("plugin.toml"), head).unwrap();
        assert_eq!(newer(&PluginFolder::at(&folder).unwrap()), None, "what is not built here has no sources here");
    }
}
