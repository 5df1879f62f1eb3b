//! The functions that policies may call, besides those of rhai itself.
//!
//! Each is listed with an example in `api.rs`, from which editors and people learn them.

mod actions;
mod comparing;
mod declare;
pub(super) mod gating;
mod matching;
mod objects;
mod past;
mod time;
mod verdicts;

#[cfg(test)]
pub(super) use declare::KINDS;
use rhai::Engine;

/// Teaches an engine all functions.
pub(super) fn register(engine: &mut Engine) {
    declare::register(engine);
    matching::register(engine);
    comparing::register(engine);
    actions::register(engine);
    verdicts::register(engine);
    gating::register(engine);
    objects::register(engine);
    time::register(engine);
    past::register(engine);
}

/// A result that is an error as soon as anything is wrong with the map that was given.
fn checked<T>(value: T, problems: Vec<String>) -> Result<T, String> {
    if problems.is_empty() { Ok(value) } else { Err(problems.join("; ")) }
}
