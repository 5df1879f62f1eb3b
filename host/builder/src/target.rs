//! Makes sure that the compiler has the guests' target.
//!
//! `rust-toolchain.toml` names it, but rustup installs what that file names only where
//! `RUSTUP_AUTO_INSTALL` allows it, and never when `cargo` is called past rustup, as in a build
//! script. An explicit `rustup target add` works in both cases.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, TARGET, environment};

/// Adds the target where it is missing, after one line that says so.
pub(crate) fn ensure(rustc: &Path, say: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let sysroot = sysroot(rustc)?;
    if installed(&sysroot) {
        return Ok(());
    }
    let command = add_command(&sysroot);
    say(&format!("the Rust toolchain lacks the target {TARGET}; running `{}`", command.join(" ")));
    let failed = |output: String| Error::Target { command: command.join(" "), output };
    let (program, arguments) = command.split_first().ok_or_else(|| failed(String::new()))?;
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|e| failed(format!("`{program}` cannot be started: {e}")))?;
    if !output.status.success() || !installed(&sysroot) {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(())
}

fn sysroot(rustc: &Path) -> Result<PathBuf, Error> {
    let mut command = Command::new(rustc);
    environment::clean(&mut command);
    let output = command.args(["--print", "sysroot"]).output();
    let output = output.map_err(|e| Error::start(rustc, e))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn installed(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir()
}

/// A toolchain of rustup is known by the name of its folder.
fn add_command(sysroot: &Path) -> Vec<String> {
    let mut command = ["rustup", "target", "add", TARGET].map(String::from).to_vec();
    let toolchains = sysroot.parent().and_then(Path::file_name);
    if toolchains.is_some_and(|name| name == "toolchains")
        && let Some(name) = sysroot.file_name()
    {
        command.extend(["--toolchain".into(), name.to_string_lossy().into_owned()]);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_toolchain_where_rustup_owns_it() {
        let command = add_command(Path::new("/home/a/.rustup/toolchains/1.95.0-x86_64"));
        assert_eq!(command.join(" "), "rustup target add wasm32-unknown-unknown --toolchain 1.95.0-x86_64");
        let command = add_command(Path::new("/usr"));
        assert_eq!(command.join(" "), "rustup target add wasm32-unknown-unknown");
    }

    #[test]
    fn a_failed_addition_says_what_to_type() {
        let error = Error::Target { command: "rustup target add x".into(), output: "no net".into() };
        let text = error.to_string();
        assert!(text.contains("type `rustup target add x`"), "{text}");
        assert!(text.contains("no net"), "{text}");
    }
}
