//! Pages for people: what waits, what goes on, one incident, one question.
//!
//! Pure: each view is a function of a model and a frame, which says in which language, at which time and for whom.
//! Everything is escaped as it is written; text from outside passes `parts::line` or `parts::whole`, which show letters
//! without a shape by their number. A page works without its script, which only keeps it fresh.

#[macro_use]
mod wording;

mod alerts;
mod approval;
pub mod assets;
mod audit;
mod changes;
mod chinese;
mod costs;
mod english;
mod forms;
mod frame;
mod incident;
mod incidents;
mod inspections;
mod keyboard;
mod me;
mod message;
mod navigation;
mod now;
mod parts;
mod people;
mod plot;
mod policies;
mod sign_in;
mod silences;
#[cfg(test)]
mod tests;
mod texts;
mod tools;

pub use alerts::{AlertSelection, page as alerts};
pub use approval::{Approval, May, NotTaken, confirmation, needs_comment};
pub use approval::{page as approval, version as question_version};
pub use audit::{Asked, page as audit};
pub use costs::{CostsPage, page as costs};
pub use forms::{Refused, version};
pub use frame::{Frame, HostView, Who};
pub use incident::{Whole, page as incident, seen as seen_incident, word as incident_word};
pub use incidents::{Listing, Selection, page as incidents};
pub use inspections::{Inspections, page as inspections};
pub use me::{Made, MayBecause, Me, SessionRow, TokenRow, page as me};
pub use message::{Message, page as message};
pub use now::{Now, page as now};
pub use people::{People, PersonRow, page as people};
pub use policies::{Explanation, explain, page as policies};
pub use sign_in::{ProviderButton, SignIn, SignInPage, page as sign_in, signed_out};
pub use silences::{Drafted, Fields, SilenceList, new as new_silence, page as silences};
pub use silences::{One as OneSilence, one as silence, seen as seen_silence};
pub use tools::{Tools, page as tools, seen as seen_tools};
