//! The host's own log: lines on standard error, as text for people or JSON for collectors.

mod one_line;

use std::io::{IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Log, LogFormat};
use crate::environment::Environment;
use crate::redact::redact;
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
    let filter = EnvFilter::try_new(without_library(&directives))
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
        .with_writer(move || Redacted(OneLine(std::io::stderr(), form)))
        .with_span_events(FmtSpan::NONE)
        .with_ansi(terminal);
    // An error means that there is a log already, as in tests.
    let _ = if json { lines.json().flatten_event(true).try_init() } else { lines.with_target(false).try_init() };
    Ok(())
}

/// The library for tool servers writes addresses and whole messages into its lines, and says nothing that
/// the host does not say itself. Whoever wants its lines names it.
fn without_library(directives: &str) -> String {
    if directives.contains("rmcp") { directives.to_string() } else { format!("{directives},rmcp=off") }
}

/// Takes secrets out of every line: the last safety net behind what the lines leave out by themselves,
/// above all for those of libraries.
struct Redacted<W>(W);

impl<W: Write> Write for Redacted<W> {
    /// A line comes in one piece.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(redact(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Whether a filter can be read; for `check`.
pub fn readable(log: &Log) -> Result<(), String> {
    EnvFilter::try_new(&log.level).map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::known;

    #[test]
    fn lines_lose_what_is_remembered_and_what_looks_like_a_secret() {
        known::remember_all(known::of_url("http://u:only-of-the-log-1@h.example/mcp?t=only-of-the-log-2"));
        let mut out = Redacted(Vec::new());
        let line = "ERROR error sending request for url (http://h.example/mcp?t=only-of-the-log-2) only-of-the-log-1 password=x1y2\n";
        out.write_all(line.as_bytes()).unwrap();
        let got = String::from_utf8(out.0).unwrap();
        assert!(!got.contains("only-of-the-log") && !got.contains("x1y2") && got.ends_with('\n'), "{got}");
    }

    #[test]
    fn the_library_is_heard_only_when_it_is_named() {
        assert_eq!(without_library("info"), "info,rmcp=off");
        assert_eq!(without_library("warn,rmcp=debug"), "warn,rmcp=debug");
    }
}
