//! Which variables of an outer `cargo` must not reach the nested one.
//!
//! A build script inherits what its own `cargo` was told: flags for the host's linker, another
//! target directory, another profile. Any of them breaks a guest's build or makes it start over
//! each time.

use std::ffi::OsStr;
use std::process::Command;

/// Flags and places that describe the outer build.
const NAMES: [&str; 24] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTDOCFLAGS",
    "CARGO_ENCODED_RUSTDOCFLAGS",
    // `cargo clippy` and build caches put themselves here; a guest needs neither.
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_LINKER",
    "RUSTC_BOOTSTRAP",
    "TARGET",
    "HOST",
    "PROFILE",
    "OUT_DIR",
    "OPT_LEVEL",
    "DEBUG",
    "NUM_JOBS",
    "CARGO_INCREMENTAL",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_CRATE_NAME",
    "CARGO_BIN_NAME",
    "CARGO_ENCODED_TARGET",
    "RUST_RECURSION_COUNT",
];

/// Families of settings of the outer build and facts about the outer crate.
const PREFIXES: [&str; 8] = [
    "CARGO_BUILD_",
    "CARGO_TARGET_",
    "CARGO_PROFILE_",
    "CARGO_UNSTABLE_",
    "CARGO_PKG_",
    "CARGO_CFG_",
    "CARGO_FEATURE_",
    "DEP_",
];

/// Whether a variable of this name belongs to the outer build.
///
/// Kept on purpose: `CARGO_MAKEFLAGS` (the job server, so that both builds together use no more
/// than the machine's cores), `RUSTC` and `RUSTUP_TOOLCHAIN` (the one compiler that is known to be
/// here), `CARGO_HOME` and everything about registries and the network.
pub fn leaks(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Removes what leaks from a command's environment.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if leaks(&name) {
            command.env_remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaking(name: &str) -> bool {
        leaks(OsStr::new(name))
    }

    #[test]
    fn flags_and_places_of_the_outer_build_leak() {
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CARGO_PROFILE_RELEASE_LTO",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "TARGET",
            "HOST",
            "PROFILE",
            "OUT_DIR",
            "CARGO_PKG_NAME",
            "CARGO_CFG_TARGET_OS",
            "DEP_Z_INCLUDE",
        ] {
            assert!(leaking(name), "{name} must not reach a guest's build");
        }
    }

    #[test]
    fn what_finds_compiler_registry_and_cores_stays() {
        for name in [
            "PATH",
            "HOME",
            "CARGO",
            "RUSTC",
            "RUSTUP_TOOLCHAIN",
            "RUSTUP_HOME",
            "CARGO_HOME",
            "CARGO_MAKEFLAGS",
            "CARGO_NET_OFFLINE",
            "CARGO_HTTP_PROXY",
            "CARGO_REGISTRIES_CRATES_IO_PROTOCOL",
            "HTTPS_PROXY",
            "TARGETS",
            "MY_RUSTFLAGS",
        ] {
            assert!(!leaking(name), "{name} must stay");
        }
    }

    #[test]
    fn a_cleaned_command_names_what_it_removes() {
        let mut command = Command::new("true");
        clean(&mut command);
        for (name, value) in command.get_envs() {
            assert!(value.is_none() && leaks(name), "{name:?} is changed without need");
        }
    }
}
