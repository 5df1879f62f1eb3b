//! How a running host stands, for whoever looks at it.

use crate::domain::{Outcome, State};

/// How a running host stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostStatus {
    /// What is paused: empty for everything, `rule:<name>` or `server:<name>`.
    pub paused: Vec<String>,
    /// Why the policies as they are now were not put in force.
    pub policies: Vec<String>,
    /// How many live incidents stand where.
    pub counts: Vec<(State, usize)>,
    /// How incidents ended that were opened within the last day.
    pub ended: Vec<(Outcome, u64)>,
    /// Position of the journal's last entry.
    pub position: u64,
}
