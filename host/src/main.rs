//! The program: hands its arguments to the command line and returns its exit code, or is a host's child that
//! compiles a plugin.

use std::process::ExitCode;

/// Alerts are many small texts, allocated in one thread and freed in another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(code) = tidegate::plugin::compiler::run_child(std::env::args_os()) {
        return code;
    }
    tidegate::cli::run(std::env::args_os(), &tidegate::app::Launcher)
}
