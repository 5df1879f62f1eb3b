//! The host's own log: lines on standard error, as text for people or JSON for collectors.

mod one_line;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Log, LogFormat};
use crate::environment::Environment;
use one_line::{Form, OneLine};

/// The variable that says which lines there are; it wins over the configuration.
const VARIABLE: &str = "TIDEGATE_LOG";

/// Starts the log. A second call changes nothing.
///
/// # Errors
/// A sentence about a filter that cannot be read.
pub fn start(log: &Log, environment: &dyn Environment) -> Result<(), String> {
    let (name, directives) = match environment.get(VARIABLE).filter(|value| !value.is_empty()) {
        Some(value) => (VARIABLE, value),
        None => ("log.level", log.level.clone()),
    };
    let filter = EnvFilter::try_new(&directives)
        .map_err(|error| format!("{name} is not a filter such as \"info\" or \"warn,tidegate=debug\": {error}"))?;
    let terminal = std::io::stderr().is_terminal();
    let json = match log.format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let form = match (json, terminal) {
        (true, _) => Form::Json,
        (false, true) => Form::Coloured,
        (false, false) => Form::Plain,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || OneLine(std::io::stderr(), form))
        .with_span_events(FmtSpan::NONE)
        .with_ansi(terminal);
    // An error means that there is a log already, as in tests.
    let _ = if json { lines.json().flatten_event(true).try_init() } else { lines.with_target(false).try_init() };
    Ok(())
}

/// Whether a filter can be read; for `check`.
pub fn readable(log: &Log) -> Result<(), String> {
    EnvFilter::try_new(&log.level).map(|_| ()).map_err(|error| error.to_string())
}
