//! tidegate: receives alerts, decides by policy, repairs what the policies allow, asks a language
//! model about what they leave open, and tells people.

// Text for a terminal goes through `cli/screen.rs`, which lets nothing through as it came.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod accounts;
pub mod app;
pub mod author;
pub mod backend;
pub mod backtest;
pub mod boundary;
pub mod bus;
pub mod chat;
pub mod circuit;
pub mod cli;
pub mod clock;
pub mod collector;
pub mod config;
pub mod diagnosis;
pub mod domain;
pub mod environment;
pub mod events;
pub mod evidence;
pub mod gate;
pub mod hooks;
pub mod http;
pub mod inquiry;
pub mod inspection;
pub mod journal;
pub mod knowledge;
pub mod mcp;
pub mod model;
pub mod network;
pub mod page;
pub mod pipeline;
pub mod plugin;
pub mod policy;
pub mod ports;
pub mod random;
pub mod redact;
pub mod regular_file;
pub mod report;
pub mod rules;
pub mod runner;
pub mod secret;
pub mod source;
pub mod store;
pub mod suggest;
pub mod telemetry;
pub mod token;
pub mod tools;
pub mod traces;
pub mod watch;
