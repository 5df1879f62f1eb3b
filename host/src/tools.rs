//! Tools: MCP servers, their tools as a catalogue, and calls of them.
//!
//! Servers are started once, watched and restarted; a server that is down delays nobody but the
//! callers of its own tools. What a tool may cost is decided here, from what the server says about
//! itself, from a table of known tools and from the operator, who can only raise it. A tool that
//! changes its face after it was first seen is withdrawn. Results are made visible, redacted and
//! cut before they leave. No MCP type leaves this module.

mod answer;
mod arguments;
mod call;
mod composite;
mod connect;
mod definition;
mod expand;
mod glob;
mod http;
mod known;
mod lines;
mod listed;
mod messages;
mod options;
mod pinning;
mod process;
mod raw_results;
mod readiness;
pub mod reading;
mod risk;
mod rmcp_error;
mod server;
mod servers;
mod shared_catalogue;
mod supervisor;
#[cfg(test)]
mod tests;

pub use composite::Composite;
pub use known::names;
pub use options::{CheckReport, Definitions, Jitter, Options, check};
pub use risk::{assess, least_risk};
pub use server::{Phase, Status};
pub use servers::Servers;
