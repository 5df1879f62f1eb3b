//! tidegate: receives alerts, decides by policy, repairs what the policies allow, asks a language
//! model about what they leave open, and tells people.

pub mod domain;
pub mod journal;
pub mod ports;
