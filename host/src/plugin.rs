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
//! - `loaded`, `cache`, `inspect`, `lane`, `examine`: from a file to linked code
//! - `installed`, `unit`: a plugin with its code, loaded when it is wanted, and with what it was given; `registry`: all of them;
//!   `reload`: new code while the host runs; `status`: how they are; `no_egress`: what they say of their settings before
//!   anything is sent
//! - `pins`: which components were installed
//! - `engine`, `instance`, `turns`: running it within limits; `counters`: how that went
//! - `imports`, `grants`, `authority`, `reading`, `secrets`, `transport`, `mail_transport`, `bus_transport`: what it can reach; `wasi`: what it cannot
//! - `kind`, `sources`, `targets`, `remediations`: what it is good for

mod asks;
mod authority;
mod bus_transport;
mod cache;
pub mod compiler;
mod confirm;
mod counters;
mod cpu_share;
pub mod engine;
pub mod error;
pub mod examine;
mod grants;
mod imports;
mod inspect;
mod installed;
mod instance;
pub mod kind;
mod lane;
mod left_out;
mod limiter;
mod loaded;
mod mail_transport;
pub mod manifest;
mod no_egress;
pub mod options;
mod package;
pub mod pins;
mod rate_limit;
mod reading;
mod registry;
mod reload;
mod remediations;
mod risks;
mod schema;
mod secrets;
mod sources;
mod status;
mod targets;
pub mod transport;
mod unit;
mod wasi;

pub use bus_transport::BusTransport;
pub use counters::{CallCounters, CallCounts};
pub use error::{Cause, Failure, Problem};
pub use grants::{BusGrant, MailGrant, is_servers_own, path_problem};
pub use installed::ExpectedDigest;
pub use kind::Kind;
pub use mail_transport::MailTransport;
pub use manifest::Manifest;
pub use no_egress::NoEgress;
pub use options::{Grant, Limits, Options, TargetOptions};
pub use package::Bundled;
pub use registry::{LeastRisk, Plugins, Setup};
pub use reload::Reloaded;
pub use remediations::{Operation, OperationResult};
pub use secrets::names as secret_names;
pub use status::Status;
pub use targets::Notified;
pub use transport::{HttpRequest, HttpResponse, Transport, TransportError, Wire};
