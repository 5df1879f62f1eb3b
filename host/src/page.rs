//! Pages for people: what waits, what goes on, one incident, one question.
//!
//! Pure: each view is a function of a model and a frame, which says in which language, at which time and for whom.
//! Everything is escaped as it is written; text from outside passes `parts::line` or `parts::whole`, which show letters
//! without a shape by their number. A page works without its script, which only keeps it fresh.

mod approval;
pub mod assets;
mod changes;
mod chinese;
mod english;
mod frame;
mod incident;
mod incidents;
mod message;
mod now;
mod parts;
mod sign_in;
#[cfg(test)]
mod tests;
mod texts;

pub use approval::{Approval, May, NotTaken, confirmation, needs_comment};
pub use approval::{page as approval, version};
pub use frame::{Frame, HostView, Who};
pub use incident::{Whole, page as incident};
pub use incidents::{Listing, Selection, page as incidents};
pub use message::{Message, page as message};
pub use now::{Now, page as now};
pub use sign_in::{SignIn, page as sign_in};
