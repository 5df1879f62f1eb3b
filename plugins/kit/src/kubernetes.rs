//! Kubernetes through MCP servers: mcp-server-kubernetes and kubernetes-mcp-server, whose tools differ.
//!
//! `server` finds who reaches a cluster, `cluster` looks at it, `subject` says whom an alert is about,
//! `object` reads objects, `write` changes them through whichever tool there is, and `verify` says when a
//! repair counts as done.

pub mod cluster;
mod each;
pub mod kind;
pub mod object;
pub mod quantity;
pub mod quote;
pub mod server;
pub mod subject;
pub mod time;
pub mod verify;
pub mod write;
pub mod yaml;

pub use cluster::{Cluster, Selection, Summary};
pub use each::each_subject;
pub use kind::Kind;
pub use server::{Choice, Dialect, Server};
pub use subject::Subject;
