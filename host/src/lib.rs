//! tidegate: receives alerts, decides by policy, repairs what the policies allow, asks a language
//! model about what they leave open, and tells people.

pub mod config;
pub mod domain;
pub mod front;
pub mod http;
pub mod ports;
pub mod source;
