//! Traces for those who collect them (OpenTelemetry, OTLP over HTTP as JSON): one an incident, off unless `[traces]` names a
//! collector.
//!
//! A trace is a reading of the journal, as reports and timelines are: nothing on the way of an alert measures or waits for it. Its
//! name is derived from the incident's, so that it stays the same over restarts and whoever is called can be told before
//! anything is sent. A collector that is away costs nothing: what it does not take is counted and forgotten.

pub mod context;
mod export;
mod otlp;
pub mod spans;
#[cfg(test)]
mod tests;

pub use export::{Record, Traces};
