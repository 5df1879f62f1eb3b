//! Which looks show what is wrong: tables beside the policies that say, for a kind of object or an alert name,
//! what is looked at, by whichever tools are there, and what is followed from there.
//!
//! Pure: from alerts, tools and what was seen so far to the calls that are wanted. Asked again after each round,
//! it gives those that the last round led to. Every call is ruled on before it is made, like any other look.

mod arguments;
mod engine;
mod kinds;
mod path;
mod survey;
mod table;
#[cfg(test)]
mod tests;

pub use engine::required_calls;
pub use survey::{Survey, Topic};
pub use table::Tables;

/// How the API writes a kind in small letters, such as `Pod`.
pub fn kind_named(kind: &str) -> Option<&'static str> {
    kinds::of(kind).map(|(_, kind)| kind)
}
