//! Policies: what people write down about alerts and changes, and the answers that follow.
//!
//! A [`Set`] is a folder of rhai files, compiled and checked as a whole. It answers the questions
//! of [`crate::rules::Policies`] purely: equal arguments give equal answers, whatever was asked
//! before. It reads no clock, opens no file and calls no tool while it answers; a rule that errs
//! or runs over is reported and counts as no match, or as `deny` at a gate. [`LivePolicies`] is the set in
//! force and how it is replaced.
//!
//! The way of a question: `index` finds the declarations that can match, `facts` holds their `on`
//! against the incident or the action, `code` calls their closures within the limits of `fuel`.
//! The way of a file: `source` reads it, `engine` compiles it, `functions/declare` collects what it
//! declares, `build` checks that and makes `items` of it.
//!
//! rhai is known nowhere outside of this folder.

mod alert_subsets;
mod answers;
mod api;
mod build;
mod code;
mod decide;
mod engine;
mod evaluation;
mod events;
mod evidence;
mod explain;
mod facts;
mod fields;
mod fuel;
mod functions;
mod gates;
mod index;
mod interval;
mod items;
mod json;
pub mod lint;
mod live;
mod matcher;
mod normal;
mod number;
mod on;
mod problem;
mod query;
mod routes;
mod set;
mod silences;
mod source;
mod span;
mod split;
pub mod test;
#[cfg(test)]
mod tests;
mod values;
mod view;

pub use api::definitions;
pub use live::LivePolicies;
pub use matcher::search_problem;
pub use problem::{Location, Problem, Problems};
pub use set::{Declaration, RoutedBy, Set};
