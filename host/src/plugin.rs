//! Sandboxed plugins: WASM components that decode alerts, deliver messages and repair things.
//!
//! The only place that knows wasmtime. [`Plugins::load`] finds, checks and links them; the answer
//! is a source of alerts, a set of notifier targets, a planner and a set of tools for the rest of
//! the host.
//!
//! Guarantees: every call has a fresh instance with limits on CPU time, wall-clock time, memory,
//! log text and everything that crosses the border; what a plugin may import depends on its kind;
//! what it may send is what it asks for and the operator grants; outside of an action that the gate
//! permitted a remediation can only read; it never holds a secret value.
//!
//! - `package`, `manifest`, `options`: what plugins say and what operators say
//! - `loaded`, `cache`, `inspect`, `lane`: from a file to linked code
//! - `engine`, `instance`, `turns`: running it within limits
//! - `imports`, `grants`, `authority`, `reading`, `secrets`, `transport`, `mail_transport`: what it can reach
//! - `kind`, `sources`, `targets`, `remediations`: what it is good for

mod asks;
mod authority;
mod cache;
pub mod compiler;
mod cpu_share;
pub mod engine;
pub mod error;
mod grants;
mod imports;
mod inspect;
mod instance;
pub mod kind;
mod lane;
mod left_out;
mod limiter;
mod loaded;
mod mail_transport;
pub mod manifest;
pub mod options;
mod pace;
mod package;
mod reading;
mod registry;
mod remediations;
mod risks;
mod schema;
mod secrets;
mod sources;
mod targets;
pub mod transport;

pub use error::{Cause, Failure, Problem};
pub use grants::{MailGrant, path_problem};
pub use kind::Kind;
pub use mail_transport::MailTransport;
pub use manifest::Manifest;
pub use options::{Grant, Limits, Options, TargetOptions};
pub use package::Bundled;
pub use registry::{Plugins, Setup, Status};
pub use transport::{Outgoing, Returned, Transport, TransportError, Wire};
