//! Pages for people: what waits, what goes on, one incident, one question.
//!
//! Pure: each view is a function of a model and a frame, which says in which language, at which time and for whom.
//! Everything is escaped as it is written; text from outside passes `parts::line` or `parts::multiline`, which show letters
//! without a shape by their number. A page works without its script, which only keeps it fresh.

#[macro_use]
mod strings;

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
pub use approval::{AnswerError, AnswerRights, Approval, confirmation, needs_comment};
pub use approval::{page as approval, version as question_version};
pub use audit::{AuditFilter, page as audit};
pub use costs::{CostsPage, page as costs};
pub use forms::{FormError, version};
pub use frame::{Frame, HostView, PageUser};
pub use incident::{IncidentPage, command as incident_word, page as incident, version as seen_incident};
pub use incidents::{Listing, Selection, page as incidents};
pub use inspections::{Inspections, page as inspections};
pub use me::{AccountPage, CreatedToken, RoleReason, SessionRow, TokenRow, page as me};
pub use message::{Message, page as message};
pub use now::{OverviewPage, page as now};
pub use people::{People, PersonRow, page as people};
pub use policies::{ExplainPage, explain, page as policies};
pub use sign_in::{ProviderButton, SignIn, SignInPage, page as sign_in, signed_out};
pub use silences::{Drafted, Fields, SilenceList, new as new_silence, page as silences};
pub use silences::{SilencePage as OneSilence, one as silence, version as seen_silence};
pub use tools::{Tools, page as tools, target as tried_target, version as seen_tools};
