//! `log`: lines of a plugin in the host's log, under the plugin's name and below a budget.

use crate::domain::text::truncate;
use crate::plugin::error::Cause;
use crate::plugin::imports::State;
use crate::plugin::limiter::Halt;

/// A longer line is cut.
const LINE: usize = 4 << 10;

/// What a line costs besides its text, so that empty lines are not free.
const OVERHEAD: usize = 32;

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// For the operator, when looking.
    Info,
    /// For the operator.
    Warn,
    /// For the operator, now.
    Error,
}

/// What was logged in this call.
#[derive(Clone, Debug, Default)]
pub struct Log {
    used: usize,
    /// The last line, cut.
    pub last: Option<String>,
}

/// Writes one line. The error ends the call.
pub fn write(state: &mut State, level: Level, message: &str) -> Result<(), Halt> {
    let most = (state.binding.limits.log_kib as usize) << 10;
    state.log.used = state.log.used.saturating_add(message.len()).saturating_add(OVERHEAD);
    if state.log.used > most {
        return Err(Halt(Cause::Log(most)));
    }
    let plugin = state.binding.name.as_str();
    let message = truncate(message.trim_end(), LINE);
    match level {
        Level::Debug => tracing::debug!(target: "plugin", plugin, "{message}"),
        Level::Info => tracing::info!(target: "plugin", plugin, "{message}"),
        Level::Warn => tracing::warn!(target: "plugin", plugin, "{message}"),
        Level::Error => tracing::error!(target: "plugin", plugin, "{message}"),
    }
    state.log.last = Some(truncate(&message, 512));
    Ok(())
}
