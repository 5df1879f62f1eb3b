//! Why a build failed, in words that say what to do.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::TARGET;

/// Why guests could not be built. None of these goes away by a repeat.
#[derive(Debug)]
pub enum Error {
    /// A program could not be started.
    Start {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The compiler lacks the guests' target and it could not be added.
    Target {
        /// What would add it.
        command: String,
        /// What was tried and how it ended.
        output: String,
    },
    /// `cargo` failed.
    Cargo {
        /// The workspace.
        workspace: PathBuf,
        /// What it printed.
        output: String,
    },
    /// A core module could not become a component.
    Component {
        /// The guest.
        name: String,
        /// Why.
        reason: String,
    },
    /// A file or folder could not be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.into(), source }
    }

    pub(crate) fn start(program: &Path, source: io::Error) -> Self {
        Self::Start { program: program.into(), source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { program, source } => {
                write!(f, "`{}` cannot be started: {source}", program.display())
            }
            Self::Target { command, output } => write!(
                f,
                "plugins need the compilation target {TARGET}, which this Rust toolchain lacks; \
                 on a machine with network type `{command}`, or name a folder of prebuilt \
                 components instead\n{output}"
            ),
            Self::Cargo { workspace, output } => {
                write!(f, "the guests in {} do not build:\n{output}", workspace.display())
            }
            Self::Component { name, reason } => {
                write!(f, "{name} builds but is no component of the plugin contract: {reason}")
            }
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for Error {}
