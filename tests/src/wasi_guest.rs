//! Builds the plugin under `tests/wasi-guest`, which tries what WASI has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// The Rust target whose standard library calls WASI 0.2.
const TARGET: &str = "wasm32-wasip2";

/// Builds the guest and lays it out as an operator would, in a folder of its own. `scratch` is kept between runs, so
/// that only what has changed is built.
pub fn build(scratch: &Path) -> Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("wasi-guest");
    let installed = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let folder = PathBuf::from(String::from_utf8_lossy(&installed.stdout).trim());
    if !folder.is_dir() {
        bail!("the target {TARGET} is missing: run tests/setup, or `rustup target add {TARGET}`");
    }
    // What runs on the host, such as macros, is shared with the other guests.
    let target = scratch.join("guest-target");
    let mut command = Command::new(env!("CARGO"));
    let leaks = std::env::vars_os().map(|(name, _)| name).filter(|name| tidegate_builder::leaks(name));
    leaks.for_each(|name| {
        command.env_remove(name);
    });
    let output = command
        .current_dir(&source)
        .args(["build", "--release", "--locked", "--target", TARGET, "--target-dir"])
        .arg(&target)
        .output()
        .context("cargo")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plugins = scratch.join(format!("wasi-plugins-{}", std::process::id()));
    let folder = plugins.join("uses-wasi");
    fs::create_dir_all(&folder)?;
    fs::copy(source.join("plugin.toml"), folder.join("plugin.toml"))?;
    fs::copy(target.join(TARGET).join("release/uses_wasi.wasm"), folder.join("uses-wasi.wasm"))?;
    Ok(plugins)
}
