//! Compiles components, in a process of its own where that is possible.
//!
//! A compiler needs ten times the memory of a host that idles, and much of it would stay with the
//! process for ever. A component that kills the compiler costs its plugin and not the host.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::Engine;

use super::engine;
use crate::domain::text::truncate;

/// The first argument of a process that compiles.
const COMMAND: &str = "compile-component";

/// This process's own program, whatever happens to its file.
const PROGRAM: &str = "/proc/self/exe";

/// Whether [`PROGRAM`] calls [`run_child`] when it is told [`COMMAND`].
static HAS_CHILDREN: AtomicBool = AtomicBool::new(false);

/// Why nothing was compiled.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    /// The component is at fault.
    Component(String),
    /// No other process can do it.
    NoChild(String),
}

/// Serves this process if it was started to compile; its exit code then. To be called first thing
/// by the program; a process whose program does not call it compiles everything itself.
pub fn run_child(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<ExitCode> {
    HAS_CHILDREN.store(true, Ordering::Relaxed);
    if arguments.nth(1)? != COMMAND {
        return None;
    }
    // It speaks to its parent alone: what it writes is no text, or words about somebody's component.
    if io::stdout().is_terminal() || io::stderr().is_terminal() {
        return Some(ExitCode::FAILURE);
    }
    Some(match compile_stream(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent reads this; if it is gone, nobody does.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    })
}

fn compile_stream(component: &mut dyn io::Read, code: &mut dyn io::Write) -> Result<(), String> {
    let mut bytes = Vec::new();
    component.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let compiled = compile_here(&engine::for_compiling()?, &bytes)?;
    code.write_all(&compiled).and_then(|()| code.flush()).map_err(|error| error.to_string())
}

/// The code of a component for the engine, as [`wasmtime::component::Component::serialize`] gives it.
/// The error is a sentence.
pub(super) fn compile(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, String> {
    if !HAS_CHILDREN.load(Ordering::Relaxed) {
        return compile_here(engine, component);
    }
    match compile_in_child(PROGRAM, component) {
        Ok(code) => Ok(code),
        Err(Failure::Component(problem)) => Err(problem),
        Err(Failure::NoChild(error)) => {
            tracing::info!(error, "plugins are compiled in this process, which keeps some of the memory for it");
            compile_here(engine, component)
        }
    }
}

fn compile_here(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, String> {
    engine.precompile_component(component).map_err(|error| format!("its component cannot be compiled: {error:#}"))
}

fn compile_in_child(program: &str, component: &[u8]) -> Result<Vec<u8>, Failure> {
    let no_child = |error: io::Error| Failure::NoChild(error.to_string());
    // It needs none of the secrets that the environment may hold.
    let mut command = Command::new(program);
    command.arg(COMMAND).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(no_child)?;
    // It reads everything before it writes anything. If it dies meanwhile, its status says so.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(component));
    let output = child.wait_with_output().map_err(no_child)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Failure::Component(match output.status.signal() {
        Some(signal) => format!("the compiler died of its component (signal {signal})"),
        None => truncate(String::from_utf8_lossy(&output.stderr).trim(), 2000),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::engine::Runtime;

    /// The smallest component: magic, version, layer.
    const EMPTY: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

    #[test]
    fn what_a_child_compiles_is_code_for_every_engine() {
        let mut code = Vec::new();
        compile_stream(&mut EMPTY.as_slice(), &mut code).unwrap();
        let runtime = Runtime::new().unwrap();
        assert_eq!(Engine::detect_precompiled(&code), Some(wasmtime::Precompiled::Component));
        let hash = |engine: &Engine| {
            let mut hasher = std::collections::hash_map::DefaultHasher::new();
            std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
            std::hash::Hasher::finish(&hasher)
        };
        assert_eq!(hash(runtime.engine()), hash(&engine::for_compiling().unwrap()));
        let error = compile_stream(&mut b"no component".as_slice(), &mut code).unwrap_err();
        assert!(error.starts_with("its component cannot be compiled: "), "{error}");
    }

    #[test]
    fn a_child_that_fails_says_why_and_one_that_cannot_start_is_no_fault_of_the_component() {
        assert!(matches!(compile_in_child("/nowhere/tidegate", &EMPTY), Err(Failure::NoChild(_))));
        assert_eq!(compile_in_child("/bin/false", &EMPTY), Err(Failure::Component(String::new())));
    }
}
