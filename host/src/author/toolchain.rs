//! Whether what a plugin is built with is on this machine, and the line that installs what is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::scaffold::Language;
use crate::environment::Environment;

/// Something that a build needs and that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// What it is.
    pub what: String,
    /// The command that installs it.
    pub install: String,
}

/// The language of a plugin's folder, by what is in it.
pub(super) fn language(folder: &Path) -> Option<Language> {
    let holds = |file: &str| folder.join(file).is_file();
    let holds_c = || {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let sources = std::fs::read_dir(folder.join("src")).into_iter().flatten().flatten();
        entries.chain(sources).any(|entry| entry.path().extension().is_some_and(|extension| extension == "c"))
    };
    if holds("Cargo.toml") {
        Some(Language::Rust)
    } else if holds("package.json") {
        Some(Language::Js)
    } else if holds("requirements.txt") || holds("pyproject.toml") {
        Some(Language::Python)
    } else {
        holds_c().then_some(Language::C)
    }
}

/// What the language's toolchain lacks. Empty where nothing can be said.
pub(super) fn missing(language: Language, folder: &Path, environment: &dyn Environment) -> Vec<Missing> {
    let path = environment.get("PATH").unwrap_or_default();
    let there = |program: &str| program_in(&path, program).is_some();
    let mut missing = Vec::new();
    let mut need = |there: bool, what: &str, install: String| {
        if !there {
            missing.push(Missing { what: what.into(), install });
        }
    };
    match language {
        Language::Rust => {
            let cargo = there("cargo") && there("rustc");
            let rustup = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
            need(cargo, "Rust (cargo, rustc)", rustup.into());
            if cargo {
                let target = format!("the compilation target {}", tidegate_builder::TARGET);
                need(has_target(folder), &target, format!("rustup target add {}", tidegate_builder::TARGET));
            }
        }
        Language::Js => {
            let node = there("node") && there("npm");
            need(node, "Node.js (node, npm)", "sudo apt install nodejs npm".into());
            if node {
                let modules = folder.join("node_modules/.bin").is_dir();
                need(modules, "the packages that package.json names", inside(folder, "npm install"));
            }
        }
        Language::Python => {
            let python = there("python3");
            need(python, "Python 3", "sudo apt install python3 python3-venv".into());
            if python {
                let tool = there("componentize-py")
                    || [".venv", "venv"].iter().any(|venv| folder.join(venv).join("bin/componentize-py").is_file());
                let install = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
                need(tool, "componentize-py, which requirements.txt names", inside(folder, install));
            }
        }
        Language::C => {
            let tools = ["clang", "wasm-ld"].iter().all(|tool| there(tool))
                && Path::new("/usr/include/wasm32-wasi").is_dir()
                && Path::new("/usr/lib/wasm32-wasi").is_dir();
            let packages = "sudo apt install clang lld wasi-libc libclang-rt-dev-wasm32";
            need(tools, "clang and lld with wasi-libc", packages.into());
        }
    }
    missing
}

/// A command to be typed wherever one is.
fn inside(folder: &Path, command: &str) -> String {
    format!("(cd {} && {command})", folder.display())
}

fn program_in(path: &str, program: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// Whether the compiler that this folder uses has the guests' target.
fn has_target(folder: &Path) -> bool {
    let mut command = Command::new("rustc");
    command.args(["--print", "target-libdir", "--target", tidegate_builder::TARGET]).current_dir(folder);
    let Ok(output) = command.output() else { return false };
    output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_tells_its_language() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(language(folder.path()), None);
        for (file, want) in [
            ("plugin.c", Language::C),
            ("requirements.txt", Language::Python),
            ("package.json", Language::Js),
            ("Cargo.toml", Language::Rust),
        ] {
            fs::write(folder.path().join(file), "").unwrap();
            assert_eq!(language(folder.path()), Some(want));
        }
    }

    #[test]
    fn on_a_bare_machine_each_language_says_what_to_install() {
        let bare: BTreeMap<String, String> = [("PATH".to_string(), "/nowhere".to_string())].into();
        for (language, want) in [
            (Language::Rust, "rustup.rs"),
            (Language::Js, "apt install nodejs npm"),
            (Language::Python, "apt install python3"),
            (Language::C, "apt install clang lld wasi-libc libclang-rt-dev-wasm32"),
        ] {
            let missing = missing(language, Path::new("/tmp"), &bare);
            assert_eq!(missing.len(), 1, "{missing:?}");
            assert!(missing[0].install.contains(want), "{missing:?}");
        }
    }

    #[test]
    fn packages_of_a_folder_are_installed_there() {
        let bin = tempfile::tempdir().unwrap();
        for program in ["node", "npm", "python3"] {
            fs::write(bin.path().join(program), "").unwrap();
        }
        let environment: BTreeMap<String, String> = [("PATH".to_string(), bin.path().display().to_string())].into();
        let folder = Path::new("/work/pager");
        let installs = |language| missing(language, folder, &environment)[0].install.clone();
        assert_eq!(installs(Language::Js), "(cd /work/pager && npm install)");
        assert!(installs(Language::Python).starts_with("(cd /work/pager && python3 -m venv .venv && "));
    }
}
